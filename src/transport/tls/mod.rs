//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) by rustls, without I/O.
//!
//! A [`TlsSession`](session::TlsSession) is one end of one connection. It takes ciphertext and
//! returns plaintext, and the other way round. Its owner moves the ciphertext. A
//! [`TlsContext`](context::TlsContext) is what sessions share: certificates, keys and rules.
//! [`TlsContexts`](names::TlsContexts) are those of one server, by the names that clients ask for.
//!
//! Sessions use rustls' unbuffered API, so an idle connection holds no buffers. Partial records are
//! kept here.
//!
//! A certificate never ends a handshake, as in Node. A session judges the peer's chain when the
//! handshake is over, and JavaScript decides what follows.

pub mod context;
mod failure;
mod hello;
pub mod names;
pub mod session;
mod tickets;
mod trust;

pub use failure::TlsFailure;

#[cfg(test)]
mod tests;
