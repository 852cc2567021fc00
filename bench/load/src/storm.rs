use std::io;
use std::time::Duration;

use mio::{Events, Poll};

use crate::Result;
use crate::frame::broken;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::visit::{BUFFER, Door, Step, Visit};
use crate::window::{Clock, Findings, Window};

/// A reconnect storm: all clients connect at the same moment. When all are open, all of them vanish
/// and come again. Handshakes are counted. Latency is the time from the connect to the 101.
pub fn run(options: &Options) -> Result<()> {
    let (pid, clients) = (options.required("pid")?, options.required("connections")?);
    let resident_before = Memory::of(pid)?.resident_kib;
    let mut storm = Storm {
        clients,
        door: Door::of(options, clients)?,
        poll: Poll::new()?,
        events: Events::with_capacity(clients),
        clock: Clock::start(),
        buffer: vec![0; BUFFER],
        opened: 0,
        latencies: Histogram::new(),
    };

    storm.run(options.milliseconds("warm-up-ms")?)?;
    storm.door.end_proof();
    storm.opened = 0;
    storm.latencies.clear();
    let window = Window::open(pid)?;
    storm.run(options.milliseconds("window-ms")?)?;
    let findings = Findings {
        count: storm.opened,
        latencies: &storm.latencies,
        unanswered: 0,
        deflated: 0,
        resumed: 0,
        resident_before,
    };
    window.close(&findings)?;
    Ok(())
}

/// How long the server may let all clients wait.
const PATIENCE: Duration = Duration::from_secs(20);

struct Storm {
    clients: usize,
    door: Door,
    poll: Poll,
    events: Events,
    clock: Clock,
    buffer: Vec<u8>,
    opened: u64,
    latencies: Histogram,
}

impl Storm {
    /// Whole gusts, until the period is over.
    fn run(&mut self, period: Duration) -> io::Result<()> {
        let deadline = self.clock.now() + period.as_nanos() as u64;
        while self.clock.now() < deadline {
            self.gust()?;
        }
        Ok(())
    }

    fn gust(&mut self) -> io::Result<()> {
        let begin = |slot| Visit::begin(slot, &self.door, &self.poll, self.clock.now());
        let mut visits = (0..self.clients).map(begin).collect::<io::Result<Vec<_>>>()?;
        let mut missing = self.clients;
        while missing > 0 {
            match self.poll.poll(&mut self.events, Some(PATIENCE)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            if self.events.is_empty() {
                return Err(broken("the server let clients wait"));
            }
            for event in &self.events {
                let visit = &mut visits[event.token().0];
                if let Step::Opened = visit.advance(&mut self.buffer)? {
                    self.latencies.record(self.clock.now() - visit.begun_at);
                    self.opened += 1;
                    missing -= 1;
                }
            }
        }
        visits.into_iter().try_for_each(Visit::vanish)
    }
}
