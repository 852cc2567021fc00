//! The state machine of one peer.
//!
//! A [`Connection`] has no socket, no clock and no timer. Its driver has them, and calls four
//! groups of methods. Every call takes `&mut self` or `&self` and returns at once, so one lock
//! around the connection is enough. Only [`Work::run`](super::Work::run) takes long, and needs no
//! connection.
//!
//! - **Input** is what happened on the socket and the clock:
//!   [`handle_data`](Connection::handle_data), [`direct_read`](Connection::direct_read) with
//!   [`handle_direct_read`](Connection::handle_direct_read),
//!   [`handle_eof`](Connection::handle_eof), [`handle_sent`](Connection::handle_sent),
//!   [`handle_unsendable`](Connection::handle_unsendable),
//!   [`handle_timeout`](Connection::handle_timeout),
//!   [`excuse_silence`](Connection::excuse_silence), and of compression
//!   [`finish_work`](Connection::finish_work) and
//!   [`handle_undecodable`](Connection::handle_undecodable).
//! - **Commands** are what the application wants: [`send`](Connection::send) and its variants,
//!   [`ping`](Connection::ping), [`pong`](Connection::pong),
//!   [`answer_ping`](Connection::answer_ping), [`close`](Connection::close),
//!   [`acknowledge_close`](Connection::acknowledge_close), [`drop`](Connection::drop), and the
//!   settings [`set_auto_pong`](Connection::set_auto_pong) and
//!   [`set_timer`](Connection::set_timer).
//! - **Polling** asks what the driver has to do: [`take_work`](Connection::take_work),
//!   [`outbox`](Connection::outbox) or [`take_output`](Connection::take_output), and
//!   [`poll_timeout`](Connection::poll_timeout).
//! - **Questions** change nothing: [`state`](Connection::state),
//!   [`backlog`](Connection::backlog), [`partial`](Connection::partial) and the like.
//!
//! After any input or command, the driver polls in this order:
//!
//! 1. Take all events that the call returned: those of `handle_data` to the end, since the rest
//!    is lost with the iterator, and those of `handle_timeout` until it returns `None`.
//! 2. While `take_work` returns some, run it and give it back by `finish_work`. There is one
//!    piece of work at a time. What the application sends later waits for it.
//! 3. Write the outbox, and report how much was written by `handle_sent`. A driver that writes
//!    whole buffers uses `take_output` instead.
//! 4. Set the timer to `poll_timeout`. A deadline moves later without notice. A driver may keep
//!    its timer and ask again when that fires.
//!
//! Who may call what, and when:
//!
//! - All times are distances from one origin, and come from a clock that does not go back.
//! - Between `direct_read` and `handle_direct_read` the driver reads into the place that it was
//!   given, and calls no other input.
//! - Events reach the application in order. It answers them when it has come to them:
//!   [`Event::CloseRequested`] by `acknowledge_close`, [`Event::Violation`] by `drop`, and
//!   [`Event::Ping`], which comes only without automatic pongs, by `answer_ping`.
//! - If compression was negotiated, an [`Event::Deflated`] is inflated before anything behind it
//!   is delivered. If that fails, `handle_undecodable` follows.
//! - Messages, pings, pongs and close frames may be asked for in any state. A call that has no
//!   place there returns [`Misuse::NotOpen`] or does nothing. Bytes that are encoded already
//!   ([`send_raw`](Connection::send_raw), [`send_shared`](Connection::send_shared)) go out in any
//!   state, so their caller looks at the state first. The caller of
//!   [`send_through`](Connection::send_through) asks
//!   [`can_send_through`](Connection::can_send_through) first.
//! - No event follows `drop`. The outbox may still hold the close frame.
//! - `handle_eof` ends the decoding. `handle_unsendable` empties the outbox.

use std::sync::Arc;
use std::time::Duration;

use super::close::{CloseReason, is_wire_close_code};
use super::compression::DeflateQueue;
use super::config::Config;
use super::event::Event;
use super::frame::OpCode;
use super::misuse::Misuse;
use super::outbox::Outbox;
use super::receiver::{Partial, Receiver};
use super::state::{ClosingHandshake, State};
use super::timers::Timers;

mod compressing;
pub(super) mod receiving;
mod sending;
mod timing;

/// Unsent bytes beyond which only the latest ping is kept for an answer, as RFC 6455 §5.5.3 allows:
/// a peer that pings and never reads can't make the outbox grow.
const PONG_BACKLOG: usize = 64 * 1024;

