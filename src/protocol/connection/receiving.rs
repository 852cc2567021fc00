//! Receiving: from bytes to events.

use std::borrow::Cow;
use std::time::Duration;

use super::Connection;
use crate::protocol::close::is_wire_close_code;
use crate::protocol::deadlines::Timer;
use crate::protocol::event::{Event, PeerClose};
use crate::protocol::frame::OpCode;
use crate::protocol::receiver::direct::DirectRead;
use crate::protocol::receiver::{Input, Received, Receiver};
use crate::protocol::state::State;
use crate::protocol::violation::Violation;

impl Connection {
    /// Decodes bytes from the peer and yields their events. Iterate it to the end. The bytes are
    /// unmasked in place.
    pub fn handle_data<'c, 'd>(&'c mut self, data: &'d mut [u8], now: Duration) -> Events<'c, 'd> {
        self.restart_keepalive(now);
        let mut receiver = self.unfinished.take().map_or_else(Receiver::default, |receiver| *receiver);
        receiver.keep_lengths(self.keeps_fragments);
        Events { connection: self, receiver, input: Input::new(data) }
    }

    /// The memory for the next bytes of the peer, if at least `least` bytes of a message are there
    /// and at least `least` bytes of its frame are to come. Report how many bytes were read into it
    /// by [`handle_direct_read`](Self::handle_direct_read).
    pub fn direct_read(&mut self, least: usize) -> Option<DirectRead<'_>> {
        if !self.closing.is_reading() {
            return None;
        }
        self.unfinished.as_mut()?.direct_read(least, &self.config)
    }

    /// Decodes `n` bytes that were read into the memory of [`direct_read`](Self::direct_read).
    pub fn handle_direct_read(&mut self, n: usize, now: Duration) -> Option<Event<'static>> {
        self.restart_keepalive(now);
        let receiver = self.unfinished.as_mut()?;
        let received = receiver.on_direct_read(n, &self.config);
        if !receiver.is_unfinished() {
            self.unfinished = None;
        }
        self.on_decoded(received)
    }

    /// The peer ended its side of the stream. No answer to a ping can come any more.
    pub fn handle_eof(&mut self) {
        self.stop_reading();
    }

    fn next_event<'d>(&mut self, receiver: &mut Receiver, input: &mut Input<'d>) -> Option<Event<'d>> {
        loop {
            if let Some(event) = self.queued.take() {
                return Some(*event);
            }
            if !self.closing.is_reading() {
                return None;
            }
            let received = receiver.poll(input, &self.config);
            let is_last = matches!(received, Ok(None) | Err(_));
            let event = self.on_decoded(received);
            if event.is_some() || is_last {
                return event;
            }
        }
    }

    fn on_decoded<'d>(&mut self, received: Result<Option<Received<'d>>, Violation>) -> Option<Event<'d>> {
        match received {
            Ok(received) => self.on_received(received?),
            Err(violation) => {
                self.stop_reading();
                self.reports().then_some(Event::Violation(violation))
            }
        }
    }

    /// Whether what the peer sends is reported. With our close frame out, the connection is about to
    /// end anyway.
    fn reports(&self) -> bool {
        match self.state() {
            State::Open => true,
            State::Ending => self.config.dialect.reports_while_ending,
            State::PeerRequestedClose | State::Closed => false,
        }
    }

    fn on_received<'d>(&mut self, received: Received<'d>) -> Option<Event<'d>> {
        match received {
            Received::Control(OpCode::Close, body) => self.on_close_frame(&body),
            _ if !self.reports() => match received {
                Received::Frame(frame) if frame.opcode == OpCode::Close as u8 => self.on_close_frame(&frame.payload),
                _ => None,
            },
            Received::Text { payload, ascii } => Some(self.text_rules().event(payload, ascii)),
            Received::Binary(payload) => Some(Event::Binary(payload)),
            Received::Fragments { payload, lengths } => Some(Event::Fragments { payload, lengths }),
            Received::Deflated { kind, payload } => Some(Event::Deflated { kind, payload }),
            Received::Control(OpCode::Ping, payload) => self.on_ping(payload),
            Received::Control(_, payload) => Some(Event::Pong(payload)),
            Received::Frame(frame) => {
                // The frame is an event first. Its effect follows.
                let treated = match OpCode::from_bits(frame.opcode) {
                    Some(OpCode::Close) => self.on_close_frame(&frame.payload),
                    Some(OpCode::Ping) => self.on_ping(Cow::Owned(frame.payload.clone())),
                    Some(OpCode::Pong) => Some(Event::Pong(Cow::Owned(frame.payload.clone()))),
                    _ => None,
                };
                self.queued = treated.map(Box::new);
                Some(Event::Frame(frame))
            }
        }
    }

    fn on_ping<'d>(&mut self, payload: Cow<'d, [u8]>) -> Option<Event<'d>> {
        if !self.auto_pong {
            return Some(Event::Ping(payload));
        }
        self.answer_ping(&payload);
        None
    }

    fn on_close_frame(&mut self, body: &[u8]) -> Option<Event<'static>> {
        self.stop_reading();
        if self.reports() {
            return Some(self.on_close_request(body));
        }
        let is_reply = self.state() == State::Ending;
        self.closing.recv_close();
        is_reply.then_some(Event::CloseReplied)
    }

    /// JavaScript answers it, behind its answers to earlier messages, by `acknowledge_close`.
    fn on_close_request(&mut self, body: &[u8]) -> Event<'static> {
        let (code, reason) = match body.split_first_chunk::<2>() {
            Some((code, reason)) => (Some(u16::from_be_bytes(*code)), reason),
            None => (None, &[][..]),
        };
        let malformed = body.len() == 1;
        if malformed || code.is_some_and(|code| !is_wire_close_code(code)) {
            self.close_reply = 1002;
            if self.config.dialect.refuses_wrong_close_frames {
                return Event::Violation(code.map_or(Violation::ControlLength(1), Violation::InvalidCloseCode));
            }
        }
        if self.config.checks_utf8 && std::str::from_utf8(reason).is_err() {
            return Event::Violation(Violation::InvalidUtf8);
        }
        self.closing.recv_close();
        Event::CloseRequested(PeerClose {
            code,
            reason: reason.to_owned(),
            malformed,
            as_bytes: self.config.dialect.close_reasons_are_bytes,
        })
    }

    /// Ends the decoding. An answer to a ping can't be seen any more.
    pub(super) fn stop_reading(&mut self) {
        self.closing.stop_reading();
        self.unfinished = None;
        self.timers.clear(Timer::Keepalive);
        self.timers.clear(Timer::Grace);
    }
}

/// The events in a piece of received data, in order. Dropping it loses the events that are left.
#[derive(Debug)]
#[must_use = "the data is decoded as the events are taken"]
pub struct Events<'c, 'd> {
    connection: &'c mut Connection,
    receiver: Receiver,
    input: Input<'d>,
}

impl<'d> Iterator for Events<'_, 'd> {
    type Item = Event<'d>;

    fn next(&mut self) -> Option<Event<'d>> {
        self.connection.next_event(&mut self.receiver, &mut self.input)
    }
}

impl Drop for Events<'_, '_> {
    fn drop(&mut self) {
        if self.receiver.is_unfinished() && self.connection.closing.is_reading() {
            self.connection.unfinished = Some(Box::new(std::mem::take(&mut self.receiver)));
        }
    }
}
