//! The engine behind the npm package `websocket-native`.
//!
//! `protocol` is RFC 6455 without I/O. The feature `addon` (on by default) adds the I/O threads,
//! the transports and the Node-API surface.

pub mod protocol;

#[cfg(test)]
mod arrows;

#[cfg(feature = "addon")]
mod binding;
#[cfg(feature = "addon")]
mod engine;
#[cfg(feature = "addon")]
mod transport;
