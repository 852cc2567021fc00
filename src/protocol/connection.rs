//! The state machine of one peer.
//!
//! A [`Connection`] has no socket, no clock and no timer. Its driver has them, and calls four
//! groups of methods. Every call takes `&mut self` or `&self` and returns at once, so one lock
//! around the connection is enough. Only [`Work::run`](super::Work::run) takes long, and needs no
//! connection.
//!
//! - **Input** reports what happened on the socket and the clock:
//!   [`handle_data`](Connection::handle_data), [`direct_read`](Connection::direct_read) with
//!   [`handle_direct_read`](Connection::handle_direct_read),
//!   [`handle_eof`](Connection::handle_eof), [`handle_sent`](Connection::handle_sent),
//!   [`handle_unsendable`](Connection::handle_unsendable),
//!   [`handle_timeout`](Connection::handle_timeout),
//!   [`excuse_silence`](Connection::excuse_silence), and of compression
//!   [`finish_work`](Connection::finish_work) and
//!   [`handle_undecodable`](Connection::handle_undecodable).
//! - **Commands** carry out what the application wants: [`send`](Connection::send) and its
//!   variants, [`ping`](Connection::ping), [`pong`](Connection::pong),
//!   [`answer_ping`](Connection::answer_ping), [`close`](Connection::close),
//!   [`send_close`](Connection::send_close),
//!   [`acknowledge_close`](Connection::acknowledge_close), [`drop`](Connection::drop), and the
//!   settings [`set_mask_key`](Connection::set_mask_key),
//!   [`set_auto_pong`](Connection::set_auto_pong),
//!   [`set_text_as_bytes`](Connection::set_text_as_bytes),
//!   [`set_keeps_fragments`](Connection::set_keeps_fragments),
//!   [`take_over`](Connection::take_over) and [`set_timer`](Connection::set_timer).
//! - **Polling** tells the driver what to do: [`take_work`](Connection::take_work),
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
//! - Between `direct_read` and `handle_direct_read` the driver reads into the memory that it got,
//!   and calls no other input.
//! - Events reach the application in order. It answers them when it has come to them:
//!   [`Event::CloseRequested`] by `acknowledge_close`, [`Event::Violation`] by `drop`, and
//!   [`Event::Ping`], which comes only without automatic pongs, by `answer_ping`. An application
//!   in the dialect of npm `ws` answers both of the former by `send_close`.
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
use super::deadlines::Timers;
use super::event::Event;
use super::frame::{MAX_CONTROL_PAYLOAD, OpCode};
use super::misuse::Misuse;
use super::outbox::Outbox;
use super::receiver::Receiver;
use super::receiver::partial::Partial;
use super::state::{ClosingHandshake, State};
use super::text::TextRules;

mod compressing;
pub(super) mod receiving;
mod sending;
mod timing;

/// With more unsent bytes than this, only the latest ping gets an answer, as RFC 6455 §5.5.3
/// allows. So a peer that pings and never reads can't make the outbox grow.
const PONG_BACKLOG: usize = 64 * 1024;

/// One peer: its state, its unfinished message, its output, and its deadlines.
#[derive(Debug)]
pub struct Connection {
    closing: ClosingHandshake,
    config: Arc<Config>,
    auto_pong: bool,
    text_as_bytes: bool,
    keeps_fragments: bool,
    /// The code of the answer to the peer's close frame.
    close_reply: u16,
    /// The answer to the latest ping that came while too much was unsent.
    late_pong: Option<Box<[u8]>>,
    /// The message that was sent only in part.
    open_message: Option<OpenMessage>,
    /// The masking key of the next frame, if the application has chosen it.
    mask_key: Option<[u8; 4]>,
    /// Partial input; boxed because there is usually none.
    unfinished: Option<Box<Receiver>>,
    /// The event that follows from the frame that was just returned as an event.
    queued: Option<Box<Event<'static>>>,
    outbox: Outbox,
    /// Messages to be deflated, and output behind them. Made for the first such message.
    deflate_queue: Option<Box<DeflateQueue>>,
    timers: Timers,
}

/// How a message is sent whose later fragments are to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenMessage {
    Plain,
    Deflated,
}

impl Connection {
    /// A connection after its opening handshake. All times are distances from one origin of the
    /// caller's choice.
    pub fn new(config: impl Into<Arc<Config>>, now: Duration) -> Self {
        let config = config.into();
        let mut connection = Self {
            closing: ClosingHandshake::new(),
            auto_pong: config.auto_pong,
            text_as_bytes: config.text_as_bytes,
            keeps_fragments: false,
            config,
            close_reply: 1000,
            late_pong: None,
            open_message: None,
            mask_key: None,
            unfinished: None,
            queued: None,
            outbox: Outbox::default(),
            deflate_queue: None,
            timers: Timers::default(),
        };
        connection.restart_keepalive(now);
        connection
    }

    /// The state of the closing handshake.
    pub fn state(&self) -> State {
        self.closing.state()
    }

