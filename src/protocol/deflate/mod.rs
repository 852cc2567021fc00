//! The extension permessage-deflate (RFC 7692).

mod codec;
mod negotiation;

pub use codec::{Deflater, DeflaterOptions, InflateError, Inflater};
pub use negotiation::{
    ClientWindow, DeflateAgreement, DeflateOptions, FULL_WINDOW, Negotiated, ResponseFault, SMALLEST_OWN_WINDOW,
    SMALLEST_WINDOW,
};
