//! The calls with which JavaScript ends a connection.

use napi_derive::napi;

use super::abi::SENT_BELOW_MARK;
use super::engine::Engine;
use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::DirectSink;
use crate::protocol::{CloseReason, is_wire_close_code};

#[napi]
impl Engine {
    /// Begins the closing handshake. `ends` says that `end` follows: on an adopted link the two
    /// leave together.
    #[napi]
    pub fn close(&mut self, slot: u32, code: u32, reason: String, ends: bool) -> u32 {
        let stands = self.time_stands;
        self.command(slot, |state| {
            let now = state.time(stands);
            // It can't fail: JavaScript has checked the code and the state.
            let _ = state.connection.close(code as u16, &reason, now);
            if ends {
                state.want_end();
            }
        })
    }

    /// Answers the peer's close frame. `end` follows: on an adopted link the two leave together.
    #[napi]
    pub fn acknowledge_close(&mut self, slot: u32) -> u32 {
        let stands = self.time_stands;
        self.command(slot, |state| {
            let now = state.time(stands);
            state.connection.acknowledge_close(now);
            state.want_end();
        })
    }

    /// Sends a close frame with this body, which JavaScript has judged, behind all earlier output. TCP
    /// does not end with it. Returns bits of `abi.SENT_…`.
    #[napi]
    pub fn send_close(&mut self, slot: u32, body: &[u8], mark: bool) -> u32 {
        let stands = self.time_stands;
        self.put(slot, body.len(), mark, |_, state| {
            let now = state.time(stands);
            state.connection.send_close(body, now)
        })
    }

    /// Queues an `EVENT_BARRIER` behind all events of a link that wait for JavaScript. `release`
    /// follows, and asks for `drain`.
    #[napi]
    pub fn push_barrier(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            let state = entry.link.state();
            entry.link.tell(&state, EventKind::Barrier, 0, Payload::Nothing, &mut DirectSink);
        }
    }

    /// Ends the connection at once. Without a `reason` there is no close frame.
    #[napi]
    pub fn abort(&mut self, slot: u32, code: u32, reason: Option<String>) -> u32 {
        let reason = reason.map(|reason| match u16::try_from(code) {
            Ok(code) if is_wire_close_code(code) => CloseReason::new(code, &reason),
            // Some codes only describe, locally, how a connection ended (RFC 6455 §7.4.1).
            _ => CloseReason::EMPTY,
        });
        self.command(slot, |state| state.connection.drop(reason.as_ref()))
    }

    /// Half-closes an adopted link once its output is with the kernel.
    #[napi]
    pub fn end(&mut self, slot: u32) -> u32 {
        let takes = self.takes;
        let Some(entry) = self.entry(slot).filter(|entry| entry.adopted) else { return SENT_BELOW_MARK };
        let mut state = entry.link.state();
        entry.sent_before.note(!entry.dirty, takes, &state);
        state.want_end();
        drop(state);
        self.touch(slot)
    }
}
