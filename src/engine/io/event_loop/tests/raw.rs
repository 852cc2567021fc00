//! Raw links: their bytes, holding them, and becoming a WebSocket.

use super::*;
use crate::engine::events::record::Payload;
use crate::engine::link::raw::MOST_HELD;

/// What has arrived of one link, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Bytes(Vec<u8>),
    Text(Vec<u8>),
    Other(EventKind),
}

/// Takes what has arrived of `link`. Bytes that follow one another become one.
fn take(inbox: &Inbox, link: &SharedConnection) -> Vec<Told> {
    let mut queue = Queue::default();
    inbox.take(&mut queue);
    let Queue { records, short, .. } = queue;
    let mut told = Vec::new();
    for record in records {
        link.taken(record.weight());
        let payload = match record.payload {
            Payload::Short(range) => short[range].to_vec(),
            Payload::Long(bytes) => bytes,
            _ => Vec::new(),
        };
        match (record.kind, told.last_mut()) {
            (EventKind::Bytes, Some(Told::Bytes(before))) => before.extend(payload),
            (EventKind::Bytes, _) => told.push(Told::Bytes(payload)),
            (EventKind::Latin1Text, _) => told.push(Told::Text(payload)),
            (kind, _) => told.push(Told::Other(kind)),
        }
    }
    told
}

fn bytes(bytes: &[u8]) -> Told {
    Told::Bytes(bytes.to_vec())
}

/// An event loop with one raw link, and its peer.
struct Scene {
    event_loop: EventLoop,
    inbox: Arc<Inbox>,
    link: Arc<SharedConnection>,
    peer: TcpStream,
}

impl Scene {
    fn new() -> io::Result<Self> {
        let mut event_loop = EventLoop::new()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let inbox = Arc::new(Inbox::new());
        let (peer, link, descriptor) = connect_raw(&listener, &inbox)?;
        let io_thread = event_loop.io_thread.clone();
        link.adopt(descriptor, false, || Ok(io_thread))?;
        event_loop.work(now());
        Ok(Self { event_loop, inbox, link, peer })
    }

    /// The peer sends, and the I/O thread reads.
    async fn receive(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.peer.write_all(bytes)?;
        self.work_when_ready().await;
        Ok(())
    }

    async fn work_when_ready(&mut self) {
        poll_fn(|cx| self.event_loop.poll_wake(cx)).await;
        self.event_loop.work(now());
    }

    /// Works until there is nothing to do at once.
    fn settle(&mut self) {
        for _ in 0..10 {
            self.event_loop.work(now());
        }
    }

    fn take(&self) -> Vec<Told> {
        take(&self.inbox, &self.link)
    }
}

fn connect_raw(
    listener: &TcpListener,
    inbox: &Arc<Inbox>,
) -> io::Result<(TcpStream, Arc<SharedConnection>, Descriptor)> {
    let peer = TcpStream::connect(listener.local_addr()?)?;
    let descriptor = Descriptor::own(listener.accept()?.0)?;
    Ok((peer, Arc::new(SharedConnection::raw(0, inbox.clone(), 1024, now())), descriptor))
}

fn websocket(config: Config) -> Connection {
    Connection::new(config, now())
}

#[test]
fn bytes_of_a_raw_link_are_told_as_they_come_and_so_is_the_end() -> io::Result<()> {
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.receive(b"GET / ").await?;
        assert_eq!(scene.take(), [bytes(b"GET / ")]);
        scene.receive(&MESSAGE).await?;
        scene.peer.shutdown(std::net::Shutdown::Write)?;
        scene.work_when_ready().await;
        assert_eq!(scene.take(), [bytes(&MESSAGE), Told::Other(EventKind::End)]);
        assert_eq!(scene.link.state().received, 9);
        Ok(())
    })
}

#[test]
fn the_barrier_follows_earlier_bytes_and_later_bytes_are_held() -> io::Result<()> {
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.peer.write_all(b"before")?;
        poll_fn(|cx| scene.event_loop.poll_wake(cx)).await;
        scene.event_loop.dispatch_events();
        scene.event_loop.take_turns(now());
        // The bytes are in the batch of the I/O thread, not in the inbox.
        scene.link.hold_input();
        assert_eq!(scene.take(), []);
        scene.event_loop.work(now());
        assert_eq!(scene.take(), [bytes(b"before"), Told::Other(EventKind::Barrier)]);
        scene.receive(b"after").await?;
        assert_eq!(scene.take(), []);
        scene.link.release_held();
        scene.settle();
        assert_eq!(scene.take(), [bytes(b"after")]);
        assert_eq!(scene.link.state().received, 11);
        Ok(())
    })
}

