//! How bytes reach and leave a peer.
//!
//! [`descriptor`] is the fast path: the I/O threads read and write the socket's file descriptor.
//! JavaScript moves the bytes of any other Duplex: it passes chunks to the same core, and writes
//! the core's output to the stream. [`tls`] encrypts what takes the fast path.

#[cfg(unix)]
pub mod address;
pub mod descriptor;
#[cfg(unix)]
pub mod listener;
#[cfg(unix)]
pub mod poller;
#[cfg(unix)]
pub mod tls;
