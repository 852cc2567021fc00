//! How many I/O threads are at work.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many I/O threads are at work.
pub static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// Counts an I/O thread when it starts to work, and no longer when it sleeps.
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
