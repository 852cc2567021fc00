//! Messages, and how they are cut into frames (RFC 6455 §5.4, §5.6).

use std::ops::Range;

use super::frame::{MAX_HEADER_LEN, OpCode};

/// The two kinds of message (RFC 6455 §5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

impl MessageKind {
    /// The opcode of a message's first frame.
    pub const fn opcode(self) -> OpCode {
        match self {
            Self::Text => OpCode::Text,
            Self::Binary => OpCode::Binary,
        }
    }
}

/// One frame of an outgoing message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Text or binary for the first frame, continuation for the others.
    pub opcode: OpCode,
    /// Whether it is the last one.
    pub fin: bool,
    /// Which bytes of the message it carries.
    pub range: Range<usize>,
}

/// The frames of an outgoing message.
#[derive(Debug, Clone)]
pub struct Fragments {
    next: Option<(OpCode, usize)>,
    size: usize,
    len: usize,
}

impl Fragments {
    /// The frames of a message of `len` bytes: one, or as many as have at most `threshold` bytes
    /// each.
    pub fn new(kind: MessageKind, len: usize, threshold: Option<usize>) -> Self {
        let size = threshold.filter(|&threshold| len > threshold).unwrap_or(len);
        Self { next: Some((kind.opcode(), 0)), size, len }
    }
}

impl Fragments {
    /// What all of them take at most, headers included.
    pub fn encoded_len(&self) -> usize {
        let frames = self.len.div_ceil(self.size.max(1)).max(1);
        self.len.saturating_add(frames.saturating_mul(MAX_HEADER_LEN))
    }
}

impl Iterator for Fragments {
    type Item = Fragment;

    fn next(&mut self) -> Option<Fragment> {
        let (opcode, start) = self.next?;
        let end = self.len.min(start + self.size);
        let fin = end == self.len;
        self.next = (!fin).then_some((OpCode::Continuation, end));
        Some(Fragment { opcode, fin, range: start..end })
    }
}
