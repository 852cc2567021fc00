//! The dialect of npm `ws`. What is not here is as in the other dialect.

mod closing;
mod judging;
mod sending;

use super::super::Violation;
use super::*;
use crate::protocol::Compression;
use crate::protocol::DeflaterOptions;

/// A server of npm `ws`, without limits.
fn ws_config() -> Config {
    Config {
        dialect: &Dialect::WS,
        max_frame_size: u64::MAX,
        max_message_size: u64::MAX,
        auto_pong: false,
        ..server_config()
    }
}

fn ws_server() -> Endpoint {
    Endpoint::new(ws_config())
}

fn ws_server_with(change: impl FnOnce(&mut Config)) -> Endpoint {
    let mut config = ws_config();
    change(&mut config);
    Endpoint::new(config)
}

fn ws_client() -> Endpoint {
    Endpoint::new(Config { mask_key: Some(|| CLIENT_KEY), require_masking: Some(false), ..ws_config() })
}

fn compression() -> Compression {
    Compression {
        deflater: DeflaterOptions::default(),
        deflater_keeps_context: true,
        inflate_window_bits: 15,
        inflater_keeps_context: true,
        threshold: 0,
    }
}
