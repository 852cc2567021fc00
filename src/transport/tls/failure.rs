//! Why a session can't go on.

use std::fmt;

use rustls::Error;

const ALERT_RECEIVED: &str = "ALERT_RECEIVED:";
const AT_HELLO: &str = " at the hello";

/// The reason, in words for JavaScript, which finds Node's code for it:
///
/// - `ALERT_RECEIVED:` and rustls' name of the alert, and behind that ` at the hello` if it is all
///   that a server answers to a client's hello,
/// - `ALERT_SENT:` and rustls' name of what was wrong with the peer's bytes,
/// - `EOF`: the stream has ended before the handshake has,
/// - `RESET`: the connection was reset before that,
/// - `TIMEOUT`: the handshake took too long,
/// - `ERR_SSL_…:` and OpenSSL's words, where rustls has no name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure(Box<str>);

impl TlsFailure {
    /// The stream has ended before the handshake has.
    pub fn end_in_handshake() -> Self {
        Self("EOF".into())
    }

    /// The connection was reset before the handshake has ended.
    pub fn reset() -> Self {
        Self("RESET".into())
    }

    /// The handshake took too long.
    pub fn timeout() -> Self {
        Self("TIMEOUT".into())
    }

    /// The peer speaks HTTP without TLS.
    pub(super) fn http_request() -> Self {
        Self("ERR_SSL_HTTP_REQUEST:http request".into())
    }

    /// The peer speaks another protocol.
    pub(super) fn wrong_version_number() -> Self {
        Self("ERR_SSL_WRONG_VERSION_NUMBER:wrong version number".into())
    }

    /// A message of the handshake is beyond every limit.
    pub(super) fn excessive_message_size() -> Self {
        Self("ERR_SSL_EXCESSIVE_MESSAGE_SIZE:excessive message size".into())
    }

    /// The same, where the server refuses the hello of a client.
    pub(super) fn at_hello(self) -> Self {
        if self.0.starts_with(ALERT_RECEIVED) { Self(format!("{}{AT_HELLO}", self.0).into()) } else { self }
    }

    /// The words.
    pub fn words(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for TlsFailure {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::AlertReceived(alert) => format!("{ALERT_RECEIVED}{alert:?}").into(),
            error => format!("ALERT_SENT:{error:?}").into(),
        })
    }
}
