//! How bytes reach and leave a peer.
//!
//! [`descriptor`] is the fast path: the socket's file descriptor, read and written by the I/O
//! threads. Any other Duplex is driven from JavaScript, which hands its chunks to the same core and
//! writes what it gets back.

pub mod descriptor;
#[cfg(unix)]
pub mod poller;
