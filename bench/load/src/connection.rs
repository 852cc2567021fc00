use std::io::{self, Read, Write};
use std::rc::Rc;

use crate::frame::{self, Event, MASK, PONG, Reader, broken};
use crate::message::Exchange;
use crate::stream::Stream;

/// One open connection: sends the outgoing message of its exchange as often as it is told to, and counts the
/// incoming ones.
pub struct Connection {
    stream: Stream,
    exchange: Rc<Exchange>,
    reader: Reader,
    /// Bytes of outgoing frames that are still to be written.
    unsent: usize,
    /// An answer to a ping that is still to be written. Empty nearly always.
    pong: Vec<u8>,
}

impl Connection {
    pub fn new(stream: Stream, exchange: Rc<Exchange>) -> Self {
        Self { stream, exchange, reader: Reader::default(), unsent: 0, pong: Vec::new() }
    }

    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Sends `count` messages more. At most as many as the exchange holds may be on their way at once.
    pub fn send(&mut self, count: usize) -> io::Result<()> {
        self.unsent += count * self.exchange.outgoing_len;
        debug_assert!(self.unsent <= self.exchange.outgoing.len());
        self.flush()
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

    /// `outgoing` holds whole frames, and at most that many are owed: its end is what is unsent. A pong goes
    /// between two of them.
    fn write_out(&mut self) -> io::Result<()> {
        self.stream.flush()?;
        let exchange = &self.exchange;
        if !self.pong.is_empty() {
            let rest_of_frame = self.unsent % exchange.outgoing_len;
            let later = self.unsent - rest_of_frame;
            let end = exchange.outgoing.len();
            while self.unsent > later {
                self.unsent -= self.stream.write(&exchange.outgoing[end - (self.unsent - later)..])?;
            }
            while !self.pong.is_empty() {
                let written = self.stream.write(&self.pong)?;
                self.pong.drain(..written);
            }
        }
        while self.unsent > 0 {
            self.unsent -= self.stream.write(&exchange.outgoing[exchange.outgoing.len() - self.unsent..])?;
        }
        Ok(())
    }
}
