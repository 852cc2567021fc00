//! The I/O threads.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::link::{Flush, Link, Thread};
use super::pump::Pump;
use super::{lock, now};
use crate::transport::descriptor::Descriptor;

/// Most I/O threads that are started by default.
const MOST_THREADS: usize = 4;

/// One I/O thread: a tokio runtime of its own, and the mailbox by which other threads reach it.
pub struct Shard {
    mailbox: Mutex<Vec<Mail>>,
    notify: Notify,
}

enum Mail {
    Adopt(Arc<Link>, Arc<Descriptor>),
    Kick(Arc<Link>),
}

impl Shard {
    /// The thread for the next connection, in turn. Starts the threads at the first call.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn choose() -> io::Result<Arc<Self>> {
        static SHARDS: OnceLock<Vec<Arc<Shard>>> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let shards = match SHARDS.get() {
            Some(shards) => shards,
            None => {
                let _starting = lock(&STARTING);
                match SHARDS.get() {
                    Some(shards) => shards,
                    None => {
                        let started = start_threads(thread_count())?;
                        SHARDS.get_or_init(|| started)
                    }
                }
            }
        };
        Ok(shards[NEXT.fetch_add(1, Ordering::Relaxed) % shards.len()].clone())
    }

    /// Has the thread serve a link.
    pub fn adopt(&self, link: Arc<Link>, descriptor: Arc<Descriptor>) {
        self.post(Mail::Adopt(link, descriptor));
    }

    /// Has the thread look at a link that it serves.
    pub fn kick(&self, link: Arc<Link>) {
        self.post(Mail::Kick(link));
    }

    fn post(&self, mail: Mail) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.push(mail);
        let first = mailbox.len() == 1;
        drop(mailbox);
        if first {
            self.notify.notify_one();
        }
    }

    /// Serves until the process ends.
    async fn run(self: Arc<Self>) {
        let mut timers = TimerQueue::default();
        let mut mail = Vec::new();
        loop {
            let notified = self.notify.notified();
            match timers.next() {
                Some(deadline) => {
                    let _ = tokio::time::timeout(deadline.saturating_sub(now()), notified).await;
                }
                None => notified.await,
            }
            std::mem::swap(&mut mail, &mut *lock(&self.mailbox));
            for mail in mail.drain(..) {
                match mail {
                    Mail::Adopt(link, descriptor) => {
                        timers.insert(&link);
                        Pump::start(link, descriptor);
                    }
                    Mail::Kick(link) => {
                        on_kick(&link);
                        timers.update(&link);
                    }
                }
            }
            timers.fire();
        }
    }
}

/// A link has something to send, was resumed or was let go.
fn on_kick(link: &Link) {
    link.take_kick();
    let mut core = link.core();
    link.flush(&mut core, Thread::Io);
    // With room in the kernel and nothing else to see to, the task need not be woken: that is the common case.
    if link.needs_task(&core) {
        link.wake_task();
    }
}

/// `WEBSOCKET_NATIVE_THREADS`, or one thread less than there are cores, so that JavaScript keeps one.
fn thread_count() -> usize {
    std::env::var("WEBSOCKET_NATIVE_THREADS").ok().and_then(|count| count.parse().ok()).map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)).clamp(1, MOST_THREADS),
        |count: usize| count.clamp(1, 64),
    )
}

fn start_threads(count: usize) -> io::Result<Vec<Arc<Shard>>> {
    (0..count)
        .map(|index| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
            let shard = Arc::new(Shard { mailbox: Mutex::default(), notify: Notify::new() });
            let running = shard.clone();
            std::thread::Builder::new()
                .name(format!("websocket-io-{index}"))
                .spawn(move || LocalSet::new().block_on(&runtime, running.run()))?;
            Ok(shard)
        })
        .collect()
}

/// Deadlines of links. A link has one entry that counts, the one at its `armed` time; deadlines move on receipt without
/// the queue being touched, and are looked at when that entry is due. Entries are numbers, so that those of ended links,
/// which stay until they are due, hold nothing.
#[derive(Default)]
struct TimerQueue {
    heap: BinaryHeap<Reverse<(Duration, u64)>>,
    links: HashMap<u64, Arc<Link>>,
}

impl TimerQueue {
    fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((deadline, _))| *deadline)
    }

    fn insert(&mut self, link: &Arc<Link>) {
        self.links.insert(link.number, link.clone());
        self.update(link);
    }

    /// Sees to it that the link's next deadline is not missed, or forgets the link if it was let go.
    fn update(&mut self, link: &Arc<Link>) {
        let mut core = link.core();
        if core.released.is_some() {
            self.links.remove(&link.number);
        } else if let Some(deadline) = core.connection.poll_timeout()
            && core.deadline_moved()
        {
            core.armed = Some(deadline);
            self.heap.push(Reverse((deadline, link.number)));
        }
    }

    fn fire(&mut self) {
        let now = now();
        while let Some(Reverse((deadline, number))) = self.heap.peek().copied()
            && deadline <= now
        {
            self.heap.pop();
            let Some(link) = self.links.get(&number).cloned() else { continue };
            let mut core = link.core();
            if core.armed != Some(deadline) {
                continue;
            }
            core.armed = None;
            if link.is_behind() {
                core.connection.excuse_silence(now);
            }
            while let Some(event) = core.connection.handle_timeout(now) {
                link.tell_event(&core, event, Thread::Io);
            }
            if link.flush(&mut core, Thread::Io) != Flush::Done {
                link.wake_task();
            }
            drop(core);
            self.update(&link);
        }
    }
}
