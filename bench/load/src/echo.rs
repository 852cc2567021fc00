use std::io;
use std::time::Duration;

use crate::connection::Connection;
use crate::fleet::{Fleet, Received};
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::window::{Findings, Window};
use crate::{Result, exchange_of, target_of};

/// Keeps a fixed number of messages in flight on every connection. When one has come back whole,
/// the next one is sent.
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
    // Inflating an answer costs more than everything else here. Only one connection does it.
    fleet.connections[1..].iter_mut().try_for_each(Connection::end_proof)?;
    echoes.measure(&mut fleet, pid, options.milliseconds("window-ms")?, resident_before)
}

/// The messages that came back, and how long each took after its write.
pub struct Echoes {
    count: u64,
    latencies: Histogram,
    in_flight: usize,
    /// When each message in flight was written, `in_flight` of them for each connection.
    sent_at: Vec<u64>,
    /// The oldest message of each connection. Answers come in the order of messages.
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

    /// Sends the messages that are in flight on a connection from then on.
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
            // The next message takes its place.
            sent_at[*oldest] = at;
            *oldest = if *oldest + 1 == self.in_flight { 0 } else { *oldest + 1 };
        }
        self.count += count as u64;
        connections[index].send(count)
    }

    /// Counts over one window, and prints the result.
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
            resumed: 0,
            resident_before,
        };
        window.close(&findings)?;
        Ok(())
    }

    /// Connections without an answer since then. Each answer is followed by the next message, so
    /// their latest message is older.
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
