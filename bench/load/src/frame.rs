//! Frames (RFC 6455 §5.2): written whole, and read from a stream at any split.

use std::io;

use crate::deflate::Proof;
use crate::engine_io;
use crate::message::{Exchange, Incoming};

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// RSV1, beside the opcode: the message is compressed (RFC 7692 §6).
pub const DEFLATED: u8 = 0x40;
const RESERVED: u8 = 0x70;

/// Behind all opcodes, and read like a control frame: a packet of engine.io that is no message.
const PACKET: u8 = 0x10;

/// The masking key of all frames here. Unmasking costs the same with any key.
pub const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const MAX_HEADER: usize = 14;
/// Most payload bytes of a control frame (RFC 6455 §5.5).
const MAX_CONTROL_PAYLOAD: usize = 125;

/// One final frame. `opcode` may have [`DEFLATED`] beside it.
pub fn encode(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mask_bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..=125 => frame.push(mask_bit | len as u8),
        len @ 126..=0xffff => {
            frame.push(mask_bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(mask_bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(mask.iter().flatten());
    let key = mask.unwrap_or_default();
    frame.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    frame
}

#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// The expected message is complete.
    Message,
    Ping(&'a [u8]),
    /// The ping of engine.io.
    PingPacket,
    Close,
}

/// Reads one connection's frames, and compares each message with the expected one, byte by byte. It
/// inflates compressed messages for that, until only their headers are to be checked.
#[derive(Default)]
pub struct Reader {
    /// An incomplete header.
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// The frame whose payload comes next, if its header is complete.
    frame: Option<Frame>,
    /// Bytes of the current message so far, over all of its frames. In a byte stream, those of the
    /// current payload, over all messages.
    matched: usize,
    /// Whether a frame of the current message has come. It may be empty.
    begun: bool,
    control: Vec<u8>,
    proof: Option<Box<Proof>>,
    /// Bytes of compressed payload so far.
    deflated: u64,
}

#[derive(Clone, Copy)]
struct Frame {
    fin: bool,
    reserved: u8,
    opcode: u8,
    key: [u8; 4],
    len: usize,
    left: usize,
}

impl Reader {
    /// `first` is the number of the first expected message.
    pub fn new(expected: &Exchange, first: usize) -> Self {
        let proof = match &expected.incoming {
            Incoming::Same { .. } | Incoming::Bytes(_) => None,
            Incoming::Deflated(texts) => Some(Box::new(Proof::new(texts[first].len(), first))),
        };
        Self { proof, ..Self::default() }
    }

    pub fn deflated(&self) -> u64 {
        self.deflated
    }

    /// Stops inflating. Fails if no message was compared until now.
    pub fn end_proof(&mut self) -> io::Result<()> {
        match self.proof.take() {
            Some(proof) if proof.proven() == 0 => Err(broken("the warm-up was too short for an answer")),
            _ => Ok(()),
        }
    }

    /// Reads the next bytes of the stream. `on_event` gets the messages and control frames in them.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        expected: &Exchange,
        mut on_event: impl FnMut(Event<'_>),
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            match &expected.incoming {
                Incoming::Same { frame, .. } if self.at_boundary() && bytes.starts_with(frame) => {
                    bytes = &bytes[frame.len()..];
                    on_event(Event::Message);
                }
                _ => bytes = self.feed_slowly(bytes, expected, &mut on_event)?,
            }
        }
        Ok(())
    }

    /// Whether the next byte begins a message or a control frame between messages.
    fn at_boundary(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && !self.begun
    }

    /// Reads a header or a piece of one frame's payload. Returns the rest of `bytes`.
    fn feed_slowly<'a>(
        &mut self,
        bytes: &'a [u8],
        expected: &Exchange,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> io::Result<&'a [u8]> {
        let (mut frame, bytes) = match self.frame {
            Some(frame) => (frame, bytes),
            None => {
                let (frame, rest) = self.feed_header(bytes, expected)?;
                let Some(frame) = frame else { return Ok(rest) };
                (frame, rest)
            }
        };
        let (now, later) = bytes.split_at(frame.left.min(bytes.len()));
        self.take_payload(&frame, now, expected, on_event)?;
        frame.left -= now.len();
        self.frame = Some(frame);
        if frame.left == 0 {
            self.frame = None;
            self.end_frame(frame, expected, on_event)?;
        }
        Ok(later)
    }

    /// Reads a header. Returns its frame when it is complete.
    fn feed_header<'a>(&mut self, bytes: &'a [u8], expected: &Exchange) -> io::Result<(Option<Frame>, &'a [u8])> {
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            self.header[self.header_len] = byte;
            self.header_len += 1;
            rest = behind;
            if let Some(mut frame) = decode_header(&self.header[..self.header_len]) {
                self.header_len = 0;
                if self.is_other_packet(&frame, expected) {
                    frame.opcode = PACKET;
                }
                self.check_header(&frame, self.header[1] & 0x80 != 0, expected)?;
                return Ok((Some(frame), rest));
            }
        }
        Ok((None, rest))
    }

    /// Whether it is a packet of engine.io other than the expected message.
    fn is_other_packet(&self, frame: &Frame, expected: &Exchange) -> bool {
        let Incoming::Same { payload, .. } = &expected.incoming else { return false };
        expected.has_packets && !self.begun && frame.fin && frame.opcode == TEXT && frame.len != payload.len()
    }

    fn check_header(&mut self, frame: &Frame, masked: bool, expected: &Exchange) -> io::Result<()> {
        if masked != expected.expects_masks {
            return Err(broken("a frame has the mask bit of the other role"));
        }
        if frame.opcode >= CLOSE {
            self.control.clear();
            let sound = frame.fin && frame.reserved == 0 && frame.len <= MAX_CONTROL_PAYLOAD;
            return if sound { Ok(()) } else { Err(broken("a control frame is fragmented, compressed or too long")) };
        }
        // A compressed payload must be shorter than its text, or the peer has not compressed.
        let (reserved, longest) = match &expected.incoming {
            Incoming::Same { payload, .. } => (0, payload.len()),
            Incoming::Deflated(texts) => (DEFLATED, texts[0].len()),
            Incoming::Bytes(_) => (0, usize::MAX),
        };
        let (opcode, reserved) = if self.begun { (0, 0) } else { (expected.opcode, reserved) };
        if frame.reserved != reserved {
            return Err(broken("the peer sent what it should have compressed, or the other way round"));
        }
        if frame.opcode != opcode || self.matched.saturating_add(frame.len) > longest {
            return Err(broken("the peer sent something other than the expected message"));
        }
        self.begun = true;
        Ok(())
    }

    fn take_payload(
        &mut self,
        frame: &Frame,
        bytes: &[u8],
        expected: &Exchange,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> io::Result<()> {
        let done = frame.len - frame.left;
        if frame.opcode >= CLOSE {
            self.control.extend(bytes.iter().enumerate().map(|(i, byte)| byte ^ frame.key[(done + i) % 4]));
            return Ok(());
        }
        let mut key = frame.key;
        key.rotate_left(done % 4);
        match (&expected.incoming, &mut self.proof) {
            (Incoming::Bytes(payload), _) => return self.take_bytes(bytes, payload, key, on_event),
            (Incoming::Same { payload, .. }, _) => {
                let wanted = &payload[self.matched..self.matched + bytes.len()];
                if !equal_masked(bytes, wanted, key) {
                    return Err(broken("a message came back changed"));
                }
            }
            (Incoming::Deflated(_), proof) => {
                self.deflated += bytes.len() as u64;
                // Only servers send them, and servers do not mask.
                proof.iter_mut().try_for_each(|proof| proof.feed(bytes))?;
            }
        }
        self.matched += bytes.len();
        Ok(())
    }

    /// Compares a piece of a byte stream. A message counts when its last byte has come.
    fn take_bytes(
        &mut self,
        mut bytes: &[u8],
        payload: &[u8],
        mut key: [u8; 4],
        on_event: &mut impl FnMut(Event<'_>),
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let wanted = &payload[self.matched..];
            let (now, later) = bytes.split_at(wanted.len().min(bytes.len()));
            if !equal_masked(now, &wanted[..now.len()], key) {
                return Err(broken("the bytes came back changed"));
            }
            key.rotate_left(now.len() % 4);
            bytes = later;
            self.matched += now.len();
            if self.matched == payload.len() {
                self.matched = 0;
                on_event(Event::Message);
            }
        }
        Ok(())
    }

    fn end_frame(&mut self, frame: Frame, expected: &Exchange, on_event: &mut impl FnMut(Event<'_>)) -> io::Result<()> {
        match frame.opcode {
            PING => on_event(Event::Ping(&self.control)),
            CLOSE => on_event(Event::Close),
            PONG => {}
            PACKET => match self.control[..] {
                [engine_io::PING] => on_event(Event::PingPacket),
                [engine_io::NOOP] => {}
                _ => return Err(broken("a message came back with another length, or an unknown packet")),
            },
            _ if frame.fin => {
                self.begun = false;
                if !matches!(expected.incoming, Incoming::Bytes(_)) {
                    self.end_message(expected)?;
                    self.matched = 0;
                    on_event(Event::Message);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_message(&mut self, expected: &Exchange) -> io::Result<()> {
        match (&expected.incoming, &mut self.proof) {
            (Incoming::Same { payload, .. }, _) if self.matched == payload.len() => Ok(()),
            (Incoming::Deflated(texts), Some(proof)) => proof.end_message(texts),
            (Incoming::Deflated(_), None) if self.matched > 0 => Ok(()),
            _ => Err(broken("a message came back shortened")),
        }
    }
}

/// `None` while it is incomplete.
fn decode_header(bytes: &[u8]) -> Option<Frame> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (len, at) = match second & 0x7f {
        126 => (u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?) as usize, 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize, 10),
        len => (len as usize, 2),
    };
    let key = if second & 0x80 == 0 { [0; 4] } else { bytes.get(at..at + 4)?.try_into().ok()? };
    Some(Frame { fin: first & 0x80 != 0, reserved: first & RESERVED, opcode: first & 0x0f, key, len, left: len })
}

fn equal_masked(masked: &[u8], plain: &[u8], key: [u8; 4]) -> bool {
    if key == [0; 4] {
        return masked == plain;
    }
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    let (masked, masked_rest) = masked.as_chunks::<8>();
    let (plain, plain_rest) = plain.as_chunks::<8>();
    let differs = masked
        .iter()
        .zip(plain)
        .fold(0, |differs, (a, b)| differs | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b) ^ wide));
    differs == 0 && masked_rest.iter().zip(plain_rest).enumerate().all(|(i, (a, b))| a ^ b == key[i % 4])
}

pub fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests;
