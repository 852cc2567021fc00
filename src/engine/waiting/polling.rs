//! JavaScript's thread does the I/O threads' work while it waits.
//!
//! Waking another thread takes longer than reading, answering and sending a message. With a few
//! peers that answer at once, each message would wake an I/O thread, and that thread would wake
//! JavaScript's. So while JavaScript waits for the next message ([`spinning`](super::spinning)), it
//! polls the watch lists and serves what has come (the pattern of leader and followers). The I/O
//! threads sleep meanwhile. JavaScript does this only while there is little to do. With more to do,
//! two threads are faster than one.
//!
//! The I/O threads also sleep while handlers run, because the answers of handlers bring the next
//! messages. So each poll is a lease. If JavaScript does not poll again within that time, because a
//! handler takes long, the I/O thread serves as usual.

#[cfg(unix)]
pub use unix::{hand_back, is_possible, poll_on_js_thread};

#[cfg(not(unix))]
use crate::engine::base::lease::PollResult;

#[cfg(unix)]
mod unix {
    use std::hint::spin_loop;
    use std::thread::yield_now;

    use crate::engine::base::clock::now;
    use crate::engine::base::lease::PollResult;
    use crate::engine::base::locks::try_lock;
    use crate::engine::io::threads::{Running, running};

    /// Attempts before this thread yields its core to the thread that holds the lock.
    const SPINS: u32 = 100;

    /// Whether JavaScript's thread can poll: the watch lists can be muted, and the I/O threads have
    /// nothing to inflate or decrypt, which takes long.
    pub fn is_possible() -> bool {
        cfg!(any(target_os = "linux", target_os = "android"))
            && !running().iter().any(|thread| thread.io_thread.inflates())
    }

    /// Polls for the I/O threads that sleep. `js_thread` is the caller's number.
    pub fn poll_on_js_thread(js_thread: usize) -> PollResult {
        let mut found = PollResult::Nothing;
        for thread in running() {
            found = found.max(poll_thread(thread, js_thread));
            if found == PollResult::Much {
                break;
            }
        }
        found
    }

    fn poll_thread(thread: &Running, js_thread: usize) -> PollResult {
        // A thread that has the lock is awake and polls by itself.
        try_lock(&thread.event_loop)
            .map_or(PollResult::Nothing, |mut event_loop| event_loop.poll_on_js_thread(js_thread, now()))
    }

    /// Ends the polling of `js_thread`.
    pub fn hand_back(js_thread: usize) {
        for thread in running() {
            let mut spins = 0;
            // The thread that holds the lock frees it at once, or serves and ends the polling.
            while thread.io_thread.is_polled_by(js_thread) {
                match try_lock(&thread.event_loop) {
                    Some(mut event_loop) if thread.io_thread.is_polled_by(js_thread) => event_loop.hand_back(),
                    Some(_) => {}
                    None if spins < SPINS => spin_loop(),
                    None => yield_now(),
                }
                spins += 1;
            }
        }
    }
}

/// There are no I/O threads here.
#[cfg(not(unix))]
pub fn is_possible() -> bool {
    false
}

/// There are no I/O threads here.
#[cfg(not(unix))]
pub fn poll_on_js_thread(_js_thread: usize) -> PollResult {
    PollResult::Nothing
}

/// There are no I/O threads here.
#[cfg(not(unix))]
pub fn hand_back(_js_thread: usize) {}
