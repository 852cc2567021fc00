//! Encodes single frames and makes keys, for `WebSocketFrame` and the handshake.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use rand::RngExt as _;

use super::options::mask_key;
use crate::protocol;
use crate::protocol::{CloseReason, FrameHeader, OpCode};

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
#[napi]
pub fn accept_key(key: String) -> String {
    protocol::accept_key(&key)
}

/// A new `Sec-WebSocket-Key`: 16 random bytes in base64 (RFC 6455 §4.1).
#[napi]
pub fn handshake_key() -> String {
    protocol::encode_key(rand::rng().random())
}

/// Whether a `Sec-WebSocket-Key` is base64 of exactly 16 bytes (RFC 6455 §4.2.1).
#[napi]
pub fn is_handshake_key(key: String) -> bool {
    protocol::is_key(&key)
}

/// Whether an application may close with this code (RFC 6455 §7.4).
#[napi]
pub fn is_close_code(code: f64) -> bool {
    code.fract() == 0.0 && (0.0..=65535.0).contains(&code) && protocol::is_wire_close_code(code as u16)
}

/// Encodes a frame. `first` has FIN, RSV and the opcode as in the frame's first byte. With `mask`,
/// a masking key of four bytes, the payload is masked in the result.
#[napi]
pub fn encode_frame(first: u32, payload: &[u8], mask: Option<&[u8]>) -> Result<Buffer> {
    let first = first as u8;
    let key = mask.map(<[u8; 4]>::try_from).transpose();
    let key = key.map_err(|_| Error::from_reason("A masking key has four bytes."))?;
    let header = FrameHeader::new(first & 0x80 != 0, first >> 4 & 0b111, first & 0xf, key, payload.len() as u64);
    Ok(encode(header, payload))
}

/// Encodes a close frame. A code that must not be sent (RFC 6455 §7.4) makes a frame without a
/// code.
#[napi]
pub fn encode_close(code: f64, reason: String, masked: bool) -> Buffer {
    let reason = if is_close_code(code) { CloseReason::new(code as u16, &reason) } else { CloseReason::EMPTY };
    let payload = reason.as_bytes();
    let mask = masked.then(mask_key);
    encode(FrameHeader::new(true, 0, OpCode::Close as u8, mask, payload.len() as u64), payload)
}

fn encode(header: FrameHeader, payload: &[u8]) -> Buffer {
    let mut frame = Vec::with_capacity(header.frame_len());
    header.push_frame(payload, &mut frame);
    frame.into()
}

/// Overwrites the four bytes of `key` with a masking key that nobody can predict (RFC 6455 §5.3).
#[napi]
pub fn fill_mask_key(mut key: Buffer) -> Result<()> {
    if key.len() != 4 {
        return Err(Error::from_reason("A masking key has four bytes."));
    }
    key.copy_from_slice(&mask_key());
    Ok(())
}

/// Unmasks `payload` with a masking key of four bytes, in place.
#[napi]
pub fn unmask(mut payload: Buffer, key: &[u8]) -> Result<()> {
    let key = key.try_into().map_err(|_| Error::from_reason("A masking key has four bytes."))?;
    protocol::apply_mask(&mut payload, key, 0);
    Ok(())
}
