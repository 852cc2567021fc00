//! The engine of one Node environment.

#[cfg(unix)]
use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::abi::{MOST_STAGED, SEND_PLAIN};
use super::options::LinkOptions;
use super::staging::Staging;
use super::views::PartialView;
use super::wake::Wake;
use crate::engine::base::clock::now;
use crate::engine::events::inbox::Inbox;
use crate::engine::events::queue::Queue;
use crate::engine::io::threads;
use crate::engine::link::closing::Release;
use crate::engine::link::inflate_queue::InflateQueue;
#[cfg(unix)]
use crate::engine::link::shared_connection::SharedListener;
use crate::engine::link::shared_connection::{Home, SharedConnection};
use crate::engine::link::state::ConnectionState;
use crate::engine::waiting::spinning::SpinPolicy;
use crate::protocol::{Config, Connection, Dialect, pool};
#[cfg(unix)]
use crate::transport::listener::SocketOptions;

/// In place of a length for `deflates_from`: no message is deflated.
const NEVER: u32 = u32::MAX;

/// The links of one environment, and their events on the way to JavaScript. Belongs to the
/// environment's thread.
#[napi]
pub struct Engine {
    pub(super) links: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// The listeners, by their slots.
    #[cfg(unix)]
    pub(super) listeners: HashMap<u32, ListenerEntry>,
    /// The options of the last [`open`](Self::open), for servers and for clients.
    configs: [Option<LinkConfig>; 2],
    pub(super) inbox: Arc<Inbox>,
    pub(super) spin_policy: SpinPolicy,
    /// Events that are taken out of the inbox, and how many of them JavaScript has.
    pub(super) taken: Queue,
    pub(super) taken_next: usize,
    /// How many times events were taken out. It may wrap.
    pub(super) takes: u32,
    /// Events of the one link that this thread has just worked on, and how many of them JavaScript
    /// has.
    pub(super) own: Queue,
    pub(super) own_next: usize,
    /// How many links I/O threads serve.
    pub(super) served: usize,
    /// JavaScript's timers are not Node's own. See
    /// [`time`](crate::engine::link::state::ConnectionState::time).
    pub(super) time_stands: bool,
    /// Links with output of the current turn.
    pub(super) dirty: Vec<u32>,
    scratch: Vec<u8>,
    /// Short messages of the current turn.
    pub(super) staging: Staging,
    pub(super) wake: Arc<Wake>,
}

/// The configuration that links with the same options share.
struct LinkConfig {
    config: Arc<Config>,
    high_water_mark: usize,
}

pub(super) struct Entry {
    pub(super) link: Arc<SharedConnection>,
    pub(super) adopted: bool,
    /// An I/O thread knows the link.
    pub(super) served: bool,
    pub(super) dirty: bool,
    pub(super) sent_before: SentBefore,
    /// The output up to this position is counted by the socket's stream.
    pub(super) counted_by_stream: u64,
    /// Short messages of the current turn are staged, and nothing else.
    pub(super) staged: bool,
    /// Its I/O thread, and the number by which that knows it, once a descriptor is adopted. Here
    /// it is in memory that the I/O thread never touches.
    pub(super) home: Option<Home>,
    pub(super) rules: LinkRules,
    /// Fragments of a message were sent, and others are to follow: whether they are deflated.
    pub(super) open_message: Option<bool>,
    /// Inflates received bytes where there are no I/O threads for that.
    pub(super) inflate_queue: Option<Box<InflateQueue>>,
}

/// How much of a link's output had left before that of this turn.
#[derive(Default)]
pub(super) struct SentBefore {
    sent: u64,
    /// [`Engine::takes`] at that time: what events have told since then has left.
    takes: u32,
}

impl SentBefore {
    /// Called ahead of all output. `is_first` says that it is the first one of this turn.
    pub(super) fn note(&mut self, is_first: bool, takes: u32, state: &ConnectionState) {
        if is_first || self.takes != takes {
            *self = Self { sent: state.connection.outbox().sent(), takes };
        }
    }

    /// What had left before this turn, or what has left by now if nothing was sent in this turn.
    pub(super) fn of_turn(&self, has_output: bool, takes: u32, state: &ConnectionState) -> u64 {
        let is_of_turn = has_output && self.takes == takes;
        if is_of_turn { self.sent } else { state.connection.outbox().sent() }
    }
}

/// A listener of this environment.
#[cfg(unix)]
pub(super) struct ListenerEntry {
    pub(super) listener: Arc<SharedListener>,
    /// What is set on accepted sockets.
    pub(super) sockets: SocketOptions,
    /// That of the links of its connections.
    pub(super) high_water_mark: usize,
}

