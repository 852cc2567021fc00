//! The deadlines of a connection, on a clock that the caller keeps.

use std::time::Duration;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Nothing was received for the keepalive interval: ping.
    Keepalive,
    /// A keepalive ping went unanswered: the peer is gone.
    Grace,
    /// The closing handshake, or the end of TCP after it, did not come.
    Close,
}

/// One optional deadline for each [`Timer`]. Times are distances from an origin of the caller's choice.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: [Option<Duration>; 3],
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, deadline: Duration) {
        self.deadlines[timer as usize] = Some(deadline);
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(super) fn clear_all(&mut self) {
        self.deadlines = [None; 3];
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Takes out a timer that is due at `now`, the most final first.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        [Timer::Close, Timer::Grace, Timer::Keepalive].into_iter().find(|&timer| {
            let slot = &mut self.deadlines[timer as usize];
            let due = slot.is_some_and(|deadline| deadline <= now);
            if due {
                *slot = None;
            }
            due
        })
    }
}
