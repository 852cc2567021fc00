use std::error::Error;

use crate::frame::{self, BINARY, DEFLATED, MASK, TEXT};
use crate::{deflate, engine_io, json};

/// The outgoing messages and the expected answers. One for all connections of a run.
pub struct Exchange {
    pub outgoing: Rotation,
    pub incoming: Incoming,
    pub opcode: u8,
    /// Whether outgoing frames are masked, as a client's are (RFC 6455 §5.3).
    pub masks: bool,
    /// Whether incoming frames are masked.
    pub expects_masks: bool,
    /// Whether messages are packets of engine.io, so that packets without a message come, too.
    pub has_packets: bool,
}

/// The incoming messages, in the order of the outgoing ones.
pub enum Incoming {
    /// The same message each time: its usual single frame, and its payload, unmasked.
    Same { frame: Vec<u8>, payload: Vec<u8> },
    /// Compressed messages of one length. These are their texts.
    Deflated(Vec<Vec<u8>>),
    /// The payload of a message, again and again, in messages that may begin and end anywhere.
    Bytes(Vec<u8>),
}

impl Exchange {
    /// For a client of a WebSocket server.
    pub fn of_client(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, true, false)
    }

    /// For a client whose bytes a TCP server sends back as they are.
    pub fn with_bare_echo(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, true, true)
    }

    /// For a client of an engine.io server.
    pub fn of_engine_io_client(payload: Payload, in_flight: usize) -> Self {
        Self { has_packets: true, ..Self::of_client(&payload.in_packet(), in_flight) }
    }

    /// For a client of a server that sends back the bytes of messages, but not the messages.
    pub fn of_byte_stream(payload: Payload, in_flight: usize) -> Self {
        assert!(!payload.bytes.is_empty(), "a byte stream needs bytes");
        Self { incoming: Incoming::Bytes(payload.bytes.clone()), ..Self::of_client(&payload, in_flight) }
    }

    /// For a server that sends every message back.
    pub fn of_server(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, false, true)
    }

    /// For a client that sends compressed texts of `size` bytes, and gets each back compressed.
    ///
    /// No text refers to earlier ones, although context takeover would allow it (RFC 7692 §7.1.1).
    /// So all connections can send the same bytes, at any position in the rotation.
    pub fn of_deflating_client(size: usize, in_flight: usize) -> Result<Self, Box<dyn Error>> {
        let texts: Vec<_> = (0..texts_of(size)).map(|number| json::text(number, size)).collect::<Result<_, _>>()?;
        let encode = |text: &Vec<u8>| frame::encode(DEFLATED | TEXT, &deflate::compress(text), Some(MASK));
        Ok(Self {
            outgoing: Rotation::new(&texts.iter().map(encode).collect::<Vec<_>>(), in_flight),
            incoming: Incoming::Deflated(texts),
            opcode: TEXT,
            masks: true,
            expects_masks: false,
            has_packets: false,
        })
    }

    fn new(payload: &Payload, in_flight: usize, masks: bool, expects_masks: bool) -> Self {
        let Payload { bytes, answer, opcode } = payload;
        let answer = answer.as_ref().unwrap_or(bytes);
        let encode = |bytes: &[u8], masked: bool| frame::encode(*opcode, bytes, masked.then_some(MASK));
        Self {
            outgoing: Rotation::new(&[encode(bytes, masks)], in_flight),
            incoming: Incoming::Same { frame: encode(answer, expects_masks), payload: answer.clone() },
            opcode: *opcode,
            masks,
            expects_masks,
            has_packets: false,
        }
    }
}

/// The number of different texts. They exceed a window of 32 KiB, so a compressor never finds a
/// whole text in it.
fn texts_of(size: usize) -> usize {
    const LEAST: usize = 64;
    const TWO_WINDOWS: usize = 64 << 10;
    (TWO_WINDOWS / size.max(1)).max(LEAST)
}

/// The frames that a connection sends in rotation.
pub struct Rotation {
    /// All of them. Behind them, the first ones again, as many as may leave in one write with the
    /// last.
    bytes: Vec<u8>,
    /// The beginning of each frame, and the end of the last.
    starts: Vec<usize>,
}

impl Rotation {
    fn new(frames: &[Vec<u8>], in_flight: usize) -> Self {
        let mut starts = vec![0];
        starts.extend(frames.iter().scan(0, |end, frame| {
            *end += frame.len();
            Some(*end)
        }));
        let bytes = frames.iter().cycle().take(frames.len() + in_flight - 1).flatten().copied().collect();
        Self { bytes, starts }
    }

