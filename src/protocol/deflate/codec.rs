//! What permessage-deflate does to the payload of a message (RFC 7692 §7.2).
//!
//! A zlib state is large: about 48 KB to inflate, 380 KB to deflate. So a connection owns none. Those of a thread are shared
//! by its connections, and what a connection keeps between two messages is the plain text that the next one may refer to: its
//! [`History`]. A state that served another connection in between is reset and reads that again, which costs a copy to
//! inflate, and 1.6 ns a byte to deflate.

mod deflater;
mod history;
mod inflater;

pub use deflater::{Deflater, DeflaterOptions};
pub use inflater::{InflateError, Inflater};

use history::History;

/// How the flush of a message ends: the length of an empty block without compression. The wire does not carry it
/// (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

#[cfg(test)]
mod tests;
