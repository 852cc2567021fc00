//! One connection, shared by the threads that work on it.

#[cfg(unix)]
pub mod arriving;
pub mod closing;
#[cfg(unix)]
mod encrypting;
pub mod inflate_queue;
#[cfg(unix)]
pub mod listener;
pub mod raw;
pub mod shared_connection;
pub mod state;
