//! Errors of the caller.

/// The connection can't do what the caller has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    /// The state does not allow this command.
    NotOpen,
    /// The close code must not be sent (RFC 6455 §7.4).
    CloseCode,
    /// The payload is longer than a control frame's 125 bytes (RFC 6455 §5.5).
    ControlTooLong,
}
