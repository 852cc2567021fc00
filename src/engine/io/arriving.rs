//! A connection of a listener, on its I/O thread, until it is a link.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::{BatchSink, EventSink as _};
use crate::engine::io::driver::{READS_PER_TURN, SCRATCH, TurnResult};
use crate::engine::link::arriving::{ArrivingState, Stage};
use crate::engine::link::shared_connection::{Arriving, SharedListener};
use crate::protocol::{HeadProgress, write_handshake};
use crate::transport::address;
use crate::transport::descriptor::Io;
use crate::transport::poller::Readiness;
use crate::transport::tls::TlsFailure;

mod handshaking;

/// Bytes of a record's payload in front of the head: address, port and length.
const MOST_PREFIX: usize = 96;

/// Reads the head of the first request. Then JavaScript has its turn.
pub struct ArrivingDriver {
    pub arriving: Arc<Arriving>,
    pub listener: Arc<SharedListener>,
    /// The end, or urgent data, is among the input. A short read is not the last one then.
    pub ending: bool,
    /// It is in the queue of those that have a turn.
    pub queued: bool,
}

impl ArrivingDriver {
    /// A connection that was just accepted.
    pub fn new(arriving: Arc<Arriving>, listener: Arc<SharedListener>) -> Self {
        Self { arriving, listener, ending: false, queued: false }
    }

    /// The readiness has changed.
    pub fn on_ready(&mut self, readiness: Readiness) {
        if readiness.readable {
            self.arriving.note_news();
        }
        self.ending |= readiness.ending;
    }

    /// Whether nothing is left to do: JavaScript has the descriptor, or it is closed. A link has the
    /// descriptor of one that is taken, and takes its place soon.
    pub fn is_done(&self) -> bool {
        matches!(self.arriving.state().stage, Stage::HandedOut | Stage::Dropped)
    }

    /// Reads, as far as possible without blocking.
    pub fn turn(&mut self, sink: &mut BatchSink) -> TurnResult {
        let arriving = self.arriving.clone();
        let mut state = arriving.state();
        if state.tls.as_ref().is_some_and(|tls| !tls.pending().is_empty()) {
            self.flush(&mut state);
        }
        if std::mem::take(&mut state.is_answered) && state.stage == Stage::Reading && !self.go_on(&mut state, sink) {
            return TurnResult::Done;
        }
        for _ in 0..READS_PER_TURN {
            match state.stage {
                Stage::Reading => {}
                Stage::Dropped => return TurnResult::Done,
                // The link that takes its place reads on.
                Stage::Asking | Stage::Told { .. } | Stage::Taken | Stage::HandedOut => return TurnResult::Wait,
            }
            if !arriving.has_news() {
                return TurnResult::Wait;
            }
            let goes_on = if self.listener.tls.is_some() {
                self.read_encrypted(&mut state, sink)
            } else {
                self.read_once(&mut state, sink)
            };
            if !goes_on {
                return TurnResult::Done;
            }
        }
        TurnResult::Again
    }

    /// Reads once. Returns `false` if the connection has ended, and JavaScript need not know of it.
    fn read_once(&mut self, state: &mut ArrivingState, sink: &mut BatchSink) -> bool {
        // One byte more than the longest head tells that a head is too long.
        let room = (self.listener.max_head + 1).saturating_sub(state.bytes.len());
        SCRATCH.with_borrow_mut(|scratch| {
            let most = scratch.len().min(room);
            match self.arriving.descriptor.receive(&mut scratch[..most]) {
                Io::Done(0) => return self.on_end(state, sink),
                Io::Failed(_) => return false,
                Io::Done(n) => {
                    if n < most && !self.ending {
                        self.arriving.forget_news();
                    }
                    self.on_bytes(state, &scratch[..n], sink);
                }
                Io::WouldBlock => self.arriving.forget_news(),
            }
            true
        })
    }

