//! One event loop, with links and peers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use socket2::SockRef;

use super::*;
use crate::engine::base::page::{Head, Messages};
use crate::engine::events::inbox::Inbox;
use crate::engine::events::queue::Queue;
use crate::engine::events::record::EventKind;
use crate::engine::io::threads;
use crate::engine::link::closing::Release;
use crate::engine::link::shared_connection::SharedConnection;
use crate::protocol::{Compression, Config, Connection, DeflaterOptions, Dialect, MessageKind};
use crate::transport::descriptor::Descriptor;

mod failing;
mod lingering;
mod listening;
/// Other systems can't mute the watch list.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod polling;
mod raw;

/// An unmasked text message.
const MESSAGE: [u8; 3] = [0x81, 0x01, b'a'];

/// Counts how often it was woken.
#[derive(Default)]
struct Sleeper(AtomicUsize);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn config() -> Config {
    Config {
        dialect: &Dialect::WEBSOCKET,
        mask_key: None,
        require_masking: None,
        max_frame_size: 1 << 20,
        max_message_size: 1 << 20,
        max_fragments: None,
        checks_utf8: true,
        text_as_bytes: false,
        assemble_fragments: true,
        fragmentation_threshold: None,
        keepalive_interval: None,
        keepalive_grace: None,
        close_timeout: Some(Duration::from_secs(5)),
        auto_pong: true,
        compression: None,
    }
}

/// With compression.
fn compressing() -> Config {
    let compression = Compression {
        deflater: DeflaterOptions::default(),
        deflater_keeps_context: true,
        inflate_window_bits: 15,
        inflater_keeps_context: true,
        threshold: 0,
    };
    Config { compression: Some(compression), ..config() }
}

fn on_a_runtime(test: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test)
}

/// The peer of a new connection, and its link.
fn connect(listener: &TcpListener, inbox: &Arc<Inbox>) -> io::Result<(TcpStream, Arc<SharedConnection>, Descriptor)> {
    let peer = TcpStream::connect(listener.local_addr()?)?;
    let descriptor = Descriptor::own(listener.accept()?.0)?;
    let connection = Connection::new(config(), Duration::ZERO);
    Ok((peer, Arc::new(SharedConnection::new(0, inbox.clone(), connection, 1024, Duration::ZERO)), descriptor))
}

/// How many messages have arrived.
fn taken(inbox: &Inbox) -> usize {
    let mut queue = Queue::default();
    inbox.take(&mut queue);
    queue.records.iter().filter(|record| record.kind == EventKind::Latin1Text).count()
}

#[test]
fn a_thread_that_sleeps_is_woken_for_what_cannot_wait() -> io::Result<()> {
    on_a_runtime(async {
        let second = Duration::from_secs(1);
        let mut event_loop = EventLoop::new()?;
        let io_thread = event_loop.io_thread.clone();
        let sleeper = Arc::new(Sleeper::default());
        let falls_asleep = || assert!(!io_thread.has_mail(&sleeper.clone().into(), 10 * second));
        let wakings = || sleeper.0.swap(0, Ordering::SeqCst);
        falls_asleep();
        io_thread.arm(11 * second, 0, 0);
        assert_eq!(wakings(), 0, "it wakes before that by itself");
        io_thread.arm(9 * second, 0, 0);
        assert_eq!(wakings(), 1);
        io_thread.kick(0);
        assert_eq!(wakings(), 0, "it is awake");
        event_loop.read_mail(second);
        falls_asleep();
        io_thread.arm(11 * second, 0, 0);
        io_thread.kick(0);
        assert_eq!(wakings(), 1, "what can wait keeps nobody else from waking it");
        Ok(())
    })
}

