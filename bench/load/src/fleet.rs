use std::io;
use std::rc::Rc;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use crate::connection::Connection;
use crate::message::Exchange;
use crate::stream::Target;
use crate::window::Clock;

const BUFFER: usize = 64 * 1024;

/// All connections of a run, and their readiness.
pub struct Fleet {
    pub clock: Clock,
    pub connections: Vec<Connection>,
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
}

impl Fleet {
    pub fn with_room_for(count: usize) -> io::Result<Self> {
        Ok(Self {
            clock: Clock::start(),
            connections: Vec::with_capacity(count),
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER],
        })
    }

    /// Opens `count` connections, one after the other, so that no backlog overflows.
    pub fn open(target: &Target, exchange: &Rc<Exchange>, count: usize) -> io::Result<Self> {
        let mut fleet = Self::with_room_for(count)?;
        for index in 0..count {
            fleet.add(Connection::new(target.open(index)?, exchange.clone(), index))?;
        }
        Ok(fleet)
    }

    pub fn add(&mut self, mut connection: Connection) -> io::Result<()> {
        let token = Token(self.connections.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(connection.stream().socket(), token, interest)?;
        self.connections.push(connection);
        Ok(())
    }

    /// Reads until `deadline` by the fleet's clock. `on_messages` gets the connection, its number
    /// of messages, and the time.
    pub fn run_until(
        &mut self,
        deadline: u64,
        mut on_messages: impl FnMut(&mut [Connection], Received) -> io::Result<()>,
    ) -> io::Result<()> {
        while let Some(left) = deadline.checked_sub(self.clock.now()) {
            match self.poll.poll(&mut self.events, Some(Duration::from_nanos(left))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &self.events {
                let index = event.token().0;
                let connection = &mut self.connections[index];
                let count = connection.receive(&mut self.buffer)?;
                if count > 0 {
                    let at = self.clock.now();
                    on_messages(&mut self.connections, Received { index, count, at })?;
                } else {
                    connection.flush()?;
                }
            }
        }
        Ok(())
    }
}

pub struct Received {
    pub index: usize,
    pub count: usize,
    /// The time by the fleet's clock.
    pub at: u64,
}