    /// The peer has ended before its head is complete. Returns `false` if JavaScript need not know.
    fn on_end(&self, state: &mut ArrivingState, sink: &mut BatchSink) -> bool {
        // Node answers half a request.
        let is_told = !state.bytes.is_empty();
        if is_told {
            self.tell(state, EventKind::Http, 0, Cow::default(), sink);
        }
        is_told
    }

    /// Looks at received bytes of the request.
    fn on_bytes(&self, state: &mut ArrivingState, bytes: &[u8], sink: &mut BatchSink) {
        state.bytes.extend_from_slice(bytes);
        state.received += bytes.len() as u64;
        match state.scan.advance(&state.bytes, self.listener.max_head) {
            HeadProgress::Partial => {}
            HeadProgress::Foreign => self.tell(state, EventKind::Http, 0, Cow::default(), sink),
            HeadProgress::Complete(head) => match self.describe(&state.bytes, head) {
                Some(parts) => self.tell(state, EventKind::Request, head, parts.into(), sink),
                None => self.tell(state, EventKind::Http, 0, Cow::default(), sink),
            },
        }
    }

    /// The payload of [`EventKind::Request`]: the address and the port of the peer, which are empty
    /// in the Unix domain, the number of bytes behind the head, and what [`write_handshake`] says of
    /// the head, with a NUL between any two. `None` if the head is no handshake.
    fn describe(&self, bytes: &[u8], head: usize) -> Option<Vec<u8>> {
        let peer = self.arriving.address;
        let (ip, port) = peer.map_or_else(Default::default, |peer| (address::text(&peer), peer.port().to_string()));
        let mut parts = Vec::with_capacity(MOST_PREFIX + head);
        parts.extend_from_slice(format!("{ip}\0{port}\0{}", bytes.len() - head).as_bytes());
        write_handshake(&bytes[..head], &mut parts).then_some(parts)
    }

    /// Tells JavaScript what the connection begins with.
    fn tell(
        &self,
        state: &mut ArrivingState,
        kind: EventKind,
        head: usize,
        payload: Cow<'_, [u8]>,
        sink: &mut BatchSink,
    ) {
        state.stage = Stage::Told { head };
        self.listener.note_told();
        let (slot, ticket) = (self.listener.slot, self.arriving.ticket);
        sink.push(&*self.listener, |queue| match kind {
            EventKind::Request => queue.push_payload(slot, kind, ticket, payload, false),
            _ => queue.push(slot, kind, ticket, Payload::Nothing),
        });
    }

    /// The deadline to add to the timer queue of the thread, if there is one that is not there.
    pub fn rearm(&self) -> Option<Duration> {
        let mut state = self.arriving.state();
        if !matches!(state.stage, Stage::Reading | Stage::Asking) || state.armed.is_some() {
            return None;
        }
        state.armed = self.listener.deadline(&self.arriving);
        state.armed
    }

    /// Whether the entry of the timer queue for `deadline` is the one that counts.
    pub fn is_armed_for(&self, deadline: Duration) -> bool {
        self.arriving.state().armed == Some(deadline)
    }

    /// The entry for `deadline` is due. Returns `false` if that ends the connection.
    pub fn fire(&self, deadline: Duration, now: Duration, sink: &mut BatchSink) -> bool {
        let mut state = self.arriving.state();
        if state.armed != Some(deadline) {
            return true;
        }
        state.armed = None;
        let is_late = self.listener.deadline(&self.arriving).is_some_and(|deadline| deadline <= now);
        if !is_late || !matches!(state.stage, Stage::Reading | Stage::Asking) {
            return true;
        }
        if self.arriving.is_handshaking() {
            state.stage = Stage::Dropped;
            self.tell_failure(&TlsFailure::timeout(), sink);
            return false;
        }
        self.tell(&mut state, EventKind::HeadTimeout, 0, Cow::default(), sink);
        true
    }
}
