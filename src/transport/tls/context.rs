//! What the sessions of a server or client share.

use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CipherSuiteCommon, ClientConfig, Error, InconsistentKeys, ServerConfig, SupportedCipherSuite,
    SupportedProtocolVersion, Tls12CipherSuite,
};

use super::tickets::tickets;
use super::trust::{KeyVerifier, Roots};

/// Sessions that a client keeps to resume.
const KEPT_SESSIONS: usize = 256;

/// The cipher suites. As in OpenSSL, a connection of TLS 1.2 may send any number of records: rustls
/// would end it after 2²⁴ messages. TLS 1.3 changes its keys by then (RFC 8446 §5.5).
static SUITES: LazyLock<Vec<SupportedCipherSuite>> = LazyLock::new(|| {
    let unlimited = |suite: &Tls12CipherSuite| Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: suite.common.suite,
            hash_provider: suite.common.hash_provider,
            confidentiality_limit: u64::MAX,
        },
        prf_provider: suite.prf_provider,
        kx: suite.kx,
        sign: suite.sign,
        aead_alg: suite.aead_alg,
    };
    let suites = aws_lc_rs::default_provider().cipher_suites.into_iter();
    suites
        .map(|suite| match suite {
            // They live as long as the process.
            SupportedCipherSuite::Tls12(suite) => SupportedCipherSuite::Tls12(Box::leak(Box::new(unlimited(suite)))),
            other => other,
        })
        .collect()
});

/// What a context is made of. Certificates and keys are DER.
#[derive(Debug, Default)]
pub struct TlsContextOptions {
    /// The side.
    pub is_server: bool,
    /// Chains of certificates, each with the own one first.
    pub chains: Vec<Vec<Vec<u8>>>,
    /// The key of each chain: PKCS#8, SEC 1 or PKCS#1.
    pub keys: Vec<Vec<u8>>,
    /// Certificates that the peer's chain may lead to.
    pub ca: Vec<Vec<u8>>,
    /// A server asks for a certificate.
    pub request_cert: bool,
    /// It ends the handshake of a client that has none.
    pub reject_unauthorized: bool,
    /// TLS 1.2 is spoken.
    pub tls12: bool,
    /// TLS 1.3 is spoken.
    pub tls13: bool,
    /// Application protocols, preferred first (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// The secret of a server's tickets. Servers with the same secret resume each other's sessions.
    pub ticket_keys: Option<Vec<u8>>,
    /// Seconds for which tickets are of use; 0 for the default.
    pub session_timeout: u32,
    /// A client keeps sessions to resume.
    pub shares_sessions: bool,
}

/// See the module.
#[derive(Debug)]
pub struct TlsContext {
    pub(super) role: Role,
    /// The roots for the peer's chain. `None` if the peer is not asked for one.
    pub(super) roots: Option<Arc<Roots>>,
    pub(super) provider: Arc<CryptoProvider>,
}

/// The side of a context.
#[derive(Debug)]
pub(super) enum Role {
    Server(Arc<ServerConfig>),
    Client(Arc<ClientConfig>),
}

impl TlsContext {
    /// A context.
    ///
    /// # Errors
    /// When rustls can't read a certificate or key, or a key does not belong to its certificate.
    pub fn new(options: TlsContextOptions) -> Result<Self, Error> {
        let provider = Arc::new(CryptoProvider { cipher_suites: SUITES.clone(), ..aws_lc_rs::default_provider() });
        let versions: Vec<&'static SupportedProtocolVersion> = [(options.tls13, &TLS13), (options.tls12, &TLS12)]
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, v)| v)
            .collect();
        let keys = certified_keys(&options, &provider)?;
        let asks = !options.is_server || options.request_cert;
        let roots = asks.then(|| Roots::of(&options.ca));
        let role = if options.is_server {
            Role::Server(Arc::new(server_config(options, keys, roots.as_deref(), &provider, &versions)?))
        } else {
            Role::Client(Arc::new(client_config(options, keys, &provider, &versions)?))
        };
        Ok(Self { role, roots, provider })
    }

    /// Whether it is a server's.
    pub fn is_server(&self) -> bool {
        matches!(self.role, Role::Server(_))
    }
}

fn certified_keys(options: &TlsContextOptions, provider: &CryptoProvider) -> Result<Vec<Arc<CertifiedKey>>, Error> {
    let certified = |(chain, key): (&Vec<Vec<u8>>, &Vec<u8>)| {
        let key = PrivateKeyDer::try_from(key.as_slice()).map_err(|error| Error::General(error.into()))?;
        let key = provider.key_provider.load_private_key(key.clone_key())?;
        let chain = chain.iter().map(|certificate| CertificateDer::from(certificate.clone())).collect();
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Err(error @ Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(error),
            // webpki can't read certificates of version 1, but peers may.
            _ => Ok(Arc::new(certified)),
        }
    };
    options.chains.iter().zip(&options.keys).map(certified).collect()
}

fn server_config(
    options: TlsContextOptions,
    keys: Vec<Arc<CertifiedKey>>,
    roots: Option<&Roots>,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions)?;
    let verifier = match roots {
        Some(roots) => Arc::new(KeyVerifier::of_server(
            provider.signature_verification_algorithms,
            options.reject_unauthorized,
            roots,
        )),
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(FirstThatFits(keys)));
    config.alpn_protocols = options.alpn;
    // As Node's servers do.
    config.ignore_client_order = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = tickets(options.ticket_keys.as_deref(), options.session_timeout)?;
    // A client needs one for its next connection. Each costs 4 µs.
    config.send_tls13_tickets = 1;
    Ok(config)
}

fn client_config(
    options: TlsContextOptions,
    keys: Vec<Arc<CertifiedKey>>,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, Error> {
    let verifier = Arc::new(KeyVerifier::of_client(provider.signature_verification_algorithms));
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match keys.into_iter().next() {
        Some(key) => builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = options.alpn;
    config.resumption =
        if options.shares_sessions { Resumption::in_memory_sessions(KEPT_SESSIONS) } else { Resumption::disabled() };
    Ok(config)
}

/// Chooses the first certificate that the client can verify.
#[derive(Debug)]
struct FirstThatFits(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for FirstThatFits {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        self.0.iter().find(fits).cloned()
    }
}
