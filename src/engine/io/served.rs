//! What a token of an event loop stands for.

use std::time::Duration;

use crate::engine::io::arriving::ArrivingDriver;
use crate::engine::io::driver::ConnectionDriver;
use crate::engine::io::listening::ListenerDriver;
use crate::transport::poller::Readiness;

/// What an I/O thread serves under one token.
pub enum Served {
    Link(ConnectionDriver),
    /// A connection that is to become a link.
    Arriving(ArrivingDriver),
    Listener(ListenerDriver),
}

impl Served {
    /// The link, if it is one.
    pub fn as_link(&self) -> Option<&ConnectionDriver> {
        if let Self::Link(driver) = self { Some(driver) } else { None }
    }

    /// The link, if it is one.
    pub fn as_link_mut(&mut self) -> Option<&mut ConnectionDriver> {
        if let Self::Link(driver) = self { Some(driver) } else { None }
    }

    /// A number that nothing else has which I/O threads serve.
    pub fn number(&self) -> u64 {
        match self {
            Self::Link(driver) => driver.link.number,
            Self::Arriving(driver) => driver.arriving.number,
            Self::Listener(driver) => driver.number,
        }
    }

    /// Whether it is in the queue of those that have a turn.
    pub fn queued(&mut self) -> &mut bool {
        match self {
            Self::Link(driver) => &mut driver.queued,
            Self::Arriving(driver) => &mut driver.queued,
            Self::Listener(driver) => &mut driver.queued,
        }
    }

    /// The readiness has changed.
    pub fn on_ready(&mut self, readiness: Readiness) {
        match self {
            Self::Link(driver) => driver.on_ready(readiness),
            Self::Arriving(driver) => driver.on_ready(readiness),
            Self::Listener(driver) => driver.readable = true,
        }
    }

    /// Whether the entry of the thread's timer queue for `deadline` is the one that counts.
    pub fn is_armed_for(&self, deadline: Duration) -> bool {
        match self {
            Self::Link(driver) => driver.is_armed_for(deadline),
            Self::Arriving(driver) => driver.is_armed_for(deadline),
            Self::Listener(driver) => driver.paused_until == Some(deadline),
        }
    }
}
