//! The deadlines of a connection, on the caller's clock.

use std::time::Duration;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Nothing was received for the keepalive interval. A ping is due.
    Keepalive,
    /// A keepalive ping had no answer.
    Grace,
    /// The closing handshake, or the end of TCP after it, did not come in time.
    Close,
}

/// No deadline. In nanoseconds, this is 584 years after the origin.
const NEVER: u64 = u64::MAX;

/// One optional deadline for each [`Timer`], in nanoseconds. Times are distances from an origin of
/// the caller's choice.
#[derive(Debug)]
pub(super) struct Timers {
    deadlines: [u64; 3],
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, deadline: Duration) {
        self.deadlines[timer as usize] = nanoseconds(deadline);
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = NEVER;
    }

    pub(super) fn clear_all(&mut self) {
        *self = Self::default();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        let [first, second, third] = self.deadlines;
        let earliest = first.min(second).min(third);
        (earliest != NEVER).then(|| Duration::from_nanos(earliest))
    }

    /// Whether the earliest deadline is that of `timer`.
    pub(super) fn is_next(&self, timer: Timer) -> bool {
        let deadline = self.deadlines[timer as usize];
        deadline != NEVER && self.deadlines.iter().all(|&other| deadline <= other)
    }

    /// Clears a timer that is due at `now`, and returns it. The most final timer is first.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let now = nanoseconds(now);
        let due = [Timer::Close, Timer::Grace, Timer::Keepalive];
        let due = due.into_iter().find(|&timer| {
            let deadline = self.deadlines[timer as usize];
            deadline != NEVER && deadline <= now
        })?;
        self.clear(due);
        Some(due)
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { deadlines: [NEVER; 3] }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}
