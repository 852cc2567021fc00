//! The options of a connection, as JavaScript hands them over.

use std::time::Duration;

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use rand::RngExt as _;

use super::values;
use crate::protocol::{Compression, Config, DeflaterOptions};

/// Outgoing frames are masked: this is the client.
const MASKS: u32 = 1;
/// Incoming frames must be masked.
const WANTS_MASK: u32 = 1 << 1;
/// Incoming frames must not be masked.
const REFUSES_MASK: u32 = 1 << 2;
/// Assemble messages, or show frames.
const ASSEMBLES: u32 = 1 << 3;
/// There is a fragmentation threshold.
const FRAGMENTS: u32 = 1 << 4;
/// There is a keepalive interval.
const KEEPS_ALIVE: u32 = 1 << 5;
/// There is a grace period.
const DROPS: u32 = 1 << 6;

/// See the options of WebSocketServer and WebSocketClient. Sizes are bytes, times milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkOptions {
    flags: u32,
    /// Most payload bytes of a frame.
    max_received_frame_size: f64,
    /// Most payload bytes of a fragmented message.
    max_received_message_size: f64,
    /// Most fragments of a message; 0 for no limit.
    max_fragments: u32,
    /// Outgoing messages above this size are fragmented.
    fragmentation_threshold: f64,
    /// Silence after which a ping is sent.
    keepalive_interval: f64,
    /// Silence after that ping which ends the connection.
    keepalive_grace_period: f64,
    /// Patience with the closing handshake.
    close_timeout: f64,
    /// Output that makes a send return false.
    pub high_water_mark: f64,
    /// permessage-deflate, packed by `lib/connection/options.js`; 0 for none.
    compression: u32,
    /// Shorter messages are sent uncompressed.
    threshold: f64,
}

impl LinkOptions {
    /// Reads the options in the order of the fields.
    pub fn read(env: &Env, options: [sys::napi_value; 11]) -> Result<Self> {
        let [
            flags,
            frame,
            message,
            fragments,
            fragment,
            interval,
            grace,
            close,
            high_water_mark,
            compression,
            threshold,
        ] = options;
        Ok(Self {
            flags: values::read_integer(env, flags)?,
            max_received_frame_size: values::read_number(env, frame)?,
            max_received_message_size: values::read_number(env, message)?,
            max_fragments: values::read_integer(env, fragments)?,
            fragmentation_threshold: values::read_number(env, fragment)?,
            keepalive_interval: values::read_number(env, interval)?,
            keepalive_grace_period: values::read_number(env, grace)?,
            close_timeout: values::read_number(env, close)?,
            high_water_mark: values::read_number(env, high_water_mark)?,
            compression: values::read_integer(env, compression)?,
            threshold: values::read_number(env, threshold)?,
        })
    }

    /// The protocol's part of the options.
    pub fn config(&self) -> Config {
        let has = |flag| self.flags & flag != 0;
        Config {
            mask_key: has(MASKS).then_some(mask_key as fn() -> [u8; 4]),
            require_masking: has(WANTS_MASK).then_some(true).or(has(REFUSES_MASK).then_some(false)),
            max_frame_size: size(self.max_received_frame_size),
            max_message_size: size(self.max_received_message_size),
            max_fragments: (self.max_fragments > 0).then_some(self.max_fragments),
            assemble_fragments: self.flags & ASSEMBLES != 0,
            fragmentation_threshold: has(FRAGMENTS)
                .then_some(self.fragmentation_threshold)
                .map(|threshold| usize::try_from(size(threshold)).unwrap_or(usize::MAX)),
            keepalive_interval: has(KEEPS_ALIVE).then(|| milliseconds(self.keepalive_interval)),
            keepalive_grace: has(DROPS).then(|| milliseconds(self.keepalive_grace_period)),
            close_timeout: milliseconds(self.close_timeout),
            auto_pong: true,
            compression: (self.compression != 0).then(|| self.compression()),
        }
    }

    fn compression(&self) -> Compression {
        let nibble = |shift: u32| (self.compression >> shift & 0xf) as u8;
        Compression {
            deflater: DeflaterOptions {
                window_bits: nibble(0),
                level: nibble(4) as i8 - 1,
                mem_level: nibble(8),
                ..DeflaterOptions::default()
            },
            deflater_keeps_context: self.compression >> 16 & 1 != 0,
            inflate_window_bits: nibble(12),
            inflater_keeps_context: self.compression >> 17 & 1 != 0,
            threshold: usize::try_from(size(self.threshold)).unwrap_or(usize::MAX),
        }
    }
}

/// A masking key that nobody can predict (RFC 6455 §5.3): from the thread's CSPRNG, seeded by the
/// system.
pub fn mask_key() -> [u8; 4] {
    rand::rng().random()
}

/// JavaScript's timers take at least one millisecond and at most 2³¹ − 1; so do these.
pub fn milliseconds(value: f64) -> Duration {
    Duration::from_millis(value.clamp(1.0, f64::from(i32::MAX)) as u64)
}

/// A limit: NaN and negative numbers allow nothing, infinity everything. The conversion saturates.
pub fn size(value: f64) -> u64 {
    value as u64
}
