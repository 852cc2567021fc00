//! Judging the certificates of peers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_lc_rs::digest::{Context, SHA256};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// The word for a peer without a certificate.
const NO_CERTIFICATE: &str = "NoCertificate";

/// Certificates that chains may lead to. Contexts with the same ones share them.
pub struct Roots {
    digest: Vec<u8>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.anchors.len())
    }
}

impl Roots {
    /// The roots of these certificates (DER). Those that can't be read are left out.
    pub fn of(certificates: &[Vec<u8>]) -> Arc<Self> {
        static KNOWN: Mutex<Vec<Weak<Roots>>> = Mutex::new(Vec::new());
        let mut hash = Context::new(&SHA256);
        for certificate in certificates {
            hash.update(&certificate.len().to_be_bytes());
            hash.update(certificate);
        }
        let digest = hash.finish().as_ref().to_vec();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(roots) = known.iter().filter_map(Weak::upgrade).find(|roots| roots.digest == digest) {
            return roots;
        }
        let anchor = |certificate: &Vec<u8>| {
            let certificate = CertificateDer::from(certificate.as_slice());
            anchor_from_trusted_cert(&certificate).ok().map(|anchor| anchor.to_owned())
        };
        let roots = Arc::new(Self { digest, anchors: certificates.iter().filter_map(anchor).collect() });
        known.retain(|roots| roots.strong_count() > 0);
        known.push(Arc::downgrade(&roots));
        roots
    }

    /// The names of the roots, for a request for a certificate.
    fn names(&self) -> Vec<DistinguishedName> {
        self.anchors.iter().map(|anchor| DistinguishedName::in_sequence(&anchor.subject)).collect()
    }

    /// Why the chain of a peer, its own certificate first, does not lead to these roots: webpki's
    /// word for it. `None` if it does. The name of the peer is not looked at.
    pub fn verdict(
        &self,
        chain: &[CertificateDer<'_>],
        of_server: bool,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Option<Box<str>> {
        let Some((own, others)) = chain.split_first() else { return Some(NO_CERTIFICATE.into()) };
        let usage = if of_server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
        let verify = |own: EndEntityCert<'_>| {
            own.verify_for_usage(algorithms.all, &self.anchors, others, UnixTime::now(), usage, None, None).map(drop)
        };
        EndEntityCert::try_from(own).and_then(verify).err().map(|error| word(&error))
    }
}

/// The name of an error without its details.
fn word(error: &webpki::Error) -> Box<str> {
    let words = format!("{error:?}");
    words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().into()
}

/// Checks only that the peer has the key of its certificate. Who that is, is judged by
/// [`Roots::verdict`] after the handshake.
#[derive(Debug)]
pub struct KeyVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// A server asks for a certificate, and ends the handshake of a client without one.
    asks: bool,
    requires: bool,
    names: Vec<DistinguishedName>,
}

impl KeyVerifier {
    /// That of a client.
    pub fn of_client(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms, asks: false, requires: false, names: Vec::new() }
    }

    /// That of a server that asks for a certificate of these roots.
    pub fn of_server(algorithms: WebPkiSupportedAlgorithms, requires: bool, roots: &Roots) -> Self {
        Self { algorithms, asks: true, requires, names: roots.names() }
    }
}

impl ServerCertVerifier for KeyVerifier {
    fn verify_server_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for KeyVerifier {
    fn offer_client_auth(&self) -> bool {
        self.asks
    }

    fn client_auth_mandatory(&self) -> bool {
        self.requires
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
