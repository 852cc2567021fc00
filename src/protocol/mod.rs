//! RFC 6455 without I/O: bytes, commands and the time go in; events, bytes to transmit and the next
//! deadline come out.
//!
//! [`Connection`] is the state machine of one peer, for either role. It has no clock, no socket and
//! no source of random numbers. So both transports drive the same code, and tests drive it on
//! simulated time. A misbehaving peer is never an `Err`, but an [`Event::Violation`]. A caller that
//! misuses the API gets [`Misuse`].
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod close;
mod compression;
mod config;
mod connection;
mod deadlines;
mod deflate;
mod dialect;
mod event;
mod extensions;
mod frame;
mod handshake;
mod header_rules;
mod mask;
mod message;
mod misuse;
mod outbox;
pub mod pool;
mod receiver;
mod request_head;
mod state;
mod text;
mod utf8;
mod violation;

pub use close::{CloseReason, is_wire_close_code};
pub use compression::{Compression, Decompressor, Work};
pub use config::Config;
pub use connection::Connection;
pub use connection::receiving::Events;
pub use deadlines::Timer;
pub use deflate::{
    ClientWindow, DeflateAgreement, DeflateOptions, Deflater, DeflaterOptions, FULL_WINDOW, InflateError, Inflater,
    Negotiated, ResponseFault, SMALLEST_OWN_WINDOW, SMALLEST_WINDOW,
};
pub use dialect::Dialect;
pub use event::{Event, PeerClose, RawFrame};
pub use extensions::{Extension, MalformedExtensions, Parameter, parse_extensions};
pub use frame::{FrameHeader, HeaderParse, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, OpCode};
pub use handshake::{accept_key, encode_key, is_key};
pub use mask::apply_mask;
pub use message::{Masking, MessageKind, SendOptions};
pub use misuse::Misuse;
pub use outbox::Outbox;
pub use receiver::direct::DirectRead;
pub use receiver::partial::Partial;
pub use request_head::{HeadProgress, HeadScan, write_handshake};
pub use state::State;
pub use text::TextRules;
pub use utf8::for_each_unit;
pub use violation::{Violation, ViolationDetail, ViolationKind};

#[cfg(test)]
mod tests;
