//! The negotiation of permessage-deflate, for the opening handshakes that JavaScript does.

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::protocol;
use crate::protocol::{ClientWindow, FULL_WINDOW, SMALLEST_WINDOW};

/// The options of one side. Bits are 8 to 15; without them, the peer decides.
#[napi(object, object_to_js = false)]
pub struct DeflateOptions {
    pub server_no_context_takeover: bool,
    pub client_no_context_takeover: bool,
    pub server_max_window_bits: Option<u32>,
    /// `false` keeps the client's window from being negotiated.
    pub client_max_window_bits: Option<Either<bool, u32>>,
}

impl DeflateOptions {
    fn read(&self) -> Result<protocol::DeflateOptions> {
        Ok(protocol::DeflateOptions {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.map(window_bits).transpose()?,
            client_window: match self.client_max_window_bits {
                None | Some(Either::A(true)) => ClientWindow::Negotiable,
                Some(Either::A(false)) => ClientWindow::Full,
                Some(Either::B(bits)) => ClientWindow::AtMost(window_bits(bits)?),
            },
        })
    }
}

fn window_bits(bits: u32) -> Result<u8> {
    let window = u8::try_from(bits).ok().filter(|bits| (SMALLEST_WINDOW..=FULL_WINDOW).contains(bits));
    window.ok_or_else(|| Error::from_reason("A window has 8 to 15 bits."))
}

/// The agreement of both sides.
#[napi(object, object_from_js = false)]
pub struct NegotiatedDeflate {
    /// The server's response, for its header.
    pub response: String,
    pub server_no_context_takeover: bool,
    pub client_no_context_takeover: bool,
    pub server_max_window_bits: u32,
    pub client_max_window_bits: u32,
}

impl From<protocol::Negotiated> for NegotiatedDeflate {
    fn from(protocol::Negotiated { response, agreement }: protocol::Negotiated) -> Self {
        Self {
            response,
            server_no_context_takeover: agreement.server_no_context_takeover,
            client_no_context_takeover: agreement.client_no_context_takeover,
            server_max_window_bits: agreement.server_max_window_bits.into(),
            client_max_window_bits: agreement.client_max_window_bits.into(),
        }
    }
}

/// A client's `Sec-WebSocket-Extensions`.
#[napi]
pub fn offer_deflate(options: DeflateOptions) -> Result<String> {
    Ok(options.read()?.offer())
}

/// A server's answer to a client's `Sec-WebSocket-Extensions`; `null` declines. Throws if the
/// header is malformed.
#[napi]
pub fn answer_deflate(header: String, options: DeflateOptions) -> Result<Option<NegotiatedDeflate>> {
    let answer = options.read()?.answer(&header);
    let answer = answer.map_err(|_| Error::from_reason("The header is malformed."))?;
    Ok(answer.map(Into::into))
}

/// The agreement that a client reads from a server's `Sec-WebSocket-Extensions`; `null` if the
/// server has declined. Throws the reason if the connection must fail.
#[napi]
pub fn conclude_deflate(header: String, options: DeflateOptions) -> Result<Option<NegotiatedDeflate>> {
    let conclusion = options.read()?.conclude(&header);
    let conclusion = conclusion.map_err(|fault| Error::from_reason(fault.to_string()))?;
    Ok(conclusion.map(Into::into))
}
