//! Decides whether JavaScript's thread spins for a moment before it sleeps.
//!
//! Waking a sleeping thread takes about as long as a near peer needs for its next message. So
//! JavaScript's thread spins for that long if the last message came soon after the one before and
//! the I/O threads sleep too. With many messages the I/O threads are at work, and sleeping is
//! cheaper. With few messages, the last one did not come soon. If spinning was in vain, it is tried
//! less and less often. While it spins, it can do the work of the I/O threads: see [`polling`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::engine::base::activity::AT_WORK;
use crate::engine::base::clock::now;
use crate::engine::base::lease::{MOST_POLLED, PollResult};
use crate::engine::events::inbox::Inbox;
use crate::engine::waiting::polling;

/// How long JavaScript's thread spins at most.
const MOMENT: Duration = Duration::from_micros(45);

/// The last message must have come within this time, the wake included.
const SOON: Duration = Duration::from_micros(70);

/// JavaScript polls only if its handlers took no longer. Otherwise the I/O threads prepare the next
/// messages meanwhile.
const QUICK: Duration = Duration::from_micros(100);

/// Consecutive small batches before JavaScript may poll. One is often chance: among many peers,
/// some are the first to answer.
const LEAST_SMALL_BATCHES: u32 = 32;

/// Most sleeps without spinning between two spins in vain.
const MOST_SKIPS: u32 = 255;

/// Looks at the inbox between two looks at the clock.
const LOOKS: u32 = 32;

/// How many JavaScript threads have a policy.
static LIVING: AtomicUsize = AtomicUsize::new(0);

/// See the module.
#[derive(Debug)]
pub struct SpinPolicy {
    /// A number that no other thread's policy has.
    number: usize,
    /// There is one core for all threads. A thread that spins would keep the others from their
    /// work.
    is_alone: bool,
    /// How many I/O threads are at work.
    at_work: &'static AtomicUsize,
    /// When JavaScript began to spin or to sleep; `None` while it is at work.
    idle_since: Option<Duration>,
    /// When JavaScript went to work last.
    woke_at: Duration,
    /// Consecutive small batches.
    small_batches: u32,
    /// The last sleep was short.
    pays: bool,
    /// Sleeps without spinning after a spin in vain, and how many of them are left.
    penalty: u32,
    skips: u32,
}

impl SpinPolicy {
    /// A policy that does not spin at first.
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        LIVING.fetch_add(1, Ordering::SeqCst);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let is_alone = available_parallelism().is_ok_and(|cores| cores.get() == 1);
        Self {
            number,
            is_alone,
            at_work: &AT_WORK,
            idle_since: None,
            woke_at: Duration::ZERO,
            small_batches: 0,
            pays: false,
            penalty: 0,
            skips: 0,
        }
    }

    /// JavaScript has nothing left to do.
    fn before_sleep(&mut self, now: Duration) {
        self.idle_since = Some(now);
    }

    /// JavaScript has taken a batch of `events` events.
    pub fn after_wake(&mut self, events: usize, now: impl FnOnce() -> Duration) {
        self.small_batches = if events > MOST_POLLED { 0 } else { self.small_batches.saturating_add(1) };
        if let Some(since) = self.idle_since.take() {
            self.woke_at = now();
            self.pays = self.woke_at.saturating_sub(since) <= SOON;
        }
    }

    /// Spins until something arrives, if that is likely to pay. Returns whether something has
    /// arrived. If not, JavaScript counts as asleep from now on, and will be woken.
    pub fn wait_for(&mut self, inbox: &Inbox) -> bool {
        let start = now();
        let polls = self.may_poll_on_js_thread() && start.saturating_sub(self.woke_at) <= QUICK;
        self.before_sleep(start);
        if !self.pays || self.is_alone || self.at_work.load(Ordering::SeqCst) > 0 || self.skips() {
            return false;
        }
        inbox.stay_awake();
        let much = if polls { poll_for(inbox, start, self.number) } else { spin_for(inbox, start) };
        let has_come = !inbox.sleep_if_empty();
        self.learn(has_come && !much);
        if much {
            self.small_batches = 0;
        }
        if !has_come || !polls || much {
            self.hand_back();
        }
        has_come
    }

    /// Whether JavaScript's thread may do the I/O threads' work: the last batches were small, and
    /// there are no other environments.
    pub fn may_poll_on_js_thread(&self) -> bool {
        self.small_batches >= LEAST_SMALL_BATCHES && LIVING.load(Ordering::SeqCst) == 1 && polling::is_possible()
    }

    /// JavaScript's thread does not poll any more.
    pub fn hand_back(&self) {
        polling::hand_back(self.number);
    }

    /// Whether to sleep without spinning this time.
    fn skips(&mut self) -> bool {
        let skips = self.skips > 0;
        self.skips = self.skips.saturating_sub(1);
        skips
    }

    fn learn(&mut self, has_come: bool) {
        self.penalty = if has_come { 0 } else { MOST_SKIPS.min(2 * self.penalty + 1) };
        self.skips = self.penalty;
    }
}

