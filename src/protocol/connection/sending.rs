//! Sending: messages, control frames, and bytes that are encoded already.

use std::io::IoSlice;

use bytes::Bytes;

use super::{Connection, OpenMessage, PONG_BACKLOG};
use crate::protocol::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, OpCode};
use crate::protocol::message::{Frames, MaskKeys, Masking, MessageKind, Piece, SendOptions};
use crate::protocol::misuse::Misuse;
use crate::protocol::outbox::Outbox;

/// Copying shorter fragments together is faster than writing them piece by piece.
const LEAST_THROUGH: usize = 4 * 1024;

impl Connection {
    /// Outgoing messages longer than this are fragmented.
    pub fn fragmentation_threshold(&self) -> Option<usize> {
        self.config.fragmentation_threshold.map(|threshold| threshold.max(1))
    }

    /// Whether a message of `len` bytes takes several frames.
    pub fn is_fragmented(&self, len: usize) -> bool {
        self.fragmentation_threshold().is_some_and(|threshold| len > threshold)
    }

    /// Sends a message as it is, in fragments if it is longer than the threshold.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), Misuse> {
        self.send_piece(kind, payload, SendOptions::default())
    }

    /// Sends a message, or a fragment of one, as it is. A fragment of a compressed message is
    /// deflated as the others are.
    pub fn send_piece(&mut self, kind: MessageKind, payload: &[u8], options: SendOptions) -> Result<(), Misuse> {
        if self.open_message == Some(OpenMessage::Deflated) {
            return self.send_deflated(kind, payload.to_vec(), options);
        }
        let piece = self.begin_piece(kind, options, OpenMessage::Plain)?;
        let frames = piece.frames(payload, false, self.fragmentation_threshold());
        self.ordered(|outbox| frames.push_to(outbox));
        Ok(())
    }

    /// Sends a message for a driver that writes each frame by itself. Returns one output for each
    /// frame. The first one begins with earlier output.
    pub fn send_by_frames(&mut self, kind: MessageKind, payload: &[u8]) -> Result<Vec<Vec<u8>>, Misuse> {
        let piece = self.begin_piece(kind, SendOptions::default(), OpenMessage::Plain)?;
        let frames = piece.frames(payload, false, self.fragmentation_threshold());
        let outputs = frames.map(|(header, part)| {
            self.ordered(|outbox| outbox.push_frame(header, part));
            self.take_output()
        });
        Ok(outputs.collect())
    }

    /// The next message, or fragment of one. If another follows, that belongs to the same message,
    /// which is sent as `open` says.
    pub(super) fn begin_piece(
        &mut self,
        kind: MessageKind,
        options: SendOptions,
        open: OpenMessage,
    ) -> Result<Piece, Misuse> {
        if !self.closing.may_send() {
            return Err(Misuse::NotOpen);
        }
        let opcode = if self.open_message.is_some() { OpCode::Continuation } else { kind.opcode() };
        self.open_message = options.more.then_some(open);
        Ok(Piece { opcode, fin: !options.more, mask_keys: self.mask_keys(options.masking) })
    }

    /// Sets the masking key of the next frame, if that is masked.
    pub fn set_mask_key(&mut self, key: [u8; 4]) {
        self.mask_key = Some(key);
    }

    /// The masking keys of what is sent now.
    fn mask_keys(&mut self, masking: Masking) -> MaskKeys {
        let source = match masking {
            Masking::ByRole => self.config.mask_key,
            Masking::Always(source) => Some(source),
            Masking::Never => None,
        };
        MaskKeys { chosen: self.mask_key.take(), source }
    }

    /// Whether a message of `len` bytes would leave next, as it is and in few frames.
    pub fn can_send_through(&self, len: usize) -> bool {
        self.closing.may_send()
            && self.config.mask_key.is_none()
            && self.open_message.is_none()
            && len.min(self.fragmentation_threshold().unwrap_or(len)) >= LEAST_THROUGH
            && self.is_flushed()
    }

    /// Sends a message that [`can_send_through`](Self::can_send_through) allows: `write` gets the
    /// frames without a copy, and returns how many bytes of them it took. The rest goes to the
    /// outbox.
    pub fn send_through(&mut self, kind: MessageKind, payload: &[u8], write: impl FnOnce(&[IoSlice<'_>]) -> usize) {
        let frames = self.unmasked_frames(kind, payload).map(|(header, part)| {
            let mut head = [0; MAX_HEADER_LEN];
            let head_len = header.encode(&mut head);
            (head, head_len, part)
        });
        let frames: Vec<_> = frames.collect();
        self.mask_key = None;
        let parts = frames.iter().flat_map(|(head, head_len, part)| [&head[..*head_len], *part]);
        let mut parts: Vec<_> = parts.map(IoSlice::new).collect();
        let taken = write(&parts);
        self.outbox.push_rest(&mut parts, taken);
    }

    /// Encodes a message as this connection would send it, for several connections to share. All of
    /// them send unmasked frames.
    pub fn encode_shared(&self, kind: MessageKind, payload: &[u8]) -> Bytes {
        let mut outbox = Outbox::default();
        self.unmasked_frames(kind, payload).push_to(&mut outbox);
        outbox.take().into()
    }

    /// The frames of a whole message.
    fn unmasked_frames<'p>(&self, kind: MessageKind, payload: &'p [u8]) -> Frames<'p> {
        let mask_keys = MaskKeys { chosen: None, source: None };
        let piece = Piece { opcode: kind.opcode(), fin: true, mask_keys };
        piece.frames(payload, false, self.fragmentation_threshold())
    }

    /// Appends encoded frames that several connections share.
    pub fn send_shared(&mut self, bytes: Bytes) {
        self.ordered(|outbox| outbox.push_shared(bytes));
    }

    /// Appends bytes that are encoded already. The application may write its own.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.ordered(|outbox| outbox.push_bytes(bytes));
    }

    /// Sends a ping of at most 125 bytes.
    pub fn ping(&mut self, payload: &[u8], masking: Masking) -> Result<(), Misuse> {
        self.send_control(OpCode::Ping, payload, masking)
    }

    /// Sends a pong of at most 125 bytes.
    pub fn pong(&mut self, payload: &[u8], masking: Masking) -> Result<(), Misuse> {
        self.send_control(OpCode::Pong, payload, masking)
    }

    /// Answers a ping. While too much is unsent, only the latest ping gets its answer (RFC 6455
    /// §5.5.3).
    pub fn answer_ping(&mut self, payload: &[u8]) {
        if !self.closing.may_send() {
            return;
        }
        if self.backlog() > PONG_BACKLOG {
            self.late_pong = Some(payload.into());
        } else {
            self.push(OpCode::Pong, payload);
        }
    }

    fn send_control(&mut self, opcode: OpCode, payload: &[u8], masking: Masking) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong);
        }
        if !self.closing.may_send() {
            return Err(Misuse::NotOpen);
        }
        let header = self.control_header(opcode, payload, masking);
        self.ordered(|outbox| outbox.push_frame(header, payload));
        Ok(())
    }

    /// Sends a control frame.
    pub(super) fn push(&mut self, opcode: OpCode, payload: &[u8]) {
        let header = self.control_header(opcode, payload, Masking::ByRole);
        self.ordered(|outbox| outbox.push_frame(header, payload));
    }

    /// Sends a control frame ahead of messages to be deflated and the output behind them.
    pub(super) fn push_ready(&mut self, opcode: OpCode, payload: &[u8]) {
        let header = self.control_header(opcode, payload, Masking::ByRole);
        self.outbox.push_frame(header, payload);
    }

    fn control_header(&mut self, opcode: OpCode, payload: &[u8], masking: Masking) -> FrameHeader {
        let mask = self.mask_keys(masking).next();
        FrameHeader::new(true, 0, opcode as u8, mask, payload.len() as u64)
    }

    /// Lets `push` append to the output, behind messages that are still to be deflated.
    fn ordered(&mut self, push: impl FnOnce(&mut Outbox)) {
        match &mut self.deflate_queue {
            Some(queue) if queue.is_busy() => queue.push_frames(push),
            _ => push(&mut self.outbox),
        }
    }
}
