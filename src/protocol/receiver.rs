//! Decodes incoming bytes to frames and messages, at any split of the stream.

use std::borrow::Cow;

use super::config::Config;
use super::dialect::Dialect;
use super::event::RawFrame;
use super::frame::{FrameHeader, HeaderParse, MAX_HEADER_LEN, OpCode};
use super::header_rules::{Expected, FirstBytes};
use super::mask::apply_mask;
use super::message::MessageKind;
use super::pool;
use super::utf8::{InvalidUtf8, Utf8Stream};
use super::violation::Violation;

pub(super) mod direct;
pub(super) mod partial;

/// Received bytes that are being decoded. Decoding unmasks them in place.
#[derive(Debug)]
pub struct Input<'d> {
    rest: &'d mut [u8],
}

impl<'d> Input<'d> {
    /// Bytes as they came from the peer.
    pub fn new(bytes: &'d mut [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, n: usize) -> &'d mut [u8] {
        let (taken, rest) = std::mem::take(&mut self.rest).split_at_mut(n);
        self.rest = rest;
        taken
    }
}

/// One complete thing that was received.
#[derive(Debug)]
pub(super) enum Received<'d> {
    Text { payload: Cow<'d, [u8]>, ascii: bool },
    Binary(Cow<'d, [u8]>),
    Fragments { payload: Cow<'d, [u8]>, lengths: Vec<u32> },
    Deflated { kind: MessageKind, payload: Cow<'d, [u8]> },
    Control(OpCode, Cow<'d, [u8]>),
    Frame(RawFrame),
}

/// Decodes frames and assembles messages. Holds the unfinished header, frame and message.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    header: [u8; MAX_HEADER_LEN],
    header_len: u8,
    frame: Option<OpenFrame>,
    /// The message whose fragments are arriving.
    message: Option<MessageKind>,
    /// That message is compressed.
    deflated: bool,
    /// The payload so far: of the message, or of the frame if messages are not assembled.
    payload: Vec<u8>,
    /// The payload so far of a control frame.
    control: Vec<u8>,
    utf8: Utf8Stream,
    fragments: u32,
    empty_fragments: u32,
    /// Whether binary messages are [`Received::Fragments`].
    keeps_lengths: bool,
    /// The lengths of the fragments so far that are not empty, if they are kept.
    lengths: Vec<u32>,
}

/// A frame whose header is complete.
#[derive(Debug, Clone, Copy)]
struct OpenFrame {
    header: FrameHeader,
    opcode: OpCode,
    received: u64,
}

impl OpenFrame {
    fn remaining(&self) -> u64 {
        self.header.len - self.received
    }
}

impl Receiver {
    /// Decodes up to the next complete thing. `None` means that `input` is used up.
    pub(super) fn poll<'d>(
        &mut self,
        input: &mut Input<'d>,
        config: &Config,
    ) -> Result<Option<Received<'d>>, Violation> {
        loop {
            let Some(mut frame) = self.frame.take() else {
                match self.read_header(input, config)? {
                    Some(frame) => self.frame = Some(frame),
                    None => return Ok(None),
                }
                continue;
            };
            let available = input.rest.len().min(usize::try_from(frame.remaining()).unwrap_or(usize::MAX));
            let piece = input.take(available);
            if let Some(key) = frame.header.mask {
                apply_mask(piece, key, (frame.received % 4) as usize);
            }
            frame.received += available as u64;
            let received = if !config.assemble_fragments {
                self.on_raw_piece(&frame, piece)
            } else if frame.opcode.is_control() {
                self.on_control_piece(&frame, piece)
            } else {
                self.on_data_piece(&frame, piece, config)?
            };
            if frame.remaining() > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            if received.is_some() {
                return Ok(received);
            }
        }
    }

    /// Whether a header, frame or message is not complete.
    pub(super) fn is_unfinished(&self) -> bool {
        self.header_len > 0 || self.frame.is_some() || self.message.is_some()
    }

    /// Bytes of the unfinished message or frame.
    pub(super) fn buffered(&self) -> usize {
        self.payload.len() + self.control.len()
    }

    /// Bytes reserved for the unfinished message or frame.
    pub(super) fn capacity(&self) -> usize {
        self.payload.capacity() + self.control.capacity()
    }

    fn read_header(&mut self, input: &mut Input<'_>, config: &Config) -> Result<Option<OpenFrame>, Violation> {
        let header = if self.header_len == 0 {
            match FrameHeader::parse(input.rest) {
                HeaderParse::Complete(header, taken) => {
                    self.judge_first_bytes([input.rest[0], input.rest[1]], config)?;
                    input.take(taken);
                    Some(header)
                }
                HeaderParse::Incomplete(_) => self.collect_header(input, config)?,
            }
        } else {
            self.collect_header(input, config)?
        };
        header.map(|header| self.open_frame(header, config)).transpose()
    }

    /// Reads a header that arrives in pieces. Judges its first two bytes as soon as they are there.
    fn collect_header(&mut self, input: &mut Input<'_>, config: &Config) -> Result<Option<FrameHeader>, Violation> {
        loop {
            let have = usize::from(self.header_len);
            match FrameHeader::parse(&self.header[..have]) {
                HeaderParse::Complete(header, _) => {
                    self.header_len = 0;
                    return Ok(Some(header));
                }
                HeaderParse::Incomplete(need) => {
                    let taken = input.take(input.rest.len().min(need - have));
                    if taken.is_empty() {
                        return Ok(None);
                    }
                    self.header[have..have + taken.len()].copy_from_slice(taken);
                    self.header_len += taken.len() as u8;
                    if have < 2 && self.header_len == 2 {
                        self.judge_first_bytes([self.header[0], self.header[1]], config)?;
                    }
                }
            }
        }
    }

    fn judge_first_bytes(&self, bytes: [u8; 2], config: &Config) -> Result<(), Violation> {
        let (compression, masking) = (config.compression.is_some(), config.require_masking);
        let expected = Expected { compression, masking, message: self.message };
        (config.dialect.judge_first_bytes)(FirstBytes(bytes), &expected)
    }

    /// Judges the lengths of a header, and begins its frame.
    fn open_frame(&mut self, header: FrameHeader, config: &Config) -> Result<OpenFrame, Violation> {
        let opcode = OpCode::from_bits(header.opcode).ok_or(Violation::ReservedOpcode(header.opcode))?;
        (config.dialect.judge_length)(header.len, header.minimal)?;
        if header.len > config.max_frame_size {
            return Err(Violation::FrameTooLarge(header.len));
        }
        if !opcode.is_control() {
            self.open_fragment(&header, opcode, config)?;
        }
        Ok(OpenFrame { header, opcode, received: 0 })
    }

    fn open_fragment(&mut self, header: &FrameHeader, opcode: OpCode, config: &Config) -> Result<(), Violation> {
        let Dialect { limits_whole_messages, counts_complete_fragments, most_empty_fragments, .. } = *config.dialect;
        let is_fragment = config.assemble_fragments && (self.message.is_some() || !header.fin);
        let is_limited = if limits_whole_messages { header.len > 0 } else { is_fragment };
        if is_limited && self.payload.len() as u64 + header.len > config.max_message_size {
            return Err(Violation::MessageTooLarge);
        }
        if is_fragment {
            self.empty_fragments += u32::from(header.len == 0);
            if self.empty_fragments > most_empty_fragments {
                return Err(Violation::TooManyFragments);
            }
            if !counts_complete_fragments {
                self.count_fragment(config)?;
            }
        }
        let kind = match opcode {
            OpCode::Text => MessageKind::Text,
            OpCode::Binary => MessageKind::Binary,
            _ => return Ok(()),
        };
        self.message = Some(kind);
        self.deflated = header.rsv != 0;
        Ok(())
    }

    fn count_fragment(&mut self, config: &Config) -> Result<(), Violation> {
        self.fragments += 1;
        let is_too_much = config.max_fragments.is_some_and(|most| self.fragments > most);
        if is_too_much { Err(Violation::TooManyFragments) } else { Ok(()) }
    }

    fn on_data_piece<'d>(
        &mut self,
        frame: &OpenFrame,
        piece: &'d mut [u8],
        config: &Config,
    ) -> Result<Option<Received<'d>>, Violation> {
        if self.checks_utf8(config) {
            judge_text(self.utf8.push(piece), config)?;
        }
        if frame.remaining() == 0 {
            self.complete_fragment(frame.header.len, config)?;
        }
        let ends = frame.header.fin && frame.remaining() == 0;
        let payload = if ends && self.payload.is_empty() {
            Cow::Borrowed(&*piece)
        } else {
            // The lengths of later fragments are not known yet.
            let later = if frame.header.fin { frame.remaining() } else { u64::MAX };
            self.reserve(piece.len(), later);
            self.payload.extend_from_slice(piece);
            if !ends {
                return Ok(None);
            }
            Cow::Owned(std::mem::take(&mut self.payload))
        };
        self.finish_message(payload, config).map(Some)
    }

