//! Links that are encrypted.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::contexts::TlsContext;
use super::engine::Engine;
use crate::transport::tls::names;
use crate::transport::tls::session::{TlsDetails, TlsSession};

/// What a handshake has led to.
#[napi(object)]
pub struct TlsInfo {
    /// `TLSv1.3` or `TLSv1.2`.
    pub protocol: String,
    pub cipher: CipherInfo,
    /// The application protocol, if one was agreed on.
    pub alpn: Option<String>,
    /// The name that the client asked for.
    pub servername: Option<String>,
    pub is_resumed: bool,
    /// The peer's certificates (DER), its own first.
    pub chain: Vec<Buffer>,
    /// Why its chain does not lead to `ca`, in webpki's words. `NoCertificate` if there is none.
    pub verify_error: Option<String>,
}

/// A cipher suite, as Node's `getCipher()` has it.
#[napi(object)]
pub struct CipherInfo {
    /// OpenSSL's name.
    pub name: String,
    /// The name in the standard.
    pub standard_name: String,
    /// The first version of TLS that has it.
    pub version: String,
}

impl From<TlsDetails> for TlsInfo {
    fn from(details: TlsDetails) -> Self {
        Self {
            protocol: details.protocol.to_owned(),
            cipher: CipherInfo {
                name: openssl_name(&details.suite),
                standard_name: details.suite,
                version: details.protocol.to_owned(),
            },
            alpn: details.alpn,
            servername: details.server_name,
            is_resumed: details.is_resumed,
            chain: details.chain.into_iter().map(Buffer::from).collect(),
            verify_error: details.verdict.map(String::from),
        }
    }
}

/// OpenSSL's name of a cipher suite: `ECDHE-RSA-AES128-GCM-SHA256` for
/// `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. Those of TLS 1.3 have one name.
fn openssl_name(suite: &str) -> String {
    let Some((exchange, cipher)) = suite.split_once("_WITH_") else { return suite.to_owned() };
    let cipher = cipher.replace("AES_", "AES").replace("POLY1305_SHA256", "POLY1305");
    format!("{}-{cipher}", exchange.trim_start_matches("TLS_")).replace('_', "-")
}

#[napi]
impl Engine {
    /// Encrypts a link from its adoption on, which follows. `EVENT_SECURE` tells that the handshake
    /// is over. A client asks for the server by this name, if it is not null. Throws if that is no
    /// name of DNS.
    #[napi]
    pub fn start_tls(&mut self, slot: u32, context: &TlsContext, servername: Option<String>) -> Result<()> {
        if let Some(entry) = self.entry(slot) {
            let context = context.shared();
            let session = if context.is_server() {
                TlsSession::server(Arc::new(names::TlsContexts::new(context, false)))
            } else {
                let session = TlsSession::client(context, servername.as_deref());
                session.map_err(|failure| Error::from_reason(failure.words().to_owned()))?
            };
            entry.link.state().tls = Some(Box::new(session));
        }
        Ok(())
    }

    /// Lets a client's link send the end of its handshake, and all output, which waits behind
    /// `EVENT_SECURE`: the server is trusted.
    #[napi]
    pub fn trust_peer(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            if let Some(tls) = &mut entry.link.state().tls {
                tls.trust();
            }
            entry.link.kick();
        }
    }

    /// What the handshake has led to; null before its end.
    #[napi]
    pub fn tls_info(&mut self, slot: u32) -> Option<TlsInfo> {
        let state = self.entry(slot)?.link.state();
        state.tls.as_ref()?.details().map(TlsInfo::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_have_the_names_of_openssl() {
        let cases = [
            ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
            ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
            ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
        ];
        for (standard, openssl) in cases {
            assert_eq!(openssl_name(standard), openssl);
        }
    }
}
