//! How much may wait for JavaScript before sockets are no longer read.
//!
//! What waits is received, and not taken by JavaScript yet. It may be in a batch of an I/O thread,
//! in the inbox, or among the records that JavaScript's thread has taken over but not handed out.
//! Each event is weighed by its payload and [`EVENT_WEIGHT`]. There is a bound for each connection,
//! [`Waiting`], and one for all connections of an environment, [`TotalWaiting`]. Reading stops
//! beyond the bound and resumes when half of it is free again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::engine::base::locks::lock;

/// What may wait of one connection before its socket is no longer read.
pub const CONNECTION_BOUND: usize = 1 << 20;

/// What may wait in one environment before no socket is read.
const TOTAL_BOUND: usize = 64 << 20;

/// What an event weighs beside its payload. That is more than its memory: the bound is for the time
/// that JavaScript needs for events, while everything else waits.
pub const EVENT_WEIGHT: usize = 1024;

/// Whether reading resumes: not at the bound itself, where it would stop again at once.
const fn is_relieved(weight: usize, bound: usize) -> bool {
    weight <= bound / 2
}

/// What waits of one connection.
///
/// Each thread has a number of its own, because memory that both write for every event would go
/// back and forth between their cores.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Waiting {
    /// All that ever was to wait. The numbers wrap around.
    added: AtomicUsize,
    /// What JavaScript is known to have taken of that.
    known: AtomicUsize,
    before: Gap,
    taken: Taken,
    behind: Gap,
}

/// The part that JavaScript's thread writes.
#[derive(Debug, Default)]
struct Taken {
    /// All that JavaScript ever took.
    weight: AtomicUsize,
    /// The connection is not read.
    stalled: AtomicBool,
}

/// Keeps its neighbours in different cache lines. Memory that begins at one would be the same, but
/// allocators waste much of it.
type Gap = [usize; 6];

impl Waiting {
    /// Events of this weight wait now.
    pub fn add(&self, weight: usize) {
        self.added.fetch_add(weight, Ordering::SeqCst);
    }

    /// Whether there is room for more. If not, a later [`take`](Self::take) returns `true`.
    pub fn has_room(&self) -> bool {
        let added = self.added.load(Ordering::SeqCst);
        if added.wrapping_sub(self.known.load(Ordering::Relaxed)) <= CONNECTION_BOUND {
            return true;
        }
        if self.weight() <= CONNECTION_BOUND {
            self.known.store(self.taken.weight.load(Ordering::SeqCst), Ordering::Relaxed);
            return true;
        }
        self.taken.stalled.store(true, Ordering::SeqCst);
        // JavaScript may have taken everything before the flag was set, and nothing after it.
        self.weight() <= CONNECTION_BOUND
    }

    /// JavaScript has taken events of this weight. Returns `true` if reading is to be resumed.
    pub fn take(&self, weight: usize) -> bool {
        let Taken { weight: taken, stalled } = &self.taken;
        taken.fetch_add(weight, Ordering::SeqCst);
        stalled.load(Ordering::SeqCst)
            && is_relieved(self.weight(), CONNECTION_BOUND)
            && stalled.swap(false, Ordering::SeqCst)
    }

    fn weight(&self) -> usize {
        // In this order: nothing is taken before it is added.
        let taken = self.taken.weight.load(Ordering::SeqCst);
        self.added.load(Ordering::SeqCst).wrapping_sub(taken)
    }
}

/// Reads on when there is room.
pub trait Resume: Send + Sync {
    /// There may be room.
    fn resume(&self);
}

/// What waits in one environment.
pub struct TotalWaiting {
    weight: AtomicUsize,
    /// Connections are in `stalled`. No other connection is read before they are.
    congested: AtomicBool,
    /// Connections that are not read; `None` when the environment is gone.
    stalled: Mutex<Option<Vec<Arc<dyn Resume>>>>,
}

impl TotalWaiting {
    /// Nothing waits.
    pub fn new() -> Self {
        Self { weight: AtomicUsize::new(0), congested: AtomicBool::new(false), stalled: Mutex::new(Some(Vec::new())) }
    }

    /// What waits.
    pub fn weight(&self) -> usize {
        self.weight.load(Ordering::SeqCst)
    }

    /// Events of this weight wait now.
    pub fn add(&self, weight: usize) {
        self.weight.fetch_add(weight, Ordering::SeqCst);
    }

    /// Whether more waits than is allowed.
    pub fn is_full(&self) -> bool {
        self.weight() > TOTAL_BOUND
    }

    /// Whether `connection` may be read. If not, it is resumed when there is room. Connections that
    /// were stopped are resumed before any other is read, or they might wait forever.
    pub fn admits(&self, connection: &Arc<impl Resume + 'static>) -> bool {
        if !self.congested.load(Ordering::SeqCst) && !self.is_full() {
            return true;
        }
        if let Some(stalled) = &mut *lock(&self.stalled) {
            stalled.push(connection.clone());
            self.congested.store(true, Ordering::SeqCst);
        }
        // JavaScript may have made room before the flag was set.
        self.relieve();
        false
    }

    /// JavaScript has taken events of this weight.
    pub fn take(&self, weight: usize) {
        self.weight.fetch_sub(weight, Ordering::SeqCst);
        self.relieve();
    }

    /// The environment is gone. No connection is held or resumed any more.
    pub fn close(&self) {
        *lock(&self.stalled) = None;
    }

    /// Resumes the connections that were stopped, if there is room.
    fn relieve(&self) {
        if !self.congested.load(Ordering::SeqCst) || !is_relieved(self.weight(), TOTAL_BOUND) {
            return;
        }
        let mut stalled = lock(&self.stalled);
        self.congested.store(false, Ordering::SeqCst);
        let relieved = stalled.as_mut().map(std::mem::take).unwrap_or_default();
        // Resuming takes other locks.
        drop(stalled);
        for connection in relieved {
            connection.resume();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_resumed_once_when_half_of_its_bound_is_free() {
        let waiting = Waiting::default();
        waiting.add(CONNECTION_BOUND);
        assert!(waiting.has_room());
        waiting.add(1);
        assert!(!waiting.has_room());
        assert!(!waiting.take(CONNECTION_BOUND / 2));
        assert!(waiting.take(1));
        assert!(!waiting.take(CONNECTION_BOUND / 2));
    }

    #[test]
    fn a_connection_that_never_stopped_is_not_resumed() {
        let waiting = Waiting::default();
        waiting.add(2 * CONNECTION_BOUND);
        assert!(!waiting.take(2 * CONNECTION_BOUND));
    }

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Resume for Counter {
        fn resume(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn stopped_connections_are_resumed_together_and_before_others_are_read() {
        let total = TotalWaiting::new();
        let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        assert!(total.admits(&first));
        total.add(TOTAL_BOUND + 1);
        assert!(!total.admits(&first));
        total.take(1);
        assert!(!total.admits(&second), "the first one is still stopped");
        total.take(TOTAL_BOUND / 2);
        assert_eq!([&first, &second].map(|counter| counter.0.load(Ordering::SeqCst)), [1, 1]);
        assert!(total.admits(&second));
    }

    #[test]
    fn nothing_is_held_for_an_environment_that_is_gone() {
        let total = TotalWaiting::new();
        total.add(TOTAL_BOUND + 1);
        let connection = Arc::new(Counter::default());
        assert!(!total.admits(&connection));
        total.close();
        assert!(!total.admits(&connection));
        assert_eq!(Arc::strong_count(&connection), 1);
    }
}
