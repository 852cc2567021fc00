//! The interface to Node.js: conversions and the delivery of batches. It decides nothing about the
//! protocol.

// Functions are registered when the addon is loaded. Test binaries never load it, and so they have
// unused functions.
#![cfg_attr(test, allow(dead_code))]

mod abi;
mod broadcast;
mod calls;
mod closing;
#[cfg(unix)]
mod contexts;
mod deflate;
mod delivery;
mod engine;
mod flushing;
mod frames;
mod heap;
mod lent;
#[cfg(unix)]
mod listening;
mod options;
mod raw;
mod sending;
mod settling;
mod staging;
mod stream;
mod text;
mod timers;
#[cfg(unix)]
mod tls;
mod values;
mod views;
#[cfg(unix)]
mod wake;
#[cfg(not(unix))]
#[path = "wake_elsewhere.rs"]
mod wake;
