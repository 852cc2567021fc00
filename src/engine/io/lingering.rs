//! The released links of one I/O thread that linger.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::link::closing::{LINGER, MOST_LINGERING};

/// A link that lingers.
#[derive(Debug, Clone, Copy)]
pub struct LingeringLink {
    /// Its token on the I/O thread.
    pub token: usize,
    /// Its number. The token may be another link's by now.
    pub number: u64,
    /// When it is cut off.
    deadline: Duration,
}

/// The links that linger, oldest first, and those that have ended since.
#[derive(Debug, Default)]
pub struct LingeringLinks {
    links: VecDeque<LingeringLink>,
    /// How many of them have not ended.
    count: usize,
}

impl LingeringLinks {
    /// A link begins to linger.
    pub fn begin(&mut self, token: usize, number: u64, now: Duration) {
        self.count += 1;
        self.links.push_back(LingeringLink { token, number, deadline: now + LINGER });
    }

    /// A link that was due lingers for as long again.
    pub fn again(&mut self, link: LingeringLink, now: Duration) {
        self.links.push_back(LingeringLink { deadline: now + LINGER, ..link });
    }

    /// A link that lingered has ended.
    pub fn on_gone(&mut self) {
        self.count -= 1;
    }

    /// When the next link is due.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.links.front().map(|link| link.deadline)
    }

    /// Takes out a link that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<LingeringLink> {
        self.next_deadline().filter(|deadline| *deadline <= now)?;
        self.links.pop_front()
    }

    /// Takes out the oldest link if too many linger. It may have ended already.
    pub fn take_surplus(&mut self) -> Option<LingeringLink> {
        if self.count > MOST_LINGERING { self.links.pop_front() } else { None }
    }

    /// How many links linger.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.count
    }
}
