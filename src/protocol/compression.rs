//! Compressed messages (RFC 7692 §6).
//!
//! Compressing takes time, and needs nothing of the connection but the order of its messages. So a
//! connection hands out one message at a time to be deflated, and keeps its later output in a
//! [`DeflateQueue`]. Received messages are handed out as [`Event::Deflated`], and inflated by a
//! [`Decompressor`].

use std::collections::VecDeque;

use super::deflate::{Deflater, DeflaterOptions, InflateError, Inflater};
use super::event::Event;
use super::message::{MessageKind, Piece};
use super::outbox::Outbox;
use super::pool;
use super::text::TextRules;
use super::violation::Violation;

/// Memory that is kept from one inflated message to the next.
const KEPT_CAPACITY: usize = 256 << 10;

/// permessage-deflate as it was negotiated, from one side's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// How our messages are deflated.
    pub deflater: DeflaterOptions,
    /// Whether our messages may refer to earlier ones.
    pub deflater_keeps_context: bool,
    /// How far back the peer's messages may refer, as a power of two.
    pub inflate_window_bits: u8,
    /// Whether the peer's messages may refer to earlier ones.
    pub inflater_keeps_context: bool,
    /// Shorter messages are sent as they are.
    pub threshold: usize,
}

/// A message to be deflated, or a fragment of one. [`run`](Self::run) needs no lock, because the
/// message is apart from its connection.
#[derive(Debug)]
pub struct Work {
    pub(super) piece: Piece,
    /// The message, and after `run` what is sent for it.
    pub(super) payload: Vec<u8>,
    pub(super) is_deflated: bool,
    deflater: Box<Deflater>,
    /// It is sent deflated even if that makes it longer.
    always: bool,
    /// Bytes of the message.
    len: usize,
    epoch: u32,
}

impl Work {
    /// Deflates the message.
    pub fn run(&mut self) {
        let mut deflated = pool::take(self.len / 2, self.len / 2);
        self.deflater.deflate_piece(&self.payload, self.piece.fin, &mut deflated);
        if self.always || deflated.len() < self.len {
            pool::give(std::mem::replace(&mut self.payload, deflated));
            self.is_deflated = true;
        } else {
            pool::give(deflated);
        }
    }

    /// Bytes of the message.
    pub fn size(&self) -> usize {
        self.len
    }
}

/// Messages to be deflated, and all output behind them, in order.
///
/// It exists because output may not overtake a message that is being deflated. Its only bound is
/// the high-water mark, which the application heeds: its bytes count in `Connection::backlog`.
#[derive(Debug)]
pub(super) struct DeflateQueue {
    /// `None` while work is under way, which has it.
    deflater: Option<Box<Deflater>>,
    /// Messages are sent deflated even if that makes them longer. If ours has a context, the peer's
    /// must get the same bytes.
    always: bool,
    /// The first item is a message, unless work is under way.
    queue: VecDeque<Item>,
    /// Bytes of all that, and of the work under way.
    len: usize,
    /// Marks behind the work under way.
    marks: u32,
    /// Changes when the queue is thrown away, with the work under way.
    epoch: u32,
}

#[derive(Debug)]
enum Item {
    Message { piece: Piece, payload: Vec<u8>, marks: u32 },
    Frames { frames: Outbox, marks: u32 },
}

impl Item {
    fn marks(&mut self) -> &mut u32 {
        match self {
            Self::Message { marks, .. } | Self::Frames { marks, .. } => marks,
        }
    }
}

impl DeflateQueue {
    /// With `always`, messages are sent deflated even if that makes them longer.
    pub(super) fn new(compression: &Compression, always: bool) -> Self {
        Self {
            deflater: Some(Box::new(Deflater::new(compression.deflater, compression.deflater_keeps_context))),
            always: always || compression.deflater_keeps_context,
            queue: VecDeque::new(),
            len: 0,
            marks: 0,
            epoch: 0,
        }
    }

    /// Whether new output has to be queued.
    pub(super) fn is_busy(&self) -> bool {
        self.deflater.is_none() || !self.queue.is_empty()
    }

