//! Agreeing on permessage-deflate in the opening handshake (RFC 7692 §5, §7.1).
//!
//! The client makes an [`offer`](DeflateOptions::offer), the server gives an
//! [`answer`](DeflateOptions::answer) to it, and the client
//! [`conclude`](DeflateOptions::conclude)s. Each side goes by its own options.

mod fault;
mod names;

use std::fmt;

pub use fault::ResponseFault;
use names::{
    CLIENT_MAX_WINDOW_BITS, CLIENT_NO_CONTEXT_TAKEOVER, EXTENSION, SERVER_MAX_WINDOW_BITS, SERVER_NO_CONTEXT_TAKEOVER,
};

use crate::protocol::extensions::{MalformedExtensions, Parameter, parse_extensions};

/// The smallest window in bits (§7.1.2).
pub const SMALLEST_WINDOW: u8 = 8;

/// The smallest window, in bits, with which this side compresses. If a client asks our server for a
/// smaller one, there is no compression. If a server asks our client for it, the client refuses.
pub const SMALLEST_OWN_WINDOW: u8 = SMALLEST_WINDOW;

/// The largest window in bits: 32 KiB. It is used if no other is agreed on.
pub const FULL_WINDOW: u8 = 15;

/// The values that a window may have: 8 to 15 without leading zeros (§7.1.2).
const WINDOW_BITS: [&str; 8] = ["8", "9", "10", "11", "12", "13", "14", "15"];

/// The options of one side. The default asks for nothing, and grants what the peer asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeflateOptions {
    /// The server's messages must not refer to earlier ones (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client's messages must not refer to earlier ones (§7.1.1.2). Our client keeps to this
    /// option even if the server does not ask for it.
    pub client_no_context_takeover: bool,
    /// The largest window of the server, 8 to 15 bits (§7.1.2.1).
    pub server_max_window_bits: Option<u8>,
    /// The window of the client (§7.1.2.2).
    pub client_window: ClientWindow,
}

/// The window of a client. The client decides whether it can be limited at all (§7.1.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientWindow {
    /// A client lets the server limit it. A server limits it to the client's hint.
    #[default]
    Negotiable,
    /// At most this many bits, 8 to 15. A server declines the offers of clients whose window can't
    /// be limited.
    AtMost(u8),
    /// 15 bits. A client does not let the server limit it. A server does not limit it.
    Full,
}

/// The parameters by which two sides compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateAgreement {
    /// The server begins each message with an empty window.
    pub server_no_context_takeover: bool,
    /// The client begins each message with an empty window. The server may not know: see
    /// [`DeflateOptions`].
    pub client_no_context_takeover: bool,
    /// The server's window, 8 to 15 bits.
    pub server_max_window_bits: u8,
    /// The client's window, 8 to 15 bits. It may be smaller than the server knows.
    pub client_max_window_bits: u8,
}

/// An offer that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The server's response: the value of its `Sec-WebSocket-Extensions`.
    pub response: String,
    /// The agreement that follows from it.
    pub agreement: DeflateAgreement,
}

impl DeflateOptions {
    /// A client's offer: the value of its `Sec-WebSocket-Extensions`.
    pub fn offer(&self) -> String {
        let terms = Terms {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits,
            client_max_window_bits: match self.client_window {
                ClientWindow::Negotiable => Some(None),
                ClientWindow::AtMost(bits) => Some(Some(bits.max(SMALLEST_OWN_WINDOW))),
                ClientWindow::Full => None,
            },
        };
        terms.to_string()
    }

    /// A server's answer to a client's `Sec-WebSocket-Extensions`. It accepts the first offer of
    /// this extension that it can (§5.1). `None` declines. Offers of other extensions are skipped.
    pub fn answer(&self, header: &str) -> Result<Option<Negotiated>, MalformedExtensions> {
        let offers = parse_extensions(header)?;
        let mut deflate = offers.iter().filter(|offer| offer.name.eq_ignore_ascii_case(EXTENSION));
        let response = deflate.find_map(|offer| response_to(&Terms::read(&offer.parameters).ok()?, self));
        Ok(response.map(|response| Negotiated { response: response.to_string(), agreement: response.agreement() }))
    }

    /// A client's conclusion from the server's `Sec-WebSocket-Extensions`, after it has sent its
    /// [`offer`](Self::offer). `None` if the server has declined. The caller checks whether other
    /// extensions in the header were offered.
    pub fn conclude(&self, header: &str) -> Result<Option<Negotiated>, ResponseFault> {
        let extensions = parse_extensions(header).map_err(|MalformedExtensions| ResponseFault::Malformed)?;
        let mut deflate = extensions.iter().filter(|extension| extension.name.eq_ignore_ascii_case(EXTENSION));
        let Some(extension) = deflate.next() else { return Ok(None) };
        if deflate.next().is_some() {
            return Err(ResponseFault::AcceptedTwice);
        }
        let response = Terms::read(&extension.parameters)?;
        verify(&response, self)?;
        let mut agreement = response.agreement();
        // The client keeps to its own window and context, even if the response asks for less
        // (§7.1.1.2, §7.1.2.2).
        agreement.client_no_context_takeover |= self.client_no_context_takeover;
        if let ClientWindow::AtMost(bits) = self.client_window {
            agreement.client_max_window_bits = agreement.client_max_window_bits.min(bits.max(SMALLEST_OWN_WINDOW));
        }
        Ok(Some(Negotiated { response: response.to_string(), agreement }))
    }
}