impl Drop for SpinPolicy {
    fn drop(&mut self) {
        LIVING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Does the I/O threads' work until something has arrived. Returns whether that is much.
fn poll_for(inbox: &Inbox, start: Duration, js_thread: usize) -> bool {
    while !inbox.may_have_arrived(1) && now().saturating_sub(start) < MOMENT {
        if polling::poll_on_js_thread(js_thread) == PollResult::Much {
            return true;
        }
    }
    inbox.holds_much()
}

/// Spins until something has arrived.
fn spin_for(inbox: &Inbox, start: Duration) -> bool {
    while !inbox.may_have_arrived(LOOKS) && now().saturating_sub(start) < MOMENT {}
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOONER: Duration = Duration::from_micros(69);
    const LATER: Duration = Duration::from_micros(71);

    #[test]
    fn pays_where_the_last_sleep_was_short() {
        let mut policy = SpinPolicy::new();
        let mut now = Duration::ZERO;
        assert!(!policy.pays, "nothing is known yet");
        for (gap, pays) in [(SOONER, true), (SOONER, true), (LATER, false), (SOONER, true)] {
            policy.before_sleep(now);
            now += gap;
            policy.after_wake(1, || now);
            assert_eq!(policy.pays, pays);
        }
    }

    #[test]
    fn wakes_once_for_each_sleep() {
        let mut policy = SpinPolicy::new();
        policy.before_sleep(Duration::ZERO);
        policy.after_wake(1, || SOONER);
        policy.after_wake(1, || unreachable!("there was no sleep before it"));
        assert!(policy.pays);
    }

    #[test]
    fn counts_consecutive_small_batches() {
        let mut policy = SpinPolicy::new();
        let mut wake = |events| {
            policy.after_wake(events, || Duration::ZERO);
            policy.small_batches >= LEAST_SMALL_BATCHES
        };
        for _ in 0..2 {
            assert!((1..LEAST_SMALL_BATCHES).all(|_| !wake(MOST_POLLED)));
            assert!(wake(MOST_POLLED));
            assert!(wake(1));
            assert!(!wake(MOST_POLLED + 1));
        }
    }

    #[test]
    fn what_does_not_pay_is_not_waited_for() {
        let mut policy = SpinPolicy::new();
        assert!(!policy.wait_for(&Inbox::new()));
        assert!(policy.idle_since.is_some());
    }

    #[test]
    fn is_tried_less_often_the_longer_it_is_in_vain() {
        let mut policy = SpinPolicy::new();
        for skips in [1, 3, 7, 15, 31, 63, 127, 255, 255] {
            policy.learn(false);
            assert_eq!((0..1000).take_while(|_| policy.skips()).count(), skips);
        }
        policy.learn(true);
        assert!(!policy.skips());
    }

    #[test]
    fn waits_a_moment_and_then_sleeps() {
        let inbox = Inbox::new();
        // Other tests have I/O threads.
        static NOBODY: AtomicUsize = AtomicUsize::new(0);
        let mut policy = SpinPolicy { is_alone: false, at_work: &NOBODY, pays: true, ..SpinPolicy::new() };
        assert!(!policy.wait_for(&inbox));
        assert!(now().saturating_sub(policy.idle_since.expect("it sleeps")) >= MOMENT);
        assert!(inbox.sleep_if_empty());
    }
}
