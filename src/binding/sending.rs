//! The calls with which JavaScript sends.

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::abi::{
    SEND_LATIN1, SEND_MARK, SEND_MASKED, SEND_MORE, SEND_UNMASKED, SENT_BELOW_MARK, SENT_DEFLATES, SENT_FIRST,
    SENT_FLUSH,
};
use super::engine::Engine;
use super::options::mask_key;
use super::text::Text;
use crate::engine::events::sinks::DirectSink;
use crate::engine::link::shared_connection::SharedConnection;
use crate::engine::link::state::ConnectionState;
use crate::protocol::{Masking, MessageKind, Misuse, SendOptions, pool};

/// Output other than messages.
#[derive(Clone, Copy)]
enum Output {
    Ping,
    Pong,
    Raw,
}

#[napi]
impl Engine {
    /// Sends bytes as they are on an adopted link.
    #[napi]
    pub fn send_raw(&mut self, slot: u32, bytes: &[u8], mark: bool) -> u32 {
        self.send(slot, Output::Raw, bytes, if mark { SEND_MARK } else { 0 })
    }

    /// Sends a ping of at most 125 bytes. `flags` has bits of `abi.SEND_…`.
    #[napi]
    pub fn ping(&mut self, slot: u32, payload: &[u8], flags: u32) -> u32 {
        self.send(slot, Output::Ping, payload, flags)
    }

    /// Sends a pong of at most 125 bytes. `flags` has bits of `abi.SEND_…`.
    #[napi]
    pub fn pong(&mut self, slot: u32, payload: &[u8], flags: u32) -> u32 {
        self.send(slot, Output::Pong, payload, flags)
    }

    /// Sets the four bytes of the masking key of the next frame that the link sends, if that is
    /// masked.
    #[napi]
    pub fn set_mask_key(&mut self, slot: u32, key: &[u8]) -> Result<()> {
        let key = key.try_into().map_err(|_| Error::from_reason("A masking key has four bytes."))?;
        if let Some(entry) = self.entry(slot) {
            entry.link.state().connection.set_mask_key(key);
        }
        Ok(())
    }

    /// Answers a ping of a link without automatic pongs.
    #[napi]
    pub fn answer_ping(&mut self, slot: u32, payload: &[u8]) -> u32 {
        self.command(slot, |state| state.connection.answer_ping(payload))
    }

    /// Whether a send now would wait until earlier messages are deflated.
    #[napi]
    pub fn is_deflating(&mut self, slot: u32) -> bool {
        self.entry(slot).is_some_and(|entry| entry.link.state().connection.is_deflating())
    }

