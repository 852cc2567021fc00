//! The end of a deflated message.

/// The last bytes of a deflated message: the length of an empty block without compression. They are
/// not on the wire (RFC 7692 §7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
