//! Listeners, and connections that become links.

use super::*;
use crate::engine::events::record::EventRecord;
use crate::engine::link::shared_connection::SharedListener;
use crate::transport::tls::context::{TlsContext, TlsContextOptions};
use crate::transport::tls::names::TlsContexts;

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A listener on an event loop, which also serves its connections.
struct Fixture {
    event_loop: EventLoop,
    inbox: Arc<Inbox>,
    bound: TcpListener,
    listener: Arc<SharedListener>,
}

impl Fixture {
    fn new(tls: Option<Arc<TlsContexts>>) -> io::Result<Self> {
        let event_loop = EventLoop::new()?;
        let io_thread = event_loop.io_thread.clone();
        Self::on(event_loop, io_thread, tls)
    }

    /// A listener on an event loop, whose connections another I/O thread serves.
    fn on(event_loop: EventLoop, io_thread: Arc<IoThread>, tls: Option<Arc<TlsContexts>>) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::new());
        let bound = TcpListener::bind(("127.0.0.1", 0))?;
        let descriptor = Descriptor::own(bound.try_clone()?)?;
        let deal = Box::new(move || Ok(io_thread.clone()));
        let mut listener = SharedListener::new(7, inbox.clone(), Some(descriptor), 1024, deal);
        listener.tls = tls;
        let listener = Arc::new(listener);
        let arrival = |token| Arrival::Listener { token, listener: listener.clone() };
        listener.serve(event_loop.io_thread.clone(), arrival)?;
        Ok(Self { event_loop, inbox, bound, listener })
    }

    fn connect(&self, bytes: &[u8]) -> io::Result<TcpStream> {
        let mut peer = TcpStream::connect(self.bound.local_addr()?)?;
        peer.write_all(bytes)?;
        Ok(peer)
    }

    /// Does turns until `condition` holds.
    fn work_until(&mut self, mut condition: impl FnMut(&mut Self) -> bool) {
        while !condition(self) {
            self.event_loop.take_ready();
            self.event_loop.work(now());
        }
    }

    /// The events that have arrived.
    fn take(&self) -> Vec<EventRecord> {
        let mut queue = Queue::default();
        self.inbox.take(&mut queue);
        queue.records
    }

    /// Does turns until there are `count` events of this kind, and no others. Returns their extra
    /// numbers.
    fn work_for(&mut self, kind: EventKind, count: usize) -> Vec<u32> {
        let mut extras = Vec::new();
        self.work_until(|fixture| {
            extras.extend(fixture.take().iter().map(|record| {
                assert_eq!((record.slot, record.kind), (7, kind));
                record.extra
            }));
            extras.len() >= count
        });
        extras
    }
}

/// Runs a test with a listener.
fn with_listener(test: impl FnOnce(Fixture) -> io::Result<()>) -> io::Result<()> {
    on_a_runtime(async { test(Fixture::new(None)?) })
}

/// The contexts of a server. It has no certificate.
fn contexts() -> Arc<TlsContexts> {
    let options = TlsContextOptions { is_server: true, tls13: true, ..TlsContextOptions::default() };
    Arc::new(TlsContexts::new(Arc::new(TlsContext::new(options).expect("it needs nothing")), false))
}

#[test]
fn many_peers_at_once_are_accepted_in_several_turns() -> io::Result<()> {
    with_listener(|mut fixture| {
        // The backlog has room for so many.
        let peers = (0..100).map(|_| fixture.connect(b"")).collect::<io::Result<Vec<_>>>()?;
        let mut counts = Vec::new();
        fixture.work_until(|fixture| {
            counts.push(fixture.listener.arriving());
            fixture.listener.arriving() == peers.len()
        });
        assert!(counts.windows(2).all(|counts| counts[1] - counts[0] <= 64), "{counts:?}");
        Ok(())
    })
}

#[test]
fn input_of_the_time_before_the_link_needs_no_further_event() -> io::Result<()> {
    with_listener(|mut fixture| {
        let mut peer = fixture.connect(HANDSHAKE)?;
        let ticket = fixture.work_for(EventKind::Request, 1)[0];
        peer.write_all(b"later")?;
        fixture.work_until(|fixture| {
            let served = fixture.event_loop.drivers.iter().flatten();
            served.into_iter().any(|it| matches!(it, Served::Arriving(driver) if driver.arriving.has_news()))
        });
        let taken = fixture.listener.take(ticket).expect("it is there");
        let link = Arc::new(SharedConnection::raw(8, fixture.inbox.clone(), 1024, now()));
        link.succeed(taken);
        fixture.work_until(|_| link.state().held.as_ref().is_some_and(|held| held.bytes == b"later"));
        assert_eq!((fixture.event_loop.serving, fixture.event_loop.arriving), (1, 0));
        Ok(())
    })
}

#[test]
fn what_is_destroyed_before_its_thread_knows_it_is_forgotten() -> io::Result<()> {
    with_listener(|mut fixture| {
        let mut peer = fixture.connect(HANDSHAKE)?;
        fixture.work_until(|fixture| fixture.listener.arriving() == 1);
        // The thread has accepted it, and finds it in its own mail in the next turn.
        assert_eq!(fixture.event_loop.arriving, 0);
        fixture.listener.destroy_arriving();
        assert_eq!(peer.read(&mut [0]).map_err(|error| error.kind()).unwrap_or(0), 0);
        fixture.work_until(|fixture| fixture.listener.arriving() == 0);
        assert_eq!((fixture.event_loop.arriving, fixture.take().len()), (0, 0));
        Ok(())
    })
}