/// What the options of a link say to this thread.
#[derive(Clone, Copy)]
pub(super) struct LinkRules {
    /// Short messages may be staged: each is one frame, which is not deflated.
    may_stage: bool,
    /// Messages from this length on are deflated, unless it is `NEVER`.
    deflates_from: u32,
    /// Messages are deflated from the end of the turn on.
    pub(super) deflates_after_turn: bool,
    /// Short payloads may be views of memory that they share with others.
    pub(super) shares_memory: bool,
}

impl LinkRules {
    /// The rules of a raw link.
    pub(super) const RAW: Self =
        Self { may_stage: false, deflates_from: NEVER, deflates_after_turn: false, shares_memory: false };

    /// The rules of a link with this connection.
    pub(super) fn of(connection: &Connection) -> Self {
        let config = connection.config();
        let Dialect { deflates_after_turn, shares_payload_memory: shares_memory, .. } = *config.dialect;
        let threshold = config.compression.map(|compression| compression.threshold);
        let deflates_from = threshold.and_then(|threshold| threshold.try_into().ok()).unwrap_or(NEVER);
        let is_whole = connection.fragmentation_threshold().is_none_or(|most| most >= MOST_STAGED as usize);
        let may_stage = deflates_from == NEVER && is_whole;
        Self { may_stage, deflates_from, deflates_after_turn, shares_memory }
    }
}

impl Entry {
    /// As the connection's [`deflates`](Connection::deflates), but without the lock, because every
    /// message calls this. `flags` has bits of `abi.SEND_…`.
    pub(super) fn deflates(&self, len: usize, flags: u32) -> bool {
        let begins_deflated =
            || flags & SEND_PLAIN == 0 && self.rules.deflates_from != NEVER && len >= self.rules.deflates_from as usize;
        self.open_message.unwrap_or_else(begins_deflated)
    }

    /// How many bytes of frames may be staged before the output could reach the high-water mark.
    /// Only this thread appends messages, so it may become more meanwhile, but not less.
    pub(super) fn room(&self, state: &ConnectionState) -> u32 {
        let may_stage = self.rules.may_stage && self.home.is_some() && self.open_message.is_none();
        if may_stage { u32::try_from(state.room()).unwrap_or(u32::MAX) } else { 0 }
    }
}

#[napi]
impl Engine {
    /// An engine without connections.
    #[napi(constructor)]
    pub fn new() -> Self {
        let wake = Arc::new(Wake::default());
        let inbox = Arc::new(Inbox::new());
        inbox.set_wake(Box::new({
            let wake = wake.clone();
            move || wake.signal()
        }));
        Self {
            links: Vec::new(),
            free: Vec::new(),
            #[cfg(unix)]
            listeners: HashMap::new(),
            configs: [None, None],
            inbox,
            spin_policy: SpinPolicy::new(),
            taken: Queue::default(),
            taken_next: 0,
            takes: 0,
            own: Queue::default(),
            own_next: 0,
            served: 0,
            time_stands: false,
            dirty: Vec::new(),
            scratch: Vec::new(),
            staging: Staging::default(),
            wake,
        }
    }

    /// Makes a link, which JavaScript drives until a descriptor is adopted, and returns its slot.
    #[napi]
    pub fn open(&mut self, options: LinkOptions) -> Result<u32> {
        let high_water_mark = options.high_water_mark as usize;
        let config = LinkConfig { config: Arc::new(options.config()), high_water_mark };
        self.configs[usize::from(options.masks)] = Some(config);
        self.open_alike(options.masks)
    }

    /// Whether pings are answered without JavaScript.
    #[napi]
    pub fn set_auto_pong(&mut self, slot: u32, auto_pong: bool) {
        if let Some(entry) = self.entry(slot) {
            entry.link.state().connection.set_auto_pong(auto_pong);
        }
    }

    /// Whether texts that are received from now on become Buffers rather than strings.
    #[napi]
    pub fn set_text_as_bytes(&mut self, slot: u32, on: bool) {
        if let Some(entry) = self.entry(slot) {
            entry.link.state().connection.set_text_as_bytes(on);
        }
    }

    /// Whether binary messages that come uncompressed from now on are `EVENT_FRAGMENTS`.
    #[napi]
    pub fn set_keeps_fragments(&mut self, slot: u32, on: bool) {
        if let Some(entry) = self.entry(slot) {
            entry.link.state().connection.set_keeps_fragments(on);
        }
    }

    /// Stops or resumes the reading of an adopted link.
    #[napi]
    pub fn set_paused(&mut self, slot: u32, paused: bool) {
        if let Some(entry) = self.entry(slot) {
            entry.link.set_paused(paused);
        }
    }

