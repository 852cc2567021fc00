//! The deadlines of the links that a thread serves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Outdated entries that the queue may hold before it removes them.
const SPARE: usize = 1024;

/// An entry: when, the token of the link, and the link's number.
type Entry = Reverse<(Duration, usize, u64)>;

/// A queue of deadlines. Of each link, one entry counts: the one at its `armed` time. Deadlines
/// move later on receipt without a change of the queue. When the entry is due, the link is asked
/// for its next deadline.
#[derive(Debug, Default)]
pub struct TimerQueue {
    heap: BinaryHeap<Entry>,
}

impl TimerQueue {
    /// The next time at which something may be due.
    pub fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((deadline, ..))| *deadline)
    }

    /// Adds an entry.
    pub fn push(&mut self, deadline: Duration, token: usize, number: u64) {
        self.heap.push(Reverse((deadline, token, number)));
    }

    /// Takes out an entry that is due at `now`: token and number of its link, and its deadline.
    pub fn take_due(&mut self, now: Duration) -> Option<(usize, u64, Duration)> {
        let Reverse((deadline, token, number)) =
            *self.heap.peek().filter(|Reverse((deadline, ..))| *deadline <= now)?;
        self.heap.pop();
        Some((token, number, deadline))
    }

    /// Removes the entries for which `counts` returns `false`, if there are far more entries than
    /// `links`. Connections that came and went may have left deadlines that are far away.
    pub fn tidy(&mut self, links: usize, mut counts: impl FnMut(usize, u64, Duration) -> bool) {
        if self.heap.len() > 2 * links + SPARE {
            self.heap.retain(|Reverse((deadline, token, number))| counts(*token, *number, *deadline));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn takes_out_what_is_due_in_order() {
        let mut queue = TimerQueue::default();
        for (seconds, token) in [(3, 30), (1, 10), (2, 20)] {
            queue.push(SECOND * seconds, token, 0);
        }
        assert_eq!(queue.next(), Some(SECOND));
        assert_eq!(queue.take_due(SECOND * 2), Some((10, 0, SECOND)));
        assert_eq!(queue.take_due(SECOND * 2), Some((20, 0, SECOND * 2)));
        assert_eq!(queue.take_due(SECOND * 2), None);
        assert_eq!(queue.next(), Some(SECOND * 3));
    }

    #[test]
    fn entries_of_links_that_came_and_went_do_not_pile_up() {
        let mut queue = TimerQueue::default();
        queue.push(SECOND, 7, 0);
        for number in 1..100_000 {
            queue.push(SECOND * 3600, 1, number);
            queue.tidy(1, |token, _, _| token == 7);
            assert!(queue.heap.len() <= SPARE + 3);
        }
        assert_eq!(queue.take_due(SECOND), Some((7, 0, SECOND)), "the one that counts is still there");
    }
}
