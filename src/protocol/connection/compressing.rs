//! What a connection has to do with compression (RFC 7692): the order of its messages.

use super::Connection;
use crate::protocol::compression::{Waiting, Work};
use crate::protocol::frame::OpCode;
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
        let waiting = self.waiting.get_or_insert_with(|| Box::new(Waiting::new(&compression)));
        waiting.push_message(kind, payload);
        Ok(())
    }

    /// Whether messages wait to be deflated, or one is.
    pub fn is_deflating(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.is_busy())
    }

    /// Whether [`take_work`](Self::take_work) has something to hand out.
    pub fn has_work(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.has_work())
    }

    /// The next message to be deflated, if there is one and none is with the driver already.
    pub fn take_work(&mut self) -> Option<Work> {
        self.waiting.as_mut()?.take_work()
    }

    /// Sends what has become of a message, and what waited for that. Tells `on_mark` the positions
    /// in the output stream that were marked.
    pub fn finish_work(&mut self, work: Work, on_mark: impl FnMut(u64)) {
        let Some(mut waiting) = self.waiting.take() else { return };
        if waiting.take_back(&work) {
            for fragment in self.fragments(work.kind, work.payload.len()) {
                let rsv = if work.is_deflated && fragment.opcode != OpCode::Continuation { 0b100 } else { 0 };
                self.push_ready(fragment.fin, rsv, fragment.opcode, &work.payload[fragment.range]);
            }
        }
        waiting.release(work, &mut self.outbox, on_mark);
        self.waiting = Some(waiting);
    }

    /// Marks the place behind what waits to be deflated; `false` if nothing does.
    pub fn mark_deflating(&mut self) -> bool {
        self.waiting.as_mut().is_some_and(|waiting| waiting.mark())
    }

    /// How many marks wait behind messages to be deflated.
    pub fn marks_deflating(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.marked())
    }

    /// A message could not be inflated. As with any
    /// [`Event::Violation`](crate::protocol::Event::Violation), nothing further is read. Says
    /// whether the driver has to treat it as one, and forget the events that were behind it.
    pub fn handle_undecodable(&mut self) -> bool {
        self.stop_reading();
        self.closing.may_send()
    }
}
