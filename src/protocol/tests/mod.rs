//! The protocol by example: frames go in as hexadecimal, events and frames come out.
//!
//! Each file is one subject of RFC 6455. Most masking keys are 00000000, so that payloads stay
//! readable; `masking` has the real ones.

mod close_codes;
mod close_handshake;
mod close_states;
mod framing;
mod limits;
mod masking;
mod messages;
mod misuse;
mod ping_pong;
mod properties;
mod raw_frames;
mod timers;
mod utf8;
mod ws;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{CloseReason, Config, Connection, Dialect, Event, PeerClose, State, Violation};

/// The masking key of every frame that a client sends in these tests: that of RFC 6455 §5.7.
const CLIENT_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The default limits of a server, and no timer but that of the closing handshake.
fn server_config() -> Config {
    Config {
        dialect: &Dialect::WEBSOCKET,
        mask_key: None,
        require_masking: Some(true),
        max_frame_size: 64 * KIB,
        max_message_size: MIB,
        max_fragments: None,
        checks_utf8: true,
        text_as_bytes: false,
        assemble_fragments: true,
        fragmentation_threshold: None,
        keepalive_interval: None,
        keepalive_grace: None,
        close_timeout: Some(seconds(5)),
        auto_pong: true,
        compression: None,
    }
}

/// The default limits of a client, and a fixed masking key.
fn client_config() -> Config {
    Config {
        mask_key: Some(|| CLIENT_KEY),
        require_masking: Some(false),
        max_frame_size: MIB,
        max_message_size: 8 * MIB,
        ..server_config()
    }
}

/// One end of a connection, with a clock that only the test moves.
struct Endpoint {
    connection: Connection,
    now: Duration,
}

fn server() -> Endpoint {
    Endpoint::new(server_config())
}

fn client() -> Endpoint {
    Endpoint::new(client_config())
}

impl Endpoint {
    fn new(config: Config) -> Self {
        let now = seconds(1000);
        Self { connection: Connection::new(config, now), now }
    }

    fn server_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = server_config();
        change(&mut config);
        Self::new(config)
    }

    /// The events of the bytes in `hex`, which arrive together.
    fn receive(&mut self, hex: &str) -> Vec<Event<'static>> {
        self.receive_bytes(&bytes(hex))
    }

    fn receive_bytes(&mut self, bytes: &[u8]) -> Vec<Event<'static>> {
        self.connection.handle_data(&mut bytes.to_vec(), self.now).map(owned).collect()
    }

    /// The events of `bytes`, which arrive one by one.
    fn receive_slowly(&mut self, bytes: &[u8]) -> Vec<Event<'static>> {
        bytes.iter().flat_map(|&byte| self.receive_bytes(&[byte])).collect()
    }

    /// The bytes that were sent since the last call.
    fn sent(&mut self) -> Hex {
        Hex(self.connection.take_output())
    }

    fn state(&self) -> State {
        self.connection.state()
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.connection.close(code, reason, self.now).expect("a connection that can be closed");
    }

    /// Handles an [`Event::CloseRequested`] as a driver does.
    fn acknowledge(&mut self) {
        self.connection.acknowledge_close(self.now);
    }

    /// Handles an [`Event::Violation`] as a driver does.
    fn drop_for(&mut self, code: u16, words: &str) {
        self.connection.drop(Some(&CloseReason::new(code, words)));
    }

    /// Advances the time. Returns the events of the deadlines within.
    fn wait(&mut self, time: Duration) -> Vec<Event<'static>> {
        self.now += time;
        std::iter::from_fn(|| self.connection.handle_timeout(self.now)).collect()
    }

    /// How long until the next deadline.
    fn next_deadline(&self) -> Option<Duration> {
        self.connection.poll_timeout().map(|deadline| deadline - self.now)
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Bytes that an assertion shows as hexadecimal.
#[derive(PartialEq, Eq)]
struct Hex(Vec<u8>);

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PartialEq<str> for Hex {
    fn eq(&self, other: &str) -> bool {
        self.0 == bytes(other)
    }
}

impl PartialEq<&str> for Hex {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// The bytes in `hex`. Blanks are ignored, and `'text'` is literal.
fn bytes(hex: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, part) in hex.split('\'').enumerate() {
        if i % 2 == 1 {
            out.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: Vec<u32> =
            part.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).expect("hexadecimal")).collect();
        assert!(digits.len().is_multiple_of(2), "an odd digit in {part:?}");
        out.extend(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8));
    }
    out
}

/// A client's frame with the key 00000000, and a payload too long for a literal.
fn masked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            frame.push(0xfe);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0xff);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// An event that owns its bytes.
fn owned(event: Event<'_>) -> Event<'static> {
    let own = |payload: Cow<'_, [u8]>| Cow::Owned(payload.into_owned());
    match event {
        Event::Text { payload, ascii } => Event::Text { payload: own(payload), ascii },
        Event::TextBytes(payload) => Event::TextBytes(own(payload)),
        Event::Binary(payload) => Event::Binary(own(payload)),
        Event::Fragments { payload, lengths } => Event::Fragments { payload: own(payload), lengths },
        Event::Ping(payload) => Event::Ping(own(payload)),
        Event::Pong(payload) => Event::Pong(own(payload)),
        Event::Frame(frame) => Event::Frame(frame),
        Event::CloseRequested(request) => Event::CloseRequested(request),
        Event::CloseReplied => Event::CloseReplied,
        Event::Violation(violation) => Event::Violation(violation),
        Event::Unresponsive => Event::Unresponsive,
        Event::CloseTimedOut => Event::CloseTimedOut,
        Event::Deflated { kind, payload } => Event::Deflated { kind, payload: Cow::Owned(payload.into_owned()) },
    }
}

fn text(text: &str) -> Event<'static> {
    Event::Text { payload: Cow::Owned(text.as_bytes().to_vec()), ascii: text.is_ascii() }
}

fn binary(payload: &[u8]) -> Event<'static> {
    Event::Binary(Cow::Owned(payload.to_vec()))
}

fn ping(payload: &[u8]) -> Event<'static> {
    Event::Ping(Cow::Owned(payload.to_vec()))
}

fn pong(payload: &[u8]) -> Event<'static> {
    Event::Pong(Cow::Owned(payload.to_vec()))
}

fn close_requested(code: impl Into<Option<u16>>, reason: &str) -> Event<'static> {
    Event::CloseRequested(PeerClose { code: code.into(), reason: reason.into(), malformed: false, as_bytes: false })
}

fn violation(violation: Violation) -> Vec<Event<'static>> {
    vec![Event::Violation(violation)]
}
