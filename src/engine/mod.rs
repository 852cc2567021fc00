//! Moves bytes between the peers and the protocol, and events between the protocol and JavaScript.
//!
//! A link is one [`SharedConnection`], shared by the thread that runs its JavaScript and, once its descriptor is adopted, by
//! the I/O thread that serves it. Events of all links of a Node environment travel through its one [`Inbox`].

mod clock;
#[cfg(unix)]
mod deflate_thread;
#[cfg(unix)]
mod driver;
#[cfg(unix)]
mod event_loop;
mod inbox;
mod inflate_queue;
#[cfg(unix)]
mod io_thread;
mod link;
mod polling;
mod sinks;
mod spinning;
#[cfg(unix)]
mod timers;

#[cfg(unix)]
use std::sync::TryLockError;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::now;
pub use inbox::{EventKind, EventRecord, Inbox, Payload, Queue};
pub use inflate_queue::InflateQueue;
pub use link::{ConnectionState, Flush, Release, SharedConnection};
pub use polling::MOST_POLLED;
pub use sinks::DirectSink;
pub use spinning::{SpinPolicy, all_sleep};

/// Locks, whether or not another thread panicked while it held the lock, which ends the process but in tests: what the locks
/// guard here is consistent between any two statements, but for an `EventLoop`, which ends with its thread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`lock`] unless another thread has it.
#[cfg(unix)]
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