    /// Deflates all that a link has to send, on this thread.
    #[napi]
    pub fn deflate_all(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.deflate_all();
        }
    }
}

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn send_text(&mut self, env: &Env, slot: u32, text: sys::napi_value, flags: u32) -> Result<u32> {
        let mut text = Text::of(env, text, flags & SEND_LATIN1 != 0)?;
        if self.entry(slot).is_some_and(|entry| entry.deflates(text.units(), flags))
            && let Some(payload) = text.take_ascii()?
        {
            return Ok(self.send_deflated(slot, MessageKind::Text, payload, flags));
        }
        let mut scratch = self.take_scratch();
        let status = text.read(&mut scratch).map(|()| self.send_message(slot, MessageKind::Text, &scratch, flags));
        self.keep_scratch(scratch);
        status
    }

    /// See [`calls`](Self::calls).
    pub(super) fn send_message(&mut self, slot: u32, kind: MessageKind, payload: &[u8], flags: u32) -> u32 {
        if self.entry(slot).is_some_and(|entry| entry.deflates(payload.len(), flags)) {
            return self.send_deflated(slot, kind, pool::copy(payload), flags);
        }
        let options = options_of(flags);
        let status = self
            .put(slot, payload.len(), flags & SEND_MARK != 0, |link, state| link.send(state, kind, payload, options));
        self.note_open_message(slot, flags, false);
        self.serve_deflating(slot, status)
    }

    fn send_deflated(&mut self, slot: u32, kind: MessageKind, payload: Vec<u8>, flags: u32) -> u32 {
        let (len, mark, options) = (payload.len(), flags & SEND_MARK != 0, options_of(flags));
        let status = self.put(slot, len, mark, |_, state| state.connection.send_deflated(kind, payload, options));
        self.note_open_message(slot, flags, true);
        self.serve_deflating(slot, status)
    }

    /// Notes whether further fragments follow what was just sent.
    fn note_open_message(&mut self, slot: u32, flags: u32, is_deflated: bool) {
        let is_open = flags & SEND_MORE != 0;
        if let Some(entry) = self.entry(slot) {
            entry.open_message = is_open.then_some(is_deflated);
        }
        if is_open {
            self.staging.set_room(slot, 0);
        }
    }

    fn send(&mut self, slot: u32, output: Output, payload: &[u8], flags: u32) -> u32 {
        let masking = options_of(flags).masking;
        self.put(slot, payload.len(), flags & SEND_MARK != 0, |_, ConnectionState { connection, .. }| match output {
            Output::Ping => connection.ping(payload, masking),
            Output::Pong => connection.pong(payload, masking),
            Output::Raw => {
                connection.send_raw(payload);
                Ok(())
            }
        })
    }

    /// Calls `put`, which appends about `len` bytes to the output of a link.
    pub(super) fn put(
        &mut self,
        slot: u32,
        len: usize,
        mark: bool,
        put: impl FnOnce(&SharedConnection, &mut ConnectionState) -> std::result::Result<(), Misuse>,
    ) -> u32 {
        let takes = self.takes;
        let Some(entry) = self.entry(slot) else { return 0 };
        let link = &entry.link;
        let mut state = link.state();
        entry.sent_before.note(!entry.dirty, takes, &state);
        let (below, reached) = link.put(&mut state, len, mark, &mut DirectSink, |state| put(link, state));
        if entry.adopted {
            link.tell_flushed(&mut state, reached, &mut DirectSink);
        }
        let deflates = state.connection.is_deflating();
        let room = entry.room(&state);
        drop(state);
        let is_late = deflates && entry.rules.deflates_after_turn;
        let status =
            if entry.adopted { self.touch(slot) } else { SENT_BELOW_MARK | if deflates { SENT_DEFLATES } else { 0 } };
        let status = if is_late { status & !SENT_FIRST } else { status };
        self.staging.set_room(slot, room);
        if below { status } else { status & !SENT_BELOW_MARK }
    }

    /// Runs a command that may append to the output of a link.
    pub(super) fn command(&mut self, slot: u32, command: impl FnOnce(&mut ConnectionState)) -> u32 {
        let takes = self.takes;
        let Some(entry) = self.entry(slot) else { return 0 };
        let mut state = entry.link.state();
        entry.sent_before.note(!entry.dirty, takes, &state);
        command(&mut state);
        drop(state);
        let adopted = entry.adopted;
        self.staging.set_room(slot, 0);
        if adopted { self.touch(slot) } else { SENT_BELOW_MARK }
    }

    /// Starts to deflate the output of a link that JavaScript drives, if `status` says so.
    fn serve_deflating(&mut self, slot: u32, status: u32) -> u32 {
        if status & SENT_DEFLATES == 0 {
            return status;
        }
        let is_served = self.serve(slot);
        let Some(entry) = self.entry(slot) else { return status };
        if is_served && entry.rules.deflates_after_turn {
            return status | self.touch(slot) & SENT_FLUSH;
        }
        if is_served {
            entry.link.kick();
            return status;
        }
        entry.link.deflate_all();
        status & !SENT_DEFLATES
    }
}

/// What `flags` say about a message.
fn options_of(flags: u32) -> SendOptions {
    let masking = match flags & (SEND_MASKED | SEND_UNMASKED) {
        0 => Masking::ByRole,
        SEND_UNMASKED => Masking::Never,
        _ => Masking::Always(mask_key),
    };
    SendOptions { more: flags & SEND_MORE != 0, masking }
}