    pub fn frames(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn start_of(&self, frame: usize) -> usize {
        self.starts[frame]
    }

    pub fn len_of(&self, frame: usize) -> usize {
        self.starts[frame + 1] - self.starts[frame]
    }

    pub fn bytes_at(&self, at: usize, len: usize) -> &[u8] {
        &self.bytes[at..at + len]
    }

    /// The position after `at` when so many bytes are written.
    pub fn behind(&self, at: usize, written: usize) -> usize {
        (at + written) % self.starts[self.frames()]
    }

    /// Bytes to the end of the frame around `at`; 0 at the beginning of a frame.
    pub fn rest_of_frame(&self, at: usize) -> usize {
        self.starts[self.starts.partition_point(|start| *start < at)] - at
    }
}

pub struct Payload {
    bytes: Vec<u8>,
    /// What comes back, if not the same bytes.
    answer: Option<Vec<u8>>,
    opcode: u8,
}

impl Payload {
    /// `size` bytes of one of the kinds in the names of cells.
    pub fn of_kind(kind: &str, size: usize) -> Result<Self, Box<dyn Error>> {
        Ok(match kind {
            "ascii" => Self::echoed((0..size).map(|i| b'a' + (i % 26) as u8).collect(), TEXT),
            "utf8" => Self::echoed(multi_byte(size), TEXT),
            "binary" => Self::echoed((0..size).map(|i| ((i * 31) >> 3) as u8).collect(), BINARY),
            "request" => {
                let (bytes, answer) = json::request_and_answer(size)?;
                Self { bytes, answer: Some(answer), opcode: TEXT }
            }
            other => return Err(format!("no payload {other}: there are ascii, utf8, binary and request").into()),
        })
    }

    /// The same as a packet of engine.io.
    fn in_packet(self) -> Self {
        let packet = |payload: Vec<u8>| [&[engine_io::MESSAGE], &payload[..]].concat();
        Self { bytes: packet(self.bytes), answer: self.answer.map(packet), opcode: self.opcode }
    }

    fn echoed(bytes: Vec<u8>, opcode: u8) -> Self {
        Self { bytes, answer: None, opcode }
    }
}

/// Characters of two, three and four bytes among ASCII, as in a chat between languages.
fn multi_byte(size: usize) -> Vec<u8> {
    let mut text = String::with_capacity(size);
    for character in "Grüße, привет, こんにちは, 你好 👋 – ".chars().cycle() {
        if text.len() + character.len_utf8() > size {
            break;
        }
        text.push(character);
    }
    while text.len() < size {
        text.push('.');
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_have_the_size_asked_for() {
        for kind in ["ascii", "utf8", "binary"] {
            for size in [0, 1, 64, 1024, 16384] {
                assert_eq!(Payload::of_kind(kind, size).unwrap().bytes.len(), size, "{kind}");
            }
        }
    }

    #[test]
    fn text_is_utf8() {
        let text = String::from_utf8(Payload::of_kind("utf8", 1024).unwrap().bytes).unwrap();
        assert!(text.contains('👋'));
    }

    #[test]
    fn texts_come_again_only_beyond_the_window() {
        assert_eq!([256, 1024, 4096, 65536].map(texts_of), [256, 64, 64, 64]);
    }

    #[test]
    fn a_rotation_has_what_may_leave_at_once_in_one_piece() {
        let frames = [b"one".to_vec(), b"three".to_vec(), b"to".to_vec()];
        let in_flight = 5;
        let rotation = Rotation::new(&frames, in_flight);
        let endless = frames.concat().repeat(4);
        for at in 0..10 {
            // The rest of a frame, and the frames that may follow.
            let len = rotation.rest_of_frame(at) + 7;
            assert_eq!(rotation.bytes_at(at, len), &endless[at..at + len], "from {at}");
            assert_eq!(rotation.behind(at, len), (at + len) % 10);
        }
        assert_eq!([0, 1, 2].map(|frame| (rotation.start_of(frame), rotation.len_of(frame))), [(0, 3), (3, 5), (8, 2)]);
        assert_eq!([0, 1, 3, 4, 7, 8, 9].map(|at| rotation.rest_of_frame(at)), [0, 2, 0, 4, 1, 0, 1]);
    }
}
