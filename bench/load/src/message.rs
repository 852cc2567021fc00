use std::error::Error;

use crate::frame::{self, BINARY, MASK, TEXT};

/// What is sent over and over, and what comes back for it. One for all connections of a run.
pub struct Exchange {
    /// As many of the outgoing frame as may leave in one write.
    pub outgoing: Vec<u8>,
    /// Bytes of one outgoing frame.
    pub outgoing_len: usize,
    /// The message that is to come in, as the one frame that it usually is.
    pub incoming: Vec<u8>,
    /// Its payload, not masked.
    pub payload: Vec<u8>,
    pub opcode: u8,
    /// Whether what leaves is masked, as a client's frames are (RFC 6455 §5.3).
    pub masks: bool,
    /// Whether what comes in is.
    pub expects_masks: bool,
}

impl Exchange {
    /// For a client whose messages a WebSocket server sends back.
    pub fn of_client(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, true, false)
    }

    /// For a client whose bytes a TCP server sends back as they are.
    pub fn with_bare_echo(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, true, true)
    }

    /// For a server that sends every message back.
    pub fn of_server(payload: &Payload, in_flight: usize) -> Self {
        Self::new(payload, in_flight, false, true)
    }

    fn new(Payload { bytes, opcode }: &Payload, in_flight: usize, masks: bool, expects_masks: bool) -> Self {
        let encoded = |masked: bool| frame::encode(*opcode, bytes, masked.then_some(MASK));
        let outgoing = encoded(masks);
        Self {
            outgoing_len: outgoing.len(),
            outgoing: outgoing.repeat(in_flight),
            incoming: encoded(expects_masks),
            payload: bytes.clone(),
            opcode: *opcode,
            masks,
            expects_masks,
        }
    }
}

pub struct Payload {
    bytes: Vec<u8>,
    opcode: u8,
}

impl Payload {
    /// `size` bytes of one of the kinds that the cells name.
    pub fn of_kind(kind: &str, size: usize) -> Result<Self, Box<dyn Error>> {
        Ok(match kind {
            "ascii" => Self { bytes: (0..size).map(|i| b'a' + (i % 26) as u8).collect(), opcode: TEXT },
            "utf8" => Self { bytes: multi_byte(size), opcode: TEXT },
            "binary" => Self { bytes: (0..size).map(|i| ((i * 31) >> 3) as u8).collect(), opcode: BINARY },
            other => return Err(format!("no payload {other}: there are ascii, utf8 and binary").into()),
        })
    }
}

/// Characters of two, three and four bytes among ASCII, about as a chat between languages has them.
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
}
