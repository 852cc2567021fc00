//! Events on their way to JavaScript.

use std::borrow::Cow;
use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::{SharedConnection, lock};
use crate::protocol::{Event, MessageKind, for_each_unit, pool};

/// Bytes that may wait for JavaScript in one environment before the sockets are no longer read.
const TOTAL_BOUND: usize = 64 << 20;

/// What a record counts for beside its payload. That is more than its memory: the bound is for the
/// time that JavaScript needs for records, while everything else waits.
const ENTRY_WEIGHT: usize = 1024;

/// Payloads up to this size are copied into the queue's common buffer, longer ones travel by themselves.
const SHORT_PAYLOAD: usize = 4096;

/// Text from this length on is turned into what JavaScript's strings consist of, so that its thread has only to copy it.
const LONG_TEXT: usize = 256;

/// Weight that took long to receive.
const MUCH: usize = 64 << 10;

/// Stands for the code of a close frame without one.
const NO_CODE: u32 = u32::MAX;

/// What happened. JavaScript knows the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// A text message of Latin-1, which ASCII is a part of.
    Latin1Text = 0,
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// A frame; `extra` has masked, fin, RSV and opcode as the bits 8, 7, 6–4 and 3–0.
    Frame = 3,
    /// A ping that JavaScript answers.
    Ping = 4,
    /// A pong.
    Pong = 5,
    /// The peer's close frame; `extra` is its code, `NO_CODE`, or 1005 for half a one; the reason is the payload.
    CloseRequested = 6,
    /// The peer answered our close frame.
    CloseReplied = 7,
    /// The peer broke the protocol; `extra` is the close code, the payload says how.
    Violation = 8,
    /// No answer to a keepalive ping.
    Unresponsive = 9,
    /// The close timeout passed.
    CloseTimedOut = 10,
    /// Output reached the kernel: the payload is how many marks were passed, `extra` is 1 if a full buffer is empty again.
    Flushed = 11,
    /// The peer ended the stream.
    End = 12,
    /// The connection broke; `extra` is the errno, the payload the system call.
    Failed = 13,
    /// JavaScript let go of the link: nothing of it follows, and its slot is free.
    Released = 14,
    /// A text message that is still compressed. JavaScript never sees one.
    DeflatedText = 15,
    /// A binary message that is still compressed. JavaScript never sees one.
    DeflatedBinary = 16,
    /// All that JavaScript has passed on up to here has come back. See [`ConnectionState::passed`](super::link::ConnectionState::passed).
    Passed = 17,
    /// There is output of a link whose bytes JavaScript moves.
    Output = 18,
}

/// The payload of a record.
#[derive(Debug)]
pub enum Payload {
    /// None.
    Nothing,
    /// Bytes in the queue's common buffer.
    Short(Range<usize>),
    /// Bytes of its own.
    Long(Vec<u8>),
    /// UTF-16 units, as bytes in this machine's order.
    Units(Vec<u8>),
    /// A count.
    Count(u64),
    /// Constant words.
    Words(&'static str),
}

/// One event of one link.
#[derive(Debug)]
pub struct EventRecord {
    /// The slot of the link.
    pub slot: u32,
    /// What it is.
    pub kind: EventKind,
    /// A number whose meaning depends on `kind`.
    pub extra: u32,
    /// The payload.
    pub payload: Payload,
}

impl EventRecord {
    /// Takes the record and leaves an empty one.
    pub fn take(&mut self) -> Self {
        let nothing = Self { slot: self.slot, kind: EventKind::Released, extra: 0, payload: Payload::Nothing };
        std::mem::replace(self, nothing)
    }

    /// Whether it is a message that is still to be inflated.
    pub fn is_deflated(&self) -> bool {
        matches!(self.kind, EventKind::DeflatedText | EventKind::DeflatedBinary)
    }

