//! Figures of a process on Linux: the CPU time of its threads, its memory, and the load of the rest
//! of the machine.

use std::collections::HashMap;
use std::{fs, io};

use crate::frame::broken;

/// Nanoseconds that each thread of a process has spent on a CPU.
pub struct Threads(HashMap<u32, u64>);

impl Threads {
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let path = entry?.path();
            let id = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            // A thread may end between the listing and the look at it.
            if let (Some(id), Ok(line)) = (id, fs::read_to_string(path.join("schedstat"))) {
                let spent = line.split_whitespace().next().and_then(|field| field.parse().ok());
                threads.insert(id, spent.unwrap_or(0));
            }
        }
        Ok(Self(threads))
    }

    /// The time spent since `earlier`. Threads that were started in between count from zero.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |id| earlier.0.get(id).copied().unwrap_or(0);
        Self(self.0.iter().map(|(id, spent)| (*id, spent.saturating_sub(before(id)))).collect())
    }

    /// The main thread has the id of its process. In Node it runs JavaScript.
    pub fn of_thread(&self, id: u32) -> u64 {
        self.0.get(&id).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Resident memory of a process, now and at its peak.
pub struct Memory {
    pub resident_kib: u64,
    pub peak_kib: u64,
}

impl Memory {
    pub fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let missing = || broken("/proc tells nothing of the server's memory");
        Ok(Self { resident_kib: field("VmRSS:").ok_or_else(missing)?, peak_kib: field("VmHWM:").ok_or_else(missing)? })
    }
}

/// Nanoseconds that all processors together have been busy since the machine started, or taken away
/// by its host.
pub fn machine_busy() -> io::Result<u64> {
    /// `USER_HZ`, which is 100 for programs on all platforms that matter here.
    const NS_PER_TICK: u64 = 10_000_000;
    const IDLE: usize = 3;
    const IOWAIT: usize = 4;
    const GUEST: usize = 8;

    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: u64 = line
        .split_whitespace()
        .skip(1)
        .take(GUEST)
        .enumerate()
        .filter(|(column, _)| *column != IDLE && *column != IOWAIT)
        .filter_map(|(_, field)| field.parse::<u64>().ok())
        .sum();
    Ok(ticks * NS_PER_TICK)
}
