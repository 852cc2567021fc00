//! The bounds of polling on JavaScript's thread, and what a poll finds.

#[cfg(unix)]
use std::time::Duration;

/// Most links of an I/O thread that one poll serves, and most links that JavaScript writes to while
/// these threads sleep.
pub const MOST_POLLED: usize = 8;

/// How long one poll lets the I/O thread sleep at most.
#[cfg(unix)]
pub const LEASE: Duration = Duration::from_millis(2);

/// The number of no JavaScript thread.
#[cfg(unix)]
pub const NOBODY: usize = 0;

/// What a poll has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no I/O threads"))]
pub enum PollResult {
    Nothing,
    /// It is served already.
    Little,
    /// The I/O thread does it, and is awake for that.
    Much,
}
