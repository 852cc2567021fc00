use crate::fleet::Fleet;
use crate::frame::broken;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::Memory;
use crate::window::{Findings, Window};
use crate::{Result, exchange_of, target_of};

/// One connection sends a message, and the server sends it to all of them. When all have it, the
/// next one is sent. Deliveries are counted.
pub fn run(options: &Options) -> Result<()> {
    let pid = options.required("pid")?;
    let count = options.required("connections")?;
    let resident_before = Memory::of(pid)?.resident_kib;
    let mut fleet = Fleet::open(&target_of(options)?, &exchange_of(options, 1)?, count)?;
    let mut rounds = Rounds { missing: count, sent_at: fleet.clock.now(), deliveries: 0, latencies: Histogram::new() };
    fleet.connections[SPEAKER].send(1)?;

    rounds.run(&mut fleet, options.milliseconds("warm-up-ms")?.as_nanos() as u64)?;
    rounds.deliveries = 0;
    rounds.latencies.clear();
    let window = Window::open(pid)?;
    rounds.run(&mut fleet, options.milliseconds("window-ms")?.as_nanos() as u64)?;
    let findings = Findings {
        count: rounds.deliveries,
        latencies: &rounds.latencies,
        unanswered: 0,
        deflated: 0,
        resumed: 0,
        resident_before,
    };
    window.close(&findings)?;
    Ok(())
}

const SPEAKER: usize = 0;

struct Rounds {
    /// How many connections have not got the current message. The server sends each message to each
    /// connection once, so a count is enough.
    missing: usize,
    sent_at: u64,
    deliveries: u64,
    latencies: Histogram,
}

impl Rounds {
    fn run(&mut self, fleet: &mut Fleet, period: u64) -> Result<()> {
        let everyone = fleet.connections.len();
        fleet.run_until(fleet.clock.now() + period, |connections, received| {
            self.deliveries += received.count as u64;
            self.missing =
                self.missing.checked_sub(received.count).ok_or_else(|| broken("a message was delivered twice"))?;
            self.latencies.record(received.at - self.sent_at);
            if self.missing == 0 {
                self.missing = everyone;
                self.sent_at = received.at;
                connections[SPEAKER].send(1)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}
