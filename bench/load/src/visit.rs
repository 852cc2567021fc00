use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use rustls::ClientConfig;
use socket2::{Domain, SockRef, Socket, Type};

use crate::frame::{self, CLOSE, MASK, broken};
use crate::options::Options;
use crate::stream::{HANDSHAKE, Stream, end_of_head, source};
use crate::tls::{self, Trust};
use crate::{Result, address_of};

/// Room for what a read gives. TLS needs this much.
pub const BUFFER: usize = 64 << 10;

/// The server of many short connections, and how each slot of them reaches it.
pub struct Door {
    address: SocketAddr,
    trust: Option<Arc<Trust>>,
    /// One for each slot, so that a client has tickets of its own. Empty without TLS.
    configs: Vec<Arc<ClientConfig>>,
}

impl Door {
    /// `--port`, over TLS with `--certificate FILE`, resuming sessions with `--resumes yes`.
    pub fn of(options: &Options, slots: usize) -> Result<Self> {
        let resumes = options.optional("resumes").is_some();
        let trust = options.optional("certificate").map(Trust::in_file).transpose()?;
        let mut configs = Vec::new();
        if let Some(trust) = &trust {
            // The first one goes on checking signatures.
            let trusts = std::iter::once(trust.copy()).chain(std::iter::repeat(trust.clone()));
            for trust in trusts.take(slots) {
                configs.push(tls::client_config(trust, resumes)?);
            }
        }
        Ok(Self { address: address_of(options)?, trust, configs })
    }

    /// From now on, checks signatures of the first slot only.
    pub fn end_proof(&self) {
        if let Some(trust) = &self.trust {
            trust.end_proof();
        }
    }
}

/// The life of one connection.
///
/// ```text
/// Connecting ──▶ Opening ──▶ Open ──▶ Closing ──▶ Ending ──▶ over
///      established    101   say_goodbye()  close frame    end of stream
/// ```
///
/// The server ends the stream first (RFC 6455 §7.1.1). So sockets in TIME_WAIT are on its side, and
/// this side runs out of no ports.
pub struct Visit {
    stage: Stage,
    stream: Stream,
    pub begun_at: u64,
    received: Vec<u8>,
    /// Whether it resumed a session of TLS.
    pub is_resumed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Connecting,
    Opening,
    Open,
    Closing,
    Ending,
}

/// What a visit has come to.
pub enum Step {
    Waits,
    Opened,
    Over,
}

/// Linux's number. There is no stable `ErrorKind` for it.
const EINPROGRESS: i32 = 115;

/// Code 1000, masked, as a browser sends it for `close(1000)`.
fn close_frame(mask: Option<[u8; 4]>) -> Vec<u8> {
    frame::encode(CLOSE, &1000u16.to_be_bytes(), mask)
}

impl Visit {
    /// Connects.
    pub fn begin(slot: usize, door: &Door, poll: &Poll, begun_at: u64) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source(slot).into())?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&door.address.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => return Err(error),
            _ => {}
        }
        let mut socket = TcpStream::from_std(socket.into());
        poll.registry().register(&mut socket, Token(slot), Interest::READABLE | Interest::WRITABLE)?;
        let session = door.configs.get(slot).map(tls::client_session).transpose()?;
        let stream = Stream::new(socket, session.map(Into::into));
        Ok(Self { stage: Stage::Connecting, stream, begun_at, received: Vec::new(), is_resumed: false })
    }

    /// Goes on as far as possible without blocking, at most to the next step.
    pub fn advance(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        if self.stage == Stage::Connecting {
            if !self.is_connected()? {
                return Ok(Step::Waits);
            }
            self.stream.write_all(HANDSHAKE)?;
            self.stage = Stage::Opening;
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) if self.stage == Stage::Ending => return Ok(Step::Over),
                Ok(0) => return Err(broken("the server ended a connection before it was closed")),
                Ok(count) => self.received.extend(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Step::Waits),
                Err(error) => return Err(error),
            }
            self.take()?;
            if self.stage == Stage::Open {
                return Ok(Step::Opened);
            }
        }
    }

    fn is_connected(&mut self) -> io::Result<bool> {
        let socket = self.stream.socket();
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        match socket.peer_addr() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            other => other.map(|_| true),
        }
    }

    fn take(&mut self) -> io::Result<()> {
        match self.stage {
            Stage::Opening => {
                let Some(end) = end_of_head(&self.received)? else { return Ok(()) };
                if end != self.received.len() {
                    return Err(broken("the server spoke before it was spoken to"));
                }
                if let Stream::Tls(stream) = &self.stream {
                    self.is_resumed = stream.is_resumed()?;
                }
                self.received.clear();
                self.stage = Stage::Open;
            }
            Stage::Closing => {
                let expected = close_frame(None);
                if self.received == expected {
                    self.stage = Stage::Ending;
                } else if !expected.starts_with(&self.received) {
                    return Err(broken("the server answered the close frame with something else"));
                }
            }
            _ => return Err(broken("the server sent more than was to come")),
        }
        Ok(())
    }

    /// Sends a close frame on an open connection.
    pub fn say_goodbye(&mut self) -> io::Result<()> {
        self.stream.write_all(&close_frame(Some(MASK)))?;
        self.stage = Stage::Closing;
        Ok(())
    }

    /// Loses the connection: the server gets a reset.
    pub fn vanish(mut self) -> io::Result<()> {
        SockRef::from(&*self.stream.socket()).set_linger(Some(Duration::ZERO))
    }
}
