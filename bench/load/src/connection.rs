use std::io::{self, Read, Write};
use std::rc::Rc;

use crate::frame::{self, Event, MASK, PONG, Reader, broken};
use crate::message::Exchange;
use crate::stream::Stream;

/// One open connection: sends as many of its exchange's outgoing messages as it is told to, and
/// counts the incoming ones.
pub struct Connection {
    stream: Stream,
    exchange: Rc<Exchange>,
    reader: Reader,
    /// Which frame of the rotation is to be sent next.
    next: usize,
    /// Where in the rotation is what is still to be written, and how much of it.
    at: usize,
    unsent: usize,
    /// An answer to a ping that is still to be written. Empty nearly always.
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

    /// Sends `count` messages more. At most as many as the exchange was made for may be on their
    /// way at once.
    pub fn send(&mut self, count: usize) -> io::Result<()> {
        let outgoing = &self.exchange.outgoing;
        for _ in 0..count {
            self.unsent += outgoing.len_of(self.next);
            self.next = if self.next + 1 == outgoing.frames() { 0 } else { self.next + 1 };
        }
        self.flush()
    }

    /// What the peer's messages took on the wire so far, if they are compressed.
    pub fn deflated(&self) -> u64 {
        self.reader.deflated()
    }

    /// From now on only looks at the headers of compressed messages. An error if none has been
    /// proven.
    pub fn end_proof(&mut self) -> io::Result<()> {
        self.reader.end_proof()
    }

    /// Takes what came and returns how many messages it completed.
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
            // The latest ping is enough (RFC 6455 §5.5.3), unless a part of its answer has left.
            Event::Ping(payload) if pong.is_empty() => *pong = frame::encode(PONG, payload, mask),
            Event::Ping(_) => {}
            Event::Close => closed = true,
        })?;
        if closed { Err(broken("the peer closed a connection")) } else { Ok(messages) }
    }

    /// Writes as much of what is to be sent as the kernel takes.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.write_out() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }

    /// A pong goes between two frames.
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

    /// Writes frames until no more than `left` bytes of them are still to be written.
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
