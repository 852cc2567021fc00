//! What is no link: listeners, and connections that are to become links.

use std::sync::Arc;
use std::time::Duration;

use super::EventLoop;
use crate::engine::io::arriving::ArrivingDriver;
use crate::engine::io::driver::{ConnectionDriver, TurnResult};
use crate::engine::io::served::Served;
use crate::engine::link::arriving::Stage;
use crate::engine::link::shared_connection::{Arriving, SharedListener};
use crate::transport::poller::Readiness;

impl EventLoop {
    /// Serves a connection that was just accepted.
    pub(super) fn serve_arriving(&mut self, token: usize, arriving: Arc<Arriving>, listener: Arc<SharedListener>) {
        self.arriving += 1;
        let driver = ArrivingDriver::new(arriving, listener);
        if let Some(deadline) = driver.rearm() {
            self.timers.push(deadline, token, driver.arriving.number);
        }
        let is_done = driver.is_done();
        self.place(token, Served::Arriving(driver));
        if is_done {
            // JavaScript has closed it before this thread knew it.
            self.forget_other(token);
        }
    }

    /// The link of `driver` takes the place of an arriving connection, if that has the token.
    pub(super) fn take_place(&mut self, token: usize, driver: &mut ConnectionDriver) {
        let Some(Some(Served::Arriving(before))) = self.drivers.get(token) else { return };
        self.arriving -= 1;
        driver.queued = before.queued;
        let readable = before.arriving.has_news();
        driver.on_ready(Readiness { token, readable, writable: true, ending: before.ending });
    }

    /// Whether a connection with this token has not finished its handshake of TLS.
    pub(super) fn is_handshaking(&self, token: usize) -> bool {
        let served = self.drivers.get(token).and_then(Option::as_ref);
        matches!(served, Some(Served::Arriving(driver)) if driver.arriving.is_handshaking())
    }

    /// Gives what is no link a turn.
    pub(super) fn turn_of_other(&mut self, token: usize, now: Duration) {
        let Some(Some(served)) = self.drivers.get_mut(token) else { return };
        let next = match served {
            Served::Arriving(driver) => {
                let next = driver.turn(&mut self.sink);
                if next != TurnResult::Done
                    && let Some(deadline) = driver.rearm()
                {
                    self.timers.push(deadline, token, driver.arriving.number);
                }
                next
            }
            Served::Listener(driver) => {
                let was_paused = driver.paused_until.is_some();
                let next = driver.turn(now, &mut self.sink);
                if !was_paused && let Some(deadline) = driver.paused_until {
                    self.timers.push(deadline, token, driver.number);
                }
                next
            }
            Served::Link(_) => return,
        };
        *served.queued() = next == TurnResult::Again;
        match next {
            TurnResult::Again => self.queue.push_back(token),
            TurnResult::Wait => {}
            TurnResult::Done => self.forget_other(token),
        }
    }

    /// An entry of the timer queue of what is no link is due.
    pub(super) fn fire_other(&mut self, token: usize, deadline: Duration, now: Duration) {
        match self.drivers.get_mut(token) {
            Some(Some(Served::Arriving(driver))) => {
                if !driver.fire(deadline, now, &mut self.sink) || driver.is_done() {
                    self.forget_other(token);
                } else if let Some(deadline) = driver.rearm() {
                    self.timers.push(deadline, token, driver.arriving.number);
                }
            }
            Some(Some(Served::Listener(driver))) if driver.paused_until == Some(deadline) => {
                driver.paused_until = None;
                self.enqueue(token);
            }
            _ => {}
        }
    }

    /// Ends what is no link.
    fn forget_other(&mut self, token: usize) {
        match self.drivers.get_mut(token).and_then(Option::take) {
            Some(Served::Arriving(driver)) => {
                self.arriving -= 1;
                // What was told of a connection that JavaScript has not taken must not come behind the
                // last record of the listener, which another thread may tell. This includes the
                // failure of a handshake.
                if driver.arriving.state().stage != Stage::HandedOut {
                    self.sink.deliver();
                }
                self.io_thread.forget(token, Some(&driver.arriving.descriptor));
                driver.listener.leave(driver.arriving.ticket);
            }
            Some(Served::Listener(driver)) => self.io_thread.forget(token, driver.listener.descriptor.as_ref()),
            // Links are forgotten elsewhere.
            other => {
                if let Some(place) = self.drivers.get_mut(token) {
                    *place = other;
                }
            }
        }
    }
}
