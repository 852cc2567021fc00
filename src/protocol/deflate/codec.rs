//! Deflating and inflating the payload of a message (RFC 7692 §7.2).
//!
//! A zlib state is large: about 48 KB to inflate, 380 KB to deflate. Connections own no zlib state,
//! only up to 32 KiB of plain text to which the next message may refer, a
//! [`History`](history::History). They share the states of their thread. A state that has served
//! another connection in between is reset and reads that text again. This costs a copy to inflate,
//! and 1.6 ns a byte to deflate.

mod deflater;
mod history;
mod inflater;
mod tail;

pub use deflater::{Deflater, DeflaterOptions};
pub use inflater::{InflateError, Inflater};

#[cfg(test)]
mod tests;
