//! A listener, on the I/O thread that accepts its connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::base::numbers::next_number;
use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::{BatchSink, EventSink as _};
use crate::engine::io::driver::TurnResult;
use crate::engine::link::shared_connection::{Arrival, SharedListener};
use crate::transport::listener::accept;

/// Connections that are accepted before others have their turn.
const ACCEPTS_PER_TURN: usize = 64;

/// How long nothing is accepted after that has failed. The process has no descriptor left, or the
/// system no memory: trying at once would fail again.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections.
pub struct ListenerDriver {
    pub listener: Arc<SharedListener>,
    /// A number that nothing else has which I/O threads serve.
    pub number: u64,
    /// There may be connections.
    pub readable: bool,
    /// When it is tried again to accept.
    pub paused_until: Option<Duration>,
    /// JavaScript knows that accepting fails.
    has_failed: bool,
    /// It is in the queue of those that have a turn.
    pub queued: bool,
}

impl ListenerDriver {
    /// A listener that has accepted nothing.
    pub fn new(listener: Arc<SharedListener>) -> Self {
        let number = next_number();
        Self { listener, number, readable: false, paused_until: None, has_failed: false, queued: false }
    }

    /// Accepts, as far as possible without blocking.
    pub fn turn(&mut self, now: Duration, sink: &mut BatchSink) -> TurnResult {
        if self.listener.is_over() {
            sink.push(&*self.listener, |queue| {
                queue.push(self.listener.slot, EventKind::Released, 0, Payload::Nothing)
            });
            return TurnResult::Done;
        }
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.readable || self.paused_until.is_some() || !self.listener.has_room() {
                return TurnResult::Wait;
            }
            match self.accept_once() {
                Ok(true) => self.has_failed = false,
                // The listener is closed.
                Ok(false) => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => self.on_failure(&error, now, sink),
            }
        }
        TurnResult::Again
    }

    fn accept_once(&self) -> io::Result<bool> {
        let Some(descriptor) = &self.listener.descriptor else { return Ok(false) };
        let listener = &self.listener;
        listener.admit(
            || accept(descriptor),
            |token, arriving| Arrival::Arriving { token, arriving, listener: listener.clone() },
        )
    }

    /// Tells JavaScript once, and pauses.
    fn on_failure(&mut self, error: &io::Error, now: Duration, sink: &mut BatchSink) {
        self.paused_until = Some(now + PAUSE);
        if !std::mem::replace(&mut self.has_failed, true) {
            let errno = error.raw_os_error().unwrap_or(0).unsigned_abs();
            sink.push(&*self.listener, |queue| {
                queue.push(self.listener.slot, EventKind::AcceptError, errno, Payload::Nothing)
            });
        }
    }
}

/// Whether only one connection has failed, before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
        || error.raw_os_error() == Some(libc::EPROTO)
}
