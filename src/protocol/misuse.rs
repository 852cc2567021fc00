//! What a caller can do wrong.

/// The caller asked for something that the connection can't do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    /// The state has no room for this command.
    NotOpen,
    /// The close code must not go onto the wire (RFC 6455 §7.4).
    CloseCode,
    /// The payload is longer than a control frame's 125 bytes (RFC 6455 §5.5).
    ControlTooLong,
}