    /// What the record counts for in flow control.
    pub fn weight(&self) -> usize {
        ENTRY_WEIGHT
            + match &self.payload {
                Payload::Short(range) => range.len(),
                Payload::Long(bytes) | Payload::Units(bytes) => bytes.capacity(),
                Payload::Nothing | Payload::Count(_) | Payload::Words(_) => 0,
            }
    }

    /// Bytes of text that it brings.
    pub fn text_len(&self) -> usize {
        match (self.kind, &self.payload) {
            (EventKind::Latin1Text | EventKind::Text, Payload::Short(range)) => range.len(),
            (EventKind::Latin1Text | EventKind::Text, Payload::Long(bytes) | Payload::Units(bytes)) => bytes.len(),
            _ => 0,
        }
    }
}

/// Records in order, with the common buffer of their short payloads.
#[derive(Debug, Default)]
pub struct Queue {
    /// The records.
    pub records: Vec<EventRecord>,
    /// Short payloads, end to end.
    pub short: Vec<u8>,
    /// JavaScript will look here without being woken.
    awake: bool,
}

impl Queue {
    /// Appends a record and returns its weight.
    pub fn push(&mut self, slot: u32, kind: EventKind, extra: u32, payload: Payload) -> usize {
        let record = EventRecord { slot, kind, extra, payload };
        let weight = record.weight();
        self.records.push(record);
        weight
    }

    /// Appends an event of the protocol and says its weight.
    pub fn push_event(&mut self, slot: u32, event: Event<'_>) -> usize {
        let (kind, extra, payload) = match event {
            Event::Text { payload, ascii: true } => (EventKind::Latin1Text, 0, payload),
            Event::Text { payload, .. } if payload.len() >= LONG_TEXT => return self.push_text(slot, &payload),
            Event::Text { payload, .. } => (EventKind::Text, 0, payload),
            Event::Binary(payload) => (EventKind::Binary, 0, payload),
            Event::Deflated { kind: MessageKind::Text, payload } => (EventKind::DeflatedText, 0, payload),
            Event::Deflated { kind: MessageKind::Binary, payload } => (EventKind::DeflatedBinary, 0, payload),
            Event::Ping(payload) => (EventKind::Ping, 0, payload),
            Event::Pong(payload) => (EventKind::Pong, 0, payload),
            Event::Frame(frame) => {
                let bits = [frame.mask.is_some(), frame.fin].map(u32::from);
                let extra = bits[0] << 8 | bits[1] << 7 | u32::from(frame.rsv) << 4 | u32::from(frame.opcode);
                (EventKind::Frame, extra, Cow::Owned(frame.payload))
            }
            Event::CloseRequested(close) => {
                let code = if close.malformed { 1005 } else { close.code.map_or(NO_CODE, u32::from) };
                (EventKind::CloseRequested, code, Cow::Owned(close.reason.into_bytes()))
            }
            Event::Violation(violation) => {
                (EventKind::Violation, u32::from(violation.code()), Cow::Owned(violation.to_string().into_bytes()))
            }
            Event::CloseReplied => return self.push(slot, EventKind::CloseReplied, 0, Payload::Nothing),
            Event::Unresponsive => return self.push(slot, EventKind::Unresponsive, 0, Payload::Nothing),
            Event::CloseTimedOut => return self.push(slot, EventKind::CloseTimedOut, 0, Payload::Nothing),
        };
        self.push_payload(slot, kind, extra, payload)
    }

    /// Appends a record with a payload and returns its weight.
    pub fn push_payload(&mut self, slot: u32, kind: EventKind, extra: u32, payload: Cow<'_, [u8]>) -> usize {
        let payload = match payload {
            Cow::Owned(bytes) if bytes.len() > SHORT_PAYLOAD => Payload::Long(bytes),
            Cow::Borrowed(bytes) if bytes.len() > SHORT_PAYLOAD => Payload::Long(pool::copy(bytes)),
            bytes => {
                let start = self.short.len();
                self.short.extend_from_slice(&bytes);
                Payload::Short(start..self.short.len())
            }
        };
        self.push(slot, kind, extra, payload)
    }

