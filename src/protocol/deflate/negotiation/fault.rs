//! Faults of a server's response.

use std::fmt;

use super::names::{CLIENT_MAX_WINDOW_BITS, EXTENSION, SERVER_MAX_WINDOW_BITS};

/// Why a client fails the connection over the server's response (§5.1, §7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseFault {
    /// The header does not follow its grammar (RFC 6455 §9.1).
    Malformed,
    /// The extension is accepted more than once.
    AcceptedTwice,
    /// A parameter is unknown (§7).
    UnknownParameter(String),
    /// A parameter is there more than once (§7).
    RepeatedParameter(String),
    /// A parameter has a value that it must not have, or lacks one (§7).
    InvalidValue {
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: Option<String>,
    },
    /// The response to this offer lacks a parameter (§7.1.1.1, §7.1.2.1).
    Missing(&'static str),
    /// The response has `client_max_window_bits`, but the offer did not (§7.1.2.2).
    NotOffered,
    /// `server_max_window_bits` is more than was offered (§7.1.2.1).
    TooLarge {
        /// The value in the response.
        bits: u8,
        /// The value in the offer.
        offered: u8,
    },
    /// `client_max_window_bits` is less than [`SMALLEST_OWN_WINDOW`](super::SMALLEST_OWN_WINDOW).
    TooSmall(u8),
}

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(f, "Server responded with a malformed Sec-WebSocket-Extensions header."),
            Self::AcceptedTwice => write!(f, "Server responded with {EXTENSION} more than once."),
            Self::UnknownParameter(name) => {
                write!(f, "Server responded with a parameter that {EXTENSION} does not have: {name}")
            }
            Self::RepeatedParameter(name) => write!(f, "Server responded with {name} more than once."),
            Self::InvalidValue { parameter, value: Some(value) } => {
                write!(f, "Server responded with an invalid value of {parameter}: {value}")
            }
            Self::InvalidValue { parameter, value: None } => {
                write!(f, "Server responded with no value of {parameter}.")
            }
            Self::Missing(parameter) => write!(f, "Server did not respond with the {parameter} that was offered."),
            Self::NotOffered => write!(f, "Server responded with {CLIENT_MAX_WINDOW_BITS}, which was not offered."),
            Self::TooLarge { bits, offered } => {
                write!(f, "Server responded with {SERVER_MAX_WINDOW_BITS}={bits} where {offered} was offered.")
            }
            Self::TooSmall(bits) => {
                write!(f, "Server responded with {CLIENT_MAX_WINDOW_BITS}={bits}, which is not supported.")
            }
        }
    }
}
