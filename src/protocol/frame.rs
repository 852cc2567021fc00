//! The base framing protocol (RFC 6455 §5.2).

use super::mask::apply_mask;

/// Most bytes that a frame header can have: two, a 64-bit length, a masking key.
pub const MAX_HEADER_LEN: usize = 14;

/// Most payload bytes of a control frame (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The opcodes of RFC 6455 §5.2. All others are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum OpCode {
    /// A further fragment of the current message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// A close frame.
    Close = 0x8,
    /// A ping.
    Ping = 0x9,
    /// A pong.
    Pong = 0xa,
}

impl OpCode {
    /// The opcode with these four bits, unless it is reserved.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// Whether frames of this opcode may stand between the fragments of a message (RFC 6455 §5.5).
    pub const fn is_control(self) -> bool {
        self as u8 >= 0x8
    }
}

/// A frame header as it is on the wire. `opcode` and `rsv` are not judged here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Last fragment of its message.
    pub fin: bool,
    /// RSV1 to RSV3 as the bits 0b100, 0b010 and 0b001.
    pub rsv: u8,
    /// The four opcode bits.
    pub opcode: u8,
    /// The masking key, where the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Payload length in bytes.
    pub len: u64,
    /// Whether the length was encoded in the fewest bytes, as RFC 6455 §5.2 demands.
    pub minimal: bool,
}

/// The result of [`FrameHeader::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderParse {
    /// The header has this many bytes, and not all of them are there. The count is exact if two
    /// bytes are there.
    Incomplete(usize),
    /// The header, and its length in bytes.
    Complete(FrameHeader, usize),
}

impl FrameHeader {
    /// A header for an outgoing frame with a minimal length.
    pub const fn new(fin: bool, rsv: u8, opcode: u8, mask: Option<[u8; 4]>, len: u64) -> Self {
        Self { fin, rsv, opcode, mask, len, minimal: true }
    }

    /// Reads the header at the start of `bytes`.
    pub fn parse(bytes: &[u8]) -> HeaderParse {
        let &[first, second, ref rest @ ..] = bytes else { return HeaderParse::Incomplete(2) };
        let masked = second & 0x80 != 0;
        let short = second & 0x7f;
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let need = 2 + extended + if masked { 4 } else { 0 };
        if bytes.len() < need {
            return HeaderParse::Incomplete(need);
        }
        let (length, rest) = rest.split_at(extended);
        let (len, minimal) = if extended == 0 {
            (u64::from(short), true)
        } else {
            let len = length.iter().fold(0, |len, &byte| len << 8 | u64::from(byte));
            (len, len > if extended == 2 { 125 } else { 0xffff })
        };
        let mask = rest.first_chunk::<4>().filter(|_| masked).copied();
        let header = Self { fin: first & 0x80 != 0, rsv: first >> 4 & 0b111, opcode: first & 0xf, mask, len, minimal };
        HeaderParse::Complete(header, need)
    }

    /// Writes the header to `out`, with a minimal length. Returns its length in bytes.
    pub fn encode(&self, out: &mut [u8; MAX_HEADER_LEN]) -> usize {
        out[0] = (self.fin as u8) << 7 | self.rsv << 4 | self.opcode;
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut at = match self.len {
            0..=125 => {
                out[1] = masked | self.len as u8;
                2
            }
            126..=0xffff => {
                out[1] = masked | 126;
                out[2..4].copy_from_slice(&(self.len as u16).to_be_bytes());
                4
            }
            _ => {
                out[1] = masked | 127;
                out[2..10].copy_from_slice(&self.len.to_be_bytes());
                10
            }
        };
        if let Some(key) = self.mask {
            out[at..at + 4].copy_from_slice(&key);
            at += 4;
        }
        at
    }
}

impl FrameHeader {
    /// Bytes of the frame of this header.
    pub const fn frame_len(&self) -> usize {
        let extended = match self.len {
            0..=125 => 0,
            126..=0xffff => 2,
            _ => 8,
        };
        let mask = if self.mask.is_some() { 4 } else { 0 };
        (self.len as usize).saturating_add(2 + extended + mask)
    }

    /// Appends the frame of this header and `payload` to `out`. A masked payload is masked there.
    /// `payload` does not change.
    pub fn push_frame(&self, payload: &[u8], out: &mut Vec<u8>) {
        let mut head = [0; MAX_HEADER_LEN];
        let head_len = self.encode(&mut head);
        out.extend_from_slice(&head[..head_len]);
        let start = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = self.mask {
            apply_mask(&mut out[start..], key, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parse_reads_what_encode_wrote(
            fin in any::<bool>(),
            rsv in 0u8..8,
            opcode in 0u8..16,
            mask in any::<Option<[u8; 4]>>(),
            len in prop_oneof![0u64..200, 65_000u64..66_000, any::<u64>()],
        ) {
            let header = FrameHeader::new(fin, rsv, opcode, mask, len);
            let mut bytes = [0; MAX_HEADER_LEN];
            let written = header.encode(&mut bytes);
            prop_assert_eq!(header.frame_len(), written.saturating_add(len as usize));
            prop_assert_eq!(FrameHeader::parse(&bytes[..written]), HeaderParse::Complete(header, written));
            for end in 2..written {
                prop_assert_eq!(FrameHeader::parse(&bytes[..end]), HeaderParse::Incomplete(written));
            }
        }
    }

    #[test]
    fn lengths_take_the_fewest_bytes() {
        let mut out = [0; MAX_HEADER_LEN];
        for (len, size) in [(0, 2), (125, 2), (126, 4), (0xffff, 4), (0x1_0000, 10)] {
            assert_eq!(FrameHeader::new(true, 0, 2, None, len).encode(&mut out), size, "{len}");
        }
    }

    #[test]
    fn longer_lengths_than_needed_are_noticed() {
        for bytes in [&[0x82, 126, 0, 125][..], &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]] {
            let HeaderParse::Complete(header, _) = FrameHeader::parse(bytes) else { panic!("incomplete") };
            assert!(!header.minimal);
        }
    }
}
