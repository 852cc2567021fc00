//! Deflating a link's messages, without its lock.

#[cfg(unix)]
use std::sync::Arc;

use super::SharedConnection;
#[cfg(unix)]
use crate::engine::base::deflate_thread;
#[cfg(unix)]
use crate::engine::events::record::{EventKind, Payload};
#[cfg(unix)]
use crate::engine::events::sinks::BatchSink;
use crate::protocol::Work;

/// Bytes that are deflated for one connection before the others have their turn.
const WORK_PER_TURN: usize = 256 << 10;

impl SharedConnection {
    /// Deflates messages that wait for that, without the lock, or has a long one deflated
    /// elsewhere. Says whether more are left for another turn.
    #[cfg(unix)]
    pub fn deflate(self: &Arc<Self>) -> bool {
        self.deflate_here_or(
            |work| {
                if work.size() > WORK_PER_TURN { self.deflate_elsewhere(work).err() } else { Some(work) }
            },
        )
    }

    /// Deflates all messages that wait for that, before the process exits or where there are no I/O
    /// threads. One may be at work on it.
    pub fn deflate_all(&self) {
        while self.state().connection.is_deflating() {
            if !self.deflate_here_or(Some) {
                std::thread::yield_now();
            }
        }
    }

    /// Deflates messages, but for one of which `delegate` leaves nothing to be done. Says whether
    /// more are left for another turn.
    fn deflate_here_or(&self, delegate: impl Fn(Work) -> Option<Work>) -> bool {
        let mut done = 0;
        while done < WORK_PER_TURN {
            let Some(work) = self.state().connection.take_work() else { return false };
            let Some(mut work) = delegate(work) else { return false };
            work.run();
            // A flood of tiny messages is work, too.
            done += work.size().max(1024);
            self.state().finish(work);
        }
        true
    }

    /// Has a thread of its own deflate a message. The work comes back if there can't be one.
    #[cfg(unix)]
    fn deflate_elsewhere(self: &Arc<Self>, work: Work) -> Result<(), Work> {
        let link = self.clone();
        deflate_thread::deflate(work, move |work| link.finish(work))
    }

    /// A message was deflated elsewhere: whoever moves the bytes is told.
    #[cfg(unix)]
    pub fn finish(&self, work: Work) {
        let mut sink = BatchSink::default();
        let mut state = self.state();
        state.finish(work);
        if state.descriptor.is_none() {
            self.tell(&state, EventKind::Output, 0, Payload::Nothing, &mut sink);
        }
        // Before the lock is free: JavaScript could let go of the link first, and another could
        // have its slot.
        sink.deliver();
        drop(state);
        self.kick();
    }
}
