//! The options of a connection, as JavaScript hands them over.

use std::time::Duration;

use napi_derive::napi;
use rand::RngExt as _;

use super::abi::{DIALECT_WS, LONGEST_TIMEOUT};
use crate::protocol::{Compression, Config, DeflaterOptions, Dialect};

/// The options of a link. Sizes are bytes, times milliseconds.
#[napi(object, object_to_js = false)]
pub struct LinkOptions {
    /// One of `abi.DIALECT_…`: the rules of the API. Without it, those of npm `websocket`.
    pub dialect: Option<u32>,
    /// Outgoing frames are masked: this is the client.
    pub masks: bool,
    /// Incoming frames must be masked, or must not. Without it both are taken.
    pub requires_mask: Option<bool>,
    /// Fragments are assembled into messages. Otherwise each frame is an event.
    pub assembles_fragments: bool,
    /// Most payload bytes of a received frame.
    pub max_frame_size: f64,
    /// Most payload bytes of a received message; in npm `websocket`, of one with several frames.
    pub max_message_size: f64,
    /// Most fragments of a received message. Without it, or below 1, there is no limit.
    pub max_fragments: Option<f64>,
    /// `false` takes any bytes as text.
    pub checks_utf8: Option<bool>,
    /// Texts become Buffers. `setTextAsBytes` changes it.
    pub text_as_bytes: Option<bool>,
    /// Messages above this size are sent in fragments of this size.
    pub fragmentation_threshold: Option<f64>,
    /// Silence after which a ping is sent.
    pub keepalive_interval: Option<f64>,
    /// Silence after that ping which ends the connection.
    pub keepalive_grace_period: Option<f64>,
    /// How long the closing handshake may take. Without it, JavaScript has a timer of its own.
    pub close_timeout: Option<f64>,
    /// Output that makes a send return false.
    pub high_water_mark: f64,
    /// permessage-deflate, where it was negotiated.
    pub compression: Option<CompressionOptions>,
}

/// The negotiated parameters of permessage-deflate, and how this side deflates.
#[napi(object, object_to_js = false)]
pub struct CompressionOptions {
    pub server_no_context_takeover: bool,
    pub client_no_context_takeover: bool,
    pub server_max_window_bits: u32,
    pub client_max_window_bits: u32,
    /// Shorter messages are sent uncompressed.
    pub threshold: f64,
    /// zlib's level, −1 to 9.
    pub level: i32,
    /// zlib's `memLevel`, 1 to 9.
    pub mem_level: u32,
    /// zlib's `strategy`, 0 to 4. Without it, 0.
    pub strategy: Option<u32>,
}

impl LinkOptions {
    /// The protocol's part of the options.
    pub fn config(&self) -> Config {
        let dialect = self.dialect();
        Config {
            dialect,
            mask_key: self.masks.then_some(mask_key as fn() -> [u8; 4]),
            require_masking: self.requires_mask,
            max_frame_size: size(self.max_frame_size),
            max_message_size: size(self.max_message_size),
            checks_utf8: self.checks_utf8.unwrap_or(true),
            text_as_bytes: self.text_as_bytes.unwrap_or(false),
            max_fragments: self.max_fragments.filter(|&most| most >= 1.0).map(|most| most as u32),
            assemble_fragments: self.assembles_fragments,
            fragmentation_threshold: self.fragmentation_threshold.map(size_in_memory),
            keepalive_interval: self.keepalive_interval.map(milliseconds),
            keepalive_grace: self.keepalive_grace_period.map(milliseconds),
            close_timeout: self.close_timeout.map(milliseconds),
            auto_pong: dialect.answers_pings,
            compression: self.compression.as_ref().map(|compression| compression.of(self.masks)),
        }
    }

    fn dialect(&self) -> &'static Dialect {
        if self.dialect == Some(DIALECT_WS) { &Dialect::WS } else { &Dialect::WEBSOCKET }
    }
}

impl CompressionOptions {
    /// The compression of one side.
    fn of(&self, is_client: bool) -> Compression {
        let server = (self.server_max_window_bits as u8, !self.server_no_context_takeover);
        let client = (self.client_max_window_bits as u8, !self.client_no_context_takeover);
        let (ours, theirs) = if is_client { (client, server) } else { (server, client) };
        let (window_bits, deflater_keeps_context) = ours;
        let (inflate_window_bits, inflater_keeps_context) = theirs;
        let deflater = DeflaterOptions {
            window_bits,
            level: self.level as i8,
            mem_level: self.mem_level as u8,
            strategy: self.strategy.and_then(|strategy| u8::try_from(strategy).ok()).unwrap_or(0),
            ..DeflaterOptions::default()
        };
        Compression {
            deflater,
            deflater_keeps_context,
            inflate_window_bits,
            inflater_keeps_context,
            threshold: size_in_memory(self.threshold),
        }
    }
}

/// A masking key that nobody can predict (RFC 6455 §5.3): from the thread's CSPRNG, seeded by the
/// system.
pub fn mask_key() -> [u8; 4] {
    rand::rng().random()
}

/// A time in the range of JavaScript's timers: at least one millisecond, and not too long.
pub fn milliseconds(value: f64) -> Duration {
    Duration::from_millis(value.clamp(1.0, f64::from(LONGEST_TIMEOUT)) as u64)
}

/// A limit: NaN and negative numbers allow nothing, infinity everything. The conversion saturates.
pub fn size(value: f64) -> u64 {
    value as u64
}

/// A limit of bytes that are held in memory.
fn size_in_memory(value: f64) -> usize {
    usize::try_from(size(value)).unwrap_or(usize::MAX)
}
