//! Whether JavaScript waits a moment for what comes next before it goes to sleep.
//!
//! To wake a sleeping thread takes about as long as a peer nearby needs for its next message. So where the last message came
//! soon after the one before, and the I/O threads sleep too, JavaScript's thread, which has nothing else to do, looks on for
//! that long. Where messages are many, the I/O threads are at work, and to sleep is cheaper than to look on; where they are few,
//! the last one did not come soon. And where it was in vain, as when JavaScript has other things to do, of which nobody knows
//! here, it is tried less and less often. While it looks on it can as well do what the I/O threads would: see
//! [`leading`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use super::inbox::Inbox;
use super::leading::{self, Look, MOST_LED};
use super::now;

/// How long JavaScript waits at most.
const MOMENT: Duration = Duration::from_micros(45);

/// What the last message must have come within, waking included.
const SOON: Duration = Duration::from_micros(70);

/// What JavaScript did before it waits takes no longer where it leads. What takes long, the I/O threads had better prepare
/// meanwhile.
const QUICK: Duration = Duration::from_micros(100);

/// So many times at least, one after another, there was little to do where JavaScript leads. Once is often chance: among many
/// peers, some are the first to answer.
const CALM: u32 = 32;

/// Most rests between two waits, when each was in vain.
const MOST_SKIPS: u32 = 255;

/// Looks at the inbox between two looks at the clock.
const LOOKS: u32 = 32;

/// How many I/O threads are at work.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// How many threads of JavaScript's have the patience to wait.
static LIVING: AtomicUsize = AtomicUsize::new(0);