    /// Appends text that is not ASCII.
    fn push_text(&mut self, slot: u32, text: &[u8]) -> usize {
        // There are at most as many units as bytes.
        let mut units = pool::take(2 * text.len(), 2 * text.len());
        let mut all = 0;
        for_each_unit(text, |unit| {
            all |= unit;
            units.extend_from_slice(&unit.to_ne_bytes());
        });
        if all > 0xff {
            return self.push(slot, EventKind::Text, 0, Payload::Units(units));
        }
        let mut latin1 = pool::take(units.len() / 2, units.len() / 2);
        latin1.extend(units.chunks_exact(2).map(|unit| unit[0] | unit[1]));
        pool::give(units);
        self.push_payload(slot, EventKind::Latin1Text, 0, Cow::Owned(latin1))
    }

    /// Moves all records of `other` behind these.
    pub fn append(&mut self, other: &mut Self) {
        if self.records.is_empty() {
            std::mem::swap(&mut self.records, &mut other.records);
            std::mem::swap(&mut self.short, &mut other.short);
            return;
        }
        let base = self.short.len();
        self.short.append(&mut other.short);
        self.records.extend(other.records.drain(..).map(|mut record| {
            if let Payload::Short(range) = &mut record.payload {
                *range = range.start + base..range.end + base;
            }
            record
        }));
    }

    /// Drops the first `n` records and their payloads.
    pub fn forget(&mut self, n: usize) {
        self.records.drain(..n);
        let starts = self.records.iter().filter_map(|record| match &record.payload {
            Payload::Short(range) => Some(range.start),
            _ => None,
        });
        let start = starts.min().unwrap_or(self.short.len());
        self.short.drain(..start);
        for record in &mut self.records {
            if let Payload::Short(range) = &mut record.payload {
                *range = range.start - start..range.end - start;
            }
        }
    }

    /// Bytes of memory.
    pub fn capacity(&self) -> usize {
        self.records.capacity() * size_of::<EventRecord>() + self.short.capacity()
    }

    /// Empties the queue and keeps its memory, unless a burst made it large.
    pub fn clear(&mut self) {
        self.records.clear();
        self.short.clear();
        self.records.shrink_to(4096);
        self.short.shrink_to(1 << 20);
    }
}

/// The events of one Node environment, from any thread to its JavaScript thread.
pub struct Inbox {
    queue: Mutex<Queue>,
    /// Weight of what JavaScript has not taken yet.
    total: AtomicUsize,
    /// JavaScript's own thread has pushed while nobody would look: it has to see to a drain.
    drain_owed: AtomicBool,
    /// The environment is gone.
    closed: AtomicBool,
    /// There are links in `stalled`, and no other link is read before they are.
    congested: AtomicBool,
    /// Links that are not read because of `total`.
    stalled: Mutex<Vec<Arc<SharedConnection>>>,
    /// Wakes JavaScript, from any thread.
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> Self {
        Self {
            queue: Mutex::default(),
            total: AtomicUsize::new(0),
            drain_owed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            congested: AtomicBool::new(false),
            stalled: Mutex::default(),
            wake: OnceLock::new(),
        }
    }

    /// Says how JavaScript is woken. Until then, only its own thread may push.
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // A second wake function would belong to the same environment, so the first one serves.
        let _ = self.wake.set(wake);
    }

    /// Takes over the records of `queue`, of this weight, and wakes JavaScript if it sleeps.
    pub fn append(&self, queue: &mut Queue, weight: usize) {
        let sleeps = self.fill(|own| {
            own.append(queue);
            weight
        });
        queue.clear();
        if sleeps && let Some(wake) = self.wake.get() {
            wake();
        }
    }

