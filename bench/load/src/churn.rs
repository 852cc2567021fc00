use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::Result;
use crate::frame::{self, CLOSE, MASK, broken};
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::stream::{HANDSHAKE, end_of_head, source};
use crate::window::{Clock, Findings, Window};

/// Opens and closes connections, a fixed number at a time. Connections that have closed completely
/// are counted.
pub fn run(options: &Options) -> Result<()> {
    let pid = options.required("pid")?;
    let address = SocketAddr::from(([127, 0, 0, 1], options.required("port")?));
    let resident_before = Memory::of(pid)?.resident_kib;
    let mut churn = Churn::begin(address, options.required("connections")?)?;

    churn.run(options.milliseconds("warm-up-ms")?)?;
    churn.completed = 0;
    churn.latencies.clear();
    let window = Window::open(pid)?;
    churn.run(options.milliseconds("window-ms")?)?;
    let findings =
        Findings { count: churn.completed, latencies: &churn.latencies, unanswered: 0, deflated: 0, resident_before };
    window.close(&findings)?;
    Ok(())
}

struct Churn {
    address: SocketAddr,
    poll: Poll,
    clock: Clock,
    visits: Vec<Visit>,
    completed: u64,
    latencies: Histogram,
}

impl Churn {
    fn begin(address: SocketAddr, count: usize) -> io::Result<Self> {
        let (poll, clock) = (Poll::new()?, Clock::start());
        let visits = (0..count).map(|slot| Visit::begin(slot, address, &poll, &clock)).collect::<io::Result<_>>()?;
        Ok(Self { address, poll, clock, visits, completed: 0, latencies: Histogram::new() })
    }

    fn run(&mut self, period: Duration) -> io::Result<()> {
        let mut events = Events::with_capacity(self.visits.len());
        let deadline = self.clock.now() + period.as_nanos() as u64;
        while let Some(left) = deadline.checked_sub(self.clock.now()) {
            match self.poll.poll(&mut events, Some(Duration::from_nanos(left))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                let slot = event.token().0;
                if self.visits[slot].advance()? {
                    self.latencies.record(self.clock.now() - self.visits[slot].begun_at);
                    self.completed += 1;
                    self.visits[slot] = Visit::begin(slot, self.address, &self.poll, &self.clock)?;
                }
            }
        }
        Ok(())
    }
}

/// The life of one connection.
///
/// ```text
/// Connecting ──▶ Opening ──▶ Closing ──▶ Ending ──▶ over
///      established    101       close frame    end of stream
/// ```
///
/// The server ends the stream first (RFC 6455 §7.1.1). So sockets in TIME_WAIT are on its side, and
/// this side runs out of no ports.
struct Visit {
    stage: Stage,
    socket: TcpStream,
    begun_at: u64,
    received: [u8; 1024],
    received_len: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Connecting,
    Opening,
    Closing,
    Ending,
}

/// Linux's number. There is no stable `ErrorKind` for it.
const EINPROGRESS: i32 = 115;

/// Code 1000, masked, as a browser sends it for `close(1000)`.
fn close_frame(mask: Option<[u8; 4]>) -> Vec<u8> {
    frame::encode(CLOSE, &1000u16.to_be_bytes(), mask)
}

impl Visit {
    fn begin(slot: usize, address: SocketAddr, poll: &Poll, clock: &Clock) -> io::Result<Self> {
        let begun_at = clock.now();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source(slot).into())?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => return Err(error),
            _ => {}
        }
        let mut socket = TcpStream::from_std(socket.into());
        poll.registry().register(&mut socket, Token(slot), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stage: Stage::Connecting, socket, begun_at, received: [0; 1024], received_len: 0 })
    }

    /// Goes on as far as possible without blocking. Returns `true` when it is over.
    fn advance(&mut self) -> io::Result<bool> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            match self.socket.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(false),
                other => other?,
            };
            self.socket.write_all(HANDSHAKE)?;
            self.stage = Stage::Opening;
        }
        loop {
            match self.socket.read(&mut self.received[self.received_len..]) {
                Ok(0) if self.stage == Stage::Ending => return Ok(true),
                Ok(0) => return Err(broken("the server ended a connection before it was closed")),
                Ok(count) => self.received_len += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            self.take()?;
        }
    }

    fn take(&mut self) -> io::Result<()> {
        let bytes = &self.received[..self.received_len];
        match self.stage {
            Stage::Opening => {
                let Some(end) = end_of_head(bytes)? else { return Ok(()) };
                if end != bytes.len() {
                    return Err(broken("the server spoke before it was spoken to"));
                }
                self.socket.write_all(&close_frame(Some(MASK)))?;
                self.received_len = 0;
                self.stage = Stage::Closing;
            }
            Stage::Closing => {
                let expected = close_frame(None);
                if bytes == expected {
                    self.stage = Stage::Ending;
                } else if !expected.starts_with(bytes) {
                    return Err(broken("the server answered the close frame with something else"));
                }
            }
            Stage::Connecting | Stage::Ending => return Err(broken("the server sent more than was to come")),
        }
        Ok(())
    }
}
