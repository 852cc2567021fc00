//! Records in order.

use std::borrow::Cow;

use crate::engine::events::record::{EventKind, EventRecord, Payload, frame_bits, pack_fragments};
use crate::protocol::{Event, MessageKind, Violation, ViolationDetail, for_each_unit, pool};

/// Payloads up to this size are copied into the queue's common buffer. Longer ones keep their own
/// memory.
pub const SHORT_PAYLOAD: usize = 4096;

/// Text from this length on is turned into Latin-1 or UTF-16, so that JavaScript's thread only has
/// to copy it into a string.
const LONG_TEXT: usize = 256;

/// Stands for the code of a close frame without one.
pub const NO_CODE: u32 = u32::MAX;

/// Records in order, with the common buffer of their short payloads.
#[derive(Debug, Default)]
pub struct Queue {
    /// The records.
    pub records: Vec<EventRecord>,
    /// Short payloads, end to end.
    pub short: Vec<u8>,
    /// JavaScript will look here without a wake.
    pub(super) awake: bool,
}

impl Queue {
    /// Appends a record and returns its weight.
    pub fn push(&mut self, slot: u32, kind: EventKind, extra: u32, payload: Payload) -> usize {
        self.push_record(EventRecord { slot, kind, extra, payload, as_bytes: false })
    }

    fn push_record(&mut self, record: EventRecord) -> usize {
        let weight = record.weight();
        self.records.push(record);
        weight
    }

    /// Appends an event of the protocol and returns its weight.
    pub fn push_event(&mut self, slot: u32, event: Event<'_>) -> usize {
        let (kind, extra, payload) = match event {
            Event::Text { payload, ascii: true } => (EventKind::Latin1Text, 0, payload),
            Event::Text { payload, .. } if payload.len() >= LONG_TEXT => return self.push_text(slot, &payload),
            Event::Text { payload, .. } => (EventKind::Text, 0, payload),
            Event::TextBytes(payload) => return self.push_payload(slot, EventKind::Text, 0, payload, true),
            Event::Binary(payload) => (EventKind::Binary, 0, payload),
            Event::Fragments { payload, lengths } => {
                (EventKind::Fragments, 0, Cow::Owned(pack_fragments(payload, &lengths)))
            }
            Event::Deflated { kind: MessageKind::Text, payload } => (EventKind::DeflatedText, 0, payload),
            Event::Deflated { kind: MessageKind::Binary, payload } => (EventKind::DeflatedBinary, 0, payload),
            Event::Ping(payload) => (EventKind::Ping, 0, payload),
            Event::Pong(payload) => (EventKind::Pong, 0, payload),
            Event::Frame(frame) => {
                let extra = frame_bits(frame.mask.is_some(), frame.fin, frame.rsv, frame.opcode);
                (EventKind::Frame, extra, Cow::Owned(frame.payload))
            }
            Event::CloseRequested(close) => {
                let code = if close.malformed { 1005 } else { close.code.map_or(NO_CODE, u32::from) };
                let reason = Cow::Owned(close.reason);
                return self.push_payload(slot, EventKind::CloseRequested, code, reason, close.as_bytes);
            }
            Event::Violation(violation) => return self.push_violation(slot, violation),
            Event::CloseReplied => return self.push(slot, EventKind::CloseReplied, 0, Payload::Nothing),
            Event::Unresponsive => return self.push(slot, EventKind::Unresponsive, 0, Payload::Nothing),
            Event::CloseTimedOut => return self.push(slot, EventKind::CloseTimedOut, 0, Payload::Nothing),
        };
        self.push_payload(slot, kind, extra, payload, false)
    }

    /// Appends a record with a payload and returns its weight. `as_bytes` is as in [`EventRecord`].
    pub fn push_payload(
        &mut self,
        slot: u32,
        kind: EventKind,
        extra: u32,
        payload: Cow<'_, [u8]>,
        as_bytes: bool,
    ) -> usize {
        let payload = match payload {
            Cow::Owned(bytes) if bytes.len() > SHORT_PAYLOAD => Payload::Long(bytes),
            Cow::Borrowed(bytes) if bytes.len() > SHORT_PAYLOAD => Payload::Long(pool::copy(bytes)),
            bytes => {
                let start = self.short.len();
                self.short.extend_from_slice(&bytes);
                Payload::Short(start..self.short.len())
            }
        };
        self.push_record(EventRecord { slot, kind, extra, payload, as_bytes })
    }

    fn push_violation(&mut self, slot: u32, violation: Violation) -> usize {
        let payload = match violation.detail() {
            ViolationDetail::Nothing => Payload::Nothing,
            ViolationDetail::Number(number) => Payload::Count(number),
            ViolationDetail::Words(words) => Payload::Words(words),
        };
        self.push(slot, EventKind::Violation, violation.kind() as u32, payload)
    }

    /// Appends text that is not ASCII.
    fn push_text(&mut self, slot: u32, text: &[u8]) -> usize {
        // There are at most as many UTF-16 units as bytes.
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
        self.push_payload(slot, EventKind::Latin1Text, 0, Cow::Owned(latin1), false)
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

    /// Empties the queue. Keeps its memory, unless a burst has made it large.
    pub fn clear(&mut self) {
        self.records.clear();
        self.short.clear();
        self.records.shrink_to(4096);
        self.short.shrink_to(1 << 20);
    }
}
