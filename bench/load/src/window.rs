use std::io;
use std::time::{Duration, Instant};

use crate::histogram::Histogram;
use crate::process::{Memory, Threads, machine_busy};

/// A period in which a process is watched.
pub struct Window {
    pid: u32,
    start: Instant,
    watched: Threads,
    own: Threads,
    machine: u64,
}

impl Window {
    pub fn open(pid: u32) -> io::Result<Self> {
        let (watched, own) = (Threads::of(pid)?, Threads::of(std::process::id())?);
        Ok(Self { pid, watched, own, machine: machine_busy()?, start: Instant::now() })
    }

    /// Prints one JSON object: the counts, the duration, the CPU time and memory of the watched
    /// process, and the shares of one core that this program and the rest of the machine used.
    pub fn close(self, findings: &Findings) -> io::Result<()> {
        let elapsed = self.start.elapsed().as_secs_f64();
        let watched = Threads::of(self.pid)?.since(&self.watched);
        let own = Threads::of(std::process::id())?.since(&self.own).total();
        let machine = machine_busy()?.saturating_sub(self.machine);
        let memory = Memory::of(self.pid)?;

        let share = |ns: u64| Duration::from_nanos(ns).as_secs_f64() / elapsed;
        let elsewhere = machine.saturating_sub(own + watched.total());
        let Findings { count, latencies, unanswered, deflated, resumed, resident_before } = findings;
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|at| latencies.quantile(at));
        println!(
            "{{\"count\":{count},\"unanswered\":{unanswered},\"seconds\":{elapsed:.6},\"mainNs\":{},\"allNs\":{},\
             \"p50Ns\":{p50},\"p99Ns\":{p99},\"p999Ns\":{p999},\"deflatedBytes\":{deflated},\"resumed\":{resumed},\
             \"residentBeforeKiB\":{resident_before},\"residentKiB\":{},\"peakKiB\":{},\
             \"loadBusy\":{:.3},\"elsewhereBusy\":{:.3}}}",
            watched.of_thread(self.pid),
            watched.total(),
            memory.resident_kib,
            memory.peak_kib,
            share(own),
            share(elsewhere),
        );
        Ok(())
    }
}

/// The counts of a window.
pub struct Findings<'a> {
    pub count: u64,
    /// Time from a message's write to its answer, in nanoseconds.
    pub latencies: &'a Histogram,
    /// Connections without an answer in the window.
    pub unanswered: usize,
    /// Bytes of compressed payload that came; 0 without compression.
    pub deflated: u64,
    /// Connections that resumed a session of TLS.
    pub resumed: u64,
    /// Memory of the watched process when it had no connections.
    pub resident_before: u64,
}

/// Nanoseconds since it was made. That is half the size of an `Instant`, and there is one for each
/// message in flight.
#[derive(Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn now(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}
