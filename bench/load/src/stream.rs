use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::ClientConfig;
use socket2::{Domain, Socket, Type};

use crate::engine_io;
use crate::frame::broken;
use crate::tls::{self, TlsStream};

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
        let mut session = self.tls.as_ref().map(tls::client_session).transpose()?;
        if self.shakes_hands {
            match &mut session {
                Some(session) => self.shake_hands(&mut rustls::Stream::new(session, &mut socket))?,
                None => self.shake_hands(&mut socket)?,
            }
        }
        socket.set_nonblocking(true)?;
        Ok(Stream::new(TcpStream::from_std(socket), session.map(Into::into)))
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

/// A non-blocking connection.
pub enum Stream {
    Plain(TcpStream),
    Tls(TlsStream),
}

impl Stream {
    pub fn new(socket: TcpStream, session: Option<rustls::Connection>) -> Self {
        match session {
            Some(session) => Self::Tls(TlsStream::new(socket, session)),
            None => Self::Plain(socket),
        }
    }

    pub fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls(TlsStream { socket, .. }) => socket,
        }
    }

    /// Whether a read of `count` bytes into room for more shows that nothing is left. Later bytes
    /// raise a new event. Over TLS the length of the ciphertext shows it.
    pub fn is_drained_by(&self, count: usize, room: usize) -> bool {
        match self {
            Self::Plain(_) => count < room,
            Self::Tls(stream) => stream.is_drained,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => stream.flush(),
        }
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