#[test]
fn the_last_record_follows_the_end_of_the_last_connection() -> io::Result<()> {
    with_listener(|mut fixture| {
        let _peers = [fixture.connect(HANDSHAKE)?, fixture.connect(HANDSHAKE)?];
        let tickets = fixture.work_for(EventKind::Request, 2);
        assert_eq!(fixture.listener.close(), 2);
        fixture.event_loop.work(now());
        assert_eq!(fixture.take().len(), 0);
        drop(fixture.listener.take(tickets[0]).and_then(|taken| taken.arriving.hand_out()));
        fixture.listener.destroy_arriving();
        assert_eq!(fixture.work_for(EventKind::Released, 1), [0]);
        assert!(!fixture.listener.admit(|| panic!("nobody is accepted"), |_, _| panic!("nobody comes"))?);
        Ok(())
    })
}

#[test]
fn accepting_rests_while_javascript_does_not_take_its_tickets() -> io::Result<()> {
    with_listener(|mut fixture| {
        let mut peers = Vec::new();
        for _ in 0..16 {
            for _ in 0..64 {
                peers.push(fixture.connect(HANDSHAKE)?);
            }
            fixture.work_until(|fixture| fixture.listener.arriving() == peers.len());
        }
        let tickets = fixture.work_for(EventKind::Request, 1024);
        peers.push(fixture.connect(HANDSHAKE)?);
        for _ in 0..10 {
            fixture.event_loop.take_ready();
            fixture.event_loop.work(now());
        }
        assert_eq!(fixture.listener.arriving(), 1024);
        for ticket in &tickets[..512] {
            drop(fixture.listener.take(*ticket));
        }
        fixture.work_for(EventKind::Request, 1);
        Ok(())
    })
}

#[test]
fn a_head_that_does_not_come_in_time_is_told_once() -> io::Result<()> {
    with_listener(|mut fixture| {
        let _peer = fixture.connect(b"GET")?;
        fixture.listener.set_head_timeout(Duration::from_secs(60));
        fixture.work_until(|fixture| fixture.event_loop.arriving == 1);
        let start = now();
        fixture.event_loop.work(start + Duration::from_secs(50));
        assert_eq!(fixture.take().len(), 0);
        for _ in 0..3 {
            fixture.event_loop.work(start + Duration::from_secs(61));
        }
        assert_eq!(fixture.work_for(EventKind::HeadTimeout, 1), [0]);
        assert_eq!(fixture.event_loop.timers.next(), None);
        Ok(())
    })
}

#[test]
fn a_deadline_between_the_taking_and_the_link_does_not_end_the_connection() -> io::Result<()> {
    with_listener(|mut fixture| {
        fixture.listener.set_head_timeout(Duration::from_secs(60));
        let mut peer = fixture.connect(HANDSHAKE)?;
        let ticket = fixture.work_for(EventKind::Request, 1)[0];
        let taken = fixture.listener.take(ticket).expect("it is there");
        fixture.event_loop.work(now() + Duration::from_secs(61));
        let link = Arc::new(SharedConnection::raw(8, fixture.inbox.clone(), 1024, now()));
        link.succeed(taken);
        link.state().connection.send_raw(b"!");
        link.kick();
        fixture.event_loop.work(now());
        assert_eq!((fixture.event_loop.serving, fixture.event_loop.arriving), (1, 0));
        assert_eq!(peer.read(&mut [0])?, 1);
        Ok(())
    })
}

#[test]
fn a_failed_handshake_on_another_thread_is_told_before_the_last_record() -> io::Result<()> {
    on_a_runtime(async {
        let mut other = EventLoop::new()?;
        let mut fixture = Fixture::on(EventLoop::new()?, other.io_thread.clone(), Some(contexts()))?;
        let _peer = fixture.connect(b"no TLS")?;
        fixture.work_until(|fixture| fixture.listener.arriving() == 1);
        fixture.listener.close();
        while fixture.listener.arriving() > 0 {
            other.take_ready();
            other.read_mail(now());
            other.dispatch_events();
            other.take_turns(now());
        }
        fixture.event_loop.work(now());
        other.sink.deliver();
        let kinds: Vec<_> = fixture.take().iter().map(|record| record.kind).collect();
        assert_eq!(kinds, [EventKind::TlsError, EventKind::Released]);
        Ok(())
    })
}

#[test]
fn links_have_their_turns_between_the_handshakes_of_many() -> io::Result<()> {
    on_a_runtime(async {
        let mut fixture = Fixture::new(Some(contexts()))?;
        let peers = (0..50).map(|_| fixture.connect(b"no TLS")).collect::<io::Result<Vec<_>>>()?;
        fixture.work_until(|fixture| fixture.listener.arriving() == peers.len());
        let mut left = vec![peers.len()];
        fixture.work_until(|fixture| {
            left.push(fixture.listener.arriving());
            fixture.listener.arriving() == 0
        });
        assert!(left.windows(2).all(|left| left[0] - left[1] <= 8), "{left:?}");
        Ok(())
    })
}
