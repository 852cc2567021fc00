//! JavaScript's thread does the work of an event loop.

use super::*;
use crate::engine::base::lease::{MOST_POLLED, PollResult};
use crate::engine::base::locks::try_lock;

/// The number of this JavaScript thread, and that of another one.
const ME: usize = 1;
const ANOTHER: usize = 2;

/// A connection of an event loop.
struct Connected {
    peer: TcpStream,
    link: Arc<SharedConnection>,
    /// The event loop's end.
    end: TcpStream,
}

impl Connected {
    fn new(listener: &TcpListener, inbox: &Arc<Inbox>, io_thread: &IoThread) -> io::Result<Self> {
        let peer = TcpStream::connect(listener.local_addr()?)?;
        let end = listener.accept()?.0;
        let link = Arc::new(SharedConnection::new(
            0,
            inbox.clone(),
            Connection::new(config(), Duration::ZERO),
            1024,
            Duration::ZERO,
        ));
        link.arrive_at(io_thread, Some(Arc::new(Descriptor::own(end.try_clone()?)?)), Duration::MAX)?;
        Ok(Self { peer, link, end })
    }

    /// Sends a message and waits until it has arrived at the event loop's end, unread.
    fn say(&mut self) -> io::Result<()> {
        self.peer.write_all(&MESSAGE)?;
        while self.end.peek(&mut [0]).is_err() {
            std::thread::yield_now();
        }
        Ok(())
    }
}

/// An event loop whose thread runs.
fn running_loop() -> io::Result<(Arc<Mutex<EventLoop>>, Arc<IoThread>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let event_loop = {
        let _entered = runtime.enter();
        EventLoop::new()?
    };
    let io_thread = event_loop.io_thread().clone();
    let event_loop = Arc::new(Mutex::new(event_loop));
    let run = EventLoop::run(event_loop.clone());
    std::thread::spawn(move || runtime.block_on(run));
    Ok((event_loop, io_thread))
}

/// An event loop without a thread, the inbox of its messages, and the source of its connections.
fn idle_loop() -> io::Result<(EventLoop, Arc<Inbox>, TcpListener)> {
    Ok((EventLoop::new()?, Arc::new(Inbox::new()), TcpListener::bind(("127.0.0.1", 0))?))
}

/// An event loop without a thread that has one connection.
fn connected_loop() -> io::Result<(EventLoop, Arc<Inbox>, Connected)> {
    let (mut event_loop, inbox, listener) = idle_loop()?;
    let connected = Connected::new(&listener, &inbox, event_loop.io_thread())?;
    event_loop.work(Duration::ZERO);
    Ok((event_loop, inbox, connected))
}

/// Within a minute.
async fn awake(event_loop: &mut EventLoop) {
    let waking = poll_fn(|cx| event_loop.poll_wake(cx));
    tokio::time::timeout(Duration::from_secs(60), waking).await.expect("it is woken");
}

#[test]
fn a_thread_is_not_woken_by_what_comes_while_javascript_polls_but_behind_it() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, inbox, mut connected) = connected_loop()?;
        for _ in 0..3 {
            connected.say()?;
            awake(&mut event_loop).await;
            event_loop.work(Duration::ZERO);
            assert_eq!(taken(&inbox), 1);
            assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
            connected.say()?;
            // Lets the runtime deliver all its events.
            tokio::task::yield_now().await;
            let sleeps = poll_fn(|cx| Poll::Ready(event_loop.poll_wake(cx).is_pending())).await;
            assert!(sleeps, "the watch list is muted");
            assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Little);
            assert_eq!(taken(&inbox), 1);
            connected.say()?;
            event_loop.hand_back();
            awake(&mut event_loop).await;
            event_loop.work(Duration::ZERO);
            assert_eq!(taken(&inbox), 1);
        }
        Ok(())
    })
}

