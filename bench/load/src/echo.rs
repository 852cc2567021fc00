use std::io;
use std::time::Duration;

use crate::connection::Connection;
use crate::fleet::{Fleet, Received};
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::window::{Findings, Window};
use crate::{Result, exchange_of, target_of};

/// Keeps a fixed number of messages in flight on every connection: each that comes back whole is
/// answered with the next one.
pub fn run(options: &Options) -> Result<()> {
    let pid = options.required("pid")?;
    let in_flight: usize = options.required("in-flight")?;
    let count: usize = options.required("connections")?;
    let resident_before = Memory::of(pid)?.resident_kib;
    let mut fleet = Fleet::open(&target_of(options)?, &exchange_of(options, in_flight)?, count)?;
    let mut echoes = Echoes::new(count, in_flight);
    for index in 0..count {
        echoes.begin(&mut fleet, index)?;
    }

    echoes.run(&mut fleet, options.milliseconds("warm-up-ms")?)?;
    // To inflate an answer costs more than all else here. One connection does it for the others.
    fleet.connections[1..].iter_mut().try_for_each(Connection::end_proof)?;
    echoes.measure(&mut fleet, pid, options.milliseconds("window-ms")?, resident_before)
}

/// The messages that came back, and how long each took from its write on.
pub struct Echoes {
    count: u64,
    latencies: Histogram,
    in_flight: usize,
    /// When each message that is under way was written, `in_flight` of them for every connection.
    sent_at: Vec<u64>,
    /// Which of a connection's is the oldest. Answers come in the order of the messages.
    oldest: Vec<usize>,
}

impl Echoes {
    pub fn new(connections: usize, in_flight: usize) -> Self {
        Self {
            count: 0,
            latencies: Histogram::new(),
            in_flight,
            sent_at: vec![0; connections * in_flight],
            oldest: vec![0; connections],
        }
    }

    /// Sends as many messages on a connection as are to be in flight on it from then on.
    fn begin(&mut self, fleet: &mut Fleet, index: usize) -> io::Result<()> {
        self.sent_at[index * self.in_flight..][..self.in_flight].fill(fleet.clock.now());
        fleet.connections[index].send(self.in_flight)
    }

    pub fn run(&mut self, fleet: &mut Fleet, period: Duration) -> io::Result<()> {
        let deadline = fleet.clock.now() + period.as_nanos() as u64;
        fleet.run_until(deadline, |connections, received| self.answer(connections, received))
    }

    fn answer(&mut self, connections: &mut [Connection], Received { index, count, at }: Received) -> io::Result<()> {
        let oldest = &mut self.oldest[index];
        let sent_at = &mut self.sent_at[index * self.in_flight..][..self.in_flight];
        for _ in 0..count {
            self.latencies.record(at - sent_at[*oldest]);
            // Its place goes to the message that is written next.
            sent_at[*oldest] = at;
            *oldest = if *oldest + 1 == self.in_flight { 0 } else { *oldest + 1 };
        }
        self.count += count as u64;
        connections[index].send(count)
    }

    /// Counts from zero over one window and prints what came of it.
    pub fn measure(&mut self, fleet: &mut Fleet, pid: u32, period: Duration, resident_before: u64) -> Result<()> {
        self.count = 0;
        self.latencies.clear();
        let (begun_at, deflated) = (fleet.clock.now(), deflated_by(fleet));
        let window = Window::open(pid)?;
        self.run(fleet, period)?;
        let findings = Findings {
            count: self.count,
            latencies: &self.latencies,
            unanswered: self.unanswered_since(begun_at),
            deflated: deflated_by(fleet) - deflated,
            resident_before,
        };
        window.close(&findings)?;
        Ok(())
    }

    /// Connections that got no answer since then: each answer is followed by the next message, and
    /// the latest of theirs is older.
    fn unanswered_since(&self, then: u64) -> usize {
        let latest = |(index, oldest): (usize, &usize)| {
            let place = (oldest + self.in_flight - 1) % self.in_flight;
            self.sent_at[index * self.in_flight + place]
        };
        self.oldest.iter().enumerate().map(latest).filter(|sent_at| *sent_at < then).count()
    }
}

fn deflated_by(fleet: &Fleet) -> u64 {
    fleet.connections.iter().map(Connection::deflated).sum()
}
