//! The numbers that JavaScript and Rust share. This is the only list of them: the addon exports
//! each as a property of `abi`, which `lib/internal/engine/abi.js` re-exports. A number that
//! belongs to another part of the crate is defined there and only named here.

use napi_derive::napi;

use crate::engine::events::backpressure;
use crate::engine::events::queue;
use crate::engine::events::record::{self, EventKind};
use crate::engine::link::closing;
use crate::protocol::{
    FULL_WINDOW, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, OpCode, SMALLEST_WINDOW, Timer, ViolationKind,
};

// Dialects: the rules of an API.

/// The rules of npm `websocket`.
#[napi(namespace = "abi")]
pub const DIALECT_WEBSOCKET: u32 = 0;
/// The rules of npm `ws`.
#[napi(namespace = "abi")]
pub const DIALECT_WS: u32 = 1;

// The kinds of events. Those that are missing here never reach JavaScript.

/// A text message of Latin-1.
#[napi(namespace = "abi")]
pub const EVENT_LATIN1_TEXT: u32 = EventKind::Latin1Text as u32;
/// A text message: a string, or a Buffer on a link with `textAsBytes`.
#[napi(namespace = "abi")]
pub const EVENT_TEXT: u32 = EventKind::Text as u32;
/// A binary message.
#[napi(namespace = "abi")]
pub const EVENT_BINARY: u32 = EventKind::Binary as u32;
/// A frame. The extra number has its header, see `FRAME_MASKED`.
#[napi(namespace = "abi")]
pub const EVENT_FRAME: u32 = EventKind::Frame as u32;
/// A ping that JavaScript answers.
#[napi(namespace = "abi")]
pub const EVENT_PING: u32 = EventKind::Ping as u32;
/// A pong.
#[napi(namespace = "abi")]
pub const EVENT_PONG: u32 = EventKind::Pong as u32;
/// The peer's close frame. The extra number is its code, `NO_CLOSE_CODE`, or 1005 for a code of
/// one byte; the payload is the reason: a string, or a Buffer in the dialect of npm `ws`.
#[napi(namespace = "abi")]
pub const EVENT_CLOSE_REQUESTED: u32 = EventKind::CloseRequested as u32;
/// The peer answered our close frame.
#[napi(namespace = "abi")]
pub const EVENT_CLOSE_REPLIED: u32 = EventKind::CloseReplied as u32;
/// The peer broke the protocol. The extra number is one of `VIOLATION_…`. The payload is a number,
/// words or undefined, see there.
#[napi(namespace = "abi")]
pub const EVENT_VIOLATION: u32 = EventKind::Violation as u32;
/// The peer did not answer a keepalive ping.
#[napi(namespace = "abi")]
pub const EVENT_UNRESPONSIVE: u32 = EventKind::Unresponsive as u32;
/// The peer did not finish the closing handshake in time.
#[napi(namespace = "abi")]
pub const EVENT_CLOSE_TIMED_OUT: u32 = EventKind::CloseTimedOut as u32;
/// Output was flushed. The extra number is twice the number of marks that it has reached, and
/// `FLUSHED_DRAINED`.
#[napi(namespace = "abi")]
pub const EVENT_FLUSHED: u32 = EventKind::Flushed as u32;
/// The peer ended the stream. The extra number is 1 if TLS did not end before (truncation).
#[napi(namespace = "abi")]
pub const EVENT_END: u32 = EventKind::End as u32;
/// The connection broke. The extra number is the errno, the payload the system call. If TLS broke,
/// the payload is `tls:` and why.
#[napi(namespace = "abi")]
pub const EVENT_FAILED: u32 = EventKind::Failed as u32;
/// The last event of a link that JavaScript released.
#[napi(namespace = "abi")]
pub const EVENT_RELEASED: u32 = EventKind::Released as u32;
/// All events of the bytes of one `RECEIVED_HANDED_OVER` have arrived.
#[napi(namespace = "abi")]
pub const EVENT_HANDED_BACK: u32 = EventKind::HandedBack as u32;
/// A link whose bytes JavaScript moves has output.
#[napi(namespace = "abi")]
pub const EVENT_OUTPUT: u32 = EventKind::Output as u32;
/// Bytes of an adopted link as they came from the peer: all of a raw link, or behind the events that
/// they made. See `openRaw` and `showBytes`.
#[napi(namespace = "abi")]
pub const EVENT_BYTES: u32 = EventKind::Bytes as u32;
/// All earlier events of the link are delivered. See `pushBarrier` and `holdInput`.
#[napi(namespace = "abi")]
pub const EVENT_BARRIER: u32 = EventKind::Barrier as u32;