    /// How texts reach the application.
    pub fn text_rules(&self) -> TextRules {
        TextRules { checks_utf8: self.config.checks_utf8, as_bytes: self.text_as_bytes }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes limits of this connection. The limit of messages applies from the next frame on. The
    /// timeout applies to a closing handshake that has not begun.
    pub fn set_limits(&mut self, max_message_size: u64, close_timeout: Option<Duration>) {
        let config = Arc::make_mut(&mut self.config);
        config.max_message_size = max_message_size;
        config.close_timeout = close_timeout;
    }

    /// Bytes to be sent, or to be deflated and then sent.
    pub fn backlog(&self) -> usize {
        self.outbox.len() + self.deflating_backlog()
    }

    /// Bytes of messages that wait to be deflated, and of all output behind them.
    pub fn deflating_backlog(&self) -> usize {
        self.deflate_queue.as_ref().map_or(0, |queue| queue.len())
    }

    /// Whether there is nothing to send, not even an empty message to be deflated.
    pub fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && !self.is_deflating()
    }

    /// The bytes that are ready to be sent.
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
        // The outbox is about to be empty, so the late pong can leave too.
        self.send_late_pong();
        self.outbox.take()
    }

    /// Goes on where `earlier` was on the same stream of bytes: takes over its output, which leaves
    /// first, and how much of that is sent. If `earlier` does not read any more, this does not read
    /// either.
    pub fn take_over(&mut self, earlier: &mut Self) {
        let mut own = std::mem::replace(&mut self.outbox, std::mem::take(&mut earlier.outbox));
        self.outbox.append(&mut own);
        if !earlier.closing.is_reading() {
            self.stop_reading();
        }
    }

    /// The parts of a message or frame that is not complete.
    pub fn partial(&self) -> Partial<'_> {
        self.unfinished.as_ref().map_or(Partial::NOTHING, |receiver| receiver.partial())
    }

    /// Bytes held of a message or frame that is not complete.
    pub fn buffered(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |receiver| receiver.buffered())
    }

    /// Bytes reserved for a message or frame that is not complete: at most twice its received
    /// bytes, unless the pool had memory for all of it.
    pub fn capacity(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |receiver| receiver.capacity())
    }

    /// Sets whether pings are answered here. Otherwise they are returned as [`Event::Ping`].
    pub fn set_auto_pong(&mut self, auto_pong: bool) {
        self.auto_pong = auto_pong;
    }

    /// Sets whether texts are returned as [`Event::TextBytes`].
    pub fn set_text_as_bytes(&mut self, text_as_bytes: bool) {
        self.text_as_bytes = text_as_bytes;
    }

    /// Sets whether binary messages that come uncompressed are returned as [`Event::Fragments`].
    pub fn set_keeps_fragments(&mut self, keeps_fragments: bool) {
        self.keeps_fragments = keeps_fragments;
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2).
    pub fn close(&mut self, code: u16, reason: &str, now: Duration) -> Result<(), Misuse> {
        if !is_wire_close_code(code) {
            return Err(Misuse::CloseCode);
        }
        self.send_close(CloseReason::new(code, reason).as_bytes(), now)
    }

    /// Sends a close frame with this body, which the caller has judged (RFC 6455 §5.5.1). It begins
    /// the closing handshake, or answers the peer's close frame.
    pub fn send_close(&mut self, body: &[u8], now: Duration) -> Result<(), Misuse> {
        if body.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong);
        }
        if !self.closing.send_close() {
            return Err(Misuse::NotOpen);
        }
        self.push(OpCode::Close, body);
        self.await_end(now);
        Ok(())
    }

    /// Answers the peer's close frame, with 1000, or 1002 if that frame was wrong (RFC 6455
    /// §5.5.1).
    pub fn acknowledge_close(&mut self, now: Duration) {
        if self.state() == State::PeerRequestedClose {
            // It can't fail in this state.
            let _ = self.send_close(CloseReason::new(self.close_reply, "").as_bytes(), now);
        }
    }

    /// Ends the connection at once. No event follows. Sends a close frame with `reason`, unless one
    /// was sent before.
    pub fn drop(&mut self, reason: Option<&CloseReason>) {
        if let Some(reason) = reason
            && self.closing.may_send()
        {
            self.push(OpCode::Close, reason.as_bytes());
        }
        self.closing.drop();
        self.unfinished = None;
        self.queued = None;
        self.timers.clear_all();
    }

    /// Nothing can be sent any more. All output is thrown away. Returns how many marks were behind
    /// messages that wait to be deflated.
    pub fn handle_unsendable(&mut self) -> usize {
        self.late_pong = None;
        self.outbox.clear();
        self.deflate_queue.as_mut().map_or(0, |queue| queue.clear())
    }

    fn send_late_pong(&mut self) {
        if self.state() == State::Open
            && let Some(payload) = self.late_pong.take()
        {
            self.push(OpCode::Pong, &payload);
        }
    }
}
