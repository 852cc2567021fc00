//! The end of a deflated message.

/// How the flush of a message ends: the length of an empty block without compression. The wire does
/// not carry it (RFC 7692 §7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