/// A binary message that came uncompressed, on a link that keeps fragments. The payload begins with
/// 32-bit numbers, the least significant byte first: how many fragments are not empty, and their
/// lengths. Their bytes follow.
#[napi(namespace = "abi")]
pub const EVENT_FRAGMENTS: u32 = EventKind::Fragments as u32;
/// The handshake of TLS is over: `tlsInfo` has what it has led to.
#[napi(namespace = "abi")]
pub const EVENT_SECURE: u32 = EventKind::Secure as u32;

// Events of a listener.

/// A connection begins with a WebSocket handshake. The extra number is its ticket. The payload is a
/// string of Latin-1, whose parts have a NUL between any two: the peer's address and port, which are
/// empty in the Unix domain, the number of bytes behind the head, method, URL, and names and values
/// of the headers in turn.
#[napi(namespace = "abi")]
pub const EVENT_REQUEST: u32 = EventKind::Request as u32;
/// A connection begins with anything else. The extra number is its ticket.
#[napi(namespace = "abi")]
pub const EVENT_HTTP: u32 = EventKind::Http as u32;
/// The head of a connection's first request did not arrive in time. The extra number is its ticket.
#[napi(namespace = "abi")]
pub const EVENT_HEAD_TIMEOUT: u32 = EventKind::HeadTimeout as u32;
/// Accepting has failed, and did not before. The extra number is the errno. It is tried again.
#[napi(namespace = "abi")]
pub const EVENT_ACCEPT_ERROR: u32 = EventKind::AcceptError as u32;

/// The handshake of TLS has failed. The extra number is the ticket of the connection, which is
/// closed. The payload is a string: why, and the peer's address and port, with a NUL between any two.
#[napi(namespace = "abi")]
pub const EVENT_TLS_ERROR: u32 = EventKind::TlsError as u32;
/// A client asks for a server's name, and JavaScript chooses: see `answerHello`. The extra number is
/// the ticket of the connection, the payload the name.
#[napi(namespace = "abi")]
pub const EVENT_HELLO: u32 = EventKind::Hello as u32;

// The layout of a batch: one record after another.

/// Where a record has the kind of its event.
#[napi(namespace = "abi")]
pub const RECORD_KIND: u32 = 0;
/// Where it has the slot of the link.
#[napi(namespace = "abi")]
pub const RECORD_SLOT: u32 = 1;
/// Where it has the extra number.
#[napi(namespace = "abi")]
pub const RECORD_EXTRA: u32 = 2;
/// Where it has the position of a payload in the memory that JavaScript gave for short ones. The
/// extra number is then the length.
#[napi(namespace = "abi")]
pub const RECORD_START: u32 = 3;
/// How many numbers a record has.
#[napi(namespace = "abi")]
pub const RECORD_LENGTH: u32 = 4;
/// In place of that position: the payload is not there.
#[napi(namespace = "abi")]
pub const NO_START: u32 = u32::MAX;
/// A bit of the results of `drain` and `take`, beside the number of events: these are the last.
#[napi(namespace = "abi")]
pub const BATCH_LAST: u32 = 1 << 30;

// Values of the extra number of an event.

/// In place of a close code: the close frame has none.
#[napi(namespace = "abi")]
pub const NO_CLOSE_CODE: u32 = queue::NO_CODE;
/// A bit beside the number of marks: a full output is empty again.
#[napi(namespace = "abi")]
pub const FLUSHED_DRAINED: u32 = record::FLUSHED_DRAINED;
/// A bit beside the first byte of a frame: the frame is masked.
#[napi(namespace = "abi")]
pub const FRAME_MASKED: u32 = record::FRAME_MASKED;

// Violations: how a peer broke the protocol or a limit. See `Violation` in the protocol.

