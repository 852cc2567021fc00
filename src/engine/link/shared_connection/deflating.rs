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

/// Bytes to deflate for one connection before the others have their turn.
const WORK_PER_TURN: usize = 256 << 10;

impl SharedConnection {
    /// Deflates messages, without the lock. A long message goes to the deflate thread. Returns
    /// whether more messages are left for another turn.
    #[cfg(unix)]
    pub fn deflate(self: &Arc<Self>) -> bool {
        self.deflate_here_or(
            |work| {
                if work.size() > WORK_PER_TURN { self.deflate_elsewhere(work).err() } else { Some(work) }
            },
        )
    }

    /// Deflates all messages, before the process exits or where there are no I/O threads. If a
    /// thread is deflating a message of this link, this waits for it.
    pub fn deflate_all(&self) {
        while self.state().connection.is_deflating() {
            if !self.deflate_here_or(Some) {
                std::thread::yield_now();
            }
        }
    }

    /// Deflates messages. `delegate` may keep one, which ends this. Returns whether more messages
    /// are left for another turn.
    fn deflate_here_or(&self, delegate: impl Fn(Work) -> Option<Work>) -> bool {
        let mut done = 0;
        while done < WORK_PER_TURN {
            let Some(work) = self.state().connection.take_work() else { return false };
            let Some(mut work) = delegate(work) else { return false };
            work.run();
            // Many tiny messages take time, too.
            done += work.size().max(1024);
            self.state().finish(work);
        }
        true
    }

    /// Gives a message to the deflate thread. Returns the work if that thread can't be started.
    #[cfg(unix)]
    fn deflate_elsewhere(self: &Arc<Self>, work: Work) -> Result<(), Work> {
        let link = self.clone();
        deflate_thread::deflate(work, move |work| link.finish(work))
    }

    /// The deflate thread has deflated a message. JavaScript is told if it moves the bytes;
    /// otherwise the I/O thread is kicked.
    #[cfg(unix)]
    pub fn finish(&self, work: Work) {
        let mut sink = BatchSink::default();
        let mut state = self.state();
        state.finish(work);
        if state.descriptor.is_none() {
            self.tell(&state, EventKind::Output, 0, Payload::Nothing, &mut sink);
        }
        // Under the lock, or JavaScript could release the link first, and another link could have
        // its slot.
        sink.deliver();
        drop(state);
        self.kick();
    }
}
