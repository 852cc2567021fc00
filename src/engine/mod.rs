//! Moves bytes between the peers and the protocol, and events between the protocol and JavaScript.
//!
//! A [`Link`] is one connection, shared by the thread that runs its JavaScript and, once its descriptor is adopted, by
//! the I/O thread that serves it. Events of all links of a Node environment travel through its one [`Inbox`].

mod clock;
mod inbox;
mod inflow;
mod leading;
mod link;
mod patience;
mod pending;
#[cfg(unix)]
mod served;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod shard;
#[cfg(unix)]
mod timers;
#[cfg(unix)]
mod workshop;

#[cfg(unix)]
use std::sync::TryLockError;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::now;
pub use inbox::{Data, Entry, Inbox, Kind, Queue};
pub use inflow::Inflow;
pub use leading::MOST_LED;
pub use link::{Core, Flush, Link, Release};
pub use patience::{Patience, all_sleep};
pub use pending::Local;

/// Locks, whether or not another thread panicked while it held the lock, which ends the process but in tests: what the locks
/// guard here is consistent between any two statements, but for a `Server`, which ends with its thread.
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
