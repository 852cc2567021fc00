//! What permessage-deflate does to the payload of a message (RFC 7692 §7.2).
//!
//! A zlib state is large: about 48 KB to inflate, 380 KB to deflate. So connections own none. They
//! share those of their thread, and keep between two messages only the plain text that the next one
//! may refer to: a [`History`](history::History). A state that served another connection in between
//! is reset and reads that text again, which costs a copy to inflate, and 1.6 ns a byte to deflate.

mod deflater;
mod history;
mod inflater;
mod tail;

pub use deflater::{Deflater, DeflaterOptions};
pub use inflater::{InflateError, Inflater};

#[cfg(test)]
mod tests;
