//! One connection, shared by the threads that work on it.

pub mod closing;
pub mod inflate_queue;
pub mod raw;
pub mod shared_connection;
pub mod state;
