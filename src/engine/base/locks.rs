//! Locking.

#[cfg(unix)]
use std::sync::TryLockError;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whether or not another thread panicked while it held the lock. A panic ends the process,
/// but in tests. What the locks guard here is consistent between any two statements. An event loop
/// is not, but it ends with its thread.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`lock`] unless another thread has it.
#[cfg(unix)]
pub fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
