//! The rules for headers. Each dialect has its own order of judging, which shows where a header has
//! several faults.

use super::frame::{MAX_CONTROL_PAYLOAD, OpCode};
use super::message::MessageKind;
use super::violation::Violation;

/// The greatest integer up to which JavaScript's numbers are exact.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The first two bytes of a frame. They are judged before the rest of it arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstBytes(pub [u8; 2]);

impl FirstBytes {
    fn fin(self) -> bool {
        self.0[0] & 0x80 != 0
    }

    fn rsv1(self) -> bool {
        self.0[0] & 0x40 != 0
    }

    fn rsv2_or_3(self) -> bool {
        self.0[0] & 0x30 != 0
    }

    fn opcode(self) -> u8 {
        self.0[0] & 0xf
    }

    /// The length of seven bits.
    fn length(self) -> u8 {
        self.0[1] & 0x7f
    }

    fn judge_masking(self, expected: &Expected) -> Result<(), Violation> {
        match (expected.masking, self.0[1] & 0x80 != 0) {
            (Some(true), false) => Err(Violation::NotMasked),
            (Some(false), true) => Err(Violation::Masked),
            _ => Ok(()),
        }
    }
}

/// What a frame has to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// Compression was negotiated.
    pub compression: bool,
    /// Whether frames must or must not be masked.
    pub masking: Option<bool>,
    /// The message whose fragments are arriving.
    pub message: Option<MessageKind>,
}

/// Judges the first two bytes in the order of npm `websocket`.
pub(super) fn judge_as_websocket(bytes: FirstBytes, expected: &Expected) -> Result<(), Violation> {
    let opcode = bytes.opcode();
    if opcode >= 0x8 {
        if usize::from(bytes.length()) > MAX_CONTROL_PAYLOAD {
            return Err(Violation::ControlLength(bytes.length()));
        }
        if !bytes.fin() {
            return Err(Violation::ControlFragmented);
        }
    }
    if bytes.rsv2_or_3() {
        return Err(Violation::Rsv2Or3);
    }
    // RFC 7692 §6: RSV1 is set on the first frame of a compressed message, and on no other.
    if bytes.rsv1() && !(expected.compression && matches!(opcode, 0x1 | 0x2)) {
        return Err(Violation::Rsv1);
    }
    if expected.message.is_some() && (0x1..0x8).contains(&opcode) {
        return Err(Violation::InterleavedMessage(opcode));
    }
    match OpCode::from_bits(opcode) {
        None => return Err(Violation::ReservedOpcode(opcode)),
        Some(OpCode::Continuation) if expected.message.is_none() => return Err(Violation::UnexpectedContinuation),
        Some(_) => {}
    }
    bytes.judge_masking(expected)
}

/// Judges the first two bytes in the order of npm `ws`.
pub(super) fn judge_as_ws(bytes: FirstBytes, expected: &Expected) -> Result<(), Violation> {
    if bytes.rsv2_or_3() {
        return Err(Violation::Rsv2Or3);
    }
    if bytes.rsv1() && !expected.compression {
        return Err(Violation::Rsv1);
    }
    let opcode = bytes.opcode();
    match OpCode::from_bits(opcode) {
        None => return Err(Violation::ReservedOpcode(opcode)),
        Some(OpCode::Continuation) => {
            if bytes.rsv1() {
                return Err(Violation::Rsv1);
            }
            if expected.message.is_none() {
                return Err(Violation::UnexpectedContinuation);
            }
        }
        Some(OpCode::Text | OpCode::Binary) if expected.message.is_some() => {
            return Err(Violation::InterleavedMessage(opcode));
        }
        Some(OpCode::Text | OpCode::Binary) => {}
        Some(control) => judge_control_as_ws(bytes, control)?,
    }
    bytes.judge_masking(expected)
}

fn judge_control_as_ws(bytes: FirstBytes, opcode: OpCode) -> Result<(), Violation> {
    if !bytes.fin() {
        return Err(Violation::ControlFragmented);
    }
    if bytes.rsv1() {
        return Err(Violation::Rsv1);
    }
    let length = bytes.length();
    // RFC 6455 §5.5.1: one byte is no code.
    if usize::from(length) > MAX_CONTROL_PAYLOAD || (opcode == OpCode::Close && length == 1) {
        return Err(Violation::ControlLength(length));
    }
    Ok(())
}

/// Judges a length as npm `websocket` does. `is_minimal` says that it was encoded in the fewest
/// bytes.
pub(super) fn judge_length_as_websocket(length: u64, is_minimal: bool) -> Result<(), Violation> {
    if length > i64::MAX as u64 {
        Err(Violation::LengthForbidden)
    } else if length > u64::from(u32::MAX) {
        Err(Violation::LengthUnsupported)
    } else if !is_minimal {
        Err(Violation::LengthNotMinimal)
    } else {
        Ok(())
    }
}

/// Judges a length as npm `ws` does.
pub(super) fn judge_length_as_ws(length: u64, _is_minimal: bool) -> Result<(), Violation> {
    if length > MAX_SAFE_INTEGER { Err(Violation::LengthUnsupported) } else { Ok(()) }
}
