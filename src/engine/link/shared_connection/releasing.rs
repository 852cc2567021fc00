//! How JavaScript lets go of a link, and what becomes of the descriptor.

#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::time::Duration;

use super::SharedConnection;
use crate::engine::base::clock::now;
use crate::engine::events::sinks::DirectSink;
use crate::engine::link::closing::Release;
use crate::engine::link::state::ConnectionState;

#[cfg(unix)]
/// How long a link that is let go at once may wait until its I/O thread frees it, with all others of
/// that time. To wake the thread for each would cost JavaScript a tenth of a short connection.
const FREED_WITHIN: Duration = Duration::from_millis(20);

impl SharedConnection {
    /// JavaScript lets go of an adopted link: one last record follows from the I/O thread, which
    /// frees the slot. A link that lingers is told of marks until then. When this returns, nothing
    /// uses the borrowed descriptor any more, which Node is about to close.
    pub fn release(&self, release: Release) {
        let mut state = self.state();
        if state.closing.is_released() {
            return;
        }
        if release == Release::Lingering {
            state.want_end();
        }
        if !state.blocked {
            self.flush(&mut state, now(), &mut DirectSink);
        }
        let released = self.part(&state, release);
        let awaits_marks = released == Release::Lingering && state.unsent_marks() > 0;
        state.closing.release(released, awaits_marks);
        if release == Release::Lingering || !self.free_later(&mut state) {
            self.kick();
        }
    }

    /// Has the I/O thread, if it knows the link, free it within a short while.
    #[cfg(unix)]
    fn free_later(&self, state: &mut ConnectionState) -> bool {
        let (Some(io_thread), Some(token)) = (self.io_thread.get(), self.token()) else { return false };
        let deadline = next_multiple(now(), FREED_WITHIN);
        state.armed = Some(deadline);
        io_thread.arm(deadline, token, self.number);
        true
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    fn free_later(&self, _state: &mut ConnectionState) -> bool {
        false
    }

    /// Gives the borrowed descriptor back, and keeps a duplicate to linger with. Returns
    /// [`Release::AtOnce`] if there can't be a duplicate: then the peer gets what the kernel has
    /// already.
    #[cfg(unix)]
    fn part(&self, state: &ConnectionState, release: Release) -> Release {
        let (Some(io_thread), Some(descriptor)) = (self.io_thread.get(), &state.descriptor) else {
            return release;
        };
        if release == Release::Lingering && self.duplicate(state).is_ok() {
            return release;
        }
        io_thread.give_up(descriptor);
        Release::AtOnce
    }

    /// There are no descriptors here.
    #[cfg(not(unix))]
    fn part(&self, _state: &ConnectionState, release: Release) -> Release {
        release
    }

    /// Has a duplicate take the place of the borrowed descriptor.
    #[cfg(unix)]
    fn duplicate(&self, state: &ConnectionState) -> io::Result<()> {
        let (Some(io_thread), Some(token), Some(descriptor)) = (self.io_thread.get(), self.token(), &state.descriptor)
        else {
            return Ok(());
        };
        io_thread.duplicate(descriptor, token)
    }

    /// Node may close its descriptor without a word from now on: the link has one of its own.
    pub fn own_descriptor(&self) {
        #[cfg(unix)]
        // Without one, what is left is what there was.
        let _ = self.duplicate(&self.state());
    }

    /// Node is about to close the descriptor of a link that goes on. As with a handle of Node's,
    /// nothing is read any more, and what is sent fails.
    pub fn give_up_descriptor(&self) {
        #[cfg(unix)]
        if let Some(io_thread) = self.io_thread.get()
            && let Some(descriptor) = &self.state().descriptor
        {
            io_thread.give_up(descriptor);
        }
    }
}

/// The first multiple of `period` that is after `time`.
#[cfg(unix)]
fn next_multiple(time: Duration, period: Duration) -> Duration {
    let count = time.as_nanos() / period.as_nanos() + 1;
    period * u32::try_from(count).unwrap_or(u32::MAX)
}