#[test]
fn a_websocket_decodes_the_rest_and_what_was_held_and_what_comes() -> io::Result<()> {
    on_a_runtime(async {
        for with_end in [false, true] {
            let mut scene = Scene::new()?;
            scene.link.hold_input();
            scene.receive(&[0x81, 0x01, b'b', 0x81]).await?;
            if with_end {
                scene.peer.write_all(&[0x01, b'c'])?;
                scene.peer.shutdown(std::net::Shutdown::Write)?;
                scene.work_when_ready().await;
                scene.settle();
            }
            assert_eq!(scene.take(), [Told::Other(EventKind::Barrier)]);
            scene.link.switch_protocol(websocket(config()), 1024, &MESSAGE);
            if !with_end {
                scene.receive(&[0x01, b'c']).await?;
            }
            scene.settle();
            let mut told: Vec<_> = [b"a", b"b", b"c"].map(|text| Told::Text(text.to_vec())).into();
            told.extend(with_end.then_some(Told::Other(EventKind::End)));
            assert_eq!(scene.take(), told);
            assert!(scene.link.state().held.is_none());
        }
        Ok(())
    })
}

#[test]
fn a_websocket_that_compresses_inflates_what_was_held() -> io::Result<()> {
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.link.hold_input();
        // A compressed text: an uncompressed block of zlib's.
        let deflated = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        scene.receive(&deflated).await?;
        scene.link.switch_protocol(websocket(compressing()), 1024, &deflated);
        assert!(!scene.event_loop.io_thread.inflates());
        scene.settle();
        let hello = Told::Text(b"Hello".to_vec());
        assert_eq!(scene.take(), [Told::Other(EventKind::Barrier), hello.clone(), hello.clone()]);
        assert!(scene.event_loop.io_thread.inflates());
        scene.receive(&deflated).await?;
        scene.settle();
        assert_eq!(scene.take(), [hello]);
        scene.link.release(Release::AtOnce);
        scene.event_loop.work(now() + Duration::from_secs(1));
        scene.event_loop.work(now() + Duration::from_secs(1));
        assert!(!scene.event_loop.io_thread.inflates());
        Ok(())
    })
}

#[test]
fn output_and_marks_stay_when_a_link_becomes_a_websocket() -> io::Result<()> {
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.link.hold_input();
        let mut state = scene.link.state();
        state.connection.send_raw(b"HTTP/1.1 101\r\n\r\n");
        assert!(state.mark());
        drop(state);
        scene.link.switch_protocol(websocket(config()), 1024, &[]);
        scene.link.kick();
        scene.settle();
        let mut head = [0; 16];
        scene.peer.read_exact(&mut head)?;
        assert_eq!(&head, b"HTTP/1.1 101\r\n\r\n");
        assert_eq!(scene.take(), [Told::Other(EventKind::Flushed), Told::Other(EventKind::Barrier)]);
        assert_eq!(scene.link.state().connection.outbox().sent(), 16);
        Ok(())
    })
}

#[test]
fn a_link_that_holds_much_does_not_read_until_that_is_released() -> io::Result<()> {
    const SENT: usize = 4 * MOST_HELD;
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.link.hold_input();
        let mut peer = scene.peer.try_clone()?;
        let sending = std::thread::spawn(move || peer.write_all(&[b'x'; SENT]));
        while scene.link.state().held.as_ref().is_none_or(|held| held.bytes.len() < MOST_HELD) {
            scene.work_when_ready().await;
        }
        scene.settle();
        let held = scene.link.state().held.as_ref().map_or(0, |held| held.bytes.len());
        assert!((MOST_HELD..2 * MOST_HELD).contains(&held), "{held}");
        assert_eq!(scene.take(), [Told::Other(EventKind::Barrier)]);
        scene.link.release_held();
        let mut received = 0;
        while received < SENT {
            scene.work_when_ready().await;
            received +=
                scene.take().iter().map(|told| if let Told::Bytes(it) = told { it.len() } else { 0 }).sum::<usize>();
        }
        sending.join().expect("it has sent")?;
        assert_eq!(received, SENT);
        Ok(())
    })
}