/// The response to one offer. `None` declines it.
fn response_to(offer: &Terms, options: &DeflateOptions) -> Option<Terms> {
    // The client would inflate with too small a window (§7.1.2.1).
    if offer.server_max_window_bits.is_some_and(|bits| bits < SMALLEST_OWN_WINDOW) {
        return None;
    }
    let own_limit = options.server_max_window_bits.map_or(FULL_WINDOW, |bits| bits.max(SMALLEST_OWN_WINDOW));
    let server_bits = own_limit.min(offer.server_max_window_bits.unwrap_or(FULL_WINDOW));

    let client_hint = offer.client_max_window_bits.flatten().unwrap_or(FULL_WINDOW);
    let client_bits = match options.client_window {
        ClientWindow::Full => FULL_WINDOW,
        ClientWindow::Negotiable => client_hint,
        // The response must not have the parameter if the offer hasn't (§7.1.2.2).
        ClientWindow::AtMost(bits) if bits < FULL_WINDOW && offer.client_max_window_bits.is_none() => return None,
        ClientWindow::AtMost(bits) => bits.min(client_hint),
    };

    Some(Terms {
        server_no_context_takeover: options.server_no_context_takeover || offer.server_no_context_takeover,
        client_no_context_takeover: options.client_no_context_takeover || offer.client_no_context_takeover,
        // If the parameter was offered, the response must have it, even with the default value
        // (§7.1.2.1).
        server_max_window_bits: (offer.server_max_window_bits.is_some() || server_bits < FULL_WINDOW)
            .then_some(server_bits),
        client_max_window_bits: (client_bits < FULL_WINDOW).then_some(Some(client_bits)),
    })
}

/// Whether a response fits the offer that these options make.
fn verify(response: &Terms, options: &DeflateOptions) -> Result<(), ResponseFault> {
    if options.server_no_context_takeover && !response.server_no_context_takeover {
        return Err(ResponseFault::Missing(SERVER_NO_CONTEXT_TAKEOVER));
    }
    match (options.server_max_window_bits, response.server_max_window_bits) {
        (Some(_), None) => return Err(ResponseFault::Missing(SERVER_MAX_WINDOW_BITS)),
        (Some(offered), Some(bits)) if bits > offered => return Err(ResponseFault::TooLarge { bits, offered }),
        _ => {}
    }
    match response.client_max_window_bits {
        Some(_) if options.client_window == ClientWindow::Full => Err(ResponseFault::NotOffered),
        Some(None) => Err(ResponseFault::InvalidValue { parameter: CLIENT_MAX_WINDOW_BITS, value: None }),
        Some(Some(bits)) if bits < SMALLEST_OWN_WINDOW => Err(ResponseFault::TooSmall(bits)),
        // A window larger than the offer's hint is allowed (§7.1.2.2).
        _ => Ok(()),
    }
}

/// The parameters of an offer, or of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Terms {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Only an offer may have it without a value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Terms {
    /// Checks that each parameter is known, unique, and has an allowed value (§7). The caller
    /// checks that a response has no `client_max_window_bits` without a value.
    fn read(parameters: &[Parameter<'_>]) -> Result<Self, ResponseFault> {
        let mut terms = Self::default();
        for Parameter { name, value } in parameters {
            let value = value.as_deref();
            let is_repeated = if name.eq_ignore_ascii_case(SERVER_NO_CONTEXT_TAKEOVER) {
                absent(SERVER_NO_CONTEXT_TAKEOVER, value)?;
                std::mem::replace(&mut terms.server_no_context_takeover, true)
            } else if name.eq_ignore_ascii_case(CLIENT_NO_CONTEXT_TAKEOVER) {
                absent(CLIENT_NO_CONTEXT_TAKEOVER, value)?;
                std::mem::replace(&mut terms.client_no_context_takeover, true)
            } else if name.eq_ignore_ascii_case(SERVER_MAX_WINDOW_BITS) {
                terms.server_max_window_bits.replace(window_bits(SERVER_MAX_WINDOW_BITS, value)?).is_some()
            } else if name.eq_ignore_ascii_case(CLIENT_MAX_WINDOW_BITS) {
                let bits = value.map(|_| window_bits(CLIENT_MAX_WINDOW_BITS, value)).transpose()?;
                terms.client_max_window_bits.replace(bits).is_some()
            } else {
                return Err(ResponseFault::UnknownParameter((*name).to_owned()));
            };
            if is_repeated {
                return Err(ResponseFault::RepeatedParameter((*name).to_owned()));
            }
        }
        Ok(terms)
    }

    /// The agreement of a response with these parameters.
    fn agreement(&self) -> DeflateAgreement {
        DeflateAgreement {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or(FULL_WINDOW),
            client_max_window_bits: self.client_max_window_bits.flatten().unwrap_or(FULL_WINDOW),
        }
    }
}

/// The value for the header.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXTENSION)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT_TAKEOVER}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT_TAKEOVER}")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; {SERVER_MAX_WINDOW_BITS}={bits}")?;
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}={bits}"),
            Some(None) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}"),
            None => Ok(()),
        }
    }
}

fn absent(parameter: &'static str, value: Option<&str>) -> Result<(), ResponseFault> {
    value.map_or(Ok(()), |value| Err(invalid(parameter, Some(value))))
}

fn window_bits(parameter: &'static str, value: Option<&str>) -> Result<u8, ResponseFault> {
    let index = WINDOW_BITS.iter().position(|&bits| Some(bits) == value);
    index.map(|index| index as u8 + 8).ok_or_else(|| invalid(parameter, value))
}

fn invalid(parameter: &'static str, value: Option<&str>) -> ResponseFault {
    ResponseFault::InvalidValue { parameter, value: value.map(str::to_owned) }
}

#[cfg(test)]
mod tests;
