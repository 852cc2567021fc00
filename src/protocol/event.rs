//! The events of a connection.

use std::borrow::Cow;

use super::message::MessageKind;
use super::violation::Violation;

/// Something for the application. Events are in the order in which they happened on the wire.
///
/// A payload borrows from the driver's bytes if the message was in one piece there.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'d> {
    /// A whole text message. The payload is valid UTF-8, and plain ASCII if `ascii`.
    Text {
        /// The text.
        payload: Cow<'d, [u8]>,
        /// Whether every byte is below 0x80.
        ascii: bool,
    },
    /// A whole text message, for an application that wants its bytes. They are UTF-8 unless that is
    /// not checked.
    TextBytes(Cow<'d, [u8]>),
    /// A whole binary message.
    Binary(Cow<'d, [u8]>),
    /// A whole binary message that came uncompressed, for an application that wants its fragments.
    Fragments {
        /// All of them, one after another.
        payload: Cow<'d, [u8]>,
        /// The length of each that is not empty.
        lengths: Vec<u32>,
    },
    /// A compressed message. The driver inflates it by a [`Decompressor`](super::Decompressor)
    /// before it delivers anything behind it. If that fails,
    /// [`handle_undecodable`](super::Connection::handle_undecodable) follows.
    Deflated {
        /// What the message is.
        kind: MessageKind,
        /// The compressed payload (RFC 7692 §7.2.1).
        payload: Cow<'d, [u8]>,
    },
    /// A frame of any kind, if fragments are not assembled.
    Frame(RawFrame),
    /// A ping that was not answered automatically.
    Ping(Cow<'d, [u8]>),
    /// A pong.
    Pong(Cow<'d, [u8]>),
    /// The peer began the closing handshake. The driver answers by
    /// [`acknowledge_close`](super::Connection::acknowledge_close) after everything before this
    /// event was delivered. In the dialect of npm `ws`, this is any close frame of the peer's, and
    /// the application answers by [`send_close`](super::Connection::send_close).
    CloseRequested(PeerClose),
    /// The peer answered our close frame. Not in the dialect of npm `ws`.
    CloseReplied,
    /// The peer broke the protocol or a limit. Nothing further is decoded. The driver ends the
    /// connection with a close code for the violation after everything before this event was
    /// delivered.
    Violation(Violation),
    /// A keepalive ping had no answer within the grace period.
    Unresponsive,
    /// The peer did not finish the closing handshake, or did not end TCP after it, within the close
    /// timeout.
    CloseTimedOut,
}

impl Event<'_> {
    /// Whether it is a whole message.
    pub const fn is_message(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::TextBytes(_) | Self::Binary(_) | Self::Fragments { .. })
    }
}

/// A frame as it was received, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub struct RawFrame {
    /// Last fragment of its message.
    pub fin: bool,
    /// RSV1 to RSV3 as the bits 0b100, 0b010 and 0b001.
    pub rsv: u8,
    /// The opcode bits.
    pub opcode: u8,
    /// The masking key that the payload had on the wire.
    pub mask: Option<[u8; 4]>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What a peer's close frame said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerClose {
    /// The code, where there was one.
    pub code: Option<u16>,
    /// The reason; empty where there was none. It is UTF-8 unless that is not checked.
    pub reason: Vec<u8>,
    /// The body was one byte long, which is no code (RFC 6455 §5.5.1).
    pub malformed: bool,
    /// The application gets the reason as bytes.
    pub as_bytes: bool,
}
