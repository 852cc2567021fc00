use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use socket2::{Domain, Socket, Type};

use crate::engine_io;
use crate::frame::broken;

/// How long a server may take to answer a handshake. After that, the run fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// Source addresses of connections. Each has its own ports, about 28,000.
const SOURCES: usize = 64;
const MAX_HEAD: usize = 4096;

/// The server, and the way to it.
pub struct Target {
    pub address: SocketAddr,
    /// Over TLS, if there is a configuration for it.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether to shake hands (RFC 6455 §4.1). A bare TCP server gets frames at once.
    pub shakes_hands: bool,
    /// Whether to agree on permessage-deflate.
    pub deflates: bool,
    /// Whether it is an engine.io server.
    pub speaks_engine_io: bool,
}

impl Target {
    /// Connects and shakes hands, blocking. After that, the stream is non-blocking.
    pub fn open(&self, index: usize) -> io::Result<Stream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source(index).into())?;
        socket.connect_timeout(&self.address.into(), PATIENCE)?;
        socket.set_tcp_nodelay(true)?;
        let mut socket = std::net::TcpStream::from(socket);
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut session = match &self.tls {
            Some(config) => Some(Box::new(open_session(config, &mut socket)?)),
            None => None,
        };
        if self.shakes_hands {
            match &mut session {
                Some(session) => self.shake_hands(&mut rustls::Stream::new(session.as_mut(), &mut socket))?,
                None => self.shake_hands(&mut socket)?,
            }
        }
        socket.set_nonblocking(true)?;
        let socket = TcpStream::from_std(socket);
        Ok(match session {
            Some(session) => Stream::Tls { socket, session },
            None => Stream::Plain(socket),
        })
    }

    fn shake_hands(&self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        stream.write_all(&self.request())?;
        let mut received = [0; MAX_HEAD];
        let mut len = 0;
        loop {
            match stream.read(&mut received[len..])? {
                0 => return Err(broken("the server closed a connection during the handshake")),
                read => len += read,
            }
            let Some(end) = end_of_head(&received[..len])? else { continue };
            if self.is_ready(&received[end..len])? {
                return if self.deflates { check_agreement(&received[..end]) } else { Ok(()) };
            }
        }
    }

    fn request(&self) -> Vec<u8> {
        let (method, rest) = HANDSHAKE.split_at("GET /".len());
        let (fields, empty_line) = rest.split_at(rest.len() - 2);
        let resource = if self.speaks_engine_io { engine_io::RESOURCE } else { &[] };
        let offer = if self.deflates { OFFER } else { &[] };
        [method, resource, fields, offer, empty_line].concat()
    }

    /// Whether the server has sent all that it sends on its own. `bytes` came behind its answer.
    fn is_ready(&self, bytes: &[u8]) -> io::Result<bool> {
        match self.speaks_engine_io {
            true => engine_io::is_open(bytes),
            false if bytes.is_empty() => Ok(true),
            false => Err(broken("the server spoke before it was spoken to")),
        }
    }
}

/// Any address of 127.0.0.0/8 is this machine. 127.0.0.1 is left for servers and other programs.
pub fn source(index: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 1, (index % SOURCES) as u8 + 1), 0))
}

/// Trusts the one certificate in the file, which is the server's own.
pub fn tls_config(certificate: &str) -> Result<Arc<ClientConfig>, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

fn open_session(config: &Arc<ClientConfig>, socket: &mut std::net::TcpStream) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("localhost").expect("it is a name");
    let mut session = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
    while session.is_handshaking() {
        session.complete_io(socket)?;
    }
    Ok(session)
}

/// The request uses the key of RFC 6455's own example and offers no extensions.
pub const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The offer of npm `ws` as a client.
const OFFER: &[u8] = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The beginning of the frames in `bytes`, if the head of the response is complete.
pub fn end_of_head(bytes: &[u8]) -> io::Result<Option<usize>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    match end {
        Some(_) if !bytes.starts_with(b"HTTP/1.1 101 ") => Err(broken("the server refused the handshake")),
        None if bytes.len() >= MAX_HEAD => Err(broken("the server's answer to the handshake has no end")),
        end => Ok(end),
    }
}

/// All peers are compared with full windows and contexts on both sides. Other parameters (RFC 7692
/// §7.1) are an error.
fn check_agreement(head: &[u8]) -> io::Result<()> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions:"));
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return Err(broken("the server does not compress"));
    }
    let is_full = |part: &str| matches!(part, "server_max_window_bits=15" | "client_max_window_bits=15");
    if parts.all(is_full) { Ok(()) } else { Err(broken("the server compresses with less than a full context")) }
}

/// An established, non-blocking connection.
pub enum Stream {
    Plain(TcpStream),
    Tls { socket: TcpStream, session: Box<ClientConnection> },
}

impl Stream {
    pub fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls { socket, .. } => socket,
        }
    }

    /// Whether a read of `count` bytes into room for more shows that nothing is left. Later bytes
    /// raise a new event. Over TLS it only shows the end of a record.
    pub fn is_drained_by(&self, count: usize, room: usize) -> bool {
        matches!(self, Self::Plain(_)) && count < room
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (socket, session) = match self {
            Self::Plain(socket) => return socket.read(buffer),
            Self::Tls { socket, session } => (socket, session),
        };
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            if session.read_tls(socket)? == 0 {
                return Ok(0);
            }
            session.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Self::Plain(socket) = self {
            return socket.write(bytes);
        }
        self.flush()?;
        let Self::Tls { session, .. } = self else { unreachable!("the other kind has returned") };
        let written = session.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(written),
        }
    }

    /// Writes records that are encrypted already to the kernel.
    fn flush(&mut self) -> io::Result<()> {
        if let Self::Tls { socket, session } = self {
            while session.wants_write() {
                session.write_tls(socket)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(extensions: &str) -> io::Result<()> {
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n{extensions}\r\n\r\n");
        check_agreement(head.as_bytes())
    }

    #[test]
    fn only_full_contexts_and_windows_are_agreed_on() {
        agreement("Sec-WebSocket-Extensions: permessage-deflate").unwrap();
        agreement("sec-websocket-extensions:permessage-deflate; client_max_window_bits=15").unwrap();
        for extensions in [
            "Sec-WebSocket-Accept: permessage-deflate",
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
            "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12",
            "Sec-WebSocket-Extensions: x-webkit-deflate-frame",
        ] {
            assert!(agreement(extensions).is_err(), "{extensions}");
        }
    }
}
