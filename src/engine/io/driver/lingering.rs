//! The end of a link that JavaScript has released.

use std::time::Duration;

use super::{ConnectionDriver, READS_PER_TURN, SCRATCH, TurnResult};
use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::{BatchSink, EventSink as _};
use crate::engine::link::closing::{Input, Release};
use crate::engine::link::state::Flush;
use crate::transport::descriptor::Io;

impl ConnectionDriver {
    /// Serves a link that JavaScript has released: sends the rest of the output and the end, and
    /// reads until the peer ends too.
    pub(super) fn linger(&mut self, release: Release, now: Duration, sink: &mut BatchSink) -> TurnResult {
        if release == Release::AtOnce {
            return TurnResult::Done;
        }
        let was_busy = self.link.state().connection.is_deflating();
        let is_busy = self.link.deflate();
        let mut state = self.link.state();
        let Some(descriptor) = &self.descriptor else { return TurnResult::Done };
        let flush = if self.writable { self.link.flush(&mut state, now, sink) } else { Flush::Blocked };
        self.writable = flush != Flush::Blocked;
        if state.take_last_record() {
            self.tell_last(sink);
        }
        for _ in 0..READS_PER_TURN {
            if !self.input.is_readable() {
                break;
            }
            match SCRATCH.with_borrow_mut(|scratch| descriptor.receive(scratch)) {
                Io::Done(1..) => {}
                Io::WouldBlock => self.input.after_read(false),
                Io::Done(_) | Io::Failed(_) => self.input.end(),
            }
        }
        let is_over = self.input == Input::Ended && flush == Flush::Done && state.connection.is_flushed();
        if flush == Flush::Failed || is_over {
            return TurnResult::Done;
        }
        let lingering = self.lingering.get_or_insert_default();
        if was_busy {
            lingering.busy_at = Some(now);
        }
        if is_busy || self.input.is_readable() { TurnResult::Again } else { TurnResult::Wait }
    }

    /// The descriptor is given up. Tells JavaScript the last record, unless that was told.
    pub fn finish(&self, sink: &mut BatchSink) {
        let mut state = self.link.state();
        state.descriptor = None;
        if state.closing.take_last_record(false) {
            self.tell_last(sink);
        }
    }

    /// Tells JavaScript the last record of this link. Its slot is free when that is delivered.
    fn tell_last(&self, sink: &mut BatchSink) {
        sink.push(&*self.link, |queue| queue.push(self.link.slot, EventKind::Released, 0, Payload::Nothing));
    }
}
