//! Requests of other threads to an I/O thread. `A` is a link that it is to serve.

use std::sync::{Arc, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use crate::engine::base::page::Page;

/// The time for mail that can't wait.
pub const AT_ONCE: Duration = Duration::ZERO;

/// The mail of an I/O thread, how to wake it, and the tokens of its links.
pub struct Mailbox<A> {
    pub mail: Mail<A>,
    /// Wakes the thread, if it sleeps.
    pub waker: Option<Waker>,
    /// The time at which the thread wakes by itself.
    pub sleeps_until: Duration,
    /// Tokens below `tokens` that no link has.
    pub free: Vec<usize>,
    tokens: usize,
}

/// Requests of other threads to an I/O thread.
pub struct Mail<A> {
    /// Links to serve.
    pub arrived: Vec<A>,
    /// Tokens of links that have something to send, may be read again, or were released. A token
    /// may belong to another link by now. Then that link is looked at, which does no harm.
    pub kicked: Vec<usize>,
    /// Messages of links that have arrived.
    pub pages: Vec<Arc<Page>>,
    /// Entries for the timer queue: when, the token of the link, and the link's number.
    pub deadlines: Vec<(Duration, usize, u64)>,
}

impl<A> Default for Mailbox<A> {
    fn default() -> Self {
        Self { mail: Mail::default(), waker: None, sleeps_until: Duration::ZERO, free: Vec::new(), tokens: 0 }
    }
}

impl<A> Default for Mail<A> {
    fn default() -> Self {
        Self { arrived: Vec::new(), kicked: Vec::new(), pages: Vec::new(), deadlines: Vec::new() }
    }
}

impl<A> Mail<A> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.has_work() && self.deadlines.is_empty()
    }

    /// Whether there is more than deadlines.
    pub fn has_work(&self) -> bool {
        !self.arrived.is_empty() || !self.kicked.is_empty() || !self.pages.is_empty()
    }
}

impl<A> Mailbox<A> {
    /// A token that no link has.
    pub fn take_token(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.tokens += 1;
            self.tokens - 1
        })
    }
}

/// Unlocks the mailbox. Wakes the thread if it sleeps and would not wake by itself by that time.
pub fn close<A>(mut mailbox: MutexGuard<'_, Mailbox<A>>, by: Duration) {
    let waker = if by < mailbox.sleeps_until { mailbox.waker.take() } else { None };
    drop(mailbox);
    if let Some(waker) = waker {
        waker.wake();
    }
}
