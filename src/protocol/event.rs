//! The events of a connection.

use std::borrow::Cow;
use std::fmt;

use super::message::MessageKind;

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
    /// A whole binary message.
    Binary(Cow<'d, [u8]>),
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
    /// event was delivered.
    CloseRequested(PeerClose),
    /// The peer answered our close frame.
    CloseReplied,
    /// The peer broke the protocol or a limit. Nothing further is decoded. The driver drops the
    /// connection with the violation's code and words after everything before this event was
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
        matches!(self, Self::Text { .. } | Self::Binary(_))
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
    /// The reason; empty where there was none.
    pub reason: String,
    /// The body was one byte long, which is no code (RFC 6455 §5.5.1).
    pub malformed: bool,
}

/// How a peer broke the protocol or a limit. Each has a close code and words. Applications match on
/// the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// RFC 6455 §5.5.
    ControlTooLong,
    /// RFC 6455 §5.5.
    ControlFragmented,
    /// RFC 6455 §5.2: RSV bits belong to negotiated extensions.
    ReservedBits,
    /// RFC 6455 §5.2, with the opcode.
    ReservedOpcode(u8),
    /// RFC 6455 §5.2: the most significant bit of a 64-bit length must be 0.
    LengthForbidden,
    /// A length of 2³² or more, which is legal, but beyond every limit. The words are the same as
    /// for a forbidden length, as in npm `websocket`.
    LengthUnsupported,
    /// RFC 6455 §5.2: "the minimal number of bytes MUST be used".
    LengthNotMinimal,
    /// RFC 6455 §5.1: a client must mask.
    NotMasked,
    /// RFC 6455 §5.1: a server must not mask.
    Masked,
    /// RFC 6455 §5.4.
    UnexpectedContinuation,
    /// RFC 6455 §5.4, with the opcode of the new message.
    InterleavedMessage(u8),
    /// RFC 6455 §8.1.
    InvalidUtf8,
    /// RFC 7692 §7.2.2: the payload of a compressed message is no DEFLATE data.
    InvalidCompression,
    /// The frame's length is over `max_frame_size`.
    FrameTooLarge(u64),
    /// The message's length is over `max_message_size`.
    MessageTooLarge,
    /// The message has more fragments than allowed.
    TooManyFragments,
}

impl Violation {
    /// The close code for the peer (RFC 6455 §7.4.1).
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::InvalidCompression => 1007,
            Self::TooManyFragments => 1008,
            Self::LengthUnsupported | Self::FrameTooLarge(_) | Self::MessageTooLarge => 1009,
            _ => 1002,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlTooLong => f.write_str("Illegal control frame longer than 125 bytes."),
            Self::ControlFragmented => f.write_str("Control frames must not be fragmented."),
            Self::ReservedBits => f.write_str("Unsupported usage of rsv bits without negotiated extension."),
            Self::ReservedOpcode(opcode) => write!(f, "Unrecognized Opcode: 0x{opcode:x}"),
            Self::LengthForbidden | Self::LengthUnsupported => f.write_str("Unsupported 64-bit length frame received"),
            Self::LengthNotMinimal => f.write_str("Frame length is not minimally encoded."),
            Self::NotMasked => f.write_str("Frames from clients must be masked."),
            Self::Masked => f.write_str("Frames from servers must not be masked."),
            Self::UnexpectedContinuation => f.write_str("Unexpected Continuation Frame"),
            Self::InterleavedMessage(opcode) => {
                write!(f, "Illegal frame opcode 0x{opcode:x} received in middle of fragmented message.")
            }
            Self::InvalidUtf8 => f.write_str("Invalid UTF-8 Data Received"),
            Self::InvalidCompression => f.write_str("Invalid compressed data received."),
            Self::FrameTooLarge(len) => write!(f, "Frame size of {len} bytes exceeds maximum accepted frame size"),
            Self::MessageTooLarge => f.write_str("Maximum message size exceeded."),
            Self::TooManyFragments => f.write_str("Too many fragments in one message."),
        }
    }
}
