//! How JavaScript releases a link, and its descriptor.

#[cfg(unix)]
use std::io;

use super::SharedConnection;
#[cfg(unix)]
use crate::engine::base::clock::freeing_time;
use crate::engine::base::clock::now;
use crate::engine::events::sinks::DirectSink;
use crate::engine::link::closing::Release;
use crate::engine::link::state::ConnectionState;

impl SharedConnection {
    /// JavaScript lets go of an adopted link. The I/O thread tells the last record, which frees the
    /// slot. When this returns, nothing uses the borrowed descriptor, which Node is about to close.
    pub fn release(&self, release: Release) {
        let mut state = self.state();
        if state.closing.is_released() {
            return;
        }
        if release == Release::Lingering {
            state.want_end();
            state.end_after_failure();
        }
        // Encrypting is left to the I/O thread, unless it is too late for that.
        if !state.blocked && (release == Release::AtOnce || !state.is_encrypted()) {
            self.flush(&mut state, now(), &mut DirectSink);
        }
        let released = self.part(&state, release);
        let awaits_marks = released == Release::Lingering && state.unsent_marks() > 0;
        state.closing.release(released, awaits_marks);
        if release == Release::Lingering || !self.free_later(&mut state) {
            self.kick();
        }
    }

    /// Makes the I/O thread free the link soon. Returns `false` if no thread knows the link.
    #[cfg(unix)]
    fn free_later(&self, state: &mut ConnectionState) -> bool {
        let (Some(io_thread), Some(token)) = (self.io_thread.get(), self.token()) else { return false };
        let deadline = freeing_time();
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

    /// Replaces the borrowed descriptor by a duplicate.
    #[cfg(unix)]
    fn duplicate(&self, state: &ConnectionState) -> io::Result<()> {
        let (Some(io_thread), Some(token), Some(descriptor)) = (self.io_thread.get(), self.token(), &state.descriptor)
        else {
            return Ok(());
        };
        io_thread.duplicate(descriptor, token)
    }

    /// Gives the link a descriptor of its own, since Node may close the borrowed one without notice
    /// from now on.
    pub fn own_descriptor(&self) {
        #[cfg(unix)]
        // Without a duplicate, the link goes on with the borrowed one.
        let _ = self.duplicate(&self.state());
    }

    /// Node is about to close the descriptor of a link that goes on. From now on, nothing is read
    /// and sends fail, as with a closed handle of Node's.
    pub fn give_up_descriptor(&self) {
        #[cfg(unix)]
        if let Some(io_thread) = self.io_thread.get()
            && let Some(descriptor) = &self.state().descriptor
        {
            io_thread.give_up(descriptor);
        }
    }
}
