//! A connection whose promises are checked after each call.

use std::io::IoSlice;
use std::time::Duration;

use super::protocol::{
    CloseReason, Config, Connection, Event, FrameHeader, HeaderParse, MAX_CONTROL_PAYLOAD, Masking, MessageKind,
    OpCode, SendOptions, State, Timer,
};

/// Bytes that a connection may hold beside twice the received bytes: a control frame between
/// fragments, and the smallest growth of a buffer.
const SLACK: usize = 256;

/// A call of a driver or an application.
#[derive(Debug, Clone)]
pub enum Operation {
    Receive(Vec<u8>),
    Send(MessageKind, Vec<u8>),
    /// Whether more fragments of the message follow.
    SendDeflated(MessageKind, Vec<u8>, bool),
    Work,
    Broadcast(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    SendClose(Vec<u8>),
    Acknowledge,
    Drop(Option<(u16, String)>),
    End,
    Unsendable,
    Wait(Duration),
    Sent(usize),
    TakeOutput,
    AutoPong(bool),
    KeepsFragments(bool),
    SetTimer(Timer, bool),
}

/// A connection, the time, and the state of the checks.
pub struct Machine {
    connection: Connection,
    config: Config,
    now: Duration,
    received: usize,
    dropped: bool,
    output: Output,
}

impl Machine {
    pub fn new(config: Config) -> Self {
        let connection = Connection::new(config.clone(), Duration::ZERO);
        let output = Output {
            unread: Vec::new(),
            closed: false,
            torn: false,
            masked: config.mask_key.is_some(),
            deflates: config.compression.is_some(),
        };
        Self { connection, config, now: Duration::ZERO, received: 0, dropped: false, output }
    }

    /// Makes the call and checks every promise.
    pub fn apply(&mut self, operation: Operation) {
        let before = self.connection.state();
        let timers_set_by_hand = matches!(operation, Operation::SetTimer(..));
        if timers_set_by_hand && self.dropped {
            return;
        }
        let events = self.call(operation);
        let after = self.connection.state();
        assert!(may_follow(before, after), "{before:?} became {after:?}");
        assert!(events == 0 || !self.dropped, "{events} events after a drop");
        let (buffered, capacity) = (self.connection.buffered(), self.connection.capacity());
        assert!(buffered <= capacity, "{buffered} bytes in {capacity}");
        assert!(capacity <= 2 * self.received + SLACK, "{capacity} reserved for {} received", self.received);
        let most = self.config.max_frame_size.max(self.config.max_message_size);
        assert!(buffered as u64 <= most.saturating_add(MAX_CONTROL_PAYLOAD as u64), "{buffered} held");
    }

    /// Makes the call. Returns how many events came of it. Wrong calls are refused, not fatal.
    fn call(&mut self, operation: Operation) -> usize {
        let connection = &mut self.connection;
        match operation {
            Operation::Receive(mut bytes) => {
                self.received += bytes.len();
                return connection.handle_data(&mut bytes, self.now).inspect(check_event).count();
            }
            Operation::Wait(time) => {
                self.now += time;
                return self.serve_timers();
            }
            Operation::Send(kind, payload) => drop(connection.send(kind, &payload)),
            Operation::SendDeflated(kind, payload, more) => {
                let options = SendOptions { more, ..SendOptions::default() };
                let _ = connection.send_deflated(kind, payload, options);
            }
            Operation::Work => self.work(),
            Operation::Broadcast(kind, payload) => {
                if connection.state() == State::Open && !self.output.masked {
                    let frames = connection.encode_shared(kind, &payload);
                    connection.send_shared(frames);
                }
            }
            Operation::Ping(payload) => drop(connection.ping(&payload, Masking::ByRole)),
            Operation::Pong(payload) => drop(connection.pong(&payload, Masking::ByRole)),
            Operation::Close(code, reason) => drop(connection.close(code, &reason, self.now)),
            Operation::SendClose(body) => drop(connection.send_close(&body, self.now)),
            Operation::Acknowledge => connection.acknowledge_close(self.now),
            Operation::Drop(reason) => {
                connection.drop(reason.map(|(code, words)| CloseReason::new(code, &words)).as_ref());
                assert_eq!(connection.poll_timeout(), None, "a deadline after a drop");
                self.dropped = true;
            }
            Operation::End => connection.handle_eof(),
            Operation::Unsendable => {
                connection.handle_unsendable();
                assert!(connection.outbox().is_empty());
                self.output.torn = true;
            }
            Operation::Sent(most) => self.write(most),
            Operation::TakeOutput => {
                let output = connection.take_output();
                assert!(connection.outbox().is_empty());
                self.output.check(&output);
            }
            Operation::AutoPong(on) => connection.set_auto_pong(on),
            Operation::KeepsFragments(on) => connection.set_keeps_fragments(on),
            Operation::SetTimer(timer, on) => connection.set_timer(timer, on, self.now),
        }
        0
    }

    /// Does a piece of work, if there is one.
    fn work(&mut self) {
        let connection = &mut self.connection;
        if let Some(mut work) = connection.take_work() {
            assert!(connection.take_work().is_none() && connection.is_deflating());
            work.run();
            connection.finish_work(work, |_| ());
        }
    }

