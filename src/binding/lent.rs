//! The things that the engine borrows from Node: descriptors of sockets, and a handle of the event
//! loop.

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::engine::Engine;
use crate::engine::io::threads;
use crate::transport::descriptor::Descriptor;

#[napi]
impl Engine {
    /// Opens a handle of the event loop, which calls `wake` in a turn of its own when there is
    /// something to drain.
    #[napi]
    pub fn open_wake(&self, env: Env, wake: Function<'_, (), ()>) -> Result<()> {
        self.wake.open(&env, &wake)
    }

    /// Closes that handle if no I/O thread serves a link, and says whether it has. Must not be
    /// called in `wake`.
    #[napi]
    pub fn close_wake(&self) -> bool {
        let is_idle = self.served == 0;
        if is_idle {
            self.wake.close();
        }
        is_idle
    }

    /// Node's handle of an adopted link may be closed without JavaScript from now on.
    #[napi]
    pub fn own_descriptor(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.own_descriptor();
        }
    }

    /// Node's handle of an adopted link is about to be closed. Nothing uses its descriptor when
    /// this returns.
    #[napi]
    pub fn give_up_descriptor(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.give_up_descriptor();
        }
    }

    /// Sets whether the engine keeps the process alive.
    #[napi]
    pub fn set_ref(&self, referenced: bool) {
        self.wake.set_ref(referenced);
    }
}

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn adopt(&mut self, slot: u32, fd: i32, owns: bool) -> bool {
        let Some(entry) = self.entry(slot) else { return false };
        // SAFETY: Node's handle has the descriptor open. JavaScript gives it up, or releases the
        // link, before it closes the handle. Where the handle may be closed without JavaScript,
        // `owns` makes a duplicate right here, on the only thread that could close it.
        let descriptor = unsafe { Descriptor::borrow(fd) };
        let adopted = descriptor.and_then(|descriptor| threads::adopt(&entry.link, descriptor, owns)).is_ok();
        entry.adopted = adopted;
        entry.home = if adopted { entry.link.home() } else { None };
        let is_new = adopted && !entry.served;
        entry.served |= adopted;
        self.served += usize::from(is_new);
        adopted
    }
}
