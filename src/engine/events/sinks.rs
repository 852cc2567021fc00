//! Events on their way to an inbox.

use std::sync::Arc;

use crate::engine::events::inbox::Inbox;
use crate::engine::events::queue::Queue;

/// Events that are handed over before all links have had their turns are at least so many, and of
/// so much weight. To wake JavaScript costs as much as a few messages; but it should not sleep for
/// long while there is work for it, and what is heavy takes long.
const LEAST_ENTRIES: usize = 32;
const LEAST_WEIGHT: usize = 256 << 10;

/// Has events, which a sink takes.
pub trait EventSource {
    /// The inbox of its events.
    fn inbox(&self) -> &Arc<Inbox>;

    /// Events of this weight are on their way to JavaScript.
    fn count(&self, weight: usize);
}

/// Takes the events of links.
pub trait EventSink {
    /// Lets `fill` append events of `source` and say their weight, which is the result.
    fn push(&mut self, source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize;
}

/// The sink of JavaScript's own thread: straight into the inbox. The caller asks for a drain.
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

/// The owner of the queue delivers what is in it.
impl EventSink for Queue {
    fn push(&mut self, _source: &impl EventSource, fill: impl FnOnce(&mut Queue) -> usize) -> usize {
        fill(self)
    }
}

/// The sink of an I/O thread: the events of one turn go into the inbox together, by one lock and at
/// most one waking, unless they are many.
#[derive(Default)]
pub struct BatchSink {
    /// Whose events these are.
    inbox: Option<Arc<Inbox>>,
    queue: Queue,
    weight: usize,
}

impl BatchSink {
    /// Hands over what there is, if that is much. Not while a link is locked: JavaScript, once it
    /// is awake, may want that link at once.
    pub fn deliver_if_much(&mut self) {
        if self.queue.records.len() >= LEAST_ENTRIES && self.weight >= LEAST_WEIGHT {
            self.deliver();
        }
    }

    /// Hands over what there is.
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
