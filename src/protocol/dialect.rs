//! The rules in which two APIs differ.

use super::header_rules::{
    Expected, FirstBytes, judge_as_websocket, judge_as_ws, judge_length_as_websocket, judge_length_as_ws,
};
use super::violation::Violation;

/// The rules in which npm `websocket` and npm `ws` differ: each is one field. What peers may send is
/// the same, but not which fault is reported and when.
#[derive(Debug)]
pub struct Dialect {
    /// Judges the first two bytes of a frame.
    pub(super) judge_first_bytes: fn(FirstBytes, &Expected) -> Result<(), Violation>,
    /// Judges a payload length, and whether it was encoded in the fewest bytes.
    pub(super) judge_length: fn(u64, bool) -> Result<(), Violation>,
    /// The limit of messages applies to those of a single frame, too.
    pub(super) limits_whole_messages: bool,
    /// Fragments are counted when they are complete, and a message of a single frame is one.
    /// Otherwise they are counted at their headers.
    pub(super) counts_complete_fragments: bool,
    /// Most empty fragments of a message. They never reach a size limit.
    pub(super) most_empty_fragments: u32,
    /// Text fails at the first byte that is not UTF-8, rather than at the end of its message.
    pub(super) fails_text_early: bool,
    /// A close frame that is wrong is a violation. Otherwise only the answer's code tells.
    pub(super) refuses_wrong_close_frames: bool,
    /// Between our close frame and the peer's, everything is reported as before. Otherwise only the
    /// peer's close frame is, as the answer.
    pub(super) reports_while_ending: bool,
    /// A message above the threshold is sent deflated even if that makes it longer.
    pub(super) deflates_always: bool,
    /// Messages are deflated from the end of JavaScript's turn on, so that the unsent bytes that it
    /// asks for do not depend on how quick that is. Otherwise at once, outside of a delivery.
    pub deflates_after_turn: bool,
    /// The connection answers pings, until the application wants to do it.
    pub answers_pings: bool,
    /// Short payloads may be views of memory that they share with others.
    pub shares_payload_memory: bool,
    /// The application gets the reason of a close frame as bytes.
    pub(super) close_reasons_are_bytes: bool,
}

impl Dialect {
    /// The rules of npm `websocket`.
    pub const WEBSOCKET: Self = Self {
        judge_first_bytes: judge_as_websocket,
        judge_length: judge_length_as_websocket,
        limits_whole_messages: false,
        counts_complete_fragments: false,
        most_empty_fragments: 1024,
        fails_text_early: true,
        refuses_wrong_close_frames: false,
        reports_while_ending: false,
        deflates_always: false,
        deflates_after_turn: false,
        answers_pings: true,
        shares_payload_memory: false,
        close_reasons_are_bytes: false,
    };

    /// The rules of npm `ws`.
    pub const WS: Self = Self {
        judge_first_bytes: judge_as_ws,
        judge_length: judge_length_as_ws,
        limits_whole_messages: true,
        counts_complete_fragments: true,
        most_empty_fragments: u32::MAX,
        fails_text_early: false,
        refuses_wrong_close_frames: true,
        reports_while_ending: true,
        deflates_always: true,
        deflates_after_turn: true,
        answers_pings: false,
        shares_payload_memory: true,
        close_reasons_are_bytes: true,
    };
}
