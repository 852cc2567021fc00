//! Flushes output, and reports how much of it has left.

use napi_derive::napi;

use super::abi::{SENT_BELOW_MARK, SENT_FIRST, SENT_FLUSH};
use super::engine::Engine;
use crate::engine::base::activity::all_sleep;
use crate::engine::base::clock::now;
use crate::engine::base::lease::MOST_POLLED;
use crate::engine::events::sinks::DirectSink;
use crate::engine::link::closing::Release;
use crate::engine::link::shared_connection::SharedConnection;
use crate::engine::link::state::Flush;

/// Most connections that JavaScript's thread writes to at the end of a turn. Beyond that, waking an
/// I/O thread is cheaper.
const MOST_DIRECT: usize = 2;

/// The same while the I/O threads sleep: waking one takes longer than writing to these.
const MOST_DIRECT_ASLEEP: usize = 4;

#[napi]
impl Engine {
    /// Asks for an event when all output so far is with the kernel. `false` if it is already.
    #[napi]
    pub fn mark(&mut self, slot: u32) -> bool {
        self.entry(slot).is_some_and(|entry| entry.link.state().mark())
    }

    /// How many marks of a released link its output has not reached. It never will, unless the link
    /// lingers.
    #[napi]
    pub fn unsent_marks(&mut self, slot: u32) -> u32 {
        self.entry(slot).map_or(0, |entry| entry.link.state().unsent_marks() as u32)
    }

    /// How many marks are behind messages that wait to be deflated.
    #[napi]
    pub fn marks_deflating(&mut self, slot: u32) -> u32 {
        self.entry(slot).map_or(0, |entry| entry.link.state().connection.marks_deflating() as u32)
    }

    /// Bytes of messages that wait to be deflated, and of all output behind them.
    #[napi]
    pub fn deflating_amount(&mut self, slot: u32) -> f64 {
        self.entry(slot).map_or(0.0, |entry| entry.link.state().connection.deflating_backlog() as f64)
    }

    /// Bytes to be sent, or to be deflated and then sent. Over TLS, as in Node, nothing leaves in
    /// the turn in which it is sent. What the socket's stream counts is left out.
    #[napi]
    pub fn buffered_amount(&mut self, slot: u32) -> f64 {
        let takes = self.takes;
        let Some(entry) = self.entry(slot) else { return 0.0 };
        let state = entry.link.state();
        let sent = state.connection.outbox().sent();
        let end = sent + state.connection.backlog() as u64;
        let left = entry.sent_before.of_turn(entry.dirty && state.is_encrypted(), takes, &state);
        end.saturating_sub(left.max(entry.counted_by_stream)) as f64
    }

    /// Leaves all output so far out of `bufferedAmount`: it is a write of the socket's stream, which
    /// counts it until its callback.
    #[napi]
    pub fn leave_to_stream(&mut self, slot: u32) {
        let Some(entry) = self.entry(slot) else { return };
        let state = entry.link.state();
        let end = state.connection.outbox().sent() + state.connection.backlog() as u64;
        drop(state);
        entry.counted_by_stream = end;
    }

    /// Asks for events when a full output is empty again. Most connections need none. `owed` says
    /// that JavaScript believes the output to be full now. `true` asks for `drain`.
    #[napi]
    pub fn want_drain(&mut self, slot: u32, owed: bool) -> bool {
        if let Some(entry) = self.entry(slot).filter(|entry| entry.adopted) {
            entry.link.want_drain(owed);
        }
        self.inbox.take_drain_owed()
    }

    /// Whether the output has reached the high-water mark and was not empty since.
    #[napi]
    pub fn is_drain_owed(&mut self, slot: u32) -> bool {
        self.entry(slot).is_some_and(|entry| entry.link.state().drain_owed)
    }

    /// Hands the output of an adopted link to the kernel as far as that has room. After this,
    /// `bufferedAmount` is what the kernel could not take, and what is to be deflated. `true` asks
    /// for `drain`.
    #[napi]
    pub fn flush_link(&mut self, slot: u32) -> bool {
        if let Some(entry) = self.entry(slot).filter(|entry| entry.adopted)
            && !flush_directly(&entry.link)
        {
            entry.link.kick();
        }
        self.inbox.take_drain_owed()
    }

    /// Hands all output to the kernel as far as it has room, before the process exits.
    #[napi]
    pub fn flush_now(&mut self) {
        self.settle();
        self.dirty.clear();
        for entry in self.links.iter().flatten() {
            // What is let go of at once sends nothing more, and may be in the table for a while.
            if entry.link.state().closing.released() == Some(Release::AtOnce) {
                continue;
            }
            entry.link.deflate_all();
            let mut state = entry.link.state();
            if !state.connection.outbox().is_empty() {
                entry.link.flush(&mut state, now(), &mut DirectSink);
            }
        }
    }
}

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn flush(&mut self) -> bool {
        let staged = self.count_staged();
        let dirty = self.dirty.len() + staged;
        let is_direct_asleep =
            || dirty <= MOST_DIRECT_ASLEEP || (dirty <= MOST_POLLED && self.spin_policy.may_poll_on_js_thread());
        let direct = dirty <= MOST_DIRECT || (all_sleep() && is_direct_asleep());
        if direct {
            self.settle();
        } else {
            self.hand_pages();
        }
        self.flush_dirty(direct);
        self.inbox.take_drain_owed()
    }

    /// Notes that a link has output for the next flush.
    pub(super) fn touch(&mut self, slot: u32) -> u32 {
        let Some(Some(entry)) = self.links.get_mut(slot as usize) else { return 0 };
        if std::mem::replace(&mut entry.dirty, true) {
            return SENT_BELOW_MARK | SENT_FLUSH;
        }
        self.dirty.push(slot);
        SENT_BELOW_MARK | SENT_FLUSH | SENT_FIRST
    }

    fn flush_dirty(&mut self, direct: bool) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for &slot in &dirty {
            if let Some(entry) = self.links.get_mut(slot as usize).and_then(Option::as_mut) {
                entry.dirty = false;
            }
        }
        let link = |slot: &u32| self.links.get(*slot as usize)?.as_ref().map(|entry| &entry.link);
        if direct {
            dirty.retain(|slot| link(slot).is_some_and(|link| !flush_directly(link)));
        }
        SharedConnection::kick_all(dirty.iter().filter_map(link));
        dirty.clear();
        self.dirty = dirty;
    }
}

/// Sends as much as the kernel takes. `false` leaves the rest to the I/O thread.
pub(super) fn flush_directly(link: &SharedConnection) -> bool {
    let mut state = link.state();
    if state.is_encrypted() {
        return false;
    }
    let leaves = state.blocked || link.flush(&mut state, now(), &mut DirectSink) == Flush::Done;
    link.rearm(&mut state);
    leaves && !state.connection.has_work()
}
