//! Raw links: holding their input, and becoming a WebSocket.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::SharedConnection;
use crate::engine::events::inbox::Inbox;
use crate::engine::link::raw::{self, Held, MOST_HELD};
use crate::engine::link::state::ConnectionState;
use crate::protocol::Connection;

impl SharedConnection {
    /// A raw link. See [`new`](Self::new).
    pub fn raw(slot: u32, inbox: Arc<Inbox>, high_water_mark: usize, time: Duration) -> Self {
        let link = Self::new(slot, inbox, Connection::new(raw::config(), time), high_water_mark, time);
        link.state().raw = true;
        link
    }

    /// Keeps the received bytes of a raw link from now on. The I/O thread then tells
    /// `EVENT_BARRIER`: all that the link has told before is ahead of it.
    ///
    /// The I/O thread tells it because its batch of events is not in the inbox yet, so a barrier of
    /// this thread could overtake bytes.
    pub fn hold_input(&self) {
        let mut state = self.state();
        if !state.raw || state.closing.is_released() {
            return;
        }
        state.held.get_or_insert_default().is_due = false;
        #[cfg(unix)]
        {
            state.barrier_owed = true;
        }
        drop(state);
        self.kick();
    }

    /// Begins to hold input, with `bytes` that were received already, the last of `received` ones.
    /// This is for a link that no event was told of.
    #[cfg(unix)]
    pub fn hold_from_start(&self, bytes: Vec<u8>, received: u64) {
        let mut state = self.state();
        state.received = received;
        state.held = Some(Box::new(Held { bytes, is_due: false }));
    }

    /// Tells what was held, and all input from now on.
    pub fn release_held(&self) {
        let mut state = self.state();
        self.let_held_go(&mut state, false);
    }

    /// Makes a WebSocket of a raw link: from now on `connection` decodes what is received, first
    /// `rest`, then what is held. Output and marks stay.
    ///
    /// Returns how many of the bytes that the link counts as received, and as sent, are none of
    /// `connection`.
    pub fn switch_protocol(&self, mut connection: Connection, high_water_mark: usize, rest: &[u8]) -> (u64, u64) {
        let mut state = self.state();
        if !state.raw || state.closing.is_released() {
            return (0, 0);
        }
        let held = state.held.as_ref().map_or(0, |held| held.bytes.len());
        let received = state.received.saturating_sub((held + rest.len()) as u64);
        let outbox = state.connection.outbox();
        let sent = (outbox.sent() + outbox.len() as u64).saturating_sub(connection.outbox().sent());
        connection.take_over(&mut state.connection);
        // The I/O thread has to make an inflate queue before it reads on.
        let inflates = connection.config().compression.is_some();
        state.connection = connection;
        state.high_water_mark = high_water_mark;
        state.raw = false;
        if inflates || !rest.is_empty() {
            let held = state.held.get_or_insert_default();
            held.bytes.splice(..0, rest.iter().copied());
        }
        self.let_held_go(&mut state, inflates);
        self.rearm(&mut state);
        (received, sent)
    }

    /// The connection of a link whose bytes JavaScript moves, and its high-water mark, for
    /// [`switch_protocol`](Self::switch_protocol) of another link. Nothing of it is to be deflated.
    /// The link is released next.
    pub fn give_connection(&self) -> (Connection, usize) {
        let mut state = self.state();
        let empty = Connection::new(raw::config(), Duration::ZERO);
        (std::mem::replace(&mut state.connection, empty), state.high_water_mark)
    }

    /// Ends the holding. If there is something to tell or decode, or the I/O thread is `awaited`,
    /// that thread does it before it reads on.
    fn let_held_go(&self, state: &mut ConnectionState, awaited: bool) {
        let Some(held) = &mut state.held else { return };
        if held.bytes.is_empty() && !awaited && !self.holds_enough() {
            state.held = None;
            return;
        }
        held.is_due = true;
        self.kick();
    }

    /// Takes what was held, if it is to be told or decoded. It counts as not received until then.
    #[cfg(unix)]
    pub fn take_due(&self, state: &mut ConnectionState) -> Option<Vec<u8>> {
        let held = state.held.take_if(|held| held.is_due)?;
        self.holds_enough.store(false, Ordering::SeqCst);
        state.received = state.received.saturating_sub(held.bytes.len() as u64);
        Some(held.bytes)
    }

    /// Keeps received bytes.
    pub(super) fn hold(&self, state: &mut ConnectionState, bytes: &[u8]) {
        let Some(held) = &mut state.held else { return };
        held.bytes.extend_from_slice(bytes);
        if held.bytes.len() >= MOST_HELD {
            self.holds_enough.store(true, Ordering::SeqCst);
        }
    }

    /// Whether input is held. If so, nothing more is read before the I/O thread has taken that.
    #[cfg(unix)]
    pub fn holds_back(&self) -> bool {
        let state = self.state();
        let is_held = state.held.is_some();
        if is_held {
            self.holds_enough.store(true, Ordering::SeqCst);
        }
        is_held
    }

    /// Whether nothing more is read because input is held.
    pub(super) fn holds_enough(&self) -> bool {
        self.holds_enough.load(Ordering::SeqCst)
    }
}