/// A control frame must not have this length; the payload is the length of seven bits.
#[napi(namespace = "abi")]
pub const VIOLATION_CONTROL_LENGTH: u32 = ViolationKind::ControlLength as u32;
/// A control frame is a fragment.
#[napi(namespace = "abi")]
pub const VIOLATION_CONTROL_FRAGMENTED: u32 = ViolationKind::ControlFragmented as u32;
/// RSV1 is set.
#[napi(namespace = "abi")]
pub const VIOLATION_RSV_1: u32 = ViolationKind::Rsv1 as u32;
/// RSV2 or RSV3 is set.
#[napi(namespace = "abi")]
pub const VIOLATION_RSV_2_OR_3: u32 = ViolationKind::Rsv2Or3 as u32;
/// The opcode is reserved; it is the payload.
#[napi(namespace = "abi")]
pub const VIOLATION_RESERVED_OPCODE: u32 = ViolationKind::ReservedOpcode as u32;
/// The most significant bit of a length is set.
#[napi(namespace = "abi")]
pub const VIOLATION_LENGTH_FORBIDDEN: u32 = ViolationKind::LengthForbidden as u32;
/// The length is beyond every limit.
#[napi(namespace = "abi")]
pub const VIOLATION_LENGTH_UNSUPPORTED: u32 = ViolationKind::LengthUnsupported as u32;
/// The length takes more bytes than it needs.
#[napi(namespace = "abi")]
pub const VIOLATION_LENGTH_NOT_MINIMAL: u32 = ViolationKind::LengthNotMinimal as u32;
/// The frame must be masked.
#[napi(namespace = "abi")]
pub const VIOLATION_NOT_MASKED: u32 = ViolationKind::NotMasked as u32;
/// The frame must not be masked.
#[napi(namespace = "abi")]
pub const VIOLATION_MASKED: u32 = ViolationKind::Masked as u32;
/// There is no message to be continued.
#[napi(namespace = "abi")]
pub const VIOLATION_UNEXPECTED_CONTINUATION: u32 = ViolationKind::UnexpectedContinuation as u32;
/// A message begins within another; the payload is the opcode.
#[napi(namespace = "abi")]
pub const VIOLATION_INTERLEAVED_MESSAGE: u32 = ViolationKind::InterleavedMessage as u32;
/// A text or the reason of a close frame is not UTF-8.
#[napi(namespace = "abi")]
pub const VIOLATION_INVALID_UTF8: u32 = ViolationKind::InvalidUtf8 as u32;
/// The code of a close frame, which is the payload.
#[napi(namespace = "abi")]
pub const VIOLATION_INVALID_CLOSE_CODE: u32 = ViolationKind::InvalidCloseCode as u32;
/// A message can't be inflated; the payload has zlib's words.
#[napi(namespace = "abi")]
pub const VIOLATION_INVALID_COMPRESSION: u32 = ViolationKind::InvalidCompression as u32;
/// The frame is too long; the payload is its length.
#[napi(namespace = "abi")]
pub const VIOLATION_FRAME_TOO_LARGE: u32 = ViolationKind::FrameTooLarge as u32;
/// The message is too long.
#[napi(namespace = "abi")]
pub const VIOLATION_MESSAGE_TOO_LARGE: u32 = ViolationKind::MessageTooLarge as u32;
/// The message has too many fragments.
#[napi(namespace = "abi")]
pub const VIOLATION_TOO_MANY_FRAGMENTS: u32 = ViolationKind::TooManyFragments as u32;

// Bits of the flags that `sendText` and `sendBinary` take; pings and pongs take those for marks and
// masks.

/// Report when everything up to this message has left.
#[napi(namespace = "abi")]
pub const SEND_MARK: u32 = 1;
/// Send the message uncompressed. The first fragment decides for the others.
#[napi(namespace = "abi")]
pub const SEND_PLAIN: u32 = 1 << 1;
/// No character of the text is beyond U+00FF.
#[napi(namespace = "abi")]
pub const SEND_LATIN1: u32 = 1 << 2;
/// The bytes are a text.
#[napi(namespace = "abi")]
pub const SEND_AS_TEXT: u32 = 1 << 3;
/// The next message goes on with this one: this is a fragment, and not the last.
#[napi(namespace = "abi")]
pub const SEND_MORE: u32 = 1 << 4;
/// The frame is masked, whatever the role of this side.
#[napi(namespace = "abi")]
pub const SEND_MASKED: u32 = 1 << 5;
/// The frame is not masked, whatever the role of this side.
#[napi(namespace = "abi")]
pub const SEND_UNMASKED: u32 = 1 << 6;

