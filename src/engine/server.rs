//! What an I/O thread does.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use slab::Slab;
use tokio::time::{Instant, Sleep};

use super::link::Link;
use super::now;
use super::patience::note_work;
use super::pending::Pending;
use super::served::{Next, Served};
use super::shard::{Mail, Shard};
use super::timers::TimerQueue;
use crate::transport::descriptor::Descriptor;
use crate::transport::poller::Poller;

/// How long a dropped connection is read on so that the peer sees the close frame.
const LINGER: Duration = Duration::from_secs(2);

/// Most connections of a thread that are seen off at a time. JavaScript and the HTTP server's `maxConnections` know nothing
/// of them any more, so it is here that a peer must not be able to use up the descriptors of the process.
const MOST_LINGERING: usize = 256;

/// Serves the adopted descriptors of one I/O thread, in turns: takes what the kernel, other threads and the clock say, lets
/// each connection that is concerned read and write, and hands over what came of it.
pub struct Server {
    shard: Arc<Shard>,
    poller: Poller,
    served: Slab<Served>,
    /// Tokens of those that have a turn.
    queue: VecDeque<usize>,
    mail: Mail,
    pending: Pending,
    timers: TimerQueue,
    /// Until when, the token and the number of the links that are seen off, in order.
    lingering: VecDeque<(Duration, usize, u64)>,
    /// How many of them are still there.
    leaving: usize,
    sleep: Pin<Box<Sleep>>,
    /// What `sleep` is set to.
    wakes_at: Duration,
}

impl Server {
    /// A server without connections, in the current runtime.
    ///
    /// # Errors
    /// When the process has no descriptor left for the watch list.
    pub fn new(shard: Arc<Shard>) -> io::Result<Self> {
        Ok(Self {
            shard,
            poller: Poller::new()?,
            served: Slab::new(),
            queue: VecDeque::new(),
            mail: Mail::default(),
            pending: Pending::default(),
            timers: TimerQueue::default(),
            lingering: VecDeque::new(),
            leaving: 0,
            sleep: Box::pin(tokio::time::sleep_until(Instant::now())),
            wakes_at: Duration::ZERO,
        })
    }

    /// Serves until the process ends.
    pub async fn run(mut self) {
        note_work(true);
        loop {
            if self.queue.is_empty() {
                let mut sleeps = false;
                poll_fn(|cx| {
                    let wake = self.poll_wake(cx);
                    if wake.is_pending() != std::mem::replace(&mut sleeps, wake.is_pending()) {
                        note_work(!sleeps);
                    }
                    wake
                })
                .await;
            } else {
                self.take_ready();
            }
            let now = now();
            if self.read_mail(now) {
                // Sending took long enough for answers to have come: JavaScript is woken once for these and what was ready.
                self.take_ready();
            }
            // Those that want another turn have it after the others, and after another look at what is new.
            for _ in 0..self.queue.len() {
                if let Some(token) = self.queue.pop_front() {
                    self.turn(token, now);
                }
            }
            self.fire_timers(now);
            self.pending.deliver();
        }
    }