    /// Writes up to `most` bytes of the output.
    fn write(&mut self, most: usize) {
        let mut slices = [IoSlice::new(&[]); 8];
        let filled = self.connection.outbox().fill(&mut slices);
        let next: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
        self.connection.handle_sent(next.len());
        self.output.check(&next);
    }

    /// Serves the deadlines that have passed. After a few turns, none is due.
    fn serve_timers(&mut self) -> usize {
        let mut events = 0;
        while let Some(event) = self.connection.handle_timeout(self.now) {
            assert!(matches!(event, Event::Unresponsive | Event::CloseTimedOut), "{event:?} of time");
            events += 1;
            assert!(events <= 3, "the timers don't come to rest");
        }
        assert!(self.connection.poll_timeout().is_none_or(|deadline| deadline > self.now), "a deadline was left");
        events
    }
}

fn may_follow(before: State, after: State) -> bool {
    match before {
        State::Open => true,
        State::PeerRequestedClose | State::Ending => after == before || after == State::Closed,
        State::Closed => after == State::Closed,
    }
}

/// Checks the promises of a single event.
fn check_event(event: &Event<'_>) {
    match event {
        Event::Text { payload, ascii } => {
            let text = std::str::from_utf8(payload).expect("text is UTF-8");
            assert_eq!(text.is_ascii(), *ascii, "{text:?}");
        }
        Event::Ping(payload) | Event::Pong(payload) => assert!(payload.len() <= MAX_CONTROL_PAYLOAD),
        Event::CloseRequested(request) => assert!(request.code.is_some() || request.reason.is_empty()),
        Event::Unresponsive | Event::CloseTimedOut => panic!("{event:?} of received bytes"),
        Event::Fragments { payload, lengths } => {
            assert_eq!(payload.len(), lengths.iter().sum::<u32>() as usize, "{lengths:?}");
        }
        Event::Deflated { .. }
        | Event::TextBytes(_)
        | Event::Binary(_)
        | Event::Frame(_)
        | Event::CloseReplied
        | Event::Violation(_) => {}
    }
}

/// The frames that were sent, as a peer sees them.
struct Output {
    unread: Vec<u8>,
    closed: bool,
    /// A part was thrown away, so the bytes after it are no frames.
    torn: bool,
    masked: bool,
    deflates: bool,
}

impl Output {
    fn check(&mut self, bytes: &[u8]) {
        if self.torn {
            return;
        }
        self.unread.extend_from_slice(bytes);
        while let HeaderParse::Complete(header, taken) = FrameHeader::parse(&self.unread) {
            let end = taken + header.len as usize;
            if self.unread.len() < end {
                return;
            }
            self.check_header(header);
            self.unread.drain(..end);
        }
    }

    fn check_header(&mut self, header: FrameHeader) {
        let opcode = OpCode::from_bits(header.opcode).expect("a frame of ours has an opcode");
        let may_deflate = self.deflates && header.rsv == 0b100 && matches!(opcode, OpCode::Text | OpCode::Binary);
        assert!(!self.closed, "{header:?} after our close frame");
        assert!(
            header.minimal && (header.rsv == 0 || may_deflate) && header.mask.is_some() == self.masked,
            "{header:?}"
        );
        if opcode.is_control() {
            assert!(header.fin && header.len <= MAX_CONTROL_PAYLOAD as u64, "{header:?}");
        }
        self.closed = opcode == OpCode::Close;
    }
}

/// The result of the received bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each event as text, because it borrows its bytes.
    pub events: Vec<String>,
    sent: Vec<u8>,
    state: State,
    buffered: usize,
    deadline: Option<Duration>,
}

impl Outcome {
    /// The result of `pieces` that arrive one after the other. Events are answered as by a driver.
    pub fn of<'p>(config: &Config, pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        Self::after(config, pieces, usize::MAX)
    }

    /// The same, with a driver that reads directly whenever it may.
    pub fn direct_reads<'p>(config: &Config, pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        Self::after(config, pieces, 1)
    }

    fn after<'p>(config: &Config, pieces: impl IntoIterator<Item = &'p [u8]>, least: usize) -> Self {
        let now = Duration::from_secs(1);
        let mut connection = Connection::new(config.clone(), Duration::ZERO);
        let mut events = Vec::new();
        for mut piece in pieces {
            while let Some(direct_read) = connection.direct_read(least).filter(|_| !piece.is_empty()) {
                let (read, rest) = piece.split_at(piece.len().min(direct_read.room));
                direct_read.payload.extend_from_slice(read);
                piece = rest;
                events.extend(connection.handle_direct_read(read.len(), now).map(|event| format!("{event:?}")));
            }
            events.extend(connection.handle_data(&mut piece.to_vec(), now).map(|event| format!("{event:?}")));
        }
        let (state, buffered) = (connection.state(), connection.buffered());
        connection.acknowledge_close(now);
        let deadline = connection.poll_timeout();
        Self { events, sent: connection.take_output(), state, buffered, deadline }
    }
}
