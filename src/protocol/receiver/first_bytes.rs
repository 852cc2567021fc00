//! The rules for the first two bytes of a frame.

use crate::protocol::config::Config;
use crate::protocol::frame::{MAX_CONTROL_PAYLOAD, OpCode};
use crate::protocol::message::MessageKind;
use crate::protocol::violation::Violation;

/// Judges the first two bytes of a frame, before the rest of it arrives.
pub(super) fn judge_first_bytes(
    first: u8,
    second: u8,
    config: &Config,
    message: Option<MessageKind>,
) -> Result<(), Violation> {
    let bits = first & 0xf;
    let fin = first & 0x80 != 0;
    if bits >= 0x8 {
        let length = second & 0x7f;
        if usize::from(length) > MAX_CONTROL_PAYLOAD {
            return Err(Violation::ControlLength(length));
        }
        if !fin {
            return Err(Violation::ControlFragmented);
        }
    }
    // RFC 7692 §6: RSV1 is set on the first frame of a compressed message, and on no other.
    let may_compress = config.compression.is_some() && matches!(bits, 0x1 | 0x2);
    match first >> 4 & 0b111 {
        0 => {}
        0b100 if may_compress => {}
        0b100 => return Err(Violation::Rsv1),
        _ => return Err(Violation::Rsv2Or3),
    }
    if message.is_some() && (0x1..0x8).contains(&bits) {
        return Err(Violation::InterleavedMessage(bits));
    }
    match OpCode::from_bits(bits) {
        None => return Err(Violation::ReservedOpcode(bits)),
        Some(OpCode::Continuation) if message.is_none() => return Err(Violation::UnexpectedContinuation),
        Some(_) => {}
    }
    match (config.require_masking, second & 0x80 != 0) {
        (Some(true), false) => Err(Violation::NotMasked),
        (Some(false), true) => Err(Violation::Masked),
        _ => Ok(()),
    }
}
