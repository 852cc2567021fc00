//! One event of one link, in the form in which JavaScript gets it.

use std::borrow::Cow;
use std::ops::Range;

use crate::engine::events::backpressure::EVENT_WEIGHT;
use crate::protocol::pool;

/// A bit of [`frame_bits`]: the frame is masked.
pub const FRAME_MASKED: u32 = 1 << 8;

/// A bit of the extra number of [`EventKind::Flushed`]: a full output is empty again.
pub const FLUSHED_DRAINED: u32 = 1;

/// A frame's first byte as it stands on the wire, and [`FRAME_MASKED`].
pub fn frame_bits(masked: bool, fin: bool, rsv: u8, opcode: u8) -> u32 {
    let masked = if masked { FRAME_MASKED } else { 0 };
    masked | u32::from(fin) << 7 | u32::from(rsv) << 4 | u32::from(opcode)
}

/// The payload of [`EventKind::Fragments`]: how many lengths there are, the lengths, and the bytes.
/// Numbers have 32 bits, and the least significant byte first.
pub fn pack_fragments(payload: Cow<'_, [u8]>, lengths: &[u32]) -> Vec<u8> {
    let size = 4 + 4 * lengths.len() + payload.len();
    let mut packed = pool::take(size, size);
    let count = lengths.len() as u32;
    packed.extend(std::iter::once(&count).chain(lengths).flat_map(|number| number.to_le_bytes()));
    packed.extend_from_slice(&payload);
    if let Cow::Owned(bytes) = payload {
        pool::give(bytes);
    }
    packed
}

/// What happened. JavaScript knows the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// A text message with no character above U+00FF.
    Latin1Text = 0,
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// A frame. `extra` has its [`frame_bits`].
    Frame = 3,
    /// A ping for JavaScript to answer.
    Ping = 4,
    /// A pong.
    Pong = 5,
    /// The peer's close frame. `extra` is its code, `NO_CODE`, or 1005 for half a code. The payload
    /// is the reason.
    CloseRequested = 6,
    /// The peer answered our close frame.
    CloseReplied = 7,
    /// The peer broke the protocol. `extra` is the number of a `ViolationKind`, the payload its
    /// detail.
    Violation = 8,
    /// No answer to a keepalive ping.
    Unresponsive = 9,
    /// The close timeout passed.
    CloseTimedOut = 10,
    /// Output was flushed. `extra` is twice the number of marks that the output has reached, and
    /// [`FLUSHED_DRAINED`] if a full output is empty again.
    Flushed = 11,
    /// The peer ended the stream. `extra` is 1 if TLS did not end before.
    End = 12,
    /// The connection broke. `extra` is the errno, the payload the system call. If TLS broke, the
    /// payload is `tls:` and the words of a `TlsFailure`.
    Failed = 13,
    /// The last record of a released link. Its slot is free when JavaScript has come to it.
    Released = 14,
    /// A text message that is still compressed. JavaScript never sees one.
    DeflatedText = 15,
    /// A binary message that is still compressed. JavaScript never sees one.
    DeflatedBinary = 16,
    /// All input that JavaScript had handed over up to here has come back.
    HandedBack = 17,
    /// A link whose bytes JavaScript moves has output.
    Output = 18,
    /// Bytes as they came from the peer, for an application that listens to the socket.
    Bytes = 19,
    /// Everything of the link that was queued earlier is delivered.
    Barrier = 20,
    /// A binary message with the lengths of its fragments, see [`pack_fragments`].
    Fragments = 21,
    /// A connection of a listener begins with a WebSocket handshake. `extra` is its ticket, the
    /// payload the parts of the head, see `ArrivingDriver`.
    Request = 22,
    /// A connection of a listener begins with something else. `extra` is its ticket.
    Http = 23,
    /// The head of a connection of a listener did not arrive in time. `extra` is its ticket.
    HeadTimeout = 24,
    /// A listener could not accept. `extra` is the errno.
    AcceptError = 25,
    /// The handshake of TLS is over.
    Secure = 26,
    /// The handshake of TLS has failed on a connection of a listener. `extra` is its ticket, the
    /// payload says why, see `ArrivingDriver`. The connection is closed.
    TlsError = 27,
    /// JavaScript has to choose the context of TLS for a connection of a listener. `extra` is its
    /// ticket, the payload the name that the client asks for.
    Hello = 28,
}

/// The payload of a record.
#[derive(Debug)]
pub enum Payload {
    /// None.
    Nothing,
    /// Bytes in the queue's common buffer.
    Short(Range<usize>),
    /// Bytes of its own.
    Long(Vec<u8>),
    /// UTF-16 units in native byte order.
    Units(Vec<u8>),
    /// A number.
    Count(u64),
    /// Constant words.
    Words(&'static str),
    /// Words that were made at run time.
    Phrase(Box<str>),
}

/// One event of one link.
#[derive(Debug)]
pub struct EventRecord {
    /// The slot of the link.
    pub slot: u32,
    /// What it is.
    pub kind: EventKind,
    /// A number whose meaning depends on `kind`.
    pub extra: u32,
    /// The payload.
    pub payload: Payload,
    /// JavaScript gets the payload as a Buffer, even if the kind is one of text.
    pub as_bytes: bool,
}

impl EventRecord {
    /// Takes the record and leaves an empty one.
    pub fn take(&mut self) -> Self {
        let nothing =
            Self { slot: self.slot, kind: EventKind::Released, extra: 0, payload: Payload::Nothing, as_bytes: false };
        std::mem::replace(self, nothing)
    }

    /// Whether it is a message that is still to be inflated.
    pub fn is_deflated(&self) -> bool {
        matches!(self.kind, EventKind::DeflatedText | EventKind::DeflatedBinary)
    }

    /// What the record weighs while it waits for JavaScript.
    pub fn weight(&self) -> usize {
        EVENT_WEIGHT
            + match &self.payload {
                Payload::Short(range) => range.len(),
                Payload::Long(bytes) | Payload::Units(bytes) => bytes.capacity(),
                Payload::Phrase(words) => words.len(),
                Payload::Nothing | Payload::Count(_) | Payload::Words(_) => 0,
            }
    }

    /// The payload, if it is a short one that becomes a Buffer and `extra` has no other meaning.
    pub fn short_bytes(&self) -> Option<Range<usize>> {
        let is_bytes = self.as_bytes || matches!(self.kind, EventKind::Binary | EventKind::Ping | EventKind::Pong);
        match &self.payload {
            Payload::Short(range) if is_bytes && self.kind != EventKind::CloseRequested => Some(range.clone()),
            _ => None,
        }
    }

    /// Bytes of text in the payload, if it becomes a string.
    pub fn text_len(&self) -> usize {
        if self.as_bytes {
            return 0;
        }
        match (self.kind, &self.payload) {
            (EventKind::Latin1Text | EventKind::Text | EventKind::Request, payload) => match payload {
                Payload::Short(range) => range.len(),
                Payload::Long(bytes) | Payload::Units(bytes) => bytes.len(),
                Payload::Nothing | Payload::Count(_) | Payload::Words(_) | Payload::Phrase(_) => 0,
            },
            _ => 0,
        }
    }
}
