//! The state machine of one peer.

use std::borrow::Cow;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::close::{CloseReason, is_wire_close_code};
use super::compression::Waiting;
use super::config::Config;
use super::event::{Event, PeerClose, Violation};
use super::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, OpCode};
use super::message::{Fragment, Fragments, MessageKind};
use super::outbox::Outbox;
use super::receiver::{DirectRead, Input, Partial, Received, Receiver};
use super::timers::{Timer, Timers};

mod compressing;

/// Unsent bytes beyond which only the latest ping is kept for an answer, as RFC 6455 §5.5.3 allows: a peer that pings and
/// never reads can't make the outbox grow.
const PONG_BACKLOG: usize = 64 * 1024;

/// Shorter fragments are sooner copied together than written piece by piece.
const LEAST_THROUGH: usize = 4 * 1024;

/// The keepalive interval that a shorter one is taken for, as Node.js does with its timers: none at all would be due
/// again each time it is served.
const SHORTEST_KEEPALIVE: Duration = Duration::from_millis(1);

/// Where the closing handshake stands (RFC 6455 §7.1).
///
/// ```text
///                 send_close                     recv_close
///        ┌────────────────────────► Ending ────────────────────────┐
///        │                                                         ▼
///      Open ───────────────────────── drop ──────────────────► Closed
///        │                                                         ▲
///        └────────────────► PeerRequestedClose ────────────────────┘
///                 recv_close                 acknowledge_close, send_close, drop
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Messages go both ways.
    Open,
    /// The peer sent a close frame; ours is still owed.
    PeerRequestedClose,
    /// We sent a close frame; the peer's is awaited and its messages are ignored.
    Ending,
    /// No frame goes either way any more. The end of TCP may still be awaited.
    Closed,
}

/// The caller asked for something that the connection can't do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    /// The state has no room for this command.
    NotOpen,
    /// The close code must not go onto the wire (RFC 6455 §7.4).
    CloseCode,
    /// The payload is longer than a control frame's 125 bytes (RFC 6455 §5.5).
    ControlTooLong,
}

/// One peer: its state, what was received of an unfinished message, what waits to be sent, and its deadlines.
#[derive(Debug)]
pub struct Connection {
    state: State,
    config: Arc<Config>,
    auto_pong: bool,
    /// The code that a peer's close frame is owed.
    close_reply: u16,
    /// The answer to the latest ping that came while too much waited to be sent.
    late_pong: Option<Box<[u8]>>,
    /// Nothing further is decoded: the peer closed, or broke the protocol.
    deaf: bool,
    /// What was received of something that is not complete. At most times nothing is, and then it takes no memory.
    unfinished: Option<Box<Receiver>>,
    /// How a frame that was shown is treated.
    queued: Option<Box<Event<'static>>>,
    outbox: Outbox,
    /// What is to be deflated first. Made for the first message of that kind.
    waiting: Option<Box<Waiting>>,
    timers: Timers,
}

impl Connection {
    /// A connection whose opening handshake is done. All times are distances from one origin of the caller's choice.
    pub fn new(config: impl Into<Arc<Config>>, now: Duration) -> Self {
        let config = config.into();
        let mut connection = Self {
            state: State::Open,
            auto_pong: config.auto_pong,
            config,
            close_reply: 1000,
            late_pong: None,
            deaf: false,
            unfinished: None,
            queued: None,
            outbox: Outbox::default(),
            waiting: None,
            timers: Timers::default(),
        };
        connection.restart_keepalive(now);
        connection
    }

    /// Where the closing handshake stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes limits of this connection. That of messages holds from the next frame on, the timeout for a closing handshake
    /// that has not begun.
    pub fn set_limits(&mut self, max_message_size: u64, close_timeout: Duration) {
        let config = Arc::make_mut(&mut self.config);
        config.max_message_size = max_message_size;
        config.close_timeout = close_timeout;
    }

    /// Bytes that wait to be sent, or to be deflated before.
    pub fn backlog(&self) -> usize {
        self.outbox.len() + self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// Whether nothing waits, not even an empty message to be deflated.
    pub fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && !self.is_deflating()
    }

    /// What is ready to be sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Outgoing messages longer than this are fragmented.
    pub fn fragmentation_threshold(&self) -> Option<usize> {
        self.config.fragmentation_threshold.map(|threshold| threshold.max(1))
    }

    /// Encodes an unmasked message by itself, as this connection would send it, for several connections to share.
    pub fn encode_shared(&self, kind: MessageKind, payload: &[u8]) -> Bytes {
        let mut frames = Outbox::default();
        for fragment in self.fragments(kind, payload.len()) {
            let payload = &payload[fragment.range];
            let header = FrameHeader::new(fragment.fin, 0, fragment.opcode as u8, None, payload.len() as u64);
            frames.push_frame(header, payload);
        }
        frames.take().into()
    }