    /// Sets whether the bytes that an adopted link receives are handed over as they are, too.
    #[napi]
    pub fn show_bytes(&mut self, slot: u32, shows: bool) {
        if let Some(entry) = self.entry(slot) {
            entry.link.state().shows_bytes = shows;
        }
    }

    /// The received part of an incomplete message or frame.
    #[napi]
    pub fn partial(&mut self, slot: u32, copies: bool) -> Option<PartialView> {
        let state = self.entry(slot)?.link.state();
        Some(PartialView::of(&state.connection.partial(), copies))
    }
}

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn open_alike(&mut self, masks: bool) -> Result<u32> {
        let Some(LinkConfig { config, high_water_mark }) = &self.configs[usize::from(masks)] else {
            return Err(Error::from_reason("open() comes first."));
        };
        let now = now();
        let connection = Connection::new(config.clone(), now);
        let rules = LinkRules::of(&connection);
        let high_water_mark = *high_water_mark;
        Ok(self.add_link(rules, |slot, inbox| SharedConnection::new(slot, inbox, connection, high_water_mark, now)))
    }

    /// Puts the link that `make` makes into the table, and returns its slot.
    pub(super) fn add_link(&mut self, rules: LinkRules, make: impl FnOnce(u32, Arc<Inbox>) -> SharedConnection) -> u32 {
        let slot = self.take_slot();
        let entry = Some(Entry {
            link: Arc::new(make(slot, self.inbox.clone())),
            adopted: false,
            served: false,
            dirty: false,
            sent_before: SentBefore::default(),
            counted_by_stream: 0,
            staged: false,
            home: None,
            rules,
            open_message: None,
            inflate_queue: None,
        });
        self.links[slot as usize] = entry;
        slot
    }

    /// A slot that nothing has.
    pub(super) fn take_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            self.links.len() as u32 - 1
        })
    }

    /// Nothing has this slot any more.
    #[cfg(unix)]
    pub(super) fn return_slot(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// See [`calls`](Self::calls).
    pub(super) fn transferred(&mut self, slot: u32) -> [f64; 2] {
        self.entry(slot).map_or([0.0; 2], |entry| {
            let state = entry.link.state();
            [state.received as f64, state.connection.outbox().sent() as f64]
        })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn release(&mut self, slot: u32, lingering: bool) -> bool {
        let release = if lingering { Release::Lingering } else { Release::AtOnce };
        self.settle();
        self.staging.set_room(slot, 0);
        match self.entry(slot) {
            Some(entry) if entry.adopted => entry.link.release(release),
            Some(entry) if entry.served => entry.link.release(Release::AtOnce),
            _ => drop(self.free(slot)),
        }
        self.inbox.take_drain_owed()
    }

    /// See [`calls`](Self::calls).
    pub(super) fn free(&mut self, slot: u32) -> bool {
        if let Some(entry) = self.links.get_mut(slot as usize).and_then(Option::take) {
            self.served -= usize::from(entry.served);
            self.free.push(slot);
            self.staging.set_room(slot, 0);
        }
        #[cfg(unix)]
        if self.listeners.remove(&slot).is_some() {
            self.served -= 1;
            self.free.push(slot);
        }
        self.served == 0
    }

    /// The table's entry for a link. All earlier messages are in its output.
    pub(super) fn entry(&mut self, slot: u32) -> Option<&mut Entry> {
        self.settle();
        self.links.get_mut(slot as usize)?.as_mut()
    }

    /// Gives the work of a link that JavaScript drives to an I/O thread. `false` if there is none:
    /// then this thread does the work.
    pub(super) fn serve(&mut self, slot: u32) -> bool {
        let Some(entry) = self.links.get_mut(slot as usize).and_then(Option::as_mut) else { return false };
        if !entry.served && threads::serve(&entry.link).is_ok() {
            entry.served = true;
            self.served += 1;
        }
        entry.served
    }

    /// Memory to read a value of JavaScript's into. [`keep_scratch`](Self::keep_scratch) takes it
    /// back.
    pub(super) fn take_scratch(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.scratch)
    }

    /// Keeps memory for the next value.
    pub(super) fn keep_scratch(&mut self, mut scratch: Vec<u8>) {
        if scratch.capacity() > 64 * 1024 {
            pool::give(std::mem::take(&mut scratch));
        }
        scratch.clear();
        self.scratch = scratch;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A worker may have been terminated within a turn.
        self.settle();
        #[cfg(unix)]
        for entry in self.listeners.values() {
            entry.listener.close();
            entry.listener.destroy_arriving();
        }
        for entry in self.links.iter().flatten() {
            entry.link.release(Release::AtOnce);
        }
        self.inbox.close();
        self.wake.close();
    }
}
