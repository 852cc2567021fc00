//! The options of a connection, as JavaScript hands them over.

use std::time::Duration;

use napi_derive::napi;
use rand::RngExt as _;

use crate::protocol::Config;

/// See the options of WebSocketServer and WebSocketClient. Sizes are bytes, times milliseconds.
#[napi(object)]
pub struct LinkOptions {
    /// Outgoing frames are masked: this is the client.
    pub mask_outgoing: bool,
    /// Whether incoming frames must or must not be masked; absent takes both.
    pub require_masking: Option<bool>,
    /// Most payload bytes of a frame.
    pub max_received_frame_size: f64,
    /// Most payload bytes of a fragmented message.
    pub max_received_message_size: f64,
    /// Most fragments of a message.
    pub max_fragments: Option<u32>,
    /// Assemble messages, or show frames.
    pub assemble_fragments: bool,
    /// Outgoing messages above this size are fragmented.
    pub fragmentation_threshold: Option<f64>,
    /// Silence after which a ping is sent.
    pub keepalive_interval: Option<f64>,
    /// Silence after that ping which ends the connection.
    pub keepalive_grace_period: Option<f64>,
    /// Patience with the closing handshake.
    pub close_timeout: f64,
    /// Output that makes a send return false.
    pub high_water_mark: f64,
}

impl LinkOptions {
    /// The protocol's part of the options.
    pub fn config(&self) -> Config {
        Config {
            mask_key: self.mask_outgoing.then_some(mask_key as fn() -> [u8; 4]),
            require_masking: self.require_masking,
            max_frame_size: size(self.max_received_frame_size),
            max_message_size: size(self.max_received_message_size),
            max_fragments: self.max_fragments,
            assemble_fragments: self.assemble_fragments,
            fragmentation_threshold: self
                .fragmentation_threshold
                .map(|threshold| usize::try_from(size(threshold)).unwrap_or(usize::MAX)),
            keepalive_interval: self.keepalive_interval.map(milliseconds),
            keepalive_grace: self.keepalive_grace_period.map(milliseconds),
            close_timeout: milliseconds(self.close_timeout),
            auto_pong: true,
        }
    }
}

/// A masking key that nobody can predict (RFC 6455 §5.3): from the thread's CSPRNG, seeded by the system.
pub fn mask_key() -> [u8; 4] {
    rand::rng().random()
}

/// JavaScript's timers take at least one millisecond and at most 2³¹ − 1; so do these.
fn milliseconds(value: f64) -> Duration {
    Duration::from_millis(value.clamp(1.0, f64::from(i32::MAX)) as u64)
}

/// A limit: NaN and negative numbers allow nothing, infinity everything. The conversion saturates.
fn size(value: f64) -> u64 {
    value as u64
}