/// Counts an I/O thread in while it works, and out while it sleeps.
#[cfg(unix)]
pub fn note_work(works: bool) {
    if works {
        AT_WORK.fetch_add(1, Ordering::SeqCst);
    } else {
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether all I/O threads sleep.
pub fn all_sleep() -> bool {
    AT_WORK.load(Ordering::SeqCst) == 0
}

/// See the module.
#[derive(Debug)]
pub struct Patience {
    /// Tells it from those of other threads.
    number: usize,
    /// With one core for all threads, whoever waits keeps the others from what is waited for.
    is_alone: bool,
    /// How many I/O threads are at work.
    at_work: &'static AtomicUsize,
    /// When JavaScript began to wait or to sleep; `None` while it is at work.
    resting: Option<Duration>,
    /// When JavaScript went to work last.
    rose: Duration,
    /// How many times there was little to do.
    calm: u32,
    /// The last rest was short.
    pays: bool,
    /// Rests that are let pass after a wait in vain, and how many of them are left.
    penalty: u32,
    skips: u32,
}

impl Patience {
    /// None at first.
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        LIVING.fetch_add(1, Ordering::SeqCst);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let is_alone = available_parallelism().is_ok_and(|cores| cores.get() == 1);
        Self {
            number,
            is_alone,
            at_work: &AT_WORK,
            resting: None,
            rose: Duration::ZERO,
            calm: 0,
            pays: false,
            penalty: 0,
            skips: 0,
        }
    }

    /// JavaScript has nothing left to do.
    fn rest(&mut self, now: Duration) {
        self.resting = Some(now);
    }

    /// JavaScript has so many events to see to.
    pub fn rise(&mut self, events: usize, now: impl FnOnce() -> Duration) {
        self.calm = if events > MOST_LED { 0 } else { self.calm.saturating_add(1) };
        if let Some(since) = self.resting.take() {
            self.rose = now();
            self.pays = self.rose.saturating_sub(since) <= SOON;
        }
    }

    /// Waits for something to arrive, if that is likely to pay. If nothing has, JavaScript is asleep from now on, and will be
    /// woken.
    pub fn wait_for(&mut self, inbox: &Inbox) -> bool {
        let start = now();
        let leads = self.may_lead() && start.saturating_sub(self.rose) <= QUICK;
        self.rest(start);
        if !self.pays || self.is_alone || self.at_work.load(Ordering::SeqCst) > 0 || self.skips() {
            return false;
        }
        inbox.stay_awake();
        let much = if leads { lead_for(inbox, start, self.number) } else { look_on_for(inbox, start) };
        let has_come = !inbox.sleep_if_empty();
        self.learn(has_come && !much);
        if much {
            self.calm = 0;
        }
        if !has_come || !leads || much {
            self.resign();
        }
        has_come
    }

    /// Whether JavaScript's thread may do the I/O threads' work: there was little of late, and none for other environments.
    pub fn may_lead(&self) -> bool {
        self.calm >= CALM && LIVING.load(Ordering::SeqCst) == 1 && leading::is_possible()
    }

    /// It does no more.
    pub fn resign(&self) {
        leading::stop(self.number);
    }

    /// Whether this rest is one to let pass.
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

impl Drop for Patience {
    fn drop(&mut self) {
        LIVING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Does the I/O threads' work until something has arrived, and says whether that is much.
fn lead_for(inbox: &Inbox, start: Duration, leader: usize) -> bool {
    while !inbox.may_have_arrived(1) && now().saturating_sub(start) < MOMENT {
        if leading::look(leader) == Look::Much {
            return true;
        }
    }
    inbox.holds_much()
}

/// Looks on until something has arrived.
fn look_on_for(inbox: &Inbox, start: Duration) -> bool {
    while !inbox.may_have_arrived(LOOKS) && now().saturating_sub(start) < MOMENT {}
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOONER: Duration = Duration::from_micros(69);
    const LATER: Duration = Duration::from_micros(71);

    #[test]
    fn pays_where_the_last_rest_was_short() {
        let mut patience = Patience::new();
        let mut now = Duration::ZERO;
        assert!(!patience.pays, "nothing is known yet");
        for (gap, pays) in [(SOONER, true), (SOONER, true), (LATER, false), (SOONER, true)] {
            patience.rest(now);
            now += gap;
            patience.rise(1, || now);
            assert_eq!(patience.pays, pays);
        }
    }

    #[test]
    fn rises_once_for_each_rest() {
        let mut patience = Patience::new();
        patience.rest(Duration::ZERO);
        patience.rise(1, || SOONER);
        patience.rise(1, || unreachable!("there was no rest before it"));
        assert!(patience.pays);
    }

    #[test]
    fn is_calm_where_there_was_little_to_do_many_times() {
        let mut patience = Patience::new();
        let mut rise = |events| {
            patience.rise(events, || Duration::ZERO);
            patience.calm >= CALM
        };
        for _ in 0..2 {
            assert!((1..CALM).all(|_| !rise(MOST_LED)));
            assert!(rise(MOST_LED));
            assert!(rise(1));
            assert!(!rise(MOST_LED + 1));
        }
    }

    #[test]
    fn what_does_not_pay_is_not_waited_for() {
        let mut patience = Patience::new();
        assert!(!patience.wait_for(&Inbox::new()));
        assert!(patience.resting.is_some());
    }

    #[test]
    fn is_tried_less_often_the_longer_it_is_in_vain() {
        let mut patience = Patience::new();
        for skips in [1, 3, 7, 15, 31, 63, 127, 255, 255] {
            patience.learn(false);
            assert_eq!((0..1000).take_while(|_| patience.skips()).count(), skips);
        }
        patience.learn(true);
        assert!(!patience.skips());
    }

    #[test]
    fn waits_a_moment_and_then_sleeps() {
        let inbox = Inbox::new();
        // Other tests have I/O threads.
        static NOBODY: AtomicUsize = AtomicUsize::new(0);
        let mut patience = Patience { is_alone: false, at_work: &NOBODY, pays: true, ..Patience::new() };
        assert!(!patience.wait_for(&inbox));
        assert!(now().saturating_sub(patience.resting.expect("it rests")) >= MOMENT);
        assert!(inbox.sleep_if_empty());
    }
}
