use std::collections::HashMap;
use std::{fs, io};

/// Nanoseconds that each thread of a process has spent on a CPU, as Linux accounts for them.
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

    /// What was spent since `earlier`. Threads started in between count from zero.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |id| earlier.0.get(id).copied().unwrap_or(0);
        Self(self.0.iter().map(|(id, spent)| (*id, spent.saturating_sub(before(id)))).collect())
    }

    /// The main thread has the id of its process; in Node it is the one that runs JavaScript.
    pub fn of_thread(&self, id: u32) -> u64 {
        self.0.get(&id).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}
