//! The deadlines of a connection: keepalive, grace and closing.

use std::time::Duration;

use super::Connection;
use crate::protocol::deadlines::Timer;
use crate::protocol::event::Event;
use crate::protocol::frame::OpCode;
use crate::protocol::state::State;

/// The shortest keepalive interval, as for timers of Node.js. An interval of 0 would be due again
/// each time it is served.
const SHORTEST_KEEPALIVE: Duration = Duration::from_millis(1);

impl Connection {
    /// Input of the peer is unread because this side does not read. The keepalive starts anew.
    pub fn excuse_silence(&mut self, now: Duration) {
        self.restart_keepalive(now);
    }

    /// Handles a deadline that has passed. Call it until it returns `None`.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::Keepalive => self.on_keepalive(now),
                Timer::Grace => return Some(Event::Unresponsive),
                Timer::Close => {
                    self.closing.time_out();
                    return Some(Event::CloseTimedOut);
                }
            }
        }
        None
    }

    /// The time at which [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Whether the next deadline is a keepalive ping.
    pub fn is_keepalive_next(&self) -> bool {
        self.timers.is_next(Timer::Keepalive)
    }

    /// Starts a timer anew, for as long as the configuration says, or stops it. This is for
    /// applications that time things themselves.
    pub fn set_timer(&mut self, timer: Timer, on: bool, now: Duration) {
        let patience = match timer {
            Timer::Keepalive => self.keepalive_interval(),
            Timer::Grace => self.config.keepalive_grace,
            Timer::Close => self.config.close_timeout,
        };
        match patience.filter(|_| on) {
            Some(patience) => self.timers.set(timer, now.saturating_add(patience)),
            None => self.timers.clear(timer),
        }
    }

    fn on_keepalive(&mut self, now: Duration) {
        // No frame may follow our close frame (RFC 6455 §5.5.1). The application may have started
        // the timer after it.
        if !self.closing.may_send() {
            return;
        }
        // Not behind messages to be deflated: the grace period for its answer begins now.
        self.push_ready(OpCode::Ping, &[]);
        match self.config.keepalive_grace {
            Some(grace) => self.timers.set(Timer::Grace, now.saturating_add(grace)),
            None => self.restart_keepalive(now),
        }
    }

    fn keepalive_interval(&self) -> Option<Duration> {
        self.config.keepalive_interval.map(|interval| interval.max(SHORTEST_KEEPALIVE))
    }

    pub(super) fn restart_keepalive(&mut self, now: Duration) {
        if let Some(interval) = self.keepalive_interval()
            && self.state() == State::Open
            && self.closing.is_reading()
        {
            self.timers.set(Timer::Keepalive, now.saturating_add(interval));
            self.timers.clear(Timer::Grace);
        }
    }

    /// Starts the close timeout, if there is one. The peer's close frame and the end of its TCP
    /// stream share it.
    pub(super) fn await_end(&mut self, now: Duration) {
        self.timers.clear_all();
        if let Some(timeout) = self.config.close_timeout {
            self.timers.set(Timer::Close, now.saturating_add(timeout));
        }
    }
}
