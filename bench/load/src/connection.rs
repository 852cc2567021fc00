use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One client connection that always has `in_flight` messages with the server.
pub struct Connection {
    stream: TcpStream,
    in_flight: usize,
    /// The frame sent, masked (RFC 6455 §5.3), as often as it may be sent at once.
    request: Vec<u8>,
    request_len: usize,
    /// The frame that must come back, unmasked.
    response: Vec<u8>,
    /// How much of the current response has come.
    matched: usize,
    /// Bytes of `request` repetitions that are still to be written.
    unsent: usize,
}

impl Connection {
    /// Connects and shakes hands, blocking; from then on the socket is non-blocking.
    pub fn open(address: SocketAddr, in_flight: usize, size: usize) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        shake_hands(&mut stream)?;
        stream.set_nonblocking(true)?;
        let payload: Vec<u8> = (0..size).map(|i| b'a' + (i % 26) as u8).collect();
        let request = frame(&payload, Some(MASK));
        Ok(Self {
            stream: TcpStream::from_std(stream),
            in_flight,
            request_len: request.len(),
            request: request.repeat(in_flight),
            response: frame(&payload, None),
            matched: 0,
            unsent: 0,
        })
    }

    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub fn start(&mut self) -> io::Result<()> {
        self.unsent = self.in_flight * self.request_len;
        self.flush()
    }

    /// Takes what came, answers every whole echo with the next message, and returns their number.
    ///
    /// One read to a short count is enough: a later arrival raises a new event.
    pub fn handle_ready(&mut self, buffer: &mut [u8]) -> io::Result<u64> {
        let mut echoed = 0;
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(broken("the server closed a connection")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            echoed += self.compare(&buffer[..read])?;
            if read < buffer.len() {
                break;
            }
        }
        self.unsent += echoed as usize * self.request_len;
        self.flush()?;
        Ok(echoed)
    }

    fn compare(&mut self, mut bytes: &[u8]) -> io::Result<u64> {
        let mut whole = 0;
        while !bytes.is_empty() {
            let expected = &self.response[self.matched..];
            let (now, later) = bytes.split_at(expected.len().min(bytes.len()));
            if now != &expected[..now.len()] {
                return Err(broken("the server answered with something other than the echo"));
            }
            self.matched += now.len();
            if self.matched == self.response.len() {
                self.matched = 0;
                whole += 1;
            }
            bytes = later;
        }
        Ok(whole)
    }

    /// `request` holds whole frames, and at most that many are owed: the end of it is what is unsent.
    fn flush(&mut self) -> io::Result<()> {
        while self.unsent > 0 {
            match self.stream.write(&self.request[self.request.len() - self.unsent..]) {
                Ok(written) => self.unsent -= written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The opening handshake of RFC 6455 §4.1 with the key of its example; extensions are not offered.
fn shake_hands(stream: &mut std::net::TcpStream) -> io::Result<()> {
    stream.write_all(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if head.starts_with(b"HTTP/1.1 101 ") { Ok(()) } else { Err(broken("the server refused the handshake")) }
}

/// A final text frame (RFC 6455 §5.2).
fn frame(payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mask_bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![0x81];
    match payload.len() {
        len @ 0..=125 => frame.push(mask_bit | len as u8),
        len @ 126..=0xffff => {
            frame.push(mask_bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(mask_bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(mask.iter().flatten());
    let key = mask.unwrap_or_default();
    frame.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    frame
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
