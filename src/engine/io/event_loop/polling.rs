//! JavaScript's thread polls in place of the I/O thread: see `engine::waiting::polling`.

use std::time::Duration;

use super::EventLoop;
use crate::engine::base::clock::now;
use crate::engine::base::lease::{LEASE, MOST_POLLED, NOBODY, PollResult};
use crate::engine::io::driver::ConnectionDriver;

impl EventLoop {
    /// Ends the polling of JavaScript's thread. Takes the events of that time, before any deadline
    /// fires.
    pub(super) fn take_over(&mut self) {
        self.hand_back();
        if std::mem::take(&mut self.was_muted) && self.poller.events().next().is_none() {
            self.take_ready();
        }
    }

    /// Polls on JavaScript's thread. Serves the links that are ready if they are few.
    pub fn poll_on_js_thread(&mut self, js_thread: usize, now: Duration) -> PollResult {
        if !self.sleeps || self.serving == 0 || self.io_thread.is_polled_by_other_than(js_thread) {
            return PollResult::Nothing;
        }
        if self.inflating > 0 || self.undispatched || !self.queue.is_empty() || !self.mute(js_thread, now) {
            return PollResult::Much;
        }
        self.take_ready();
        let ready = self.poller.events().count();
        // Mail is the I/O thread's: it may bring the links of these events, and work for many.
        if ready > MOST_POLLED || (ready > 0 && (self.io_thread.holds_mail() || self.has_long_news())) {
            self.undispatched = true;
        } else if ready > 0 {
            self.dispatch_events();
            self.take_turns(now);
            self.sink.deliver();
        }
        if !self.undispatched && self.queue.is_empty() {
            return if ready > 0 { PollResult::Little } else { PollResult::Nothing };
        }
        self.hand_back();
        self.io_thread.wake();
        PollResult::Much
    }

    /// Whether more of a long frame is among the input that is ready, or of a connection that is no
    /// link yet.
    fn has_long_news(&self) -> bool {
        let mut told = self.poller.events().filter_map(|readiness| self.drivers.get(readiness.token)?.as_ref());
        told.any(|served| served.as_link().is_none_or(ConnectionDriver::reads_directly))
    }

    /// Keeps the I/O thread asleep for a lease. The first lease wakes it once, to set a timer for
    /// the end of the lease. The timer fires if JavaScript does not poll again.
    pub(super) fn mute(&mut self, js_thread: usize, now: Duration) -> bool {
        let until = now + LEASE;
        if self.polled_until.is_none() {
            if !self.poller.mute() {
                return false;
            }
            self.io_thread.set_polled_by(js_thread);
            self.io_thread.wake_by(until);
        }
        self.polled_until = Some(until);
        true
    }

    /// Lets events wake the I/O thread again.
    pub fn hand_back(&mut self) {
        if self.polled_until.is_some() {
            self.io_thread.set_polled_by(NOBODY);
            self.was_muted = true;
            // If unmuting fails, the I/O thread polls and tries again after another lease.
            self.polled_until = if self.poller.unmute() { None } else { Some(now() + LEASE) };
        }
    }
}
