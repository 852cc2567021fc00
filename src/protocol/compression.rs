//! Messages that are compressed (RFC 7692 §6), on their way between a connection and whoever
//! compresses them.
//!
//! That takes time, and needs nothing of the connection but its order. So a connection hands out
//! one message at a time to be deflated, and keeps what comes behind it. The other way it hands out
//! what is to be inflated, as [`Event::Deflated`].

use std::collections::VecDeque;

use super::deflate::{Deflater, DeflaterOptions, InflateError, Inflater};
use super::event::{Event, Violation};
use super::message::MessageKind;
use super::outbox::Outbox;
use super::pool;
use super::utf8::Utf8Stream;

/// What a message that was inflated may keep of the memory that is used for the next one.
const KEPT_CAPACITY: usize = 256 << 10;

/// permessage-deflate as it was negotiated, seen from one side.
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

/// A message to be deflated, apart from its connection: [`run`](Self::run) needs no lock.
#[derive(Debug)]
pub struct Work {
    pub(super) kind: MessageKind,
    /// The message, and then what it has become.
    pub(super) payload: Vec<u8>,
    pub(super) is_deflated: bool,
    deflater: Box<Deflater>,
    keeps_context: bool,
    /// Bytes of the message.
    len: usize,
    epoch: u32,
}

impl Work {
    /// Deflates the message.
    pub fn run(&mut self) {
        let mut deflated = pool::take(self.len / 2, self.len / 2);
        self.deflater.deflate(&self.payload, &mut deflated);
        // The peer's context has to learn what ours has learned, smaller or not.
        if self.keeps_context || deflated.len() < self.len {
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

/// Messages that wait to be deflated, and what waits behind them.
#[derive(Debug)]
pub(super) struct DeflateQueue {
    /// With the work that is under way, or else here.
    deflater: Option<Box<Deflater>>,
    keeps_context: bool,
    /// Begins with a message, unless work is under way.
    queue: VecDeque<Item>,
    /// Bytes of all that, and of the work under way.
    len: usize,
    /// Marks behind the work under way.
    marks: u32,
    /// Changes when what waits is thrown away, the work under way included.
    epoch: u32,
}

#[derive(Debug)]
enum Item {
    Message { kind: MessageKind, payload: Vec<u8>, marks: u32 },
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
    pub(super) fn new(compression: &Compression) -> Self {
        Self {
            deflater: Some(Box::new(Deflater::new(compression.deflater, compression.deflater_keeps_context))),
            keeps_context: compression.deflater_keeps_context,
            queue: VecDeque::new(),
            len: 0,
            marks: 0,
            epoch: 0,
        }
    }

    /// Whether what is sent now has to wait.
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

    pub(super) fn push_message(&mut self, kind: MessageKind, payload: Vec<u8>) {
        self.len += payload.len();
        self.queue.push_back(Item::Message { kind, payload, marks: 0 });
    }

    /// Lets `push` append frames behind what waits.
    pub(super) fn push_frames(&mut self, push: impl FnOnce(&mut Outbox)) {
        if !matches!(self.queue.back(), Some(Item::Frames { marks: 0, .. })) {
            self.queue.push_back(Item::Frames { frames: Outbox::default(), marks: 0 });
        }
        let Some(Item::Frames { frames, .. }) = self.queue.back_mut() else { return };
        let before = frames.len();
        push(frames);
        self.len += frames.len() - before;
    }

    /// Marks the place behind all that waits, if something does.
    pub(super) fn mark(&mut self) -> bool {
        match self.queue.back_mut() {
            Some(last) => *last.marks() += 1,
            None if self.deflater.is_none() => self.marks += 1,
            None => return false,
        }
        true
    }

    /// Marks that wait.
    pub(super) fn marked(&self) -> usize {
        let behind = self.queue.iter().map(|item| match item {
            Item::Message { marks, .. } | Item::Frames { marks, .. } => *marks as usize,
        });
        self.marks as usize + behind.sum::<usize>()
    }

    pub(super) fn take_work(&mut self) -> Option<Work> {
        let deflater = self.deflater.take()?;
        let Some(Item::Message { kind, payload, marks }) = self.queue.pop_front() else {
            // Frames never stand first: `finish` has moved them on.
            self.deflater = Some(deflater);
            return None;
        };
        self.marks = marks;
        let len = payload.len();
        let (keeps_context, epoch) = (self.keeps_context, self.epoch);
        Some(Work { kind, payload, is_deflated: false, deflater, keeps_context, len, epoch })
    }

    /// Whether the work is still wanted: then it is to be sent. [`release`](Self::release) follows.
    pub(super) fn take_back(&mut self, work: &Work) -> bool {
        let is_wanted = work.epoch == self.epoch;
        if is_wanted {
            self.len -= work.len;
        }
        is_wanted
    }

    /// The work is done with: moves the frames behind it to `outbox`, and tells `on_mark` the
    /// places that were marked.
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

    /// Throws away all that waits.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.len = 0;
        self.marks = 0;
        self.epoch += 1;
    }
}

/// Inflates the messages of one connection, in the order of their events.
#[derive(Debug)]
pub struct Decompressor {
    inflater: Inflater,
    limit: usize,
}

impl Decompressor {
    /// `limit` is the most that a message may become.
    pub fn new(compression: &Compression, limit: u64) -> Self {
        Self {
            inflater: Inflater::new(compression.inflate_window_bits, compression.inflater_keeps_context),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Changes the most that a message may become.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
    }

    /// The message that `payload` stands for. `memory` is used for it, and can be used again when
    /// the event is gone.
    ///
    /// # Errors
    /// When the peer has broken the protocol or the limit. The decompressor must not be used again.
    pub fn inflate<'m>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        memory: &'m mut Vec<u8>,
    ) -> Result<Event<'m>, Violation> {
        memory.clear();
        memory.shrink_to(KEPT_CAPACITY);
        self.inflater.inflate(payload, self.limit, memory).map_err(|error| match error {
            InflateError::Corrupt => Violation::InvalidCompression,
            InflateError::TooLarge => Violation::MessageTooLarge,
        })?;
        Ok(match kind {
            MessageKind::Binary => Event::Binary((&memory[..]).into()),
            MessageKind::Text => {
                let mut text = Utf8Stream::new();
                let ascii = text.push(memory).and_then(|()| text.finish()).map_err(|_| Violation::InvalidUtf8)?;
                Event::Text { payload: (&memory[..]).into(), ascii }
            }
        })
    }
}
