//! The engine's part of links whose bytes JavaScript moves.

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::abi::{RECEIVED_DEADLINE, RECEIVED_EVENTS, RECEIVED_HANDED_OVER, RECEIVED_OUTPUT};
use super::engine::Engine;
use super::{values, views};
use crate::engine::events::record::{EventKind, EventRecord, Payload};
use crate::engine::link::inflate_queue::InflateQueue;
use crate::protocol::{Event, MAX_HEADER_LEN, MessageKind, Violation};

/// A message as JavaScript's value, and its kind if that is a Buffer.
type Message = (sys::napi_value, Option<EventKind>);

#[napi]
impl Engine {
    /// Notes the end of a stream that JavaScript reads. Does nothing on an adopted link, because
    /// the I/O thread has read its end.
    #[napi]
    pub fn receive_end(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot).filter(|entry| !entry.adopted) {
            entry.link.state().connection.handle_eof();
        }
    }

    /// Decodes nothing further of a link.
    #[napi]
    pub fn stop_receiving(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.state().connection.handle_eof();
        }
    }

    /// The output of a link that JavaScript drives, or null.
    #[napi(ts_return_type = "Buffer | null")]
    pub fn take_output(&mut self, env: Env, slot: u32) -> Result<Option<Unknown<'_>>> {
        let Some(entry) = self.entry(slot) else { return Ok(None) };
        let output = entry.link.state().connection.take_output();
        if output.is_empty() {
            return Ok(None);
        }
        let buffer = values::buffer_copy(&env, &output)?;
        // SAFETY: the handle was made in this call, by this environment.
        Ok(Some(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) }))
    }

    /// Encodes a message of a link that JavaScript drives, with one Buffer for each frame.
    /// `is_latin1` says that no character of the text is beyond U+00FF.
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

    /// The marks in the output that was last taken from a link of JavaScript's: for each, how many
    /// bytes of that output come behind it.
    #[napi]
    pub fn take_marks(&mut self, slot: u32) -> Vec<f64> {
        self.entry(slot).map_or_else(Vec::new, |entry| entry.link.state().locate_reached_marks())
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
        inflating: bool,
        kind: sys::napi_value,
    ) -> Result<sys::napi_value> {
        let mut scratch = self.take_scratch();
        // Unmasking works in place, and JavaScript's buffer may have other readers.
        scratch.extend_from_slice(bytes);
        let received = self.decode(env, slot, &mut scratch, direct && !inflating);
        self.keep_scratch(scratch);
        let (message, mut bits) = received?;
        if (inflating || self.own.records.iter().any(EventRecord::is_deflated)) && self.hand_to_io_thread(slot) {
            bits |= RECEIVED_HANDED_OVER;
        }
        if !self.own.records.is_empty() {
            bits |= RECEIVED_EVENTS;
        }
        let Some((message, buffer_kind)) = message else { return values::integer(env, bits) };
        if let Some(buffer_kind) = buffer_kind {
            // SAFETY: JavaScript, the only other user of this memory, does not run while this
            // function does.
            let kind = unsafe { values::words_mut(env, kind) }?;
            kind.fill(buffer_kind as u32);
        }
        Ok(message)
    }

    /// Decodes what a link has received into `own`, and returns bits of `RECEIVED_…`. With `direct`
    /// it returns a message, if that is all there is.
    fn decode(&mut self, env: &Env, slot: u32, bytes: &mut [u8], direct: bool) -> Result<(Option<Message>, u32)> {
        let Some(Some(entry)) = self.links.get(slot as usize) else { return Ok((None, 0)) };
        let mut state = entry.link.state();
        state.received += bytes.len() as u64;
        let now = state.time(self.time_stands);
        let mut events = state.connection.handle_data(bytes, now);
        let (first, second) = (events.next(), events.next());
        let mut alone = None;
        match first {
            Some(first) if direct && second.is_none() && first.is_message() => {
                drop(events);
                alone = Some(first);
            }
            first => {
                for event in first.into_iter().chain(second).chain(events) {
                    self.own.push_event(slot, event);
                }
            }
        }
        let mut bits = 0;
        if state.deadline_moved() {
            bits |= RECEIVED_DEADLINE;
        }
        if !state.connection.outbox().is_empty() {
            bits |= RECEIVED_OUTPUT;
        }
        let mut message = None;
        match alone {
            Some(event) if bits == 0 => match views::message(env, event) {
                Ok(made) => message = Some(made),
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
        Ok((message, bits))
    }

    /// Hands the bytes that the link has just received to an I/O thread, which inflates them and
    /// returns their events in order. `false` if there is no such thread: then this one has
    /// inflated them.
    fn hand_to_io_thread(&mut self, slot: u32) -> bool {
        let is_served = self.serve(slot);
        let Some(Some(entry)) = self.links.get_mut(slot as usize) else { return false };
        if is_served {
            self.own.push(slot, EventKind::HandedBack, 0, Payload::Nothing);
            entry.link.state().handed_over.get_or_insert_default().append(&mut self.own);
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

    fn encode_frames(&mut self, slot: u32, kind: MessageKind, payload: &[u8]) -> Vec<Buffer> {
        let Some(entry) = self.entry(slot) else { return Vec::new() };
        let frames = entry.link.state().connection.send_by_frames(kind, payload);
        entry.open_message = None;
        frames.unwrap_or_default().into_iter().map(Buffer::from).collect()
    }

    /// See [`calls`](Self::calls).
    pub(super) fn encode_frame_into(&mut self, slot: u32, kind: MessageKind, payload: &[u8], target: &mut [u8]) -> u32 {
        let Some(entry) = self.entry(slot) else { return 0 };
        let connection = &mut entry.link.state().connection;
        let room = payload.len() + MAX_HEADER_LEN <= target.len();
        let whole = !connection.is_fragmented(payload.len());
        if !room || !whole || !connection.outbox().is_empty() || connection.send(kind, payload).is_err() {
            return 0;
        }
        let length = connection.outbox().copy_to(target);
        connection.handle_sent(length);
        entry.open_message = None;
        length as u32
    }
}