    /// Lets `fill` append records on JavaScript's own thread, which needs no waking: see
    /// [`take_drain_owed`](Self::take_drain_owed).
    pub fn push_locally(&self, fill: impl FnOnce(&mut Queue) -> usize) {
        if self.fill(fill) {
            self.drain_owed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether JavaScript's thread has to see to a drain. The one who asks sees to it.
    pub fn take_drain_owed(&self) -> bool {
        self.drain_owed.load(Ordering::Relaxed) && self.drain_owed.swap(false, Ordering::Relaxed)
    }

    /// Whether JavaScript slept.
    fn fill(&self, fill: impl FnOnce(&mut Queue) -> usize) -> bool {
        let mut queue = lock(&self.queue);
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        let weight = fill(&mut queue);
        let sleeps = !queue.records.is_empty() && !std::mem::replace(&mut queue.awake, true);
        // Counted before the lock is given back: JavaScript must not take what is not counted yet.
        self.total.fetch_add(weight, Ordering::SeqCst);
        sleeps
    }

    /// Swaps what has arrived into the empty queue `taken`. If nothing has, JavaScript is asleep from now on and the next
    /// push wakes it.
    pub fn take(&self, taken: &mut Queue) -> bool {
        let mut queue = lock(&self.queue);
        if queue.records.is_empty() {
            queue.awake = false;
            return false;
        }
        std::mem::swap(&mut queue.records, &mut taken.records);
        std::mem::swap(&mut queue.short, &mut taken.short);
        true
    }

    /// The environment is gone: nobody will take what is here, nor hold it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        *lock(&self.queue) = Queue::default();
        lock(&self.stalled).clear();
    }

    /// Puts JavaScript to sleep if nothing has arrived, as [`take`](Self::take) would do.
    pub fn sleep_if_empty(&self) -> bool {
        let mut queue = lock(&self.queue);
        let empty = queue.records.is_empty();
        queue.awake = !empty;
        empty
    }

    /// JavaScript looks for itself what arrives, until [`sleep_if_empty`](Self::sleep_if_empty).
    pub fn stay_awake(&self) {
        lock(&self.queue).awake = true;
    }

    /// Looks so many times whether something has arrived, without the lock.
    pub fn may_have_arrived(&self, looks: u32) -> bool {
        (0..looks).any(|_| {
            spin_loop();
            self.total.load(Ordering::SeqCst) > 0
        })
    }

    /// Whether so much waits that it took long to receive.
    pub fn holds_much(&self) -> bool {
        self.total.load(Ordering::SeqCst) > MUCH
    }

    /// Whether more waits than sockets may be read for.
    pub fn is_full(&self) -> bool {
        self.total.load(Ordering::SeqCst) > TOTAL_BOUND
    }

    /// Whether a socket may be read, as far as all of them together go. If not, `link` is kicked when there is room: it and
    /// the others that wait, before anybody else. Whoever came in between would leave them waiting for ever.
    pub fn admits(&self, link: &Arc<SharedConnection>) -> bool {
        if !self.congested.load(Ordering::SeqCst) && !self.is_full() {
            return true;
        }
        let mut stalled = lock(&self.stalled);
        if !self.closed.load(Ordering::SeqCst) {
            stalled.push(link.clone());
            self.congested.store(true, Ordering::SeqCst);
        }
        drop(stalled);
        // Looked at again after the flag is up: JavaScript may have made room in between.
        self.relieve();
        false
    }

    /// JavaScript took records of this weight.
    pub fn taken(&self, weight: usize) {
        self.total.fetch_sub(weight, Ordering::SeqCst);
        self.relieve();
    }

    /// Lets those go on that wait for room, if there is enough.
    fn relieve(&self) {
        if !self.congested.load(Ordering::SeqCst) || self.total.load(Ordering::SeqCst) > TOTAL_BOUND / 2 {
            return;
        }
        let mut stalled = lock(&self.stalled);
        self.congested.store(false, Ordering::SeqCst);
        let relieved = std::mem::take(&mut *stalled);
        drop(stalled);
        for link in relieved {
            link.kick();
        }
    }
}
