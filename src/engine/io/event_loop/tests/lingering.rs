//! Links that JavaScript has released, and that linger.

use super::*;
use crate::engine::link::closing::MOST_LINGERING;
use crate::protocol::{MessageKind, SendOptions};

/// An event loop whose links are all released, and their peers.
struct Lingering {
    event_loop: EventLoop,
    peers: Vec<TcpStream>,
    listener: TcpListener,
}

impl Lingering {
    fn new() -> io::Result<Self> {
        let event_loop = EventLoop::new()?;
        Ok(Self { event_loop, peers: Vec::new(), listener: TcpListener::bind(("127.0.0.1", 0))? })
    }

    /// Adds a connection. Returns the number of its link.
    fn add(&mut self) -> io::Result<u64> {
        let (peer, link, descriptor) = connect(&self.listener, &Arc::new(Inbox::new()))?;
        self.linger(peer, &link, descriptor)
    }

    fn linger(&mut self, peer: TcpStream, link: &Arc<SharedConnection>, descriptor: Descriptor) -> io::Result<u64> {
        self.peers.push(peer);
        let descriptor = Arc::new(descriptor);
        link.state().descriptor = Some(descriptor.clone());
        link.release(Release::Lingering);
        link.arrive_at(&self.event_loop.io_thread, Some(descriptor), Duration::MAX)?;
        let number = link.number;
        self.work();
        Ok(number)
    }

    fn work(&mut self) {
        self.event_loop.work(Duration::ZERO);
        while !self.event_loop.queue.is_empty() {
            self.event_loop.work(Duration::ZERO);
        }
    }

    fn has(&self, number: u64) -> bool {
        self.event_loop.drivers.iter().flatten().any(|served| served.number() == number)
    }
}

#[test]
fn no_more_than_so_many_linger_at_a_time_and_the_oldest_ends_first() -> io::Result<()> {
    on_a_runtime(async {
        let mut lingering = Lingering::new()?;
        let first = lingering.add()?;
        for _ in 1..MOST_LINGERING {
            lingering.add()?;
        }
        assert!(lingering.has(first));
        let last = lingering.add()?;
        assert_eq!(lingering.event_loop.serving, MOST_LINGERING);
        assert!(!lingering.has(first) && lingering.has(last));
        Ok(())
    })
}

#[test]
fn links_that_have_ended_do_not_count() -> io::Result<()> {
    on_a_runtime(async {
        let mut lingering = Lingering::new()?;
        let first = lingering.add()?;
        for _ in 0..2 * MOST_LINGERING {
            let number = lingering.add()?;
            lingering.peers.pop();
            while lingering.has(number) {
                poll_fn(|cx| lingering.event_loop.poll_wake(cx)).await;
                lingering.work();
            }
        }
        assert!(lingering.has(first), "nobody has to make room for the dead");
        Ok(())
    })
}

#[test]
fn a_link_whose_peer_never_ends_is_cut_off() -> io::Result<()> {
    on_a_runtime(async {
        let mut lingering = Lingering::new()?;
        let number = lingering.add()?;
        lingering.event_loop.fire_timers(LINGER - Duration::from_millis(1));
        assert!(lingering.has(number));
        lingering.event_loop.fire_timers(LINGER);
        assert!(!lingering.has(number));
        assert_eq!(lingering.event_loop.lingering.count(), 0);
        Ok(())
    })
}

/// Deflating may take any time. The bound of lingering is for the peer.
#[test]
fn a_link_is_not_cut_off_while_it_has_something_to_deflate() -> io::Result<()> {
    on_a_runtime(async {
        let mut lingering = Lingering::new()?;
        let (peer, link, descriptor) = connect(&lingering.listener, &Arc::new(Inbox::new()))?;
        link.state().connection = Connection::new(compressing(), Duration::ZERO);
        link.state()
            .connection
            .send_deflated(MessageKind::Text, b"long".to_vec(), SendOptions::default())
            .expect("it is open");
        let work = link.state().connection.take_work().expect("there is something to deflate");
        let number = lingering.linger(peer, &link, descriptor)?;
        for i in 1..5 {
            lingering.event_loop.fire_timers(i * LINGER);
            assert!(lingering.has(number));
        }
        link.finish(work);
        lingering.event_loop.turn(0, 4 * LINGER);
        lingering.event_loop.fire_timers(5 * LINGER);
        assert!(!lingering.has(number));
        Ok(())
    })
}