#[test]
fn released_links_are_freed_together_and_wake_the_thread_once() -> io::Result<()> {
    on_a_runtime(async {
        let second = Duration::from_secs(1);
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let inbox = Arc::new(Inbox::new());
        let mut event_loop = EventLoop::new()?;
        let io_thread = event_loop.io_thread.clone();
        let mut links = Vec::new();
        for _ in 0..20 {
            let (peer, link, descriptor) = connect(&listener, &inbox)?;
            link.adopt(descriptor, true, || Ok(io_thread.clone()))?;
            links.push((peer, link));
        }
        event_loop.work(now());
        assert_eq!(event_loop.serving, 20);
        let sleeper = Arc::new(Sleeper::default());
        assert!(!io_thread.has_mail(&sleeper.clone().into(), now() + 60 * second));
        for (_, link) in &links {
            link.release(Release::AtOnce);
            if sleeper.0.load(Ordering::SeqCst) == 1 {
                event_loop.read_mail(now());
                let deadline = event_loop.next_deadline().expect("the thread frees it then");
                io_thread.has_mail(&sleeper.clone().into(), deadline);
            }
        }
        assert_eq!(sleeper.0.load(Ordering::SeqCst), 1);
        for _ in 0..2 {
            event_loop.work(now() + second);
        }
        assert_eq!(event_loop.serving, 0);
        let mut queue = Queue::default();
        inbox.take(&mut queue);
        assert_eq!(queue.records.iter().filter(|record| record.kind == EventKind::Released).count(), 20);
        Ok(())
    })
}

#[test]
fn messages_in_the_mail_are_sent_on_links_that_came_with_them() -> io::Result<()> {
    on_a_runtime(async {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let inbox = Arc::new(Inbox::new());
        let mut event_loop = EventLoop::new()?;
        let io_thread = event_loop.io_thread.clone();
        let mut messages = Messages::default();
        let mut peers = Vec::new();
        for _ in 0..3 {
            let (peer, link, descriptor) = connect(&listener, &inbox)?;
            link.adopt(descriptor, true, || Ok(io_thread.clone()))?;
            let (_, token) = link.home().expect("it is served");
            for mark in [false, true] {
                messages.push(Head { slot: 0, token, kind: MessageKind::Text, mark }, b"a");
            }
            peers.push((peer, link));
        }
        io_thread.send(Page::new(messages));
        assert!(io_thread.holds_mail());
        event_loop.work(now());
        for (peer, _) in &mut peers {
            let mut received = [0; 2 * MESSAGE.len()];
            peer.read_exact(&mut received)?;
            assert_eq!(received, [MESSAGE, MESSAGE].as_flattened());
        }
        let mut queue = Queue::default();
        inbox.take(&mut queue);
        let told: Vec<_> = queue.records.iter().map(|record| (record.kind, record.extra)).collect();
        assert_eq!(told, [(EventKind::Flushed, 2); 3], "each has reached one mark");
        Ok(())
    })
}

/// Waits for so many messages.
fn await_messages(inbox: &Inbox, wanted: usize) {
    let start = Instant::now();
    let mut count = 0;
    while count < wanted {
        count += taken(inbox);
        assert!(start.elapsed() < Duration::from_secs(60), "{count} of {wanted}");
        std::thread::yield_now();
    }
}

/// JavaScript wants the link of the last message at once. It must not wait for the lock.
#[test]
fn javascript_is_woken_for_many_messages_before_the_others_are_read_but_not_under_a_lock() -> io::Result<()> {
    const MANY: usize = 300;
    on_a_runtime(async {
        let mut event_loop = EventLoop::new()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let inbox = Arc::new(Inbox::new());
        let mut links = Vec::new();
        for messages in [MANY, 1] {
            let (mut peer, link, descriptor) = connect(&listener, &inbox)?;
            link.arrive_at(&event_loop.io_thread, Some(Arc::new(descriptor)), Duration::MAX)?;
            peer.write_all(&MESSAGE.repeat(messages))?;
            poll_fn(|cx| event_loop.poller.poll_ready(cx)).await?;
            event_loop.read_mail(Duration::ZERO);
            event_loop.dispatch_events();
            links.push((peer, link));
        }
        let watched: Vec<_> = links.iter().map(|(_, link)| Arc::downgrade(link)).collect();
        let (arrived, at_waking) = (Arc::downgrade(&inbox), Arc::new(Mutex::new(Vec::new())));
        let woken = at_waking.clone();
        inbox.set_wake(Box::new(move || {
            let locked = watched.iter().filter_map(Weak::upgrade).filter(|link| link.is_locked()).count();
            let arrived = arrived.upgrade().map(|inbox| taken(&inbox));
            lock(&woken).push((arrived, locked));
        }));
        event_loop.work(Duration::ZERO);
        let at_waking = lock(&at_waking);
        assert_eq!(*at_waking, [(Some(MANY), 0)]);
        assert_eq!(taken(&inbox), 1);
        Ok(())
    })
}

