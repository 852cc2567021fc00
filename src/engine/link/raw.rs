//! Raw links: their bytes are no WebSocket frames. JavaScript gets them as they come, for example
//! those of HTTP, until the link becomes a WebSocket.

use std::sync::{Arc, LazyLock};

use crate::protocol::{Config, Dialect};

/// Bytes that a link holds before it stops reading. One read more may come on top.
pub const MOST_HELD: usize = 64 << 10;

/// Received bytes that wait: for JavaScript to release them, or to make a WebSocket of the link.
#[derive(Debug, Default)]
pub struct Held {
    /// The bytes, in order.
    pub bytes: Vec<u8>,
    /// JavaScript wants them: the I/O thread is to tell or decode them before it reads on.
    pub is_due: bool,
}

/// The configuration of a link as long as it is raw: nothing is decoded, and there are no
/// deadlines.
pub fn config() -> Arc<Config> {
    static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
        Arc::new(Config {
            dialect: &Dialect::WEBSOCKET,
            mask_key: None,
            require_masking: None,
            max_frame_size: 0,
            max_message_size: 0,
            max_fragments: None,
            auto_pong: false,
            checks_utf8: false,
            text_as_bytes: false,
            assemble_fragments: true,
            fragmentation_threshold: None,
            keepalive_interval: None,
            keepalive_grace: None,
            close_timeout: None,
            compression: None,
        })
    });
    CONFIG.clone()
}
