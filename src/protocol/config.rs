//! The settings of a connection.

use std::time::Duration;

use super::compression::Compression;
use super::dialect::Dialect;

/// The settings of a connection: limits, duties and deadlines.
#[derive(Debug, Clone)]
pub struct Config {
    /// The rules of the application's API.
    pub dialect: &'static Dialect,
    /// Source of masking keys, unpredictable to the peer (RFC 6455 §5.3); `None` sends unmasked
    /// frames.
    pub mask_key: Option<fn() -> [u8; 4]>,
    /// Whether the peer's frames must or must not be masked (RFC 6455 §5.1); `None` takes both.
    pub require_masking: Option<bool>,
    /// Most payload bytes of a received frame.
    pub max_frame_size: u64,
    /// Most payload bytes of a received message. In some dialects it applies only to a message of
    /// several frames.
    pub max_message_size: u64,
    /// Most fragments of a received message; `None` bounds at most the empty ones.
    pub max_fragments: Option<u32>,
    /// Whether the connection answers pings, rather than the application.
    pub auto_pong: bool,
    /// Whether texts and the reasons of close frames must be UTF-8.
    pub checks_utf8: bool,
    /// Whether the application gets texts as bytes, until it wants something else.
    pub text_as_bytes: bool,
    /// Whether fragments are assembled into messages; otherwise each frame is an event.
    pub assemble_fragments: bool,
    /// Outgoing messages longer than this many bytes are sent in fragments of this size.
    pub fragmentation_threshold: Option<usize>,
    /// How long nothing may be received before a ping is sent.
    pub keepalive_interval: Option<Duration>,
    /// How long after a keepalive ping something must be received.
    pub keepalive_grace: Option<Duration>,
    /// How long the peer has to answer a close frame, and then to end TCP.
    pub close_timeout: Option<Duration>,
    /// permessage-deflate, where it was negotiated.
    pub compression: Option<Compression>,
}
