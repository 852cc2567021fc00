//! JavaScript's thread does the I/O threads' work while it waits.
//!
//! To wake another thread takes longer than to read, answer and send a message. With a few peers who answer at once, each message
//! would wake an I/O thread, and that one JavaScript's. So while JavaScript waits for the next one ([`Patience`](super::Patience)), it
//! looks by itself what has come, and serves it (the pattern of leader and followers): the I/O threads sleep on, whatever comes. JavaScript does
//! nothing else meanwhile, and does it only while there is little. As soon as there is more, two threads are faster than one.
//!
//! It leads while it runs handlers, too, for their answers bring the next messages. So each look is a lease: should JavaScript
//! not look again within that time, for a handler takes long, the I/O thread serves as ever.

#[cfg(unix)]
pub use unix::{LEASE, NOBODY, is_possible, look, stop};

/// Most links of an I/O thread that are served by one look, and that JavaScript writes to while these threads sleep.
pub const MOST_LED: usize = 8;

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no I/O threads"))]
pub enum Look {
    Nothing,
    /// It has been served.
    Little,
    /// So much that it is the I/O thread's, which knows of it.
    Much,
}

#[cfg(unix)]
mod unix {
    use std::hint::spin_loop;
    use std::thread::yield_now;
    use std::time::Duration;

    use super::Look;
    use crate::engine::io_thread::{Running, running};
    use crate::engine::{now, try_lock};

    /// How long JavaScript leads by one look at most.
    pub const LEASE: Duration = Duration::from_millis(2);

    /// Looks between which a thread that has the lock is given the core.
    const SPINS: u32 = 100;

    /// Leads where no thread of JavaScript's does.
    pub const NOBODY: usize = 0;

    /// Whether somebody could lead: not where what the I/O threads do takes long, nor on systems without a gate.
    pub fn is_possible() -> bool {
        cfg!(any(target_os = "linux", target_os = "android"))
            && !running().iter().any(|thread| thread.io_thread.inflates())
    }

    /// Looks whether there is something to do for the I/O threads that sleep. `leader` is a number of the caller's own.
    pub fn look(leader: usize) -> Look {
        let mut found = Look::Nothing;
        for thread in running() {
            found = found.max(look_at(thread, leader));
            if found == Look::Much {
                break;
            }
        }
        found
    }

    fn look_at(thread: &Running, leader: usize) -> Look {
        // A thread that has the lock is awake, and looks for itself.
        try_lock(&thread.event_loop).map_or(Look::Nothing, |mut event_loop| event_loop.lead(leader, now()))
    }

    /// `leader` has something else to do, or nothing.
    pub fn stop(leader: usize) {
        for thread in running() {
            let mut spins = 0;
            // Whoever has the lock gives it back at once, or serves, and so leads.
            while thread.io_thread.is_led_by(leader) {
                match try_lock(&thread.event_loop) {
                    Some(mut event_loop) if thread.io_thread.is_led_by(leader) => event_loop.hand_back(),
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
pub fn look(_leader: usize) -> Look {
    Look::Nothing
}

/// There are no I/O threads here.
#[cfg(not(unix))]
pub fn stop(_leader: usize) {}
