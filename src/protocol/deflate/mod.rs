//! The extension permessage-deflate (RFC 7692 §7).

mod codec;

pub use codec::{DeflateOptions, Deflater, InflateError, Inflater};