/// One peer: its state, what was received of an unfinished message, what waits to be sent, and its
/// deadlines.
#[derive(Debug)]
pub struct Connection {
    closing: ClosingHandshake,
    config: Arc<Config>,
    auto_pong: bool,
    /// The code that a peer's close frame is owed.
    close_reply: u16,
    /// The answer to the latest ping that came while too much waited to be sent.
    late_pong: Option<Box<[u8]>>,
    /// What was received of something that is not complete. At most times nothing is, and then it
    /// takes no memory.
    unfinished: Option<Box<Receiver>>,
    /// How a frame that was shown is treated.
    queued: Option<Box<Event<'static>>>,
    outbox: Outbox,
    /// What is to be deflated first. Made for the first message of that kind.
    deflate_queue: Option<Box<DeflateQueue>>,
    timers: Timers,
}

impl Connection {
    /// A connection whose opening handshake is done. All times are distances from one origin of the
    /// caller's choice.
    pub fn new(config: impl Into<Arc<Config>>, now: Duration) -> Self {
        let config = config.into();
        let mut connection = Self {
            closing: ClosingHandshake::new(),
            auto_pong: config.auto_pong,
            config,
            close_reply: 1000,
            late_pong: None,
            unfinished: None,
            queued: None,
            outbox: Outbox::default(),
            deflate_queue: None,
            timers: Timers::default(),
        };
        connection.restart_keepalive(now);
        connection
    }

    /// Where the closing handshake stands.
    pub fn state(&self) -> State {
        self.closing.state()
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes limits of this connection. That of messages holds from the next frame on, the
    /// timeout for a closing handshake that has not begun.
    pub fn set_limits(&mut self, max_message_size: u64, close_timeout: Duration) {
        let config = Arc::make_mut(&mut self.config);
        config.max_message_size = max_message_size;
        config.close_timeout = close_timeout;
    }

    /// Bytes that wait to be sent, or to be deflated before.
    pub fn backlog(&self) -> usize {
        self.outbox.len() + self.deflate_queue.as_ref().map_or(0, |queue| queue.len())
    }

    /// Whether nothing waits, not even an empty message to be deflated.
    pub fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && !self.is_deflating()
    }

    /// What is ready to be sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The first `n` bytes of the outbox were sent.
    pub fn handle_sent(&mut self, n: usize) {
        self.outbox.advance(n);
        if self.backlog() <= PONG_BACKLOG {
            self.send_late_pong();
        }
    }

    /// Takes the whole outbox, for a driver that writes whole buffers.
    pub fn take_output(&mut self) -> Vec<u8> {
        // Nothing is left to wait for, so the late pong need not come later.
        self.send_late_pong();
        self.outbox.take()
    }

    /// What there is of a message or frame that is not complete.
    pub fn partial(&self) -> Partial<'_> {
        self.unfinished.as_ref().map_or(Partial::NOTHING, |receiver| receiver.partial())
    }

    /// Bytes held of a message or frame that is not complete.
    pub fn buffered(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |receiver| receiver.buffered())
    }

    /// Bytes reserved for a message or frame that is not complete: at most twice what was received
    /// of it, unless the process had memory for all of it to spare.
    pub fn capacity(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |receiver| receiver.capacity())
    }

    /// Whether pings are answered here (`true`) or come as [`Event::Ping`].
    pub fn set_auto_pong(&mut self, auto_pong: bool) {
        self.auto_pong = auto_pong;
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2).
    pub fn close(&mut self, code: u16, reason: &str, now: Duration) -> Result<(), Misuse> {
        if !is_wire_close_code(code) {
            return Err(Misuse::CloseCode);
        }
        if !self.closing.send_close() {
            return Err(Misuse::NotOpen);
        }
        self.push_close(&CloseReason::new(code, reason));
        self.await_end(now);
        Ok(())
    }

    /// Answers the peer's close frame, with 1000 or with what was wrong about it (RFC 6455 §5.5.1).
    pub fn acknowledge_close(&mut self, now: Duration) {
        if self.state() == State::PeerRequestedClose && self.closing.send_close() {
            self.push_close(&CloseReason::new(self.close_reply, ""));
            self.await_end(now);
        }
    }

    /// Ends the connection at once: no event follows. The peer is told `reason`, unless a close
    /// frame went out before.
    pub fn drop(&mut self, reason: Option<&CloseReason>) {
        if let Some(reason) = reason
            && self.closing.may_send()
        {
            self.push_close(reason);
        }
        self.closing.drop();
        self.unfinished = None;
        self.queued = None;
        self.timers.clear_all();
    }

    /// Nothing can be sent any more: what waits never will be.
    pub fn handle_unsendable(&mut self) {
        self.late_pong = None;
        self.outbox.clear();
        if let Some(queue) = &mut self.deflate_queue {
            queue.clear();
        }
    }

    fn send_late_pong(&mut self) {
        if self.state() == State::Open
            && let Some(payload) = self.late_pong.take()
        {
            self.push(OpCode::Pong, &payload);
        }
    }
}