// Bits of the results of sends and commands, and of the slots after `broadcast`.

/// The output is below the high-water mark.
#[napi(namespace = "abi")]
pub const SENT_BELOW_MARK: u32 = 1;
/// The output waits for `flush` at the end of the turn.
#[napi(namespace = "abi")]
pub const SENT_FLUSH: u32 = 1 << 1;
/// This is the first output of its link in the turn.
#[napi(namespace = "abi")]
pub const SENT_FIRST: u32 = 1 << 2;
/// The output of a link that JavaScript drives has to be deflated first: `EVENT_OUTPUT` follows.
#[napi(namespace = "abi")]
pub const SENT_DEFLATES: u32 = 1 << 3;

// Bits of the result of `receive`.

/// There are events: `take` returns them.
#[napi(namespace = "abi")]
pub const RECEIVED_EVENTS: u32 = 1;
/// The next deadline is earlier than before: `nextTimeout` returns it.
#[napi(namespace = "abi")]
pub const RECEIVED_DEADLINE: u32 = 1 << 1;
/// There is output: `takeOutput` returns it.
#[napi(namespace = "abi")]
pub const RECEIVED_OUTPUT: u32 = 1 << 2;
/// An I/O thread inflates the received bytes. Their events arrive by `drain`, followed by
/// `EVENT_HANDED_BACK`.
#[napi(namespace = "abi")]
pub const RECEIVED_HANDED_OVER: u32 = 1 << 3;

// The timers of a link, for `setTimer`.

/// Sends a ping when nothing was received for a while.
#[napi(namespace = "abi")]
pub const TIMER_KEEPALIVE: u32 = Timer::Keepalive as u32;
/// Bounds the time until the peer answers that ping.
#[napi(namespace = "abi")]
pub const TIMER_GRACE: u32 = Timer::Grace as u32;
/// Bounds the time of the closing handshake.
#[napi(namespace = "abi")]
pub const TIMER_CLOSE: u32 = Timer::Close as u32;

// Frames, by RFC 6455 §5.2.

/// The opcode of a text message.
#[napi(namespace = "abi")]
pub const OPCODE_TEXT: u32 = OpCode::Text as u32;
/// The opcode of a binary message.
#[napi(namespace = "abi")]
pub const OPCODE_BINARY: u32 = OpCode::Binary as u32;
/// The opcode of a close frame. Only opcodes of control frames are as high or higher.
#[napi(namespace = "abi")]
pub const OPCODE_CLOSE: u32 = OpCode::Close as u32;
/// The opcode of a ping.
#[napi(namespace = "abi")]
pub const OPCODE_PING: u32 = OpCode::Ping as u32;
/// The opcode of a pong.
#[napi(namespace = "abi")]
pub const OPCODE_PONG: u32 = OpCode::Pong as u32;
/// Most payload bytes of a control frame.
#[napi(namespace = "abi")]
pub const MOST_CONTROL_PAYLOAD: u32 = MAX_CONTROL_PAYLOAD as u32;
/// Most payload bytes of a message that JavaScript stages. See `src/binding/staging.rs`.
#[napi(namespace = "abi")]
pub const MOST_STAGED: u32 = 1024;
/// Staged messages begin at multiples of so many bytes; the first one begins at it.
#[napi(namespace = "abi")]
pub const STAGED_STEP: u32 = 32;
/// Bytes in front of the payload of a staged message: its slot, bits of `SEND_…`, and the length of
/// the payload, in 32 bits each.
#[napi(namespace = "abi")]
pub const STAGED_HEAD: u32 = 12;
/// Most bytes of a frame's header.
#[napi(namespace = "abi")]
pub const MOST_HEADER: u32 = MAX_HEADER_LEN as u32;

// Bounds that both sides keep.

