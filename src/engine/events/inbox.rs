//! Events on their way to JavaScript.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::engine::base::locks::lock;
use crate::engine::events::queue::Queue;

/// Bytes that may wait for JavaScript in one environment before the sockets are no longer read.
const TOTAL_BOUND: usize = 64 << 20;

/// Weight that took long to receive.
const MUCH: usize = 64 << 10;

/// Reads on when there is room.
pub trait Resume: Send + Sync {
    /// There may be room.
    fn resume(&self);
}

/// The events of one Node environment, from any thread to its JavaScript thread.
pub struct Inbox {
    queue: Mutex<Queue>,
    /// Weight of what JavaScript has not taken yet.
    total: AtomicUsize,
    /// JavaScript's own thread has pushed while nobody would look: it has to see to a drain.
    drain_owed: AtomicBool,
    /// The environment is gone.
    closed: AtomicBool,
    /// There are links in `stalled`, and no other link is read before they are.
    congested: AtomicBool,
    /// Links that are not read because of `total`.
    stalled: Mutex<Vec<Arc<dyn Resume>>>,
    /// Wakes JavaScript, from any thread.
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> Self {
        Self {
            queue: Mutex::default(),
            total: AtomicUsize::new(0),
            drain_owed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            congested: AtomicBool::new(false),
            stalled: Mutex::default(),
            wake: OnceLock::new(),
        }
    }

    /// Says how JavaScript is woken. Until then, only its own thread may push.
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // A second wake function would belong to the same environment, so the first one serves.
        let _ = self.wake.set(wake);
    }

    /// Takes over the records of `queue`, of this weight, and wakes JavaScript if it sleeps.
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

    /// Whether JavaScript's thread has to see to a drain. The one who asks sees to it.
    pub fn take_drain_owed(&self) -> bool {
        self.drain_owed.load(Ordering::Relaxed) && self.drain_owed.swap(false, Ordering::Relaxed)
    }

    /// Whether JavaScript slept.
    fn fill(&self, fill: impl FnOnce(&mut Queue) -> usize) -> bool {
        let mut queue = lock(&self.queue);
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        let weight = fill(&mut queue);
        let sleeps = !queue.records.is_empty() && !std::mem::replace(&mut queue.awake, true);
        // Counted before the lock is given back: JavaScript must not take what is not counted yet.
        self.total.fetch_add(weight, Ordering::SeqCst);
        sleeps
    }

    /// Swaps what has arrived into the empty queue `taken`. If nothing has, JavaScript is asleep
    /// from now on and the next push wakes it.
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

    /// The environment is gone: nobody will take what is here, nor hold it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        *lock(&self.queue) = Queue::default();
        lock(&self.stalled).clear();
    }

    /// Puts JavaScript to sleep if nothing has arrived, as [`take`](Self::take) would do.
    pub fn sleep_if_empty(&self) -> bool {
        let mut queue = lock(&self.queue);
        let empty = queue.records.is_empty();
        queue.awake = !empty;
        empty
    }

    /// JavaScript looks for itself what arrives, until [`sleep_if_empty`](Self::sleep_if_empty).
    pub fn stay_awake(&self) {
        lock(&self.queue).awake = true;
    }

    /// Looks so many times whether something has arrived, without the lock.
    pub fn may_have_arrived(&self, looks: u32) -> bool {
        (0..looks).any(|_| {
            spin_loop();
            self.total.load(Ordering::SeqCst) > 0
        })
    }

    /// Whether so much waits that it took long to receive.
    pub fn holds_much(&self) -> bool {
        self.total.load(Ordering::SeqCst) > MUCH
    }

    /// Whether more waits than sockets may be read for.
    pub fn is_full(&self) -> bool {
        self.total.load(Ordering::SeqCst) > TOTAL_BOUND
    }

    /// Whether a socket may be read, as far as all of them together go. If not, `link` is kicked
    /// when there is room: it and the others that wait, before anybody else. Whoever came in
    /// between would leave them waiting for ever.
    pub fn admits(&self, link: &Arc<impl Resume + 'static>) -> bool {
        if !self.congested.load(Ordering::SeqCst) && !self.is_full() {
            return true;
        }
        let mut stalled = lock(&self.stalled);
        if !self.closed.load(Ordering::SeqCst) {
            stalled.push(link.clone());
            self.congested.store(true, Ordering::SeqCst);
        }
        drop(stalled);
        // Looked at again after the flag is up: JavaScript may have made room in between.
        self.relieve();
        false
    }

    /// JavaScript took records of this weight.
    pub fn taken(&self, weight: usize) {
        self.total.fetch_sub(weight, Ordering::SeqCst);
        self.relieve();
    }

    /// Lets those go on that wait for room, if there is enough.
    fn relieve(&self) {
        if !self.congested.load(Ordering::SeqCst) || self.total.load(Ordering::SeqCst) > TOTAL_BOUND / 2 {
            return;
        }
        let mut stalled = lock(&self.stalled);
        self.congested.store(false, Ordering::SeqCst);
        let relieved = std::mem::take(&mut *stalled);
        drop(stalled);
        for link in relieved {
            link.resume();
        }
    }
}
