//! The ways of an event into an inbox.

use std::sync::Arc;

use crate::engine::events::inbox::Inbox;
use crate::engine::events::queue::Queue;

/// A batch is delivered before all links have had their turns if it has at least so many events and
/// so much weight. Waking JavaScript costs as much as a few messages, but it should not sleep for
/// long while there is work for it.
const LEAST_ENTRIES: usize = 32;
const LEAST_WEIGHT: usize = 256 << 10;

/// A link, as the source of events.
pub trait EventSource {
    /// The inbox of its events.
    fn inbox(&self) -> &Arc<Inbox>;

    /// Events of this weight wait for JavaScript from now on.
    fn count(&self, weight: usize);
}

/// Takes the events of links.
pub trait EventSink {
    /// Lets `fill` append events of `source`. `fill` returns their weight, and so does this.
    fn push(&mut self, source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize;
}

/// The sink of JavaScript's own thread: straight into the inbox. The caller asks for the drain.
pub struct DirectSink;

impl EventSink for DirectSink {
    fn push(&mut self, source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize {
        let mut weight = 0;
        source.inbox().push_locally(|queue| {
            weight = fill(queue);
            source.count(weight);
            weight
        });
        weight
    }
}

/// The owner of the queue delivers its records.
impl EventSink for Queue {
    fn push(&mut self, _source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize {
        fill(self)
    }
}

/// The sink of an I/O thread. It exists so that the events of one turn, of many links, cost one
/// lock of the inbox and at most one wake.
///
/// Its bound is one turn. A turn reads each link a few times, and a batch that is large is
/// delivered between two links.
#[derive(Default)]
pub struct BatchSink {
    /// The inbox of these events.
    inbox: Option<Arc<Inbox>>,
    queue: Queue,
    weight: usize,
}

impl BatchSink {
    /// Delivers the batch if it is large. Call this while no link is locked: JavaScript may want
    /// that link as soon as it is awake.
    pub fn deliver_if_much(&mut self) {
        if self.queue.records.len() >= LEAST_ENTRIES && self.weight >= LEAST_WEIGHT {
            self.deliver();
        }
    }

    /// Delivers the batch.
    pub fn deliver(&mut self) {
        if let Some(inbox) = &self.inbox
            && !self.queue.records.is_empty()
        {
            inbox.append(&mut self.queue, self.weight);
            self.weight = 0;
        }
    }
}

impl EventSink for BatchSink {
    fn push(&mut self, source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize {
        let inbox = source.inbox();
        if !self.inbox.as_ref().is_some_and(|own| Arc::ptr_eq(own, inbox)) {
            self.deliver();
            self.inbox = Some(inbox.clone());
        }
        let weight = fill(&mut self.queue);
        source.count(weight);
        self.weight += weight;
        weight
    }
}