    /// Appends bytes that are encoded already, as the application may write its own.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.ordered(|outbox| outbox.push_bytes(bytes));
    }

    /// Appends encoded frames that several connections share.
    pub fn send_shared(&mut self, bytes: Bytes) {
        self.ordered(|outbox| outbox.push_shared(bytes));
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

    /// Bytes reserved for a message or frame that is not complete: at most twice what was received of it, unless the process
    /// had memory for all of it to spare.
    pub fn capacity(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |receiver| receiver.capacity())
    }

    /// Whether pings are answered here (`true`) or come as [`Event::Ping`].
    pub fn set_auto_pong(&mut self, auto_pong: bool) {
        self.auto_pong = auto_pong;
    }

    /// Takes bytes from the peer and yields the events in them; to be iterated to the end. They are unmasked in place.
    pub fn handle_data<'c, 'd>(&'c mut self, data: &'d mut [u8], now: Duration) -> Events<'c, 'd> {
        self.restart_keepalive(now);
        let receiver = self.unfinished.take().map_or_else(Receiver::default, |receiver| *receiver);
        Events { connection: self, receiver, input: Input::new(data) }
    }

    /// Where the next bytes of the peer can be put directly, if at least `least` bytes of a message are
    /// there and at least `least` bytes of its frame are to come. Report how many were put there by
    /// [`handle_direct_read`](Self::handle_direct_read).
    pub fn direct_read(&mut self, least: usize) -> Option<DirectRead<'_>> {
        if self.deaf {
            return None;
        }
        self.unfinished.as_mut()?.direct_read(least, &self.config)
    }

    /// Takes in `n` bytes that were put where [`direct_read`](Self::direct_read) said.
    pub fn handle_direct_read(&mut self, n: usize, now: Duration) -> Option<Event<'static>> {
        self.restart_keepalive(now);
        let receiver = self.unfinished.as_mut()?;
        let received = receiver.on_direct_read(n);
        if !receiver.is_unfinished() {
            self.unfinished = None;
        }
        self.on_decoded(received)
    }

    /// The peer ended its side of the stream: no answer to a ping can come any more.
    pub fn handle_eof(&mut self) {
        self.stop_reading();
    }

    /// What the peer sent lies unread, through no fault of its own: it is not held to its keepalive.
    pub fn excuse_silence(&mut self, now: Duration) {
        self.restart_keepalive(now);
    }

    /// Reacts to the deadlines that have passed; to be called until it yields `None`.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::Keepalive => self.on_keepalive(now),
                Timer::Grace => return Some(Event::Unresponsive),
                Timer::Close => {
                    self.state = State::Closed;
                    return Some(Event::CloseTimedOut);
                }
            }
        }
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Whether a keepalive ping is the next thing that is due.
    pub fn is_keepalive_next(&self) -> bool {
        self.timers.is_next(Timer::Keepalive)
    }

    /// Starts a timer anew, as [`Config`] has it, or stops it: for applications that time things themselves.
    pub fn set_timer(&mut self, timer: Timer, on: bool, now: Duration) {
        let patience = match timer {
            Timer::Keepalive => self.keepalive_interval(),
            Timer::Grace => self.config.keepalive_grace,
            Timer::Close => Some(self.config.close_timeout),
        };
        match patience.filter(|_| on) {
            Some(patience) => self.timers.set(timer, now.saturating_add(patience)),
            None => self.timers.clear(timer),
        }
    }

    /// How a message of `len` bytes is cut into frames (RFC 6455 §5.4).
    pub fn fragments(&self, kind: MessageKind, len: usize) -> Fragments {
        Fragments::new(kind, len, self.fragmentation_threshold())
    }

    /// Sends a message, in fragments where it is longer than the threshold.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), Misuse> {
        let fragments = self.fragments(kind, payload.len());
        if !self.is_deflating() {
            self.outbox.reserve(fragments.encoded_len());
        }
        for fragment in fragments {
            self.send_fragment(&fragment, payload)?;
        }
        Ok(())
    }

    /// Whether a message of `len` bytes sent now would be these very bytes, with few headers between them, and the first
    /// thing to leave.
    pub fn can_send_through(&self, len: usize) -> bool {
        matches!(self.state, State::Open | State::PeerRequestedClose)
            && self.config.mask_key.is_none()
            && len.min(self.fragmentation_threshold().unwrap_or(len)) >= LEAST_THROUGH
            && self.is_flushed()
    }

    /// [`send`](Self::send), where [`can_send_through`](Self::can_send_through): `write` is offered the frames without a copy,
    /// and says how many bytes of them it took. The rest is sent as always.
    pub fn send_through(&mut self, kind: MessageKind, payload: &[u8], write: impl FnOnce(&[IoSlice<'_>]) -> usize) {
        let frames = self.fragments(kind, payload.len()).map(|Fragment { opcode, fin, range }| {
            let mut head = [0; MAX_HEADER_LEN];
            let head_len = self.header(fin, 0, opcode, range.len()).encode(&mut head);
            (head, head_len, &payload[range])
        });
        let frames: Vec<_> = frames.collect();
        let parts = frames.iter().flat_map(|(head, head_len, payload)| [&head[..*head_len], *payload]);
        let mut parts: Vec<_> = parts.map(IoSlice::new).collect();
        let taken = write(&parts);
        self.outbox.push_rest(&mut parts, taken);
    }

    /// Sends one fragment of `payload`.
    pub fn send_fragment(&mut self, fragment: &Fragment, payload: &[u8]) -> Result<(), Misuse> {
        if !matches!(self.state, State::Open | State::PeerRequestedClose) {
            return Err(Misuse::NotOpen);
        }
        self.push(fragment.fin, fragment.opcode, &payload[fragment.range.clone()]);
        Ok(())
    }

    /// Sends a ping of at most 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.send_control(OpCode::Ping, payload)
    }

    /// Sends a pong of at most 125 bytes.
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.send_control(OpCode::Pong, payload)
    }

    /// Answers a ping. While too much waits to be sent, only the latest one gets its answer (RFC 6455 §5.5.3).
    pub fn answer_ping(&mut self, payload: &[u8]) {
        if !matches!(self.state, State::Open | State::PeerRequestedClose) {
            return;
        }
        if self.backlog() > PONG_BACKLOG {
            self.late_pong = Some(payload.into());
        } else {
            self.push(true, OpCode::Pong, payload);
        }
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2).
    pub fn close(&mut self, code: u16, reason: &str, now: Duration) -> Result<(), Misuse> {
        if !is_wire_close_code(code) {
            return Err(Misuse::CloseCode);
        }
        // Both sides may begin at once: then our close frame is also the answer that the peer's is owed.
        let next = match self.state {
            State::Open => State::Ending,
            State::PeerRequestedClose => State::Closed,
            State::Ending | State::Closed => return Err(Misuse::NotOpen),
        };
        self.send_close(&CloseReason::new(code, reason));
        self.state = next;
        self.await_end(now);
        Ok(())
    }

    /// Answers the peer's close frame, with 1000 or with what was wrong about it (RFC 6455 §5.5.1).
    pub fn acknowledge_close(&mut self, now: Duration) {
        if self.state != State::PeerRequestedClose {
            return;
        }
        self.send_close(&CloseReason::new(self.close_reply, ""));
        self.state = State::Closed;
        self.await_end(now);
    }

    /// Ends the connection at once: no event follows. The peer is told `reason`, unless a close frame went out before.
    pub fn drop(&mut self, reason: Option<&CloseReason>) {
        if let Some(reason) = reason
            && matches!(self.state, State::Open | State::PeerRequestedClose)
        {
            self.send_close(reason);
        }
        self.state = State::Closed;
        self.deaf = true;
        self.unfinished = None;
        self.queued = None;
        self.timers.clear_all();
    }

    /// Nothing can be sent any more: what waits never will be.
    pub fn handle_unsendable(&mut self) {
        self.late_pong = None;
        self.outbox.clear();
        if let Some(waiting) = &mut self.waiting {
            waiting.clear();
        }
    }

    fn next_event<'d>(&mut self, receiver: &mut Receiver, input: &mut Input<'d>) -> Option<Event<'d>> {
        loop {
            if let Some(event) = self.queued.take() {
                return Some(*event);
            }
            if self.deaf {
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
                // While our close frame is out, the answer to whatever the peer sends is the end that is awaited.
                (self.state == State::Open).then_some(Event::Violation(violation))
            }
        }
    }

    fn on_received<'d>(&mut self, received: Received<'d>) -> Option<Event<'d>> {
        let open = self.state == State::Open;
        match received {
            Received::Control(OpCode::Close, body) => self.on_close_frame(&body),
            _ if !open => match received {
                Received::Frame(frame) if frame.opcode == OpCode::Close as u8 => self.on_close_frame(&frame.payload),
                _ => None,
            },
            Received::Text { payload, ascii } => Some(Event::Text { payload, ascii }),
            Received::Binary(payload) => Some(Event::Binary(payload)),
            Received::Deflated { kind, payload } => Some(Event::Deflated { kind, payload }),
            Received::Control(OpCode::Ping, payload) => self.on_ping(payload),
            Received::Control(_, payload) => Some(Event::Pong(payload)),
            Received::Frame(frame) => {
                // The frame is shown first, then treated.
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

    fn send_late_pong(&mut self) {
        if self.state == State::Open
            && let Some(payload) = self.late_pong.take()
        {
            self.push(true, OpCode::Pong, &payload);
        }
    }

    fn on_close_frame(&mut self, body: &[u8]) -> Option<Event<'static>> {
        self.stop_reading();
        match self.state {
            State::Ending => {
                self.state = State::Closed;
                Some(Event::CloseReplied)
            }
            State::Open => Some(self.on_close_request(body)),
            State::PeerRequestedClose | State::Closed => None,
        }
    }

    fn on_close_request(&mut self, body: &[u8]) -> Event<'static> {
        let (code, reason) = match body.split_first_chunk::<2>() {
            Some((code, reason)) => (Some(u16::from_be_bytes(*code)), reason),
            None => (None, &[][..]),
        };
        let Ok(reason) = std::str::from_utf8(reason) else {
            return Event::Violation(Violation::InvalidUtf8);
        };
        let malformed = body.len() == 1;
        if malformed || code.is_some_and(|code| !is_wire_close_code(code)) {
            self.close_reply = 1002;
        }
        self.state = State::PeerRequestedClose;
        Event::CloseRequested(PeerClose { code, reason: reason.to_owned(), malformed })
    }

    /// Decodes nothing further, and so can't see an answer to a ping any more.
    fn stop_reading(&mut self) {
        self.deaf = true;
        self.unfinished = None;
        self.timers.clear(Timer::Keepalive);
        self.timers.clear(Timer::Grace);
    }

    fn on_keepalive(&mut self, now: Duration) {
        // The application may have started the timer anew after our close frame, the last that may go out (RFC 6455 §5.5.1).
        if !matches!(self.state, State::Open | State::PeerRequestedClose) {
            return;
        }
        // Not behind what is to be deflated first, for the patience with its answer begins now.
        self.push_ready(true, 0, OpCode::Ping, &[]);
        match self.config.keepalive_grace {
            Some(grace) => self.timers.set(Timer::Grace, now.saturating_add(grace)),
            None => self.restart_keepalive(now),
        }
    }

    fn keepalive_interval(&self) -> Option<Duration> {
        self.config.keepalive_interval.map(|interval| interval.max(SHORTEST_KEEPALIVE))
    }

    fn restart_keepalive(&mut self, now: Duration) {
        if let Some(interval) = self.keepalive_interval()
            && self.state == State::Open
            && !self.deaf
        {
            self.timers.set(Timer::Keepalive, now.saturating_add(interval));
            self.timers.clear(Timer::Grace);
        }
    }

    /// The peer's close frame and the end of its TCP stream are awaited for one close timeout together.
    fn await_end(&mut self, now: Duration) {
        self.timers.clear_all();
        self.timers.set(Timer::Close, now.saturating_add(self.config.close_timeout));
    }

    fn send_control(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong);
        }
        if !matches!(self.state, State::Open | State::PeerRequestedClose) {
            return Err(Misuse::NotOpen);
        }
        self.push(true, opcode, payload);
        Ok(())
    }

    fn send_close(&mut self, reason: &CloseReason) {
        self.push(true, OpCode::Close, reason.as_bytes());
    }

    fn push(&mut self, fin: bool, opcode: OpCode, payload: &[u8]) {
        let header = self.header(fin, 0, opcode, payload.len());
        self.ordered(|outbox| outbox.push_frame(header, payload));
    }

    /// Sends a frame before everything that waits for a message to be deflated.
    fn push_ready(&mut self, fin: bool, rsv: u8, opcode: OpCode, payload: &[u8]) {
        let header = self.header(fin, rsv, opcode, payload.len());
        self.outbox.push_frame(header, payload);
    }

    fn header(&self, fin: bool, rsv: u8, opcode: OpCode, len: usize) -> FrameHeader {
        let mask = self.config.mask_key.map(|key| key());
        FrameHeader::new(fin, rsv, opcode as u8, mask, len as u64)
    }

    /// Lets `push` append to the output: behind the messages that are to be deflated first, if there are any.
    fn ordered(&mut self, push: impl FnOnce(&mut Outbox)) {
        match &mut self.waiting {
            Some(waiting) if waiting.is_busy() => waiting.push_frames(push),
            _ => push(&mut self.outbox),
        }
    }
}

/// The events in a piece of received data, in order. What is left when it is dropped is lost.
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
        if self.receiver.is_unfinished() && !self.connection.deaf {
            self.connection.unfinished = Some(Box::new(std::mem::take(&mut self.receiver)));
        }
    }
}
