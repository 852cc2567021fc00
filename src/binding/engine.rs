//! The engine of one Node environment.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{Env, sys};
use napi_derive::napi;

use super::abi::{
    BATCH_LAST, SEND_LATIN1, SEND_MARK, SEND_PLAIN, SENT_BELOW_MARK, SENT_DEFLATES, SENT_FIRST, SENT_FLUSH,
    TIMER_GRACE, TIMER_KEEPALIVE,
};
use super::options::{self, LinkOptions};
use super::text::Text;
use super::views::{Batch, PartialView};
use super::wake::Wake;
use crate::engine::base::activity::all_sleep;
use crate::engine::base::clock::now;
use crate::engine::base::lease::MOST_POLLED;
use crate::engine::events::inbox::Inbox;
use crate::engine::events::queue::Queue;
use crate::engine::events::sinks::DirectSink;
use crate::engine::io::threads;
use crate::engine::link::inflate_queue::InflateQueue;
use crate::engine::link::shared_connection::SharedConnection;
use crate::engine::link::state::{ConnectionState, Flush, Release};
use crate::engine::waiting::spinning::SpinPolicy;
use crate::protocol::{CloseReason, Config, Connection, MessageKind, Misuse, Timer, is_wire_close_code, pool};

/// Up to so many connections are written to straight from the JavaScript thread at the end of a
/// turn: that is cheaper than to have an I/O thread do it.
const MOST_DIRECT: usize = 2;

/// The same while the I/O threads sleep: until one of them is awake, these have been written.
const MOST_DIRECT_ASLEEP: usize = 4;

/// Stands for the length from which on messages are deflated, where none are.
const NEVER: u32 = u32::MAX;

/// The links of one environment, and the events that JavaScript is to be handed. Belongs to the
/// environment's thread.
#[napi]
pub struct Engine {
    pub(super) links: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// What [`open`](Self::open) was called with last.
    config: Option<LinkConfig>,
    inbox: Arc<Inbox>,
    spin_policy: SpinPolicy,
    /// The batch that is being handed over, and how far that has got.
    taken: Queue,
    next: usize,
    /// Events of the one link that this thread has just worked on, and how many of them were handed
    /// over.
    pub(super) own: Queue,
    pub(super) own_next: usize,
    /// How many links I/O threads serve.
    pub(super) served: usize,
    /// JavaScript's timers are not Node's own. See [`ConnectionState::time`].
    pub(super) time_stands: bool,
    /// Links with output of the current turn.
    dirty: Vec<u32>,
    scratch: Vec<u8>,
    pub(super) wake: Arc<Wake>,
}

/// What links that were opened with the same options share.
struct LinkConfig {
    config: Arc<Config>,
    high_water_mark: usize,
}

pub(super) struct Slot {
    pub(super) link: Arc<SharedConnection>,
    pub(super) adopted: bool,
    /// An I/O thread knows the link.
    pub(super) served: bool,
    dirty: bool,
    /// Messages from this length on are deflated, unless it is `NEVER`.
    deflates_from: u32,
    /// What was received, where compression was agreed on and there is no I/O thread to inflate it.
    pub(super) inflate_queue: Option<Box<InflateQueue>>,
}

