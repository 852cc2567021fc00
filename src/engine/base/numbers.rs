//! Numbers of what I/O threads serve.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that this process has not used. Tokens are used again, these are not.
pub fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}
