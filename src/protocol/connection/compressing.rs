//! The part of a connection in compression (RFC 7692): the order of its messages.

use super::{Connection, OpenMessage};
use crate::protocol::compression::{DeflateQueue, Work};
use crate::protocol::message::{MessageKind, SendOptions};
use crate::protocol::misuse::Misuse;

impl Connection {
    /// Whether a message of `len` bytes is to be deflated: compression was negotiated, and the
    /// message is not below the threshold. Later fragments go as the first one did.
    pub fn deflates(&self, len: usize) -> bool {
        match self.open_message {
            Some(open) => open == OpenMessage::Deflated,
            None => self.config.compression.is_some_and(|compression| len >= compression.threshold),
        }
    }

    /// Sends a message or a fragment deflated, if [`deflates`](Self::deflates) says so. Then
    /// [`take_work`](Self::take_work) hands it out. Otherwise it is sent as it is.
    pub fn send_deflated(&mut self, kind: MessageKind, payload: Vec<u8>, options: SendOptions) -> Result<(), Misuse> {
        let Some(compression) = self.config.compression.filter(|_| self.deflates(payload.len())) else {
            return self.send_piece(kind, &payload, options);
        };
        let piece = self.begin_piece(kind, options, OpenMessage::Deflated)?;
        let always = self.config.dialect.deflates_always;
        let queue = self.deflate_queue.get_or_insert_with(|| Box::new(DeflateQueue::new(&compression, always)));
        queue.push_message(piece, payload);
        Ok(())
    }

    /// Whether there are messages to be deflated, or one is being deflated.
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

    /// Sends a message that was deflated, and the output behind it. Passes the positions of marks
    /// in the output stream to `on_mark`.
    pub fn finish_work(&mut self, work: Work, on_mark: impl FnMut(u64)) {
        let Some(mut queue) = self.deflate_queue.take() else { return };
        if queue.take_back(&work) {
            let frames = work.piece.frames(&work.payload, work.is_deflated, self.fragmentation_threshold());
            frames.push_to(&mut self.outbox);
        }
        queue.release(work, &mut self.outbox, on_mark);
        self.deflate_queue = Some(queue);
    }

    /// Marks the end of the output behind messages to be deflated. Returns `false` if there are
    /// none.
    pub fn mark_deflating(&mut self) -> bool {
        self.deflate_queue.as_mut().is_some_and(|queue| queue.mark())
    }

    /// How many marks are behind messages to be deflated.
    pub fn marks_deflating(&self) -> usize {
        self.deflate_queue.as_ref().map_or(0, |queue| queue.marked())
    }

    /// A message could not be inflated. As with any
    /// [`Event::Violation`](crate::protocol::Event::Violation), nothing further is decoded. Returns
    /// whether the driver has to report it as a violation, and drop the events behind it.
    pub fn handle_undecodable(&mut self) -> bool {
        self.stop_reading();
        self.closing.may_send() || self.config.dialect.reports_while_ending
    }
}
