//! The queue between the I/O threads and JavaScript, one for each Node environment.
//!
//! It exists because threads meet here. All events of all links go through it, so no event of a
//! link can overtake another. Its bound is that of `backpressure`.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::engine::base::locks::lock;
use crate::engine::events::backpressure::TotalWaiting;
use crate::engine::events::queue::Queue;

/// Receiving this much took long.
const MUCH: usize = 64 << 10;

/// The events of one Node environment, from any thread to its JavaScript thread. A link is locked
/// before the inbox, never after it.
pub struct Inbox {
    queue: Mutex<Queue>,
    /// What waits for JavaScript, of all connections.
    pub waiting: TotalWaiting,
    /// JavaScript's own thread has pushed while it was to sleep. It has to ask for a drain itself.
    drain_owed: AtomicBool,
    /// The environment is gone.
    closed: AtomicBool,
    /// Wakes JavaScript, from any thread.
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> Self {
        Self {
            queue: Mutex::default(),
            waiting: TotalWaiting::new(),
            drain_owed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            wake: OnceLock::new(),
        }
    }

    /// Sets how JavaScript is woken. Until then, only its own thread may push.
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // A second wake function would belong to the same environment. The first one is kept.
        let _ = self.wake.set(wake);
    }

    /// Takes over the records of `queue`, which weigh `weight`, and wakes JavaScript if it sleeps.
    pub fn append(&self, queue: &mut Queue, weight: usize) {
        let sleeps = self.fill(|own| {
            own.append(queue);
            weight
        });
        queue.clear();
        if sleeps && let Some(wake) = self.wake.get() {
            wake();
        }
    }

    /// Lets `fill` append records on JavaScript's own thread, which needs no waking: see
    /// [`take_drain_owed`](Self::take_drain_owed).
    pub fn push_locally(&self, fill: impl FnOnce(&mut Queue) -> usize) {
        if self.fill(fill) {
            self.drain_owed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether JavaScript's thread has to drain. The caller does that.
    pub fn take_drain_owed(&self) -> bool {
        self.drain_owed.load(Ordering::Relaxed) && self.drain_owed.swap(false, Ordering::Relaxed)
    }

    /// Lets `fill` append records. Returns whether JavaScript slept.
    fn fill(&self, fill: impl FnOnce(&mut Queue) -> usize) -> bool {
        let mut queue = lock(&self.queue);
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        let weight = fill(&mut queue);
        let sleeps = !queue.records.is_empty() && !std::mem::replace(&mut queue.awake, true);
        // Counted under the lock, because JavaScript must not take what is not counted yet.
        self.waiting.add(weight);
        sleeps
    }

    /// Swaps the records into the empty queue `taken`. If there are none, JavaScript counts as
    /// asleep from now on, and the next push wakes it.
    pub fn take(&self, taken: &mut Queue) -> bool {
        let mut queue = lock(&self.queue);
        if queue.records.is_empty() {
            queue.awake = false;
            return false;
        }
        std::mem::swap(&mut queue.records, &mut taken.records);
        std::mem::swap(&mut queue.short, &mut taken.short);
        true
    }

    /// The environment is gone. All records are dropped, now and later.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        *lock(&self.queue) = Queue::default();
        self.waiting.close();
    }

    /// Whether there are no records. Then JavaScript counts as asleep from now on.
    pub fn sleep_if_empty(&self) -> bool {
        let mut queue = lock(&self.queue);
        let empty = queue.records.is_empty();
        queue.awake = !empty;
        empty
    }

    /// JavaScript looks for records by itself, until [`sleep_if_empty`](Self::sleep_if_empty).
    pub fn stay_awake(&self) {
        lock(&self.queue).awake = true;
    }

    /// Looks `looks` times whether something has arrived, without the lock.
    pub fn may_have_arrived(&self, looks: u32) -> bool {
        (0..looks).any(|_| {
            spin_loop();
            self.waiting.weight() > 0
        })
    }

    /// Whether so much waits that receiving it took long.
    pub fn holds_much(&self) -> bool {
        self.waiting.weight() > MUCH
    }
}
