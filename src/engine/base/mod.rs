//! Parts that know no connection: time, locks, threads and their mail.

pub mod activity;
pub mod clock;
#[cfg(unix)]
pub mod deflate_thread;
#[cfg(unix)]
pub mod io_thread;
pub mod lease;
pub mod locks;
#[cfg(unix)]
pub mod mailbox;
pub mod numbers;
#[cfg(unix)]
pub mod page;
#[cfg(unix)]
pub mod timer_queue;