#[test]
fn a_thread_that_sleeps_while_javascript_polls_is_woken_for_mail() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, _, mut connected) = connected_loop()?;
        let sleeper = Arc::new(Sleeper::default());
        // It wakes before the lease is over.
        assert!(!event_loop.io_thread.has_mail(&sleeper.clone().into(), Duration::from_nanos(1)));
        connected.say()?;
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Little);
        assert_eq!(sleeper.0.load(Ordering::SeqCst), 0);
        event_loop.io_thread.kick(0);
        assert_eq!(sleeper.0.load(Ordering::SeqCst), 1);
        Ok(())
    })
}

#[test]
fn javascript_leaves_to_the_thread_what_is_more_than_a_little() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, inbox, listener) = idle_loop()?;
        let mut all = Vec::new();
        for _ in 0..=MOST_POLLED {
            let mut connected = Connected::new(&listener, &inbox, event_loop.io_thread())?;
            connected.say()?;
            all.push(connected);
        }
        let sleeper = Arc::new(Sleeper::default());
        event_loop.read_mail(Duration::ZERO);
        // It wakes before a lease would be over.
        assert!(!event_loop.io_thread.has_mail(&sleeper.clone().into(), Duration::from_nanos(1)));
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Much);
        assert_eq!(taken(&inbox), 0);
        assert_eq!(sleeper.0.load(Ordering::SeqCst), 1);
        awake(&mut event_loop).await;
        event_loop.work(Duration::ZERO);
        assert_eq!(taken(&inbox), all.len());
        assert!(all.iter().all(|connected| !connected.link.is_locked()));
        Ok(())
    })
}

/// Work that takes long is not for JavaScript's thread.
#[test]
fn javascript_does_not_poll_where_messages_are_inflated() -> io::Result<()> {
    on_a_runtime(async {
        let mut event_loop = EventLoop::new()?;
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
        event_loop.hand_back();
        let link = SharedConnection::new(
            0,
            Arc::new(Inbox::new()),
            Connection::new(compressing(), Duration::ZERO),
            1024,
            Duration::ZERO,
        );
        let token = Arc::new(link).arrive_at(&event_loop.io_thread, None, Duration::ZERO)?;
        event_loop.read_mail(Duration::ZERO);
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Much);
        event_loop.forget(token);
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
        Ok(())
    })
}

/// Messages come one by one, while JavaScript's thread polls, comes back late, or hands back.
#[test]
fn nothing_is_lost_while_the_two_take_turns() -> io::Result<()> {
    const PEERS: usize = 4;
    // So few that flow control admits all of them, although they are never reported as taken.
    const MESSAGES: usize = 500;
    let (inbox, listener) = (Arc::new(Inbox::new()), TcpListener::bind(("127.0.0.1", 0))?);
    let (event_loop, io_thread) = running_loop()?;
    let mut links = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        let Connected { mut peer, link, end } = Connected::new(&listener, &inbox, &io_thread)?;
        links.push((link, end));
        peers.push(std::thread::spawn(move || {
            peer.set_nodelay(true)?;
            (0..MESSAGES).try_for_each(|_| {
                std::thread::yield_now();
                peer.write_all(&MESSAGE)
            })?;
            Ok::<_, io::Error>(peer)
        }));
    }
    let start = Instant::now();
    let (mut count, mut round) = (0, 0_u32);
    while count < PEERS * MESSAGES {
        round += 1;
        for _ in 0..round % 7 {
            if let Some(mut event_loop) = try_lock(&event_loop) {
                event_loop.poll_on_js_thread(ME, now());
            }
            count += taken(&inbox);
        }
        // In every third round JavaScript does not come back, and the lease has to end.
        if round % 3 > 0
            && let Some(mut event_loop) = try_lock(&event_loop)
            && io_thread.is_polled_by(ME)
        {
            event_loop.hand_back();
        } else if io_thread.is_polled_by(ME) {
            await_end_of(&io_thread, start);
        }
        count += taken(&inbox);
        assert!(start.elapsed() < Duration::from_secs(60), "{count} messages");
    }
    for peer in peers {
        drop(peer.join().expect("it has sent everything")?);
    }
    Ok(())
}

