//! The engine's part of links whose bytes JavaScript moves.

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::abi::{BATCH_LAST, RECEIVED_DEADLINE, RECEIVED_EVENTS, RECEIVED_OUTPUT, RECEIVED_PASSED};
use super::engine::Engine;
use super::views::Batch;
use super::{values, views};
use crate::engine::events::record::{EventKind, EventRecord, Payload};
use crate::engine::link::inflate_queue::InflateQueue;
use crate::protocol::{Event, MAX_HEADER_LEN, MessageKind, Violation};

#[napi]
impl Engine {
    /// The end of a stream that JavaScript reads.
    #[napi]
    pub fn receive_end(&mut self, slot: u32) {
        if let Some(entry) = self.slot(slot) {
            entry.link.state().connection.handle_eof();
        }
    }

    /// What a link that JavaScript drives has to send, or null.
    #[napi(ts_return_type = "Buffer | null")]
    pub fn take_output(&mut self, env: Env, slot: u32) -> Result<Option<Unknown<'_>>> {
        let Some(entry) = self.slot(slot) else { return Ok(None) };
        let output = entry.link.state().connection.take_output();
        if output.is_empty() {
            return Ok(None);
        }
        let buffer = values::buffer_copy(&env, &output)?;
        // SAFETY: the handle was made in this call, by this environment.
        Ok(Some(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) }))
    }

    /// Encodes a message of a link that JavaScript drives: a Buffer a frame. `is_latin1` says that
    /// no character of the text is beyond U+00FF.
    #[napi(ts_args_type = "slot: number, data: string | Uint8Array, isText: boolean, isLatin1: boolean")]
    pub fn encode(
        &mut self,
        env: Env,
        slot: u32,
        data: Unknown<'_>,
        is_text: bool,
        is_latin1: bool,
    ) -> Result<Vec<Buffer>> {
        let mut scratch = self.take_scratch();
        let kind = if is_text { MessageKind::Text } else { MessageKind::Binary };
        let frames = values::read_message(&env, kind, data.raw(), is_latin1, &mut scratch)
            .map(|()| self.encode_frames(slot, kind, &scratch));
        self.keep_scratch(scratch);
        frames
    }

    /// Whether JavaScript's timers are not Node's own: then the time of the links that JavaScript
    /// drives stands still until one of these fires.
    #[napi]
    pub fn set_time_stands(&mut self, stands: bool) {
        self.time_stands = stands;
    }

    /// The marks that the output has passed which was last taken from a link of JavaScript's: for
    /// each, how many bytes of that output come behind it.
    #[napi]
    pub fn take_marks(&mut self, slot: u32) -> Vec<f64> {
        self.slot(slot).map_or_else(Vec::new, |entry| entry.link.state().locate_passed_marks())
    }

    /// Whether a keepalive ping is the next thing that is due on a link.
    #[napi]
    pub fn is_keepalive_next(&mut self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|entry| entry.link.state().connection.is_keepalive_next())
    }

    /// Milliseconds until the next deadline of a link that JavaScript drives, or −1.
    #[napi]
    pub fn next_timeout(&mut self, slot: u32) -> f64 {
        let stands = self.time_stands;
        let Some(entry) = self.slot(slot) else { return -1.0 };
        let mut state = entry.link.state();
        state.armed = state.connection.poll_timeout();
        let now = state.time(stands);
        state.armed.map_or(-1.0, |deadline| deadline.saturating_sub(now).as_secs_f64() * 1000.0)
    }

    /// The timer that JavaScript set by `nextTimeout` has fired. `behind` says that the peer's
    /// bytes wait, through no fault of its own. `true` asks for `take`; output may wait, too.
    #[napi]
    pub fn handle_timeout(&mut self, slot: u32, behind: bool) -> bool {
        let Some(Some(entry)) = self.links.get(slot as usize) else { return false };
        let mut state = entry.link.state();
        let now = state.on_timer(self.time_stands);
        if behind {
            state.connection.excuse_silence(now);
        }
        while let Some(event) = state.connection.handle_timeout(now) {
            self.own.push_event(slot, event);
        }
        !self.own.records.is_empty()
    }
}

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn receive(
        &mut self,
        env: &Env,
        slot: u32,
        bytes: &[u8],
        direct: bool,
        passing: bool,
    ) -> Result<sys::napi_value> {
        let mut scratch = self.take_scratch();
        // Unmasking works in place, and JavaScript's buffer may have other readers.
        scratch.clear();
        scratch.extend_from_slice(bytes);
        let mut message = None;
        let mut bits = 0;
        if let Some(Some(entry)) = self.links.get(slot as usize) {
            let mut state = entry.link.state();
            state.received += bytes.len() as u64;
            let now = state.time(self.time_stands);
            let mut events = state.connection.handle_data(&mut scratch, now);
            let first = events.next();
            let second = events.next();
            let mut alone = None;
            match first {
                Some(first) if direct && !passing && second.is_none() && first.is_message() => {
                    drop(events);
                    alone = Some(first);
                }
                first => {
                    for event in first.into_iter().chain(second).chain(events) {
                        self.own.push_event(slot, event);
                    }
                }
            }
            if state.deadline_moved() {
                bits |= RECEIVED_DEADLINE;
            }
            if !state.connection.outbox().is_empty() {
                bits |= RECEIVED_OUTPUT;
            }
            match alone {
                Some(event) if bits == 0 => match views::message(env, event) {
                    Ok(value) => message = Some(value),
                    Err(_) => {
                        values::clear_exception(env)?;
                        self.own.push_event(slot, Event::Violation(Violation::MessageTooLarge));
                    }
                },
                Some(event) => {
                    self.own.push_event(slot, event);
                }
                None => {}
            }
            drop(state);
            if (passing || self.own.records.iter().any(EventRecord::is_deflated)) && self.pass(slot) {
                bits |= RECEIVED_PASSED;
            }
        }
        self.keep_scratch(scratch);
        if !self.own.records.is_empty() {
            bits |= RECEIVED_EVENTS;
        }
        message.map_or_else(|| values::integer(env, bits), Ok)
    }

    /// Has the I/O thread inflate what the link has just received, and hand it back in order.
    /// `false` if that is done already.
    fn pass(&mut self, slot: u32) -> bool {
        let is_served = self.serve(slot);
        let Some(Some(entry)) = self.links.get_mut(slot as usize) else { return false };
        if is_served {
            self.own.push(slot, EventKind::Passed, 0, Payload::Nothing);
            entry.link.state().passed.get_or_insert_default().append(&mut self.own);
            self.own.clear();
            entry.link.kick();
            return true;
        }
        if entry.inflate_queue.is_none() {
            entry.inflate_queue = InflateQueue::of(&entry.link.state().connection).map(Box::new);
        }
        if let Some(inflate_queue) = &mut entry.inflate_queue {
            inflate_queue.append(&mut self.own);
            self.own.clear();
            while !inflate_queue.is_empty() {
                inflate_queue.advance(&entry.link, &mut self.own, || true);
            }
        }
        false
    }

    /// See [`calls`](Self::calls).
    pub(super) fn take(&mut self, env: &Env, batch: sys::napi_value, payloads: sys::napi_value) -> Result<u32> {
        let mut batch = Batch::new(env, batch, payloads)?;
        while batch.has_room() && self.own_next < self.own.records.len() {
            let entry = &mut self.own.records[self.own_next];
            self.own_next += 1;
            batch.push(entry, &self.own.short)?;
        }
        let last = self.own_next == self.own.records.len();
        if last {
            self.own.clear();
            self.own_next = 0;
        }
        Ok(batch.len() | if last { BATCH_LAST } else { 0 })
    }

    fn encode_frames(&mut self, slot: u32, kind: MessageKind, payload: &[u8]) -> Vec<Buffer> {
        let Some(entry) = self.slot(slot) else { return Vec::new() };
        let connection = &mut entry.link.state().connection;
        let fragments = connection.fragments(kind, payload.len());
        fragments
            .filter_map(|fragment| {
                connection.send_fragment(&fragment, payload).ok().map(|()| connection.take_output().into())
            })
            .collect()
    }

    /// See [`calls`](Self::calls).
    pub(super) fn encode_frame_into(&mut self, slot: u32, kind: MessageKind, payload: &[u8], target: &mut [u8]) -> u32 {
        let Some(entry) = self.slot(slot) else { return 0 };
        let connection = &mut entry.link.state().connection;
        let room = payload.len() + MAX_HEADER_LEN <= target.len();
        let whole = connection.fragments(kind, payload.len()).nth(1).is_none();
        if !room || !whole || !connection.outbox().is_empty() || connection.send(kind, payload).is_err() {
            return 0;
        }
        let length = connection.outbox().copy_to(target);
        connection.handle_sent(length);
        length as u32
    }
}