#[test]
fn a_thread_that_was_not_woken_for_a_link_is_by_its_peer() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let inbox = Arc::new(Inbox::new());
    for _ in 0..20 {
        let (mut peer, link, descriptor) = connect(&listener, &inbox)?;
        threads::adopt(&link, descriptor, true)?;
        peer.write_all(&MESSAGE)?;
        await_messages(&inbox, 1);
        link.release(Release::AtOnce);
    }
    Ok(())
}

/// A stream link that had work is adopted and released while others have their turn.
#[test]
fn a_link_is_released_once_although_its_descriptor_is_still_in_the_mail() -> io::Result<()> {
    on_a_runtime(async {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        for release in [Release::AtOnce, Release::Lingering] {
            let mut event_loop = EventLoop::new()?;
            let inbox = Arc::new(Inbox::new());
            let (mut peer, link, descriptor) = connect(&listener, &inbox)?;
            let token = link.arrive_at(&event_loop.io_thread, None, Duration::ZERO)?;
            link.set_token(token);
            event_loop.read_mail(Duration::ZERO);
            let descriptor = Arc::new(descriptor);
            link.state().descriptor = Some(descriptor.clone());
            link.arrive_at(&event_loop.io_thread, Some(descriptor), Duration::ZERO)?;
            link.state().connection.send_raw(b"bye");
            link.release(release);
            event_loop.turn(token, Duration::ZERO);
            assert_eq!(event_loop.serving, 1);
            for _ in 0..10 {
                event_loop.work(Duration::ZERO);
            }
            let mut queue = Queue::default();
            inbox.take(&mut queue);
            assert_eq!(queue.records.iter().filter(|record| record.kind == EventKind::Released).count(), 1);
            if release == Release::Lingering {
                let mut bytes = [0; 3];
                peer.read_exact(&mut bytes)?;
                assert_eq!(&bytes, b"bye");
                event_loop.fire_timers(LINGER);
            }
            assert_eq!(event_loop.serving, 0);
            assert_eq!(event_loop.io_thread.free_tokens(), [token]);
        }
        Ok(())
    })
}

#[test]
fn a_reset_is_reported_as_one_although_a_send_has_failed_too() -> io::Result<()> {
    on_a_runtime(async {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        for (sending, told) in
            [(libc::EPIPE, libc::ECONNRESET), (libc::ECONNRESET, libc::ECONNRESET), (libc::ETIMEDOUT, libc::ETIMEDOUT)]
        {
            let mut event_loop = EventLoop::new()?;
            let inbox = Arc::new(Inbox::new());
            let (peer, link, descriptor) = connect(&listener, &inbox)?;
            link.arrive_at(&event_loop.io_thread, Some(Arc::new(descriptor)), Duration::MAX)?;
            event_loop.work(Duration::ZERO);
            SockRef::from(&peer).set_linger(Some(Duration::ZERO))?;
            drop(peer);
            link.state().fail(io::Error::from_raw_os_error(sending));
            poll_fn(|cx| event_loop.poll_wake(cx)).await;
            event_loop.work(Duration::ZERO);
            let mut queue = Queue::default();
            inbox.take(&mut queue);
            let failures: Vec<_> = queue.records.iter().map(|record| (record.kind, record.extra)).collect();
            assert_eq!(failures, [(EventKind::Failed, told.unsigned_abs())]);
        }
        Ok(())
    })
}

#[test]
fn no_message_is_lost_of_links_that_arrive_while_the_thread_is_at_work() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    for _ in 0..60 {
        let inbox = Arc::new(Inbox::new());
        let mut adopted: Vec<(TcpStream, Arc<SharedConnection>)> = Vec::new();
        for _ in 0..50 {
            let (mut peer, link, descriptor) = connect(&listener, &inbox)?;
            peer.write_all(&MESSAGE)?;
            if let Some((_, other)) = adopted.last() {
                other.kick();
            }
            threads::adopt(&link, descriptor, true)?;
            adopted.push((peer, link));
        }
        await_messages(&inbox, adopted.len());
        for (_, link) in adopted {
            link.release(Release::AtOnce);
        }
    }
    Ok(())
}