impl Slot {
    /// What the connection's [`deflates`](Connection::deflates) says, without its lock: this is
    /// asked for every message.
    fn deflates(&self, len: usize) -> bool {
        self.deflates_from != NEVER && len >= self.deflates_from as usize
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
            config: None,
            inbox,
            spin_policy: SpinPolicy::new(),
            taken: Queue::default(),
            next: 0,
            own: Queue::default(),
            own_next: 0,
            served: 0,
            time_stands: false,
            dirty: Vec::new(),
            scratch: Vec::new(),
            wake,
        }
    }

    /// Makes a link, which JavaScript drives until a descriptor is adopted, and returns its slot.
    #[napi]
    pub fn open(&mut self, options: LinkOptions) -> Result<u32> {
        let high_water_mark = options.high_water_mark as usize;
        self.config = Some(LinkConfig { config: Arc::new(options.config()), high_water_mark });
        self.open_alike()
    }

    /// Sends bytes as they are on an adopted link.
    #[napi]
    pub fn send_raw(&mut self, slot: u32, bytes: &[u8], mark: bool) -> u32 {
        self.send(slot, Output::Raw, bytes, mark)
    }

    /// Has a flush up to here told; `false` if everything is with the kernel already.
    #[napi]
    pub fn mark(&mut self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|entry| entry.link.state().mark())
    }

    /// Answers a ping whose automatic answer JavaScript had asked to see first.
    #[napi]
    pub fn answer_ping(&mut self, slot: u32, payload: &[u8]) -> u32 {
        self.command(slot, |state| state.connection.answer_ping(payload))
    }

    /// Sends a ping of at most 125 bytes.
    #[napi]
    pub fn ping(&mut self, slot: u32, payload: &[u8]) -> u32 {
        self.send(slot, Output::Ping, payload, false)
    }

    /// Sends a pong of at most 125 bytes.
    #[napi]
    pub fn pong(&mut self, slot: u32, payload: &[u8]) -> u32 {
        self.send(slot, Output::Pong, payload, false)
    }

    /// Whether pings are answered without JavaScript.
    #[napi]
    pub fn set_auto_pong(&mut self, slot: u32, auto_pong: bool) {
        if let Some(entry) = self.slot(slot) {
            entry.link.state().connection.set_auto_pong(auto_pong);
        }
    }

    /// Begins the closing handshake. `ends` says that `end` follows: on an adopted link the two
    /// leave together.
    #[napi]
    pub fn close(&mut self, slot: u32, code: u32, reason: String, ends: bool) -> u32 {
        let stands = self.time_stands;
        self.command(slot, |state| {
            let now = state.time(stands);
            // JavaScript has judged the code and looks at its state before it calls.
            let _ = state.connection.close(code as u16, &reason, now);
            state.end_wanted |= ends && state.descriptor.is_some();
        })
    }

    /// Answers the peer's close frame. `end` follows: on an adopted link the two leave together.
    #[napi]
    pub fn acknowledge_close(&mut self, slot: u32) -> u32 {
        let stands = self.time_stands;
        self.command(slot, |state| {
            let now = state.time(stands);
            state.connection.acknowledge_close(now);
            state.end_wanted |= state.descriptor.is_some();
        })
    }

    /// Ends the connection at once; `reason` absent tells the peer nothing.
    #[napi]
    pub fn abort(&mut self, slot: u32, code: u32, reason: Option<String>) -> u32 {
        let reason = reason.map(|reason| match u16::try_from(code) {
            Ok(code) if is_wire_close_code(code) => CloseReason::new(code, &reason),
            // Codes that only describe how a connection ended never go onto the wire (RFC 6455
            // §7.4.1).
            _ => CloseReason::EMPTY,
        });
        self.command(slot, |state| state.connection.drop(reason.as_ref()))
    }

    /// Half-closes an adopted link once its output is with the kernel.
    #[napi]
    pub fn end(&mut self, slot: u32) -> u32 {
        let Some(entry) = self.slot(slot).filter(|entry| entry.adopted) else { return SENT_BELOW_MARK };
        entry.link.state().end_wanted = true;
        self.touch(slot)
    }

    /// Stops or resumes the reading of an adopted link.
    #[napi]
    pub fn set_paused(&mut self, slot: u32, paused: bool) {
        if let Some(entry) = self.slot(slot) {
            entry.link.set_paused(paused);
        }
    }

    /// Starts (`on`) or stops a timer of the link, one of `abi.TIMER_…`.
    #[napi]
    pub fn set_timer(&mut self, slot: u32, timer: u32, on: bool) {
        let timer = match timer {
            TIMER_KEEPALIVE => Timer::Keepalive,
            TIMER_GRACE => Timer::Grace,
            _ => Timer::Close,
        };
        let stands = self.time_stands;
        if let Some(entry) = self.slot(slot) {
            let mut state = entry.link.state();
            let now = state.time(stands);
            state.connection.set_timer(timer, on, now);
            drop(state);
            entry.link.kick();
        }
    }

    /// Bytes that wait to be sent.
    #[napi]
    pub fn buffered_amount(&mut self, slot: u32) -> f64 {
        self.slot(slot).map_or(0.0, |entry| entry.link.state().connection.backlog() as f64)
    }

    /// Has the drains of an adopted link told, which nobody waits for at most connections. `owed`
    /// says that JavaScript believes its output to be full. `true` asks for a drain of the engine.
    #[napi]
    pub fn want_drain(&mut self, slot: u32, owed: bool) -> bool {
        if let Some(entry) = self.slot(slot).filter(|entry| entry.adopted) {
            entry.link.want_drain(owed);
        }
        self.inbox.take_drain_owed()
    }

    /// Whether what is sent now waits for messages to be deflated.
    #[napi]
    pub fn is_deflating(&mut self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|entry| entry.link.state().connection.is_deflating())
    }

    /// Changes limits of a link: most bytes of a received message, and milliseconds for a closing
    /// handshake.
    #[napi]
    pub fn set_limits(&mut self, slot: u32, max_received_message_size: f64, close_timeout: f64) {
        if let Some(entry) = self.slot(slot) {
            let (size, timeout) = (options::size(max_received_message_size), options::milliseconds(close_timeout));
            entry.link.state().connection.set_limits(size, timeout);
        }
    }

    /// How many marks of a link that was released have not been passed. Unless it lingers, they
    /// never will be.
    #[napi]
    pub fn unsent_marks(&mut self, slot: u32) -> u32 {
        self.slot(slot).map_or(0, |entry| entry.link.state().unsent_marks() as u32)
    }

    /// Deflates all that a link has to send, on this thread, before its end.
    #[napi]
    pub fn deflate_all(&mut self, slot: u32) {
        if let Some(entry) = self.slot(slot) {
            entry.link.deflate_all();
        }
    }

    /// Whether the output has reached the high-water mark and was not empty since.
    #[napi]
    pub fn is_drain_owed(&mut self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|entry| entry.link.state().drain_owed)
    }

    /// What there is of a message or frame that is not complete, for those who look.
    #[napi]
    pub fn partial(&mut self, slot: u32, copies: bool) -> Option<PartialView> {
        let state = self.slot(slot)?.link.state();
        Some(PartialView::of(&state.connection.partial(), copies))
    }

    /// Milliseconds since bytes last went either way.
    #[napi]
    pub fn idle_time(&mut self, slot: u32) -> f64 {
        self.slot(slot).map_or(0.0, |entry| now().saturating_sub(entry.link.state().active).as_secs_f64() * 1000.0)
    }

    /// Hands all output to the kernel as far as it has room, before the process exits.
    #[napi]
    pub fn flush_now(&mut self) {
        self.dirty.clear();
        for entry in self.links.iter().flatten() {
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
    pub(super) fn open_alike(&mut self) -> Result<u32> {
        let Some(LinkConfig { config, high_water_mark }) = &self.config else {
            return Err(Error::from_reason("open() comes first."));
        };
        let now = now();
        let connection = Connection::new(config.clone(), now);
        let threshold = connection.config().compression.map(|compression| compression.threshold);
        let deflates_from = threshold.and_then(|threshold| threshold.try_into().ok()).unwrap_or(NEVER);
        let slot = self.free.pop().unwrap_or(self.links.len() as u32);
        let link = Arc::new(SharedConnection::new(slot, self.inbox.clone(), connection, *high_water_mark, now));
        let entry =
            Some(Slot { link, adopted: false, served: false, dirty: false, deflates_from, inflate_queue: None });
        match self.links.get_mut(slot as usize) {
            Some(place) => *place = entry,
            None => self.links.push(entry),
        }
        Ok(slot)
    }

    /// See [`calls`](Self::calls).
    pub(super) fn transferred(&mut self, slot: u32) -> [f64; 2] {
        self.slot(slot).map_or([0.0; 2], |entry| {
            let state = entry.link.state();
            [state.received as f64, state.connection.outbox().sent() as f64]
        })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn release(&mut self, slot: u32, lingering: bool) -> bool {
        let release = if lingering { Release::Lingering } else { Release::AtOnce };
        match self.slot(slot) {
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
        }
        self.served == 0
    }

    /// See [`calls`](Self::calls).
    pub(super) fn drain(&mut self, env: &Env, batch: sys::napi_value, payloads: sys::napi_value) -> Result<u32> {
        if self.next == self.taken.records.len() {
            self.taken.clear();
            self.next = 0;
            if !self.inbox.take(&mut self.taken) {
                return Ok(BATCH_LAST);
            }
            self.spin_policy.after_wake(self.taken.records.len(), now);
        }
        let mut batch = Batch::new(env, batch, payloads)?;
        while batch.has_room() && self.next < self.taken.records.len() {
            let entry = &mut self.taken.records[self.next];
            self.next += 1;
            let slot = entry.slot as usize;
            let weight = batch.push(entry, &self.taken.short)?;
            if let Some(Some(slot)) = self.links.get(slot) {
                slot.link.taken(weight);
            }
        }
        self.inbox.taken(batch.weight());
        // While I/O threads are at work, JavaScript looks once more before it sleeps: that spares
        // them the waking.
        let last = self.served == 0 && self.next == self.taken.records.len() && self.inbox.sleep_if_empty();
        Ok(batch.len() | if last { BATCH_LAST } else { 0 })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn wait(&mut self) -> bool {
        self.spin_policy.wait_for(&self.inbox)
    }

    /// See [`calls`](Self::calls).
    pub(super) fn resign(&mut self) {
        self.spin_policy.hand_back();
    }

    /// See [`calls`](Self::calls).
    pub(super) fn flush(&mut self) -> bool {
        let dirty = self.dirty.len();
        let is_direct_asleep =
            || dirty <= MOST_DIRECT_ASLEEP || (dirty <= MOST_POLLED && self.spin_policy.may_poll_on_js_thread());
        let direct = dirty <= MOST_DIRECT || (all_sleep() && is_direct_asleep());
        self.flush_dirty(direct);
        self.inbox.take_drain_owed()
    }

    pub(super) fn slot(&mut self, slot: u32) -> Option<&mut Slot> {
        self.links.get_mut(slot as usize)?.as_mut()
    }

    /// Memory to read a value of JavaScript's into; to be given back.
    pub(super) fn take_scratch(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.scratch)
    }

    pub(super) fn keep_scratch(&mut self, mut scratch: Vec<u8>) {
        if scratch.capacity() > 64 * 1024 {
            pool::give(std::mem::take(&mut scratch));
        }
        scratch.clear();
        self.scratch = scratch;
    }

    pub(super) fn send(&mut self, slot: u32, output: Output, payload: &[u8], mark: bool) -> u32 {
        self.put(slot, payload.len(), mark, |_, ConnectionState { connection, .. }| match output {
            Output::Ping => connection.ping(payload),
            Output::Pong => connection.pong(payload),
            Output::Raw => {
                connection.send_raw(payload);
                Ok(())
            }
        })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn send_text(&mut self, env: &Env, slot: u32, text: sys::napi_value, flags: u32) -> Result<u32> {
        let mut text = Text::of(env, text, flags & SEND_LATIN1 != 0)?;
        if flags & SEND_PLAIN == 0
            && self.slot(slot).is_some_and(|entry| entry.deflates(text.units()))
            && let Some(payload) = text.take_ascii()?
        {
            return Ok(self.send_deflated(slot, MessageKind::Text, payload, flags));
        }
        let mut scratch = self.take_scratch();
        let status = text.read(&mut scratch).map(|()| self.send_message(slot, MessageKind::Text, &scratch, flags));
        self.keep_scratch(scratch);
        status
    }

    /// See [`calls`](Self::calls).
    pub(super) fn send_message(&mut self, slot: u32, kind: MessageKind, payload: &[u8], flags: u32) -> u32 {
        if flags & SEND_PLAIN == 0 && self.slot(slot).is_some_and(|entry| entry.deflates(payload.len())) {
            return self.send_deflated(slot, kind, pool::copy(payload), flags);
        }
        let status =
            self.put(slot, payload.len(), flags & SEND_MARK != 0, |link, state| link.send(state, kind, payload));
        self.serve_deflating(slot, status)
    }

    fn send_deflated(&mut self, slot: u32, kind: MessageKind, payload: Vec<u8>, flags: u32) -> u32 {
        let (len, mark) = (payload.len(), flags & SEND_MARK != 0);
        let status = self.put(slot, len, mark, |_, state| state.connection.send_deflated(kind, payload));
        self.serve_deflating(slot, status)
    }

    /// Lets `put` append something of about `len` bytes to the output of a link.
    fn put(
        &mut self,
        slot: u32,
        len: usize,
        mark: bool,
        put: impl FnOnce(&SharedConnection, &mut ConnectionState) -> std::result::Result<(), Misuse>,
    ) -> u32 {
        let Some(entry) = self.slot(slot) else { return 0 };
        let mut state = entry.link.state();
        // What piled up in this turn goes first, so that only what the kernel can't take counts
        // against the mark.
        if state.would_fill(len) && entry.link.flush(&mut state, now(), &mut DirectSink) != Flush::Done {
            entry.link.kick();
        }
        // Only an open connection sends, and control payloads are cut before: JavaScript sees to
        // both.
        let _ = put(&entry.link, &mut state);
        let below = state.below_mark();
        let passed = mark && !state.mark();
        if entry.adopted {
            entry.link.tell_flushed(&mut state, u32::from(passed), &mut DirectSink);
        }
        let deflates = state.connection.is_deflating();
        drop(state);
        let status =
            if entry.adopted { self.touch(slot) } else { SENT_BELOW_MARK | if deflates { SENT_DEFLATES } else { 0 } };
        if below { status } else { status & !SENT_BELOW_MARK }
    }

    /// Sees to it that what a link of JavaScript's has to deflate is deflated.
    fn serve_deflating(&mut self, slot: u32, status: u32) -> u32 {
        if status & SENT_DEFLATES == 0 {
            return status;
        }
        let is_served = self.serve(slot);
        let Some(entry) = self.slot(slot) else { return status };
        if is_served {
            entry.link.kick();
            return status;
        }
        entry.link.deflate_all();
        status & !SENT_DEFLATES
    }

    /// Has an I/O thread do the work of a link that JavaScript drives. `false` where there is none:
    /// then this thread has to.
    pub(super) fn serve(&mut self, slot: u32) -> bool {
        let Some(entry) = self.links.get_mut(slot as usize).and_then(Option::as_mut) else { return false };
        if !entry.served && threads::serve(&entry.link).is_ok() {
            entry.served = true;
            self.served += 1;
        }
        entry.served
    }

    fn command(&mut self, slot: u32, command: impl FnOnce(&mut ConnectionState)) -> u32 {
        let Some(entry) = self.slot(slot) else { return 0 };
        command(&mut entry.link.state());
        if entry.adopted { self.touch(slot) } else { SENT_BELOW_MARK }
    }

    /// Notes that a link has output, to which JavaScript's next flush sees.
    pub(super) fn touch(&mut self, slot: u32) -> u32 {
        let Some(entry) = self.slot(slot) else { return 0 };
        if std::mem::replace(&mut entry.dirty, true) {
            return SENT_BELOW_MARK | SENT_FLUSH;
        }
        self.dirty.push(slot);
        SENT_BELOW_MARK | SENT_FLUSH | SENT_FIRST
    }

    fn flush_dirty(&mut self, direct: bool) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for &slot in &dirty {
            if let Some(entry) = self.slot(slot) {
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

/// Sends what the kernel takes. `false` if the I/O thread has to see to the rest.
fn flush_directly(link: &SharedConnection) -> bool {
    let mut state = link.state();
    let leaves = state.blocked || link.flush(&mut state, now(), &mut DirectSink) == Flush::Done;
    link.rearm(&mut state);
    leaves && !state.connection.has_work()
}

impl Drop for Engine {
    fn drop(&mut self) {
        for slot in self.links.iter().flatten() {
            slot.link.release(Release::AtOnce);
        }
        self.inbox.close();
        self.wake.close();
    }
}

/// What is sent beside messages.
#[derive(Clone, Copy)]
pub(super) enum Output {
    Ping,
    Pong,
    Raw,
}
