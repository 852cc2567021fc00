//! Decodes incoming bytes to frames and messages, at any split of the stream.

use std::borrow::Cow;

use super::config::Config;
use super::event::RawFrame;
use super::frame::{FrameHeader, HeaderParse, MAX_HEADER_LEN, OpCode};
use super::mask::apply_mask;
use super::message::MessageKind;
use super::pool;
use super::utf8::Utf8Stream;
use super::violation::Violation;

mod first_bytes;

use first_bytes::judge_first_bytes;

/// Most empty fragments of one message. They never reach a size limit, so they are counted.
const MAX_EMPTY_FRAGMENTS: u32 = 1024;

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

/// Memory for the next bytes of a long frame, so that a driver can read them without memory of its
/// own: at the end of `payload`, which has capacity for `room` bytes more.
#[derive(Debug)]
pub struct DirectRead<'a> {
    /// The message so far.
    pub payload: &'a mut Vec<u8>,
    /// Most bytes to read.
    pub room: usize,
}

/// One complete thing that was received.
#[derive(Debug)]
pub(super) enum Received<'d> {
    Text { payload: Cow<'d, [u8]>, ascii: bool },
    Binary(Cow<'d, [u8]>),
    Deflated { kind: MessageKind, payload: Cow<'d, [u8]> },
    Control(OpCode, Cow<'d, [u8]>),
    Frame(RawFrame),
}

/// The parts of a message or frame that is not complete, for inspection.
#[derive(Debug)]
pub struct Partial<'a> {
    /// The kind of the message whose fragments are arriving.
    pub message: Option<MessageKind>,
    /// The payload of its complete fragments.
    pub fragments: &'a [u8],
    /// The frame whose payload is arriving, and how much of the payload has arrived.
    pub frame: Option<(FrameHeader, u64)>,
    /// Bytes of a header that is not complete.
    pub header: usize,
}

impl Partial<'_> {
    /// Everything is complete.
    pub(super) const NOTHING: Self = Self { message: None, fragments: &[], frame: None, header: 0 };
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
                self.on_data_piece(&frame, piece)?
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

    /// Memory for the next bytes of the frame, if at least `least` bytes of the message are there
    /// and at least `least` bytes of the frame are to come. There is room for as many bytes as were
    /// received, or for the whole frame if the pool has such a piece.
    pub(super) fn direct_read(&mut self, least: usize, config: &Config) -> Option<DirectRead<'_>> {
        let have = self.payload.len();
        let frame = self.frame.filter(|frame| frame.remaining() >= least as u64 && !frame.opcode.is_control())?;
        if have < least || !config.assemble_fragments {
            return None;
        }
        let remaining = usize::try_from(frame.remaining()).unwrap_or(usize::MAX);
        if self.payload.capacity() - have < least.div_ceil(2) {
            let step = remaining.min(have);
            match pool::take_kept(have.saturating_add(remaining)) {
                Some(piece) => pool::move_to(piece, &mut self.payload),
                // Half of the step is enough, so the pool's rounding stays below the step.
                None => pool::reserve(&mut self.payload, step.div_ceil(2), step),
            }
        }
        let room = remaining.min(self.payload.capacity() - have);
        Some(DirectRead { payload: &mut self.payload, room })
    }

    /// Decodes the last `n` bytes of the payload, which the driver has read.
    pub(super) fn on_direct_read(&mut self, n: usize) -> Result<Option<Received<'static>>, Violation> {
        let Some(mut frame) = self.frame.take() else { return Ok(None) };
        let start = self.payload.len() - n;
        let is_plain_text = self.is_plain_text();
        let piece = &mut self.payload[start..];
        if let Some(key) = frame.header.mask {
            apply_mask(piece, key, (frame.received % 4) as usize);
        }
        frame.received += n as u64;
        if is_plain_text {
            self.utf8.push(piece).map_err(|_| Violation::InvalidUtf8)?;
        }
        if frame.remaining() > 0 {
            self.frame = Some(frame);
            return Ok(None);
        }
        if !frame.header.fin {
            return Ok(None);
        }
        let payload = Cow::Owned(std::mem::take(&mut self.payload));
        self.finish_message(payload).map(Some)
    }

    /// Whether a header, frame or message is not complete.
    pub(super) fn is_unfinished(&self) -> bool {
        self.header_len > 0 || self.frame.is_some() || self.message.is_some()
    }

    /// The parts of a message or frame that is not complete.
    pub(super) fn partial(&self) -> Partial<'_> {
        let current = self.frame.filter(|frame| !frame.opcode.is_control()).map_or(0, |frame| frame.received as usize);
        // If messages are not assembled, `payload` may be that of a control frame. There is no
        // message in it then.
        let fragments = self.payload.len().saturating_sub(current);
        Partial {
            message: self.message.filter(|_| self.fragments > 0 && (fragments > 0 || current == 0)),
            fragments: &self.payload[..fragments],
            frame: self.frame.map(|frame| (frame.header, frame.received)),
            header: usize::from(self.header_len),
        }
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
                    judge_first_bytes(input.rest[0], input.rest[1], config, self.message)?;
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
                        judge_first_bytes(self.header[0], self.header[1], config, self.message)?;
                    }
                }
            }
        }
    }

    /// Judges the lengths of a header, and begins its frame.
    fn open_frame(&mut self, header: FrameHeader, config: &Config) -> Result<OpenFrame, Violation> {
        let opcode = OpCode::from_bits(header.opcode).ok_or(Violation::ReservedOpcode(header.opcode))?;
        if header.len > i64::MAX as u64 {
            return Err(Violation::LengthForbidden);
        }
        if header.len > u64::from(u32::MAX) {
            return Err(Violation::LengthUnsupported);
        }
        if !header.minimal {
            return Err(Violation::LengthNotMinimal);
        }
        if header.len > config.max_frame_size {
            return Err(Violation::FrameTooLarge(header.len));
        }
        if !opcode.is_control() {
            self.open_fragment(&header, opcode, config)?;
        }
        Ok(OpenFrame { header, opcode, received: 0 })
    }

    fn open_fragment(&mut self, header: &FrameHeader, opcode: OpCode, config: &Config) -> Result<(), Violation> {
        let whole = self.message.is_none() && header.fin;
        if !whole && config.assemble_fragments {
            if self.payload.len() as u64 + header.len > config.max_message_size {
                return Err(Violation::MessageTooLarge);
            }
            self.fragments += 1;
            self.empty_fragments += u32::from(header.len == 0);
            if self.empty_fragments > MAX_EMPTY_FRAGMENTS
                || config.max_fragments.is_some_and(|most| self.fragments > most)
            {
                return Err(Violation::TooManyFragments);
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

    fn on_data_piece<'d>(&mut self, frame: &OpenFrame, piece: &'d mut [u8]) -> Result<Option<Received<'d>>, Violation> {
        if self.is_plain_text() {
            self.utf8.push(piece).map_err(|_| Violation::InvalidUtf8)?;
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
        self.finish_message(payload).map(Some)
    }

    fn is_plain_text(&self) -> bool {
        self.message == Some(MessageKind::Text) && !self.deflated
    }

    fn finish_message<'d>(&mut self, payload: Cow<'d, [u8]>) -> Result<Received<'d>, Violation> {
        let kind = self.message.take().unwrap_or(MessageKind::Binary);
        self.fragments = 0;
        self.empty_fragments = 0;
        if self.deflated {
            return Ok(Received::Deflated { kind, payload });
        }
        Ok(match kind {
            MessageKind::Text => {
                let ascii = self.utf8.finish().map_err(|_| Violation::InvalidUtf8)?;
                Received::Text { payload, ascii }
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
