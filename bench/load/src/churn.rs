use std::io;
use std::time::Duration;

use mio::{Events, Poll};

use crate::Result;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::visit::{BUFFER, Door, Step, Visit};
use crate::window::{Clock, Findings, Window};

/// Opens and closes connections, a fixed number at a time. Connections that have closed completely
/// are counted.
pub fn run(options: &Options) -> Result<()> {
    let (pid, slots) = (options.required("pid")?, options.required("connections")?);
    let resident_before = Memory::of(pid)?.resident_kib;
    let mut churn = Churn::begin(Door::of(options, slots)?, slots)?;

    churn.run(options.milliseconds("warm-up-ms")?)?;
    churn.door.end_proof();
    (churn.completed, churn.resumed) = (0, 0);
    churn.latencies.clear();
    let window = Window::open(pid)?;
    churn.run(options.milliseconds("window-ms")?)?;
    let findings = Findings {
        count: churn.completed,
        latencies: &churn.latencies,
        unanswered: 0,
        deflated: 0,
        resumed: churn.resumed,
        resident_before,
    };
    window.close(&findings)?;
    Ok(())
}

struct Churn {
    door: Door,
    poll: Poll,
    clock: Clock,
    visits: Vec<Visit>,
    buffer: Vec<u8>,
    completed: u64,
    resumed: u64,
    latencies: Histogram,
}

impl Churn {
    fn begin(door: Door, slots: usize) -> io::Result<Self> {
        let (poll, clock) = (Poll::new()?, Clock::start());
        let begin = |slot| Visit::begin(slot, &door, &poll, clock.now());
        let visits = (0..slots).map(begin).collect::<io::Result<_>>()?;
        let (buffer, latencies) = (vec![0; BUFFER], Histogram::new());
        Ok(Self { door, poll, clock, visits, buffer, completed: 0, resumed: 0, latencies })
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
                self.advance(event.token().0)?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, slot: usize) -> io::Result<()> {
        let visit = &mut self.visits[slot];
        loop {
            match visit.advance(&mut self.buffer)? {
                Step::Waits => return Ok(()),
                Step::Opened => visit.say_goodbye()?,
                Step::Over => break,
            }
        }
        let now = self.clock.now();
        self.latencies.record(now - visit.begun_at);
        self.completed += 1;
        self.resumed += u64::from(visit.is_resumed);
        *visit = Visit::begin(slot, &self.door, &self.poll, now)?;
        Ok(())
    }
}