#[test]
fn a_reset_is_told_behind_what_was_held() -> io::Result<()> {
    on_a_runtime(async {
        let Scene { mut event_loop, inbox, link, mut peer } = Scene::new()?;
        link.hold_input();
        peer.write_all(b"last")?;
        poll_fn(|cx| event_loop.poll_wake(cx)).await;
        event_loop.work(now());
        SockRef::from(&peer).set_linger(Some(Duration::ZERO))?;
        drop(peer);
        poll_fn(|cx| event_loop.poll_wake(cx)).await;
        for _ in 0..3 {
            event_loop.work(now());
        }
        assert_eq!(take(&inbox, &link), [Told::Other(EventKind::Barrier)]);
        link.release_held();
        for _ in 0..3 {
            event_loop.work(now());
        }
        assert_eq!(take(&inbox, &link), [bytes(b"last"), Told::Other(EventKind::Failed)]);
        Ok(())
    })
}

#[test]
fn a_link_that_holds_from_the_start_becomes_a_websocket_without_a_barrier() -> io::Result<()> {
    on_a_runtime(async {
        let mut scene = Scene::new()?;
        scene.link.hold_from_start(MESSAGE.to_vec(), 103);
        scene.receive(&MESSAGE).await?;
        scene.link.switch_protocol(websocket(config()), 1024, &[]);
        scene.settle();
        assert_eq!(scene.take(), [Told::Text(b"a".to_vec()), Told::Text(b"a".to_vec())]);
        assert_eq!(scene.link.state().received, 106);
        Ok(())
    })
}

/// JavaScript's thread holds and releases while an I/O thread reads.
#[test]
fn nothing_is_lost_or_overtaken_when_a_link_holds_and_switches_while_bytes_arrive() -> io::Result<()> {
    const LINES: usize = 8000;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    for _ in 0..10 {
        let inbox = Arc::new(Inbox::new());
        let (mut peer, link, descriptor) = connect_raw(&listener, &inbox)?;
        threads::adopt(&link, descriptor, false)?;
        let (switched, may_go_on) = std::sync::mpsc::channel();
        let sending = std::thread::spawn(move || send_frames(&mut peer, LINES, &may_go_on).map(|()| peer));
        let mut received = Vec::new();
        let start = Instant::now();
        // The first half as bytes.
        while received.len() < LINES / 2 * frame(0).len() {
            link.hold_input();
            await_barrier(&inbox, &link, &mut received, start);
            link.release_held();
        }
        link.hold_input();
        await_barrier(&inbox, &link, &mut received, start);
        assert!(received.chunks(frame(0).len()).enumerate().all(|(i, it)| frame(i).starts_with(it)));
        let first = received.len() / frame(0).len();
        // The frame that has arrived in part belongs to the WebSocket.
        link.switch_protocol(websocket(config()), 1024, &received[first * frame(0).len()..]);
        switched.send(()).map_err(io::Error::other)?;
        let mut next = first;
        let mut has_ended = false;
        while !has_ended {
            assert!(start.elapsed() < Duration::from_secs(60), "{next} of {LINES}");
            for told in take(&inbox, &link) {
                match told {
                    Told::Text(text) => {
                        assert_eq!(text, frame(next)[2..]);
                        next += 1;
                    }
                    told => {
                        assert_eq!(told, Told::Other(EventKind::End));
                        has_ended = true;
                    }
                }
            }
            std::thread::yield_now();
        }
        assert_eq!(next, LINES);
        drop(sending.join().expect("it has sent")?);
        link.release(Release::AtOnce);
    }
    Ok(())
}

/// Sends so many frames and the end. Pauses after three quarters, so that the end is not among the
/// bytes of the raw link.
fn send_frames(peer: &mut TcpStream, count: usize, may_go_on: &std::sync::mpsc::Receiver<()>) -> io::Result<()> {
    for line in 0..count {
        if line == count / 4 * 3 {
            may_go_on.recv().map_err(io::Error::other)?;
        }
        peer.write_all(&frame(line))?;
    }
    peer.shutdown(std::net::Shutdown::Write)
}

/// An unmasked text with this number.
fn frame(line: usize) -> Vec<u8> {
    [&[0x81, 0x08][..], format!("{line:08}").as_bytes()].concat()
}

/// Collects bytes up to the barrier. Nothing follows that.
fn await_barrier(inbox: &Inbox, link: &SharedConnection, received: &mut Vec<u8>, start: Instant) {
    loop {
        assert!(start.elapsed() < Duration::from_secs(60), "there is no barrier");
        let mut told = take(inbox, link);
        let has_barrier = told.pop_if(|last| *last == Told::Other(EventKind::Barrier)).is_some();
        for told in told {
            let Told::Bytes(bytes) = told else { panic!("{told:?}") };
            received.extend(bytes);
        }
        if has_barrier {
            return;
        }
        std::thread::yield_now();
    }
}
