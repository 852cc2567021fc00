//! Received events whose compressed messages are inflated on the way to the inbox.
//!
//! It exists because messages are inflated only while JavaScript keeps up: a few bytes may become a
//! megabyte. Events behind a compressed message have to stay behind it. Its bound is one read of
//! the socket, or one long message, because the socket is not read while something is in here. On
//! the stream transport it is what JavaScript has handed over, which JavaScript bounds.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::engine::events::queue::Queue;
use crate::engine::events::record::{EventKind, EventRecord, Payload};
use crate::engine::events::sinks::EventSink;
use crate::engine::link::shared_connection::SharedConnection;
use crate::protocol::{Connection, Decompressor, Event, MessageKind, Violation, pool};

/// Weight of one connection's events before the others have their turn.
const SHARE: usize = 64 << 10;

/// Memory that an empty queue may keep.
const KEPT_CAPACITY: usize = 512;

thread_local! {
    /// The message that is being inflated.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Events in order, with compressed messages that are still to be inflated.
pub struct InflateQueue {
    decompressor: Decompressor,
    queue: Queue,
    /// How many records of `queue` have moved on.
    next: usize,
}

impl InflateQueue {
    /// An empty queue, if compression was agreed on for the connection.
    pub fn of(connection: &Connection) -> Option<Self> {
        let config = connection.config();
        let decompressor = Decompressor::new(&config.compression?, config.max_message_size, connection.text_rules());
        Some(Self { decompressor, queue: Queue::default(), next: 0 })
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.queue.records.is_empty()
    }

    /// The queue that takes events that were just received.
    pub fn entrance(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Appends all events of `queue`.
    pub fn append(&mut self, queue: &mut Queue) {
        // Records that have moved on are not kept. A peer that never lets the queue get empty could
        // make it grow.
        if 2 * self.next >= self.queue.records.len() {
            self.queue.forget(std::mem::take(&mut self.next));
        }
        self.queue.append(queue);
    }

    /// Inflates and moves events on to `sink`, while `may_go_on` returns `true`, up to a share.
    pub fn advance(&mut self, link: &SharedConnection, sink: &mut impl EventSink, may_go_on: impl Fn() -> bool) {
        let mut weight = 0;
        if !self.is_empty() {
            // JavaScript may have changed them.
            let state = link.state();
            self.decompressor.set_rules(state.connection.config().max_message_size, state.connection.text_rules());
        }
        while self.next < self.queue.records.len() && weight < SHARE && may_go_on() {
            let record = self.queue.records[self.next].take();
            self.next += 1;
            weight += self.pass(record, link, sink);
        }
        if self.next == self.queue.records.len() {
            self.clear();
        }
    }

    /// Moves one event on, inflated. Returns its weight.
    fn pass(&mut self, record: EventRecord, link: &SharedConnection, sink: &mut impl EventSink) -> usize {
        let EventRecord { slot, kind, extra, payload, as_bytes } = record;
        let payload = match payload {
            Payload::Short(range) => Cow::Borrowed(&self.queue.short[range]),
            Payload::Long(bytes) => Cow::Owned(bytes),
            payload => return sink.push(link, |queue| queue.push(slot, kind, extra, payload)),
        };
        let message = match kind {
            EventKind::DeflatedText => MessageKind::Text,
            EventKind::DeflatedBinary => MessageKind::Binary,
            _ => return sink.push(link, |queue| queue.push_payload(slot, kind, extra, payload, as_bytes)),
        };
        let result = MEMORY.with_borrow_mut(|memory| {
            let event = self.decompressor.inflate(message, &payload, memory)?;
            Ok(sink.push(link, |queue| queue.push_event(slot, event)))
        });
        if let Cow::Owned(bytes) = payload {
            pool::give(bytes);
        }
        match result {
            Ok(weight) => weight,
            Err(violation) => self.give_up(violation, link, sink),
        }
    }

    /// A message is broken. The messages behind it can't be inflated, since their context is lost.
    fn give_up(&mut self, violation: Violation, link: &SharedConnection, sink: &mut impl EventSink) -> usize {
        let slot = link.slot;
        if link.state().connection.handle_undecodable() {
            sink.push(link, |queue| queue.push_event(slot, Event::Violation(violation)));
        }
        while let Some(record) = self.queue.records.get(self.next) {
            // JavaScript counts these records, so deliver them anyway.
            if record.kind == EventKind::HandedBack {
                sink.push(link, |queue| queue.push(slot, EventKind::HandedBack, 0, Payload::Nothing));
            }
            self.next += 1;
        }
        // Enough for one turn.
        SHARE
    }

    fn clear(&mut self) {
        self.next = 0;
        self.queue.clear();
        if self.queue.capacity() > KEPT_CAPACITY {
            self.queue = Queue::default();
        }
    }
}