    /// Sleeps until there is something to do.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A watch list that fails has no memory: the kernel may have some the next time.
        let ready = self.poller.poll_ready(cx).is_ready();
        if ready {
            self.note_ready();
        }
        let has_mail = self.shard.has_mail(cx.waker());
        if ready || has_mail || self.is_due(cx) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let lingers_until = self.lingering.front().map(|(deadline, ..)| *deadline);
        let Some(deadline) = self.timers.next().into_iter().chain(lingers_until).min() else { return false };
        if deadline != self.wakes_at {
            self.wakes_at = deadline;
            self.sleep.as_mut().reset(Instant::now() + deadline.saturating_sub(now()));
        }
        self.sleep.as_mut().poll(cx).is_ready()
    }

    fn take_ready(&mut self) {
        if self.poller.take_ready().is_ok() {
            self.note_ready();
        }
    }

    fn note_ready(&mut self) {
        for readiness in self.poller.events() {
            if let Some(served) = self.served.get_mut(readiness.token) {
                served.on_ready(readiness);
                if !std::mem::replace(&mut served.queued, true) {
                    self.queue.push_back(readiness.token);
                }
            }
        }
    }

    /// Says whether there was something to look at.
    fn read_mail(&mut self, now: Duration) -> bool {
        let mut mail = std::mem::take(&mut self.mail);
        self.shard.take_mail(&mut mail);
        let has_mail = !mail.kicked.is_empty() || !mail.arrived.is_empty();
        for (link, descriptor) in mail.arrived.drain(..) {
            self.serve(link, descriptor, now);
        }
        for token in mail.kicked.drain(..) {
            self.look(token, now);
        }
        self.mail = mail;
        has_mail
    }

    fn serve(&mut self, link: Arc<Link>, descriptor: Option<Arc<Descriptor>>, now: Duration) {
        // It is known already if it had work before its descriptor was adopted.
        let token = link.token().unwrap_or_else(|| self.served.insert(Served::new(link)));
        let served = &mut self.served[token];
        served.link.settle(token);
        if let Some(descriptor) = descriptor {
            let registered = self.poller.register(&descriptor, token);
            served.descriptor = Some(descriptor);
            if let Err(error) = registered {
                served.on_unwatchable(&error, &mut self.pending);
            }
        }
        // What was sent while the descriptor was handed over has nobody else to see to it.
        self.look(token, now);
    }

    /// Looks at a link at JavaScript's request.
    fn look(&mut self, token: usize, now: Duration) {
        let Some(served) = self.served.get_mut(token) else { return };
        let link = &served.link;
        link.take_kick();
        let mut core = link.core();
        if !core.blocked && core.released.is_none() {
            link.flush(&mut core, now, &mut self.pending);
        }
        // The timers of the others are JavaScript's.
        if served.descriptor.is_some()
            && let Some(deadline) = core.rearm()
        {
            self.timers.push(deadline, token, link.number);
        }
        // With room in the kernel and nothing else to see to, that was all: the common case.
        if served.needs_turn(&core) && !std::mem::replace(&mut served.queued, true) {
            self.queue.push_back(token);
        }
    }

    fn turn(&mut self, token: usize, now: Duration) {
        let Some(served) = self.served.get_mut(token) else { return };
        let was_leaving = served.farewell;
        let next = served.turn(now, &mut self.pending);
        if let Some(deadline) = served.take_rearm() {
            self.timers.push(deadline, token, served.link.number);
        }
        served.queued = next == Next::Again;
        if next == Next::Again {
            self.queue.push_back(token);
        }
        if next == Next::Done {
            self.forget(token);
        } else if served.farewell && !was_leaving {
            let number = served.link.number;
            served.lingers = true;
            self.lingering.push_back((now + LINGER, token, number));
            self.leaving += 1;
            while self.leaving > MOST_LINGERING {
                self.end_lingering();
            }
        }
    }

    fn fire_timers(&mut self, now: Duration) {
        while let Some((token, number, deadline)) = self.timers.take_due(now) {
            if let Some(served) = self.served.get_mut(token).filter(|served| served.link.number == number) {
                let queued = served.fire(deadline, now, &mut self.pending);
                if let Some(deadline) = served.take_rearm() {
                    self.timers.push(deadline, token, number);
                }
                if queued && !std::mem::replace(&mut served.queued, true) {
                    self.queue.push_back(token);
                }
            }
        }
        while self.lingering.front().is_some_and(|(deadline, ..)| *deadline <= now) {
            self.end_lingering();
        }
        let served = &self.served;
        self.timers.tidy(served.len(), |token, number, deadline| {
            served.get(token).is_some_and(|served| served.link.number == number && served.is_armed_for(deadline))
        });
    }

    /// Ends the one that is seen off longest, unless it is gone already.
    fn end_lingering(&mut self) {
        if let Some((_, token, number)) = self.lingering.pop_front()
            && self.served.get(token).is_some_and(|served| served.link.number == number)
        {
            self.forget(token);
        }
    }

    /// Closes the descriptor.
    fn forget(&mut self, token: usize) {
        let served = self.served.remove(token);
        self.leaving -= usize::from(served.lingers);
        if let Some(descriptor) = &served.descriptor {
            self.poller.deregister(descriptor);
        }
        served.link.core().descriptor = None;
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;
    use crate::engine::{Inbox, Release};
    use crate::protocol::{Config, Connection};

    fn config() -> Config {
        Config {
            mask_key: None,
            require_masking: None,
            max_frame_size: 1 << 20,
            max_message_size: 1 << 20,
            max_fragments: None,
            assemble_fragments: true,
            fragmentation_threshold: None,
            keepalive_interval: None,
            keepalive_grace: None,
            close_timeout: Duration::from_secs(5),
            auto_pong: true,
            compression: None,
        }
    }

    /// A server with as many connections that JavaScript has let go of, and their peers.
    struct Leaving {
        server: Server,
        peers: Vec<TcpStream>,
        listener: TcpListener,
    }

    impl Leaving {
        fn new() -> io::Result<Self> {
            let server = Server::new(Shard::alone())?;
            Ok(Self { server, peers: Vec::new(), listener: TcpListener::bind(("127.0.0.1", 0))? })
        }

        /// One connection more, and the number of its link.
        fn add(&mut self) -> io::Result<u64> {
            self.peers.push(TcpStream::connect(self.listener.local_addr()?)?);
            let (ours, _) = self.listener.accept()?;
            let descriptor = Arc::new(Descriptor::duplicate(ours.as_raw_fd())?);
            let connection = Connection::new(config(), Duration::ZERO);
            let link = Arc::new(Link::new(0, Arc::new(Inbox::new()), connection, 1024));
            link.core().descriptor = Some(descriptor.clone());
            link.release(Release::Lingering);
            let number = link.number;
            self.server.serve(link, Some(descriptor), Duration::ZERO);
            self.turns();
            Ok(number)
        }

        fn turns(&mut self) {
            self.server.take_ready();
            while let Some(token) = self.server.queue.pop_front() {
                self.server.turn(token, Duration::ZERO);
            }
        }

        fn has(&self, number: u64) -> bool {
            self.server.served.iter().any(|(_, served)| served.link.number == number)
        }
    }

    fn on_a_runtime(test: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test)
    }

    #[test]
    fn no_more_than_so_many_are_seen_off_at_a_time_the_oldest_first() -> io::Result<()> {
        on_a_runtime(async {
            let mut leaving = Leaving::new()?;
            let first = leaving.add()?;
            for _ in 1..MOST_LINGERING {
                leaving.add()?;
            }
            assert!(leaving.has(first));
            let last = leaving.add()?;
            assert_eq!(leaving.server.served.len(), MOST_LINGERING);
            assert!(!leaving.has(first) && leaving.has(last));
            Ok(())
        })
    }

    #[test]
    fn those_who_have_left_count_no_more() -> io::Result<()> {
        on_a_runtime(async {
            let mut leaving = Leaving::new()?;
            let first = leaving.add()?;
            for _ in 0..2 * MOST_LINGERING {
                let number = leaving.add()?;
                leaving.peers.pop();
                while leaving.has(number) {
                    poll_fn(|cx| leaving.server.poll_wake(cx)).await;
                    leaving.turns();
                }
            }
            assert!(leaving.has(first), "nobody has to make room for the dead");
            Ok(())
        })
    }

    #[test]
    fn whoever_stays_is_cut_off_in_the_end() -> io::Result<()> {
        on_a_runtime(async {
            let mut leaving = Leaving::new()?;
            let number = leaving.add()?;
            leaving.server.fire_timers(LINGER - Duration::from_millis(1));
            assert!(leaving.has(number));
            leaving.server.fire_timers(LINGER);
            assert!(!leaving.has(number));
            assert_eq!(leaving.server.leaving, 0);
            Ok(())
        })
    }
}