    /// Whether there is work to take.
    pub(super) fn has_work(&self) -> bool {
        self.deflater.is_some() && !self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_message(&mut self, piece: Piece, payload: Vec<u8>) {
        self.len += payload.len();
        self.queue.push_back(Item::Message { piece, payload, marks: 0 });
    }

    /// Lets `push` append frames to the queue.
    pub(super) fn push_frames(&mut self, push: impl FnOnce(&mut Outbox)) {
        if !matches!(self.queue.back(), Some(Item::Frames { marks: 0, .. })) {
            self.queue.push_back(Item::Frames { frames: Outbox::default(), marks: 0 });
        }
        let Some(Item::Frames { frames, .. }) = self.queue.back_mut() else { return };
        let before = frames.len();
        push(frames);
        self.len += frames.len() - before;
    }

    /// Marks the end of the queue. Returns `false` if it is empty.
    pub(super) fn mark(&mut self) -> bool {
        match self.queue.back_mut() {
            Some(last) => *last.marks() += 1,
            None if self.deflater.is_none() => self.marks += 1,
            None => return false,
        }
        true
    }

    /// How many marks there are.
    pub(super) fn marked(&self) -> usize {
        let behind = self.queue.iter().map(|item| match item {
            Item::Message { marks, .. } | Item::Frames { marks, .. } => *marks as usize,
        });
        self.marks as usize + behind.sum::<usize>()
    }

    pub(super) fn take_work(&mut self) -> Option<Work> {
        let deflater = self.deflater.take()?;
        let Some(Item::Message { piece, payload, marks }) = self.queue.pop_front() else {
            // Frames are never first: `release` has moved them on.
            self.deflater = Some(deflater);
            return None;
        };
        self.marks = marks;
        let len = payload.len();
        // The fragments of a message are one stream.
        let always = self.always || !piece.is_whole();
        Some(Work { piece, payload, is_deflated: false, deflater, always, len, epoch: self.epoch })
    }

    /// Whether the work is still wanted. Then the caller sends it. [`release`](Self::release)
    /// follows.
    pub(super) fn take_back(&mut self, work: &Work) -> bool {
        let is_wanted = work.epoch == self.epoch;
        if is_wanted {
            self.len -= work.len;
        }
        is_wanted
    }

    /// The work is done. Moves the frames behind it to `outbox`, and passes the positions of marks
    /// to `on_mark`.
    pub(super) fn release(&mut self, work: Work, outbox: &mut Outbox, mut on_mark: impl FnMut(u64)) {
        pool::give(work.payload);
        self.deflater = Some(work.deflater);
        let mut tell = |outbox: &Outbox, marks: u32| {
            (0..marks).for_each(|_| on_mark(outbox.sent() + outbox.len() as u64));
        };
        tell(outbox, std::mem::take(&mut self.marks));
        while let Some(Item::Frames { frames, marks }) = self.queue.front_mut() {
            self.len -= frames.len();
            outbox.append(frames);
            tell(outbox, *marks);
            self.queue.pop_front();
        }
    }

    /// Throws the queue away. Returns how many marks it had.
    pub(super) fn clear(&mut self) -> usize {
        let marked = self.marked();
        self.queue.clear();
        self.len = 0;
        self.marks = 0;
        self.epoch += 1;
        marked
    }
}

/// Inflates the messages of one connection, in the order of their events.
#[derive(Debug)]
pub struct Decompressor {
    inflater: Inflater,
    limit: usize,
    text_rules: TextRules,
}

impl Decompressor {
    /// `limit` is the most bytes that an inflated message may have.
    pub fn new(compression: &Compression, limit: u64, text_rules: TextRules) -> Self {
        Self {
            inflater: Inflater::new(compression.inflate_window_bits, compression.inflater_keeps_context),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            text_rules,
        }
    }

    /// Changes what [`new`](Self::new) has got.
    pub fn set_rules(&mut self, limit: u64, text_rules: TextRules) {
        self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.text_rules = text_rules;
    }

    /// Inflates `payload` into `memory`, which the event borrows.
    ///
    /// # Errors
    /// When the peer has broken the protocol or the limit. Do not use the decompressor after that.
    pub fn inflate<'m>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        memory: &'m mut Vec<u8>,
    ) -> Result<Event<'m>, Violation> {
        memory.clear();
        memory.shrink_to(KEPT_CAPACITY);
        self.inflater.inflate(payload, self.limit, memory).map_err(|error| match error {
            InflateError::Corrupt(words) => Violation::InvalidCompression(words),
            InflateError::TooLarge => Violation::MessageTooLarge,
        })?;
        match kind {
            MessageKind::Binary => Ok(Event::Binary((&memory[..]).into())),
            MessageKind::Text => self.text_rules.judge((&memory[..]).into()),
        }
    }
}
