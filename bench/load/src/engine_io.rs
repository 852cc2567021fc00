//! What a client of engine.io (its protocol 4) needs over WebSocket. Each text message is a packet:
//! a digit that is its type, and a payload.

use std::io;

use crate::frame::{TEXT, broken};

/// The resource of its handshake, behind the first slash.
pub const RESOURCE: &[u8] = b"engine.io/?EIO=4&transport=websocket";

const OPEN: u8 = b'0';
pub const PING: u8 = b'2';
pub const PONG: u8 = b'3';
pub const MESSAGE: u8 = b'4';
pub const NOOP: u8 = b'6';

const FINAL_TEXT: u8 = 0x80 | TEXT;

/// Whether `bytes`, all that a server sent behind the handshake, is its open packet. It sends
/// nothing else before the client does.
pub fn is_open(bytes: &[u8]) -> io::Result<bool> {
    let (len, payload) = match *bytes {
        [FINAL_TEXT, 126, high, low, ref payload @ ..] => (u16::from_be_bytes([high, low]) as usize, payload),
        [FINAL_TEXT, len @ 0..=125, ref payload @ ..] => (len as usize, payload),
        [] | [FINAL_TEXT] | [FINAL_TEXT, 126, ..] => return Ok(false),
        _ => return Err(broken("the server began with something other than a text")),
    };
    match payload.first() {
        Some(&OPEN) if payload.len() <= len => Ok(payload.len() == len),
        None if len > 0 => Ok(false),
        _ => Err(broken("the server began with something other than an open packet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{BINARY, encode};

    #[test]
    fn finds_the_open_packet_whole_or_in_part() {
        for len in [2, 120, 1000] {
            let packet = [b"0", vec![b' '; len].as_slice()].concat();
            let frame = encode(TEXT, &packet, None);
            assert!(is_open(&frame).unwrap());
            for end in 0..frame.len() {
                assert!(!is_open(&frame[..end]).unwrap(), "{end} of {}", frame.len());
            }
        }
    }

    #[test]
    fn refuses_another_beginning() {
        let two_packets = encode(TEXT, b"0{}", None).repeat(2);
        for bytes in [encode(TEXT, b"4hello", None), encode(BINARY, b"0{}", None), encode(TEXT, b"", None), two_packets]
        {
            assert!(is_open(&bytes).is_err());
        }
    }
}
