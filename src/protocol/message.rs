//! Messages, and how they are cut into frames (RFC 6455 §5.4, §5.6).

use super::frame::{FrameHeader, MAX_HEADER_LEN, OpCode};
use super::outbox::Outbox;

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

/// The frames of one outgoing message (RFC 6455 §5.4): for each, its header and its piece of the
/// payload. All ways of sending a message make their frames here.
#[derive(Debug)]
pub(super) struct Frames<'p> {
    /// The opcode of the next frame, and what is left of the payload; `None` after the last frame.
    next: Option<(OpCode, &'p [u8])>,
    /// Most payload bytes of a frame.
    size: usize,
    mask_key: Option<fn() -> [u8; 4]>,
    /// RSV bits of the next frame.
    rsv: u8,
}

impl<'p> Frames<'p> {
    /// One frame, or as many as have at most `threshold` bytes each. `is_deflated` says that
    /// `payload` is compressed (RFC 7692 §6.1). Each frame is masked by a new `mask_key`, if there
    /// is one.
    pub fn new(
        kind: MessageKind,
        payload: &'p [u8],
        is_deflated: bool,
        threshold: Option<usize>,
        mask_key: Option<fn() -> [u8; 4]>,
    ) -> Self {
        let size = threshold.unwrap_or(payload.len()).max(1);
        let rsv = if is_deflated { 0b100 } else { 0 };
        Self { next: Some((kind.opcode(), payload)), size, mask_key, rsv }
    }

    /// Appends all of them to `outbox`.
    pub fn push_to(self, outbox: &mut Outbox) {
        let len = self.next.map_or(0, |(_, payload)| payload.len());
        let count = len.div_ceil(self.size).max(1);
        outbox.reserve(len.saturating_add(count.saturating_mul(MAX_HEADER_LEN)));
        for (header, piece) in self {
            outbox.push_frame(header, piece);
        }
    }
}

impl<'p> Iterator for Frames<'p> {
    type Item = (FrameHeader, &'p [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (opcode, payload) = self.next?;
        let (piece, rest) = payload.split_at(payload.len().min(self.size));
        let fin = rest.is_empty();
        self.next = (!fin).then_some((OpCode::Continuation, rest));
        let rsv = std::mem::take(&mut self.rsv);
        let mask = self.mask_key.map(|key| key());
        Some((FrameHeader::new(fin, rsv, opcode as u8, mask, piece.len() as u64), piece))
    }
}
