//! The I/O threads, and their work for each connection.

#[cfg(unix)]
mod arriving;
#[cfg(unix)]
mod driver;
#[cfg(unix)]
pub mod event_loop;
#[cfg(unix)]
mod lingering;
#[cfg(unix)]
mod listening;
#[cfg(unix)]
mod served;
#[cfg(unix)]
pub mod threads;
#[cfg(not(unix))]
#[path = "threads_elsewhere.rs"]
pub mod threads;