fn await_end_of(lease_of: &IoThread, start: Instant) {
    while lease_of.is_polled_by(ME) {
        assert!(start.elapsed() < Duration::from_secs(60), "the lease has no end");
        std::thread::yield_now();
    }
}

/// If deadlines came first, one could pass although its answer has arrived.
#[test]
fn the_thread_sees_what_came_under_a_lease_before_deadlines() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, inbox, mut connected) = connected_loop()?;
        for comes_back in [false, true] {
            assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
            connected.say()?;
            if comes_back {
                event_loop.hand_back();
            }
            event_loop.take_over();
            event_loop.work(Duration::ZERO);
            assert_eq!(taken(&inbox), 1);
        }
        Ok(())
    })
}

#[test]
fn javascript_leaves_the_rest_of_a_long_frame_to_the_thread() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, _, mut connected) = connected_loop()?;
        // Most of it has arrived before the first poll.
        SockRef::from(&connected.end).set_recv_buffer_size(1 << 20)?;
        SockRef::from(&connected.peer).set_send_buffer_size(1 << 20)?;
        let long = [&[0x82, 127, 0, 0, 0, 0, 0, 4, 0, 0][..], &[0; 4 << 16]].concat();
        connected.peer.write_all(&long)?;
        while connected.end.peek(&mut [0; 2 << 16])? < 2 << 16 {
            std::thread::yield_now();
        }
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Much);
        let buffered = connected.link.state().connection.partial().frame.expect("a frame has begun").1;
        assert!(buffered < 1 << 16, "{buffered} bytes were read");
        Ok(())
    })
}

#[test]
fn one_javascript_thread_polls_at_a_time() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, _, mut connected) = connected_loop()?;
        connected.say()?;
        event_loop.mute(ANOTHER, now());
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
        assert!(event_loop.io_thread.is_polled_by(ANOTHER));
        event_loop.hand_back();
        event_loop.set_sleeps(false);
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing, "the thread itself is at it");
        event_loop.set_sleeps(true);
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Little);
        Ok(())
    })
}

/// The mail may bring the links of the events.
#[test]
fn javascript_leaves_to_the_thread_what_has_to_do_with_its_mail() -> io::Result<()> {
    on_a_runtime(async {
        let (mut event_loop, inbox, listener) = idle_loop()?;
        let mut first = Connected::new(&listener, &inbox, event_loop.io_thread())?;
        event_loop.work(Duration::ZERO);
        let mut second = Connected::new(&listener, &inbox, event_loop.io_thread())?;
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Nothing);
        first.say()?;
        second.say()?;
        assert_eq!(event_loop.poll_on_js_thread(ME, now()), PollResult::Much);
        assert_eq!(taken(&inbox), 0);
        awake(&mut event_loop).await;
        event_loop.work(Duration::ZERO);
        assert_eq!(taken(&inbox), 2);
        Ok(())
    })
}

#[test]
fn the_thread_serves_when_javascript_does_not_poll_again() -> io::Result<()> {
    let (inbox, listener) = (Arc::new(Inbox::new()), TcpListener::bind(("127.0.0.1", 0))?);
    let (event_loop, io_thread) = running_loop()?;
    let mut connected = Connected::new(&listener, &inbox, &io_thread)?;
    for _ in 0..3 {
        connected.peer.write_all(&MESSAGE)?;
        await_messages(&inbox, 1);
        // The thread may be about to end its turn.
        while !io_thread.is_polled_by(ME) {
            if let Some(mut event_loop) = try_lock(&event_loop) {
                event_loop.poll_on_js_thread(ME, now());
            }
        }
        connected.peer.write_all(&MESSAGE)?;
        await_messages(&inbox, 1);
        assert!(!io_thread.is_polled_by(ME));
    }
    Ok(())
}
