//! The time and the deadlines of links.

use napi_derive::napi;

use super::abi::{TIMER_GRACE, TIMER_KEEPALIVE};
use super::engine::Engine;
use super::options;
use crate::engine::base::clock::now;
use crate::protocol::Timer;

#[napi]
impl Engine {
    /// Starts (`on`) or stops a timer of the link, one of `abi.TIMER_…`.
    #[napi]
    pub fn set_timer(&mut self, slot: u32, timer: u32, on: bool) {
        let timer = match timer {
            TIMER_KEEPALIVE => Timer::Keepalive,
            TIMER_GRACE => Timer::Grace,
            _ => Timer::Close,
        };
        let stands = self.time_stands;
        if let Some(entry) = self.entry(slot) {
            let mut state = entry.link.state();
            let now = state.time(stands);
            state.connection.set_timer(timer, on, now);
            drop(state);
            entry.link.kick();
        }
    }

    /// Changes limits of a link: most bytes of a received message, and milliseconds for a closing
    /// handshake, if the engine has its timer.
    #[napi]
    pub fn set_limits(&mut self, slot: u32, max_received_message_size: f64, close_timeout: Option<f64>) {
        if let Some(entry) = self.entry(slot) {
            let (size, timeout) = (options::size(max_received_message_size), close_timeout.map(options::milliseconds));
            entry.link.state().connection.set_limits(size, timeout);
        }
    }

    /// Milliseconds since bytes last went either way.
    #[napi]
    pub fn idle_time(&mut self, slot: u32) -> f64 {
        self.entry(slot).map_or(0.0, |entry| now().saturating_sub(entry.link.state().active).as_secs_f64() * 1000.0)
    }

    /// Sets whether JavaScript's timers are not Node's own: then the time of the links that
    /// JavaScript drives stands still until one of these fires.
    #[napi]
    pub fn set_time_stands(&mut self, stands: bool) {
        self.time_stands = stands;
    }

    /// Whether the next deadline of a link is for a keepalive ping.
    #[napi]
    pub fn is_keepalive_next(&mut self, slot: u32) -> bool {
        self.entry(slot).is_some_and(|entry| entry.link.state().connection.is_keepalive_next())
    }

    /// Milliseconds until the next deadline of a link that JavaScript drives, or −1.
    #[napi]
    pub fn next_timeout(&mut self, slot: u32) -> f64 {
        let stands = self.time_stands;
        let Some(entry) = self.entry(slot) else { return -1.0 };
        let mut state = entry.link.state();
        state.armed = state.connection.poll_timeout();
        let now = state.time(stands);
        state.armed.map_or(-1.0, |deadline| deadline.saturating_sub(now).as_secs_f64() * 1000.0)
    }

    /// The timer that JavaScript set by `nextTimeout` has fired. `behind` says that bytes of the
    /// peer are not read on purpose, so its silence does not count. `true` asks for `take`; there
    /// may be output, too.
    #[napi]
    pub fn handle_timeout(&mut self, slot: u32, behind: bool) -> bool {
        let Some(Some(entry)) = self.links.get(slot as usize) else { return false };
        let mut state = entry.link.state();
        let now = state.on_timer(self.time_stands);
        if behind {
            state.connection.excuse_silence(now);
        }
        while let Some(event) = state.connection.handle_timeout(now) {
            self.own.push_event(slot, event);
        }
        !self.own.records.is_empty()
    }
}
