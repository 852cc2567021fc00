//! From where JavaScript stages messages to the output of their links: see
//! [`staging`](super::staging).

#[cfg(unix)]
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::engine::Engine;
use super::staging::Lent;
#[cfg(unix)]
use crate::engine::base::page::{Head, Messages, Page};
use crate::engine::events::sinks::DirectSink;
#[cfg(unix)]
use crate::engine::link::shared_connection::IoThread;
use crate::engine::link::state::ConnectionState;
use crate::protocol::MessageKind;

#[napi]
impl Engine {
    /// Sets the memory for staged messages, and that for how many bytes of frames may be staged for
    /// each slot. The engine keeps both. Neither may be detached.
    #[napi(ts_args_type = "messages: Uint32Array, rooms: Uint32Array")]
    pub fn stage(&mut self, env: Env, messages: Unknown<'_>, rooms: Unknown<'_>) -> Result<()> {
        self.settle();
        let (messages, rooms) = (Lent::keep(&env, messages.raw())?, Lent::keep(&env, rooms.raw())?);
        self.staging.set_memory(messages, rooms);
        Ok(())
    }
}

impl Engine {
    /// Puts all messages so far into the output of their links.
    pub(super) fn settle(&mut self) {
        if self.staging.is_pending() {
            self.put_pending();
        }
    }

    #[cold]
    fn put_pending(&mut self) {
        #[cfg(unix)]
        self.take_back();
        // SAFETY: JavaScript does not run before this returns.
        let messages = unsafe { self.staging.messages() };
        self.staging.clear();
        for message in messages {
            self.put_staged(message.slot, message.kind(), message.has_mark(), message.payload);
            self.touch(message.slot);
        }
    }

    fn put_staged(&mut self, slot: u32, kind: MessageKind, mark: bool, payload: &[u8]) {
        let takes = self.takes;
        let Some(Some(entry)) = self.links.get_mut(slot as usize) else { return };
        entry.staged = false;
        let link = &entry.link;
        let mut state = link.state();
        entry.sent_before.note(!entry.dirty, takes, &state);
        let put = |state: &mut ConnectionState| state.connection.send(kind, payload);
        let (_, reached) = link.put(&mut state, payload.len(), mark, &mut DirectSink, put);
        link.tell_flushed(&mut state, reached, &mut DirectSink);
        let room = entry.room(&state);
        drop(state);
        self.staging.set_room(slot, room);
    }

    /// How many links have staged messages, and no other output of this turn.
    pub(super) fn count_staged(&mut self) -> usize {
        let mut count = 0;
        // SAFETY: JavaScript does not run before this returns.
        for message in unsafe { self.staging.messages() } {
            let Some(Some(entry)) = self.links.get_mut(message.slot as usize) else { continue };
            count += usize::from(!entry.dirty && !std::mem::replace(&mut entry.staged, true));
        }
        count
    }

    /// Puts the messages that I/O threads have not put yet.
    #[cfg(unix)]
    fn take_back(&mut self) {
        for page in self.staging.take_handed() {
            page.put_all(|head, payload| {
                self.put_staged(head.slot, head.kind, head.mark, payload);
                // No flush may follow.
                if let Some(Some(entry)) = self.links.get(head.slot as usize) {
                    entry.link.kick();
                }
            });
        }
        if self.inbox.take_drain_owed() {
            self.wake.signal();
        }
    }

    /// Leaves what is staged to the I/O threads.
    #[cfg(unix)]
    pub(super) fn hand_pages(&mut self) {
        // SAFETY: JavaScript does not run before this returns.
        let messages = unsafe { self.staging.messages() };
        self.staging.clear();
        self.staging.reclaim();
        let mut pages: Vec<(Arc<IoThread>, Messages)> = Vec::new();
        for message in messages {
            let Some(Some(entry)) = self.links.get_mut(message.slot as usize) else { continue };
            entry.staged = false;
            let Some((io_thread, token)) = &entry.home else { continue };
            let (slot, token, kind, mark) = (message.slot, *token, message.kind(), message.has_mark());
            let index = pages.iter().position(|(known, _)| Arc::ptr_eq(known, io_thread)).unwrap_or_else(|| {
                pages.push((io_thread.clone(), self.staging.spare()));
                pages.len() - 1
            });
            pages[index].1.push(Head { slot, token, kind, mark }, message.payload);
        }
        for (io_thread, messages) in pages {
            let page = Page::new(messages);
            self.staging.hand(page.clone());
            io_thread.send(page);
        }
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    pub(super) fn hand_pages(&mut self) {
        self.settle();
    }
}