    /// Whether the message that is arriving is text to be checked. Compressed text is checked when
    /// it is inflated.
    fn checks_utf8(&self, config: &Config) -> bool {
        config.checks_utf8 && self.message == Some(MessageKind::Text) && !self.deflated
    }

    /// Sets whether binary messages that are not compressed are [`Received::Fragments`].
    pub(super) fn keep_lengths(&mut self, keeps_lengths: bool) {
        self.keeps_lengths = keeps_lengths;
    }

    /// All bytes of a data frame of this length have arrived.
    fn complete_fragment(&mut self, len: u64, config: &Config) -> Result<(), Violation> {
        if self.keeps_lengths && len > 0 {
            self.lengths.push(u32::try_from(len).unwrap_or(u32::MAX));
        }
        if config.dialect.counts_complete_fragments { self.count_fragment(config) } else { Ok(()) }
    }

    fn finish_message<'d>(&mut self, payload: Cow<'d, [u8]>, config: &Config) -> Result<Received<'d>, Violation> {
        let checks_utf8 = self.checks_utf8(config);
        let kind = self.message.take().unwrap_or(MessageKind::Binary);
        self.fragments = 0;
        self.empty_fragments = 0;
        let lengths = std::mem::take(&mut self.lengths);
        if self.deflated {
            return Ok(Received::Deflated { kind, payload });
        }
        Ok(match kind {
            MessageKind::Text => {
                let ascii = checks_utf8 && self.utf8.finish().map_err(|_| Violation::InvalidUtf8)?;
                Received::Text { payload, ascii }
            }
            MessageKind::Binary if self.keeps_lengths => {
                let lengths = all_lengths(lengths, payload.len());
                Received::Fragments { payload, lengths }
            }
            MessageKind::Binary => Received::Binary(payload),
        })
    }

    fn on_control_piece<'d>(&mut self, frame: &OpenFrame, piece: &'d mut [u8]) -> Option<Received<'d>> {
        let ends = frame.remaining() == 0;
        if ends && self.control.is_empty() {
            return Some(Received::Control(frame.opcode, Cow::Borrowed(piece)));
        }
        self.control.extend_from_slice(piece);
        ends.then(|| Received::Control(frame.opcode, Cow::Owned(std::mem::take(&mut self.control))))
    }

    fn on_raw_piece<'d>(&mut self, frame: &OpenFrame, piece: &[u8]) -> Option<Received<'d>> {
        self.reserve(piece.len(), frame.remaining());
        self.payload.extend_from_slice(piece);
        if frame.remaining() > 0 {
            return None;
        }
        let FrameHeader { fin, rsv, opcode, mask, .. } = frame.header;
        if fin && !frame.opcode.is_control() {
            self.message = None;
        }
        let payload = std::mem::take(&mut self.payload);
        Some(Received::Frame(RawFrame { fin, rsv, opcode, mask, payload }))
    }

    /// Makes room for `now` bytes. Grows by doubling, so that at most twice the received bytes are
    /// reserved, but not beyond the `later` bytes that can still come.
    fn reserve(&mut self, now: usize, later: u64) {
        let most = usize::try_from(later).unwrap_or(usize::MAX).min(self.payload.len() + now);
        pool::reserve(&mut self.payload, now, now + most);
    }
}

/// The lengths of all fragments of a message of `len` bytes. What arrived before they were kept is
/// one piece.
fn all_lengths(mut lengths: Vec<u32>, len: usize) -> Vec<u32> {
    let kept: usize = lengths.iter().map(|&length| length as usize).sum();
    if kept < len {
        lengths.insert(0, u32::try_from(len - kept).unwrap_or(u32::MAX));
    }
    lengths
}

/// Judges a piece of text that is not at its end.
fn judge_text(verdict: Result<(), InvalidUtf8>, config: &Config) -> Result<(), Violation> {
    if config.dialect.fails_text_early { verdict.map_err(|_| Violation::InvalidUtf8) } else { Ok(()) }
}
