//! Contexts of TLS: certificates, keys and rules.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::transport::tls::context;
use crate::transport::tls::names;

/// What a context is made of. Certificates and keys are DER.
#[napi(object, object_to_js = false)]
pub struct TlsContextOptions {
    /// The side.
    pub is_server: bool,
    /// Chains of certificates, each with the own one first. Clients use the first chain.
    pub chains: Vec<Vec<Buffer>>,
    /// The key of each chain: PKCS#8, SEC 1 or PKCS#1.
    pub keys: Vec<Buffer>,
    /// Certificates that the peer's chain may lead to.
    pub ca: Vec<Buffer>,
    /// A server asks for a certificate. Clients ignore it.
    pub request_cert: bool,
    /// Such a server ends the handshake of a client that has none. Clients ignore it.
    pub reject_unauthorized: bool,
    /// The versions of TLS that are spoken: 2 is 1.2, 3 is 1.3.
    pub min_version: u32,
    pub max_version: u32,
    /// Application protocols, preferred first (RFC 7301), in Latin-1.
    pub alpn: Vec<String>,
    /// The secret of a server's tickets. Without it, the context's own.
    pub ticket_keys: Option<Buffer>,
    /// Seconds for which tickets are of use; 0 for the default.
    pub session_timeout: Option<u32>,
    /// A client keeps sessions to resume, by the server's name.
    pub shares_sessions: Option<bool>,
}

/// Certificates, keys and rules that connections share. It does not change.
#[napi]
pub struct TlsContext(Arc<context::TlsContext>);

#[napi]
impl TlsContext {
    /// Throws if a certificate or key can't be read, or they do not belong together.
    #[napi(constructor)]
    pub fn new(options: TlsContextOptions) -> Result<Self> {
        let der = |buffers: Vec<Buffer>| buffers.iter().map(|buffer| buffer.to_vec()).collect::<Vec<_>>();
        let latin1 = |name: &String| name.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
        let speaks = |version| options.min_version <= version && version <= options.max_version;
        let options = context::TlsContextOptions {
            is_server: options.is_server,
            tls12: speaks(2),
            tls13: speaks(3),
            chains: options.chains.into_iter().map(der).collect(),
            keys: der(options.keys),
            ca: der(options.ca),
            request_cert: options.request_cert,
            reject_unauthorized: options.reject_unauthorized,
            alpn: options.alpn.iter().map(latin1).collect(),
            ticket_keys: options.ticket_keys.map(|keys| keys.to_vec()),
            session_timeout: options.session_timeout.unwrap_or(0),
            shares_sessions: options.shares_sessions.unwrap_or(false),
        };
        context::TlsContext::new(options)
            .map(|context| Self(Arc::new(context)))
            .map_err(|error| Error::from_reason(error.to_string()))
    }
}

impl TlsContext {
    pub(super) fn shared(&self) -> Arc<context::TlsContext> {
        self.0.clone()
    }
}

/// The contexts of one server, by the names that clients ask for. Its listener sees changes at
/// once; connections that stand keep theirs.
#[napi]
pub struct TlsContexts(Arc<names::TlsContexts>);

#[napi]
impl TlsContexts {
    /// `standard` is for clients that ask for no name, or for none that was added. With `asks`,
    /// JavaScript chooses for each client that asks for a name.
    #[napi(constructor)]
    pub fn new(standard: &TlsContext, asks: bool) -> Self {
        Self(Arc::new(names::TlsContexts::new(standard.0.clone(), asks)))
    }

    /// Replaces the standard context.
    #[napi]
    pub fn set_standard(&self, context: &TlsContext) {
        self.0.set_standard(context.0.clone());
    }

    /// Adds a context for names of this pattern. Each `*` stands for any characters except dots.
    /// Later ones come first.
    #[napi]
    pub fn add(&self, pattern: String, context: &TlsContext) {
        self.0.add(&pattern, context.0.clone());
    }
}

impl TlsContexts {
    pub(super) fn shared(&self) -> Arc<names::TlsContexts> {
        self.0.clone()
    }
}
