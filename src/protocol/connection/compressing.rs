//! What a connection has to do with compression (RFC 7692): the order of its messages.

use super::Connection;
use crate::protocol::compression::{DeflateQueue, Work};
use crate::protocol::message::MessageKind;
use crate::protocol::misuse::Misuse;

impl Connection {
    /// Whether a message of `len` bytes is to be deflated: that was negotiated, and it is not below
    /// the threshold.
    pub fn deflates(&self, len: usize) -> bool {
        self.config.compression.is_some_and(|compression| len >= compression.threshold)
    }

    /// Sends a message deflated, where [`deflates`](Self::deflates) says so: then
    /// [`take_work`](Self::take_work) hands it out. Otherwise it is sent as it is.
    pub fn send_deflated(&mut self, kind: MessageKind, payload: Vec<u8>) -> Result<(), Misuse> {
        let Some(compression) = self.config.compression.filter(|_| self.deflates(payload.len())) else {
            return self.send(kind, &payload);
        };
        if !self.closing.may_send() {
            return Err(Misuse::NotOpen);
        }
        let queue = self.deflate_queue.get_or_insert_with(|| Box::new(DeflateQueue::new(&compression)));
        queue.push_message(kind, payload);
        Ok(())
    }

    /// Whether messages wait to be deflated, or one is.
    pub fn is_deflating(&self) -> bool {
        self.deflate_queue.as_ref().is_some_and(|queue| queue.is_busy())
    }

    /// Whether [`take_work`](Self::take_work) has something to hand out.
    pub fn has_work(&self) -> bool {
        self.deflate_queue.as_ref().is_some_and(|queue| queue.has_work())
    }

    /// The next message to be deflated, if there is one and none is with the driver already.
    pub fn take_work(&mut self) -> Option<Work> {
        self.deflate_queue.as_mut()?.take_work()
    }

    /// Sends what has become of a message, and what waited for that. Tells `on_mark` the positions
    /// in the output stream that were marked.
    pub fn finish_work(&mut self, work: Work, on_mark: impl FnMut(u64)) {
        let Some(mut queue) = self.deflate_queue.take() else { return };
        if queue.take_back(&work) {
            self.frames(work.kind, &work.payload, work.is_deflated).push_to(&mut self.outbox);
        }
        queue.release(work, &mut self.outbox, on_mark);
        self.deflate_queue = Some(queue);
    }

    /// Marks the place behind what waits to be deflated; `false` if nothing does.
    pub fn mark_deflating(&mut self) -> bool {
        self.deflate_queue.as_mut().is_some_and(|queue| queue.mark())
    }

    /// How many marks wait behind messages to be deflated.
    pub fn marks_deflating(&self) -> usize {
        self.deflate_queue.as_ref().map_or(0, |queue| queue.marked())
    }

    /// A message could not be inflated. As with any
    /// [`Event::Violation`](crate::protocol::Event::Violation), nothing further is read. Says
    /// whether the driver has to treat it as one, and forget the events that were behind it.
    pub fn handle_undecodable(&mut self) -> bool {
        self.stop_reading();
        self.closing.may_send()
    }
}
