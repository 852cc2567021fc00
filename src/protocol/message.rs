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

/// How a message is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct SendOptions {
    /// The next message goes on with this one: this is a fragment, and not the last (RFC 6455
    /// §5.4).
    pub more: bool,
    /// Whether its frames are masked.
    pub masking: Masking,
}

impl SendOptions {
    /// Whether it is a whole message that is masked as usual.
    pub fn is_default(self) -> bool {
        !self.more && matches!(self.masking, Masking::ByRole)
    }
}

/// Whether a frame is masked.
#[derive(Debug, Clone, Copy, Default)]
pub enum Masking {
    /// As its sender's role demands (RFC 6455 §5.1).
    #[default]
    ByRole,
    /// Always, with keys from this source.
    Always(fn() -> [u8; 4]),
    /// Never.
    Never,
}

/// The masking keys of one message or control frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaskKeys {
    /// The key of the first frame, if the application has chosen it.
    pub chosen: Option<[u8; 4]>,
    /// The source of the others; `None` sends unmasked frames.
    pub source: Option<fn() -> [u8; 4]>,
}

impl MaskKeys {
    /// The key of the next frame.
    pub fn next(&mut self) -> Option<[u8; 4]> {
        let chosen = self.chosen.take();
        self.source.map(|source| chosen.unwrap_or_else(source))
    }
}

/// A message on its way out, or a fragment of one, without its payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// The opcode of its first frame.
    pub opcode: OpCode,
    /// It ends its message.
    pub fin: bool,
    pub mask_keys: MaskKeys,
}

impl Piece {
    /// Whether it is all of its message.
    pub fn is_whole(&self) -> bool {
        self.fin && self.opcode != OpCode::Continuation
    }

    /// Its frames: one, or as many as have at most `threshold` bytes each. `is_deflated` says that
    /// `payload` is compressed (RFC 7692 §6.1).
    pub fn frames(self, payload: &[u8], is_deflated: bool, threshold: Option<usize>) -> Frames<'_> {
        let is_first = self.opcode != OpCode::Continuation;
        Frames {
            next: Some((self.opcode, payload)),
            fin: self.fin,
            size: threshold.unwrap_or(payload.len()).max(1),
            mask_keys: self.mask_keys,
            rsv: if is_deflated && is_first { 0b100 } else { 0 },
        }
    }
}

/// The frames of one [`Piece`] (RFC 6455 §5.4): for each, its header and its part of the payload.
/// All ways of sending a message make their frames here.
#[derive(Debug)]
pub(super) struct Frames<'p> {
    /// The opcode of the next frame, and what is left of the payload; `None` after the last frame.
    next: Option<(OpCode, &'p [u8])>,
    /// Whether the last of them ends the message.
    fin: bool,
    /// Most payload bytes of a frame.
    size: usize,
    mask_keys: MaskKeys,
    /// RSV bits of the next frame.
    rsv: u8,
}

impl Frames<'_> {
    /// Appends all of them to `outbox`.
    pub fn push_to(self, outbox: &mut Outbox) {
        let len = self.next.map_or(0, |(_, payload)| payload.len());
        let count = len.div_ceil(self.size).max(1);
        outbox.reserve(len.saturating_add(count.saturating_mul(MAX_HEADER_LEN)));
        for (header, part) in self {
            outbox.push_frame(header, part);
        }
    }
}

impl<'p> Iterator for Frames<'p> {
    type Item = (FrameHeader, &'p [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (opcode, payload) = self.next?;
        let (part, rest) = payload.split_at(payload.len().min(self.size));
        self.next = (!rest.is_empty()).then_some((OpCode::Continuation, rest));
        let fin = self.fin && rest.is_empty();
        let rsv = std::mem::take(&mut self.rsv);
        let mask = self.mask_keys.next();
        Some((FrameHeader::new(fin, rsv, opcode as u8, mask, part.len() as u64), part))
    }
}
