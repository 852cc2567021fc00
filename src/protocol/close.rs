//! Close codes and reasons (RFC 6455 §5.5.1, §7.4). `Connection::acknowledge_close` answers a close
//! frame.

use super::frame::MAX_CONTROL_PAYLOAD;

/// Whether `code` may be in a close frame, a peer's or ours (RFC 6455 §7.4, with the codes
/// registered at IANA since).
///
/// 1004 is reserved. 1005, 1006 and 1015 describe the end of a connection locally.
pub const fn is_wire_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The body of a close frame: nothing, or a code with a reason that fits a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    body: [u8; MAX_CONTROL_PAYLOAD],
    len: u8,
}

impl CloseReason {
    /// No code and no reason.
    pub const EMPTY: Self = Self { body: [0; MAX_CONTROL_PAYLOAD], len: 0 };

    /// `code` and as much of `reason` as fits into 123 bytes without splitting a code point.
    pub fn new(code: u16, reason: &str) -> Self {
        let mut body = [0; MAX_CONTROL_PAYLOAD];
        body[..2].copy_from_slice(&code.to_be_bytes());
        let room = reason.len().min(MAX_CONTROL_PAYLOAD - 2);
        let end = (0..=room).rev().find(|&end| reason.is_char_boundary(end)).unwrap_or(0);
        let fitting = &reason.as_bytes()[..end];
        body[2..2 + fitting.len()].copy_from_slice(fitting);
        Self { body, len: 2 + fitting.len() as u8 }
    }

    /// The payload of the close frame.
    pub fn as_bytes(&self) -> &[u8] {
        &self.body[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_only_describe_never_go_onto_the_wire() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            assert!(!is_wire_close_code(code), "{code}");
        }
        for code in [1000, 1003, 1007, 1011, 1014, 3000, 4999] {
            assert!(is_wire_close_code(code), "{code}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_code_points() {
        let reason = CloseReason::new(1000, &"é".repeat(100));
        assert_eq!(reason.as_bytes().len(), 2 + 122);
        assert!(std::str::from_utf8(&reason.as_bytes()[2..]).is_ok());
    }
}
