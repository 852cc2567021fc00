use std::io::{self, Read, Write};
use std::rc::Rc;

use crate::engine_io;
use crate::frame::{self, Event, MASK, PONG, Reader, TEXT, broken};
use crate::message::Exchange;
use crate::stream::Stream;

/// One open connection. Sends outgoing messages of its exchange on request, and counts the incoming
/// ones.
pub struct Connection {
    stream: Stream,
    exchange: Rc<Exchange>,
    reader: Reader,
    /// The next frame of the rotation.
    next: usize,
    /// The position in the rotation of the unwritten bytes, and their number.
    at: usize,
    unsent: usize,
    /// The unwritten answer to a ping. Nearly always empty.
    pong: Vec<u8>,
}

impl Connection {
    /// Connections with different indices begin at different messages.
    pub fn new(stream: Stream, exchange: Rc<Exchange>, index: usize) -> Self {
        let next = index % exchange.outgoing.frames();
        let (reader, at) = (Reader::new(&exchange, next), exchange.outgoing.start_of(next));
        Self { stream, exchange, reader, next, at, unsent: 0, pong: Vec::new() }
    }

    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Sends `count` messages more. At most as many as the exchange was made for may be in flight.
    pub fn send(&mut self, count: usize) -> io::Result<()> {
        let outgoing = &self.exchange.outgoing;
        for _ in 0..count {
            self.unsent += outgoing.len_of(self.next);
            self.next = if self.next + 1 == outgoing.frames() { 0 } else { self.next + 1 };
        }
        self.flush()
    }

    /// Bytes of the peer's compressed messages on the wire so far.
    pub fn deflated(&self) -> u64 {
        self.reader.deflated()
    }

    /// From now on, only checks the headers of compressed messages. Fails if no message has been
    /// compared.
    pub fn end_proof(&mut self) -> io::Result<()> {
        self.reader.end_proof()
    }

    /// Reads input. Returns how many messages it completed.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut messages = 0;
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(broken("the peer ended a connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            messages += self.take(&buffer[..count])?;
            if self.stream.is_drained_by(count, buffer.len()) {
                break;
            }
        }
        Ok(messages)
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (mut messages, mut closed) = (0, false);
        let (pong, mask) = (&mut self.pong, self.exchange.masks.then_some(MASK));
        self.reader.feed(bytes, &self.exchange, |event| match event {
            Event::Message => messages += 1,
            // Answering the latest ping is enough (RFC 6455 §5.5.3), unless a part of an answer is
            // sent.
            Event::Ping(payload) if pong.is_empty() => *pong = frame::encode(PONG, payload, mask),
            Event::PingPacket if pong.is_empty() => *pong = frame::encode(TEXT, &[engine_io::PONG], mask),
            Event::Ping(_) | Event::PingPacket => {}
            Event::Close => closed = true,
        })?;
        if closed { Err(broken("the peer closed a connection")) } else { Ok(messages) }
    }

    /// Writes output, as far as the kernel has room.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.write_out() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }

    /// A pong is sent between two frames.
    fn write_out(&mut self) -> io::Result<()> {
        self.stream.flush()?;
        if !self.pong.is_empty() {
            let later = self.unsent - self.exchange.outgoing.rest_of_frame(self.at);
            self.write_until(later)?;
            while !self.pong.is_empty() {
                let written = self.stream.write(&self.pong)?;
                self.pong.drain(..written);
            }
        }
        self.write_until(0)
    }

    /// Writes frames until at most `left` bytes are unwritten.
    fn write_until(&mut self, left: usize) -> io::Result<()> {
        let outgoing = &self.exchange.outgoing;
        while self.unsent > left {
            let written = self.stream.write(outgoing.bytes_at(self.at, self.unsent - left))?;
            self.at = outgoing.behind(self.at, written);
            self.unsent -= written;
        }
        Ok(())
    }
}
