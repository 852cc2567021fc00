//! Bounds of polling on JavaScript's thread, and the result of a poll.

#[cfg(unix)]
use std::time::Duration;

/// Most links of an I/O thread that one poll serves. Also the most links that JavaScript writes to
/// while these threads sleep.
pub const MOST_POLLED: usize = 8;

/// For how long one poll keeps the I/O thread asleep at most.
#[cfg(unix)]
pub const LEASE: Duration = Duration::from_millis(2);

/// The number that no JavaScript thread has.
#[cfg(unix)]
pub const NOBODY: usize = 0;

/// The result of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no I/O threads"))]
pub enum PollResult {
    Nothing,
    /// Few connections were ready. The poll has served them.
    Little,
    /// Much was ready. The I/O thread was woken to serve it.
    Much,
}
