//! What a peer that compresses has sent, on its way to the inbox.

use std::borrow::Cow;
use std::cell::RefCell;

use super::inbox::{Data, Entry, Kind, Queue};
use super::link::SharedConnection;
use super::pending::Outlet;
use crate::protocol::{Connection, Decompressor, Event, MessageKind, Violation, pool};

/// Weight that one connection brings before the others have their turn.
const SHARE: usize = 64 << 10;

/// Memory that an empty queue may keep.
const KEPT_CAPACITY: usize = 512;

thread_local! {
    /// The message that is being inflated.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Events in order, of which compressed messages are still to be inflated. That happens while JavaScript keeps up: a few
/// bytes may become a great many.
pub struct Inflow {
    decompressor: Decompressor,
    waiting: Queue,
    /// How many of `waiting` have gone.
    next: usize,
}

impl Inflow {
    /// An empty one, for a connection that has agreed on compression.
    pub fn of(connection: &Connection) -> Option<Self> {
        let config = connection.config();
        let decompressor = Decompressor::new(&config.compression?, config.max_message_size);
        Some(Self { decompressor, waiting: Queue::default(), next: 0 })
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.entries.is_empty()
    }

    /// Where events are put that have just been received.
    pub fn entrance(&mut self) -> &mut Queue {
        &mut self.waiting
    }

    /// Puts all events of `queue` behind those that wait.
    pub fn append(&mut self, queue: &mut Queue) {
        // What has gone is not kept: a peer that never lets the queue get empty could make it grow.
        if 2 * self.next >= self.waiting.entries.len() {
            self.waiting.forget(std::mem::take(&mut self.next));
        }
        self.waiting.append(queue);
    }

    /// Moves events on, inflated, while `may_go_on`, up to a share.
    pub fn advance(&mut self, link: &SharedConnection, outlet: &mut impl Outlet, may_go_on: impl Fn() -> bool) {
        let mut weight = 0;
        while self.next < self.waiting.entries.len() && weight < SHARE && may_go_on() {
            let entry = self.waiting.entries[self.next].take();
            self.next += 1;
            weight += self.pass(entry, link, outlet);
        }
        if self.next == self.waiting.entries.len() {
            self.clear();
        }
    }

    /// Says the weight of what came of `entry`.
    fn pass(&mut self, entry: Entry, link: &SharedConnection, outlet: &mut impl Outlet) -> usize {
        let Entry { slot, kind, extra, data } = entry;
        let payload = match data {
            Data::Short(range) => Cow::Borrowed(&self.waiting.short[range]),
            Data::Long(bytes) => Cow::Owned(bytes),
            data => return outlet.push(link, |queue| queue.push(slot, kind, extra, data)),
        };
        let message = match kind {
            Kind::DeflatedText => MessageKind::Text,
            Kind::DeflatedBinary => MessageKind::Binary,
            _ => return outlet.push(link, |queue| queue.push_payload(slot, kind, extra, payload)),
        };
        let result = MEMORY.with_borrow_mut(|memory| {
            let event = self.decompressor.inflate(message, &payload, memory)?;
            Ok(outlet.push(link, |queue| queue.push_event(slot, event)))
        });
        if let Cow::Owned(bytes) = payload {
            pool::give(bytes);
        }
        match result {
            Ok(weight) => weight,
            Err(violation) => self.give_up(violation, link, outlet),
        }
    }

    /// What was behind a message that is broken was said in a context that is lost.
    fn give_up(&mut self, violation: Violation, link: &SharedConnection, outlet: &mut impl Outlet) -> usize {
        let slot = link.slot;
        if link.state().connection.handle_undecodable() {
            outlet.push(link, |queue| queue.push_event(slot, Event::Violation(violation)));
        }
        while let Some(entry) = self.waiting.entries.get(self.next) {
            // Whoever counts these is still to learn that they have come by.
            if entry.kind == Kind::Passed {
                outlet.push(link, |queue| queue.push(slot, Kind::Passed, 0, Data::Nothing));
            }
            self.next += 1;
        }
        // Enough for one turn.
        SHARE
    }

    fn clear(&mut self) {
        self.next = 0;
        self.waiting.clear();
        if self.waiting.capacity() > KEPT_CAPACITY {
            self.waiting = Queue::default();
        }
    }
}
