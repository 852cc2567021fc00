//! What a connection sends: messages, control frames, and bytes that are encoded already.

use std::io::IoSlice;

use bytes::Bytes;

use super::{Connection, PONG_BACKLOG};
use crate::protocol::close::CloseReason;
use crate::protocol::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, OpCode};
use crate::protocol::message::{Fragment, Fragments, MessageKind};
use crate::protocol::misuse::Misuse;
use crate::protocol::outbox::Outbox;

/// Shorter fragments are sooner copied together than written piece by piece.
const LEAST_THROUGH: usize = 4 * 1024;

impl Connection {
    /// Outgoing messages longer than this are fragmented.
    pub fn fragmentation_threshold(&self) -> Option<usize> {
        self.config.fragmentation_threshold.map(|threshold| threshold.max(1))
    }

    /// Encodes an unmasked message as this connection would send it, for several connections to
    /// share.
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

    /// Whether a message of `len` bytes would leave next, as it is and in few frames.
    pub fn can_send_through(&self, len: usize) -> bool {
        self.closing.may_send()
            && self.config.mask_key.is_none()
            && len.min(self.fragmentation_threshold().unwrap_or(len)) >= LEAST_THROUGH
            && self.is_flushed()
    }

    /// Sends a message that [`can_send_through`](Self::can_send_through) allows: `write` gets the
    /// frames without a copy, and returns how many bytes of them it took. The rest goes to the
    /// outbox.
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
        if !self.closing.may_send() {
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

    /// Answers a ping. While too much waits to be sent, only the latest one gets its answer (RFC
    /// 6455 §5.5.3).
    pub fn answer_ping(&mut self, payload: &[u8]) {
        if !self.closing.may_send() {
            return;
        }
        if self.backlog() > PONG_BACKLOG {
            self.late_pong = Some(payload.into());
        } else {
            self.push(true, OpCode::Pong, payload);
        }
    }

    fn send_control(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong);
        }
        if !self.closing.may_send() {
            return Err(Misuse::NotOpen);
        }
        self.push(true, opcode, payload);
        Ok(())
    }

    pub(super) fn push_close(&mut self, reason: &CloseReason) {
        self.push(true, OpCode::Close, reason.as_bytes());
    }

    pub(super) fn push(&mut self, fin: bool, opcode: OpCode, payload: &[u8]) {
        let header = self.header(fin, 0, opcode, payload.len());
        self.ordered(|outbox| outbox.push_frame(header, payload));
    }

    /// Sends a frame before everything that waits for a message to be deflated.
    pub(super) fn push_ready(&mut self, fin: bool, rsv: u8, opcode: OpCode, payload: &[u8]) {
        let header = self.header(fin, rsv, opcode, payload.len());
        self.outbox.push_frame(header, payload);
    }

    fn header(&self, fin: bool, rsv: u8, opcode: OpCode, len: usize) -> FrameHeader {
        let mask = self.config.mask_key.map(|key| key());
        FrameHeader::new(fin, rsv, opcode as u8, mask, len as u64)
    }

    /// Lets `push` append to the output, behind the messages that are to be deflated first.
    fn ordered(&mut self, push: impl FnOnce(&mut Outbox)) {
        match &mut self.waiting {
            Some(waiting) if waiting.is_busy() => waiting.push_frames(push),
            _ => push(&mut self.outbox),
        }
    }
}