/// The greatest weight of events that wait for the handlers of one connection. Beyond that its
/// socket is not read.
#[napi(namespace = "abi")]
pub const MOST_WAITING: u32 = backpressure::CONNECTION_BOUND as u32;
/// The weight of an event without its payload.
#[napi(namespace = "abi")]
pub const EVENT_WEIGHT: u32 = backpressure::EVENT_WEIGHT as u32;
/// Most bytes of a payload in the memory for short ones.
#[napi(namespace = "abi")]
pub const MOST_SHORT_PAYLOAD: u32 = queue::SHORT_PAYLOAD as u32;
/// Milliseconds for which a dropped connection waits for its peer to end.
#[napi(namespace = "abi")]
pub const LINGER: u32 = closing::LINGER.as_millis() as u32;
/// The longest time of a timer in milliseconds.
#[napi(namespace = "abi")]
pub const LONGEST_TIMEOUT: u32 = i32::MAX as u32;
/// The smallest window of permessage-deflate in bits.
#[napi(namespace = "abi")]
pub const LEAST_WINDOW_BITS: u32 = SMALLEST_WINDOW as u32;
/// The largest window of permessage-deflate in bits.
#[napi(namespace = "abi")]
pub const MOST_WINDOW_BITS: u32 = FULL_WINDOW as u32;

#[cfg(test)]
mod tests {
    use super::*;

    /// The constant of a kind. A new kind does not compile until it is listed here.
    fn listed(kind: EventKind) -> Option<u32> {
        Some(match kind {
            EventKind::Latin1Text => EVENT_LATIN1_TEXT,
            EventKind::Text => EVENT_TEXT,
            EventKind::Binary => EVENT_BINARY,
            EventKind::Frame => EVENT_FRAME,
            EventKind::Ping => EVENT_PING,
            EventKind::Pong => EVENT_PONG,
            EventKind::CloseRequested => EVENT_CLOSE_REQUESTED,
            EventKind::CloseReplied => EVENT_CLOSE_REPLIED,
            EventKind::Violation => EVENT_VIOLATION,
            EventKind::Unresponsive => EVENT_UNRESPONSIVE,
            EventKind::CloseTimedOut => EVENT_CLOSE_TIMED_OUT,
            EventKind::Flushed => EVENT_FLUSHED,
            EventKind::End => EVENT_END,
            EventKind::Failed => EVENT_FAILED,
            EventKind::Released => EVENT_RELEASED,
            EventKind::HandedBack => EVENT_HANDED_BACK,
            EventKind::Output => EVENT_OUTPUT,
            EventKind::Bytes => EVENT_BYTES,
            EventKind::Barrier => EVENT_BARRIER,
            EventKind::Fragments => EVENT_FRAGMENTS,
            EventKind::Request => EVENT_REQUEST,
            EventKind::Http => EVENT_HTTP,
            EventKind::HeadTimeout => EVENT_HEAD_TIMEOUT,
            EventKind::AcceptError => EVENT_ACCEPT_ERROR,
            EventKind::Secure => EVENT_SECURE,
            EventKind::TlsError => EVENT_TLS_ERROR,
            EventKind::Hello => EVENT_HELLO,
            EventKind::DeflatedText | EventKind::DeflatedBinary => return None,
        })
    }

    #[test]
    fn kinds_have_their_own_numbers() {
        for kind in [EventKind::Latin1Text, EventKind::Frame, EventKind::Released, EventKind::Output] {
            assert_eq!(listed(kind), Some(kind as u32));
        }
        assert_eq!(listed(EventKind::DeflatedText), None);
    }

    #[test]
    fn bits_of_one_word_differ() {
        let words: [&[u32]; 3] = [
            &[SEND_MARK, SEND_PLAIN, SEND_LATIN1, SEND_AS_TEXT, SEND_MORE, SEND_MASKED, SEND_UNMASKED],
            &[SENT_BELOW_MARK, SENT_FLUSH, SENT_FIRST, SENT_DEFLATES],
            &[RECEIVED_EVENTS, RECEIVED_DEADLINE, RECEIVED_OUTPUT, RECEIVED_HANDED_OVER],
        ];
        for bits in words {
            assert!(bits.iter().all(|bit| bit.is_power_of_two()));
            assert_eq!(bits.iter().fold(0, |all, bit| all | bit).count_ones() as usize, bits.len());
        }
    }

    #[test]
    fn fields_of_a_record_fill_it() {
        let mut fields = [RECORD_KIND, RECORD_SLOT, RECORD_EXTRA, RECORD_START];
        fields.sort_unstable();
        assert_eq!(fields.to_vec(), (0..RECORD_LENGTH).collect::<Vec<_>>());
    }
}
