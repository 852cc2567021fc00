//! TLS of the load, by rustls and ring. All peers get TLS 1.3 with AES-256-GCM and X25519.

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::TcpStream;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, HandshakeKind, ServerConfig, ServerConnection,
    SignatureScheme,
};

use crate::frame::broken;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_256_GCM_SHA384],
        kx_groups: vec![ring::kx_group::X25519],
        ..ring::default_provider()
    })
}

/// Trusts one certificate, which it compares byte by byte. So no chain is built.
#[derive(Debug)]
pub struct Trust {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
    checks_signatures: AtomicBool,
}

impl Trust {
    /// Reads the server's own certificate from a file in PEM.
    pub fn in_file(path: &str) -> Result<Arc<Self>, Box<dyn Error>> {
        let certificate = CertificateDer::from_pem_file(path)?;
        Ok(Arc::new(Self { certificate, provider: provider(), checks_signatures: AtomicBool::new(true) }))
    }

    /// The same trust. It goes on checking signatures when this one no longer does.
    pub fn copy(&self) -> Arc<Self> {
        let (certificate, provider) = (self.certificate.clone(), self.provider.clone());
        Arc::new(Self { certificate, provider, checks_signatures: AtomicBool::new(true) })
    }

    /// From now on, accepts every signature. That spares the load, so that it does not limit a
    /// server.
    pub fn end_proof(&self) {
        self.checks_signatures.store(false, Ordering::Relaxed);
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *certificate == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("the server has another certificate".into()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        unreachable!("only TLS 1.3 is offered")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.checks_signatures.load(Ordering::Relaxed) {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signature, algorithms)
        } else {
            Ok(HandshakeSignatureValid::assertion())
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// rustls counts tickets, and keeps up to 8 of a server.
const TICKETS: usize = 8;

/// For clients whose handshakes are all full or, if `resumes`, full only when they have no ticket
/// of an earlier connection. They use a ticket once (RFC 8446 §C.4).
pub fn client_config(trust: Arc<Trust>, resumes: bool) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(trust.provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(trust)
        .with_no_client_auth();
    config.resumption = if resumes { Resumption::in_memory_sessions(TICKETS) } else { Resumption::disabled() };
    Ok(Arc::new(config))
}

/// For a server with this certificate and key, both files in PEM.
pub fn server_config(certificate: &str, key: &str) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let (certificate, key) = (CertificateDer::from_pem_file(certificate)?, PrivateKeyDer::from_pem_file(key)?);
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

pub fn client_session(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("localhost").expect("it is a name");
    ClientConnection::new(config.clone(), name).map_err(io::Error::other)
}

pub fn server_session(config: &Arc<ServerConfig>) -> io::Result<ServerConnection> {
    ServerConnection::new(config.clone()).map_err(io::Error::other)
}

/// The longest record, and the records that may wait for its rest.
const RECORD: usize = 18 << 10;
const SCRATCH: usize = 64 << 10;

thread_local! {
    /// Takes what comes from the socket. One for all connections, so that it stays in the cache.
    static CIPHERTEXT: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// A non-blocking connection over TLS.
pub struct TlsStream {
    pub socket: TcpStream,
    session: Box<Connection>,
    /// Whether the last read took all bytes that there were. Later ones raise a new event.
    pub is_drained: bool,
    says_goodbye: bool,
}

impl TlsStream {
    pub fn new(socket: TcpStream, session: Connection) -> Self {
        Self { socket, session: Box::new(session), is_drained: false, says_goodbye: false }
    }

    /// Whether the handshake resumed a session. One that took two round trips is an error, because
    /// it costs more.
    pub fn is_resumed(&self) -> io::Result<bool> {
        match self.session.handshake_kind() {
            Some(HandshakeKind::Full) => Ok(false),
            Some(HandshakeKind::Resumed) => Ok(true),
            _ => Err(broken("the handshake was not one of one round trip")),
        }
    }

    /// Decrypts `bytes` into `buffer`, which has room enough. Returns the length of the plaintext.
    fn decrypt(&mut self, mut bytes: &[u8], buffer: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        loop {
            if !bytes.is_empty() {
                self.session.read_tls(&mut bytes)?;
            }
            let state = self.session.process_new_packets().map_err(io::Error::other)?;
            if state.plaintext_bytes_to_read() > 0 {
                len += self.session.reader().read(&mut buffer[len..])?;
            }
            if state.peer_has_closed() && !self.says_goodbye {
                self.says_goodbye = true;
                self.session.send_close_notify();
            }
            if bytes.is_empty() || state.peer_has_closed() {
                return Ok(len);
            }
        }
    }
}

impl Read for TlsStream {
    /// Needs room for the longest record at least. Returns 0 at the end of the TCP stream; a
    /// `close_notify` before it is answered.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().checked_sub(RECORD).ok_or_else(|| broken("there is no room for a record"))?;
        CIPHERTEXT.with_borrow_mut(|ciphertext| {
            let room = room.min(ciphertext.len());
            let mut len = self.decrypt(&[], buffer)?;
            while len == 0 {
                let count = self.socket.read(&mut ciphertext[..room])?;
                if count == 0 {
                    return Ok(0);
                }
                self.is_drained = count < room;
                len = self.decrypt(&ciphertext[..count], buffer)?;
                if self.session.wants_write() {
                    flush_some(self)?;
                }
            }
            Ok(len)
        })
    }
}

/// Writes as far as the kernel has room.
fn flush_some(stream: &mut TlsStream) -> io::Result<()> {
    match stream.flush() {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

impl Write for TlsStream {
    /// Before the handshake, it keeps what is to be sent behind it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let written = self.session.writer().write(bytes)?;
        flush_some(self)?;
        Ok(written)
    }

    /// Writes records that are encrypted already to the kernel.
    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}
