//! One connection, shared by its JavaScript thread and its I/O thread.

#[cfg(unix)]
use std::sync::OnceLock;
#[cfg(unix)]
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::engine::base::clock::now;
#[cfg(unix)]
use crate::engine::base::io_thread;
use crate::engine::base::locks::lock;
use crate::engine::base::numbers::next_number;
use crate::engine::events::backpressure::{Resume, Waiting};
use crate::engine::events::inbox::Inbox;
use crate::engine::events::record::{EventKind, FLUSHED_DRAINED, Payload};
use crate::engine::events::sinks::{DirectSink, EventSink, EventSource};
#[cfg(unix)]
use crate::engine::link::arriving;
use crate::engine::link::closing::Release;
#[cfg(unix)]
use crate::engine::link::listener;
use crate::engine::link::state::{ConnectionState, Flush, write_all};
use crate::protocol::{Connection, Event, MessageKind, Misuse, SendOptions, pool};
#[cfg(unix)]
use crate::transport::descriptor::Descriptor;

mod deflating;
mod raw;
mod releasing;
mod serving;

/// The token of a link that its I/O thread does not know.
#[cfg(unix)]
const UNKNOWN: usize = usize::MAX;

/// Messages from this length on are written without a copy if the kernel has room. Copying them
/// would take as long.
const LONG: usize = 512 << 10;

/// The handle of an I/O thread that serves links.
#[cfg(unix)]
pub type IoThread = io_thread::IoThread<Arrival>;

/// An I/O thread, and the number by which it knows a link.
#[cfg(unix)]
pub type Home = (Arc<IoThread>, usize);

/// There are no I/O threads here.
#[cfg(not(unix))]
pub type Home = std::convert::Infallible;

/// What an I/O thread is to serve.
#[cfg(unix)]
pub enum Arrival {
    /// A link. The thread may know it already.
    Link {
        token: usize,
        link: Arc<SharedConnection>,
        /// None while JavaScript moves the bytes.
        descriptor: Option<Arc<Descriptor>>,
    },
    /// A connection that is to become a link, and then keeps its token.
    Arriving { token: usize, arriving: Arc<Arriving>, listener: Arc<SharedListener> },
    /// A listener.
    Listener { token: usize, listener: Arc<SharedListener> },
}

/// A connection that is to become a link.
#[cfg(unix)]
pub type Arriving = arriving::Arriving<Arrival>;

/// A listener whose connections become links.
#[cfg(unix)]
pub type SharedListener = listener::SharedListener<Arrival>;

/// Chooses the I/O threads of its connections.
#[cfg(unix)]
pub type Deal = listener::Deal<Arrival>;

/// See the module.
pub struct SharedConnection {
    /// The index by which JavaScript knows the connection.
    pub slot: u32,
    /// A number that no other link of the process has.
    pub number: u64,
    inbox: Arc<Inbox>,
    state: Mutex<ConnectionState>,
    /// What waits for JavaScript.
    waiting: Waiting,
    /// JavaScript has paused the link.
    paused: AtomicBool,
    /// So much input is held that no more is read.
    holds_enough: AtomicBool,
    /// A kick is in the I/O thread's mail, or will be when the thread knows the link.
    kicked: AtomicBool,
    /// The number by which its I/O thread knows it, or `UNKNOWN`.
    #[cfg(unix)]
    token: AtomicUsize,
    #[cfg(unix)]
    io_thread: OnceLock<Arc<IoThread>>,
}

impl SharedConnection {
    /// A link whose bytes JavaScript moves, until a descriptor is adopted. The connection was made
    /// at that `time`.
    pub fn new(slot: u32, inbox: Arc<Inbox>, connection: Connection, high_water_mark: usize, time: Duration) -> Self {
        Self {
            slot,
            number: next_number(),
            inbox,
            state: Mutex::new(ConnectionState::new(connection, high_water_mark, time)),
            waiting: Waiting::default(),
            paused: AtomicBool::new(false),
            holds_enough: AtomicBool::new(false),
            kicked: AtomicBool::new(false),
            #[cfg(unix)]
            token: AtomicUsize::new(UNKNOWN),
            #[cfg(unix)]
            io_thread: OnceLock::new(),
        }
    }

    /// Locks the part that both threads work on.
    ///
    /// Locks are taken in the order event loop, connection state, inbox, mailbox. The event loop is
    /// first because its thread holds it while it serves links. Events are queued under the
    /// connection's lock, so that they are in the order in which they happen. The mailbox is last
    /// because anything may be followed by a kick.
    pub fn state(&self) -> MutexGuard<'_, ConnectionState> {
        lock(&self.state)
    }

    /// Whether anybody has the lock.
    #[cfg(all(test, unix))]
    pub fn is_locked(&self) -> bool {
        self.state.try_lock().is_err()
    }

    /// Decodes bytes from the peer, tells them as they are on a raw link, or holds them.
    pub fn receive(&self, state: &mut ConnectionState, bytes: &mut [u8], now: Duration, sink: &mut impl EventSink) {
        if state.closing.is_released() {
            return;
        }
        state.received += bytes.len() as u64;
        state.active = now;
        if state.held.is_some() {
            self.hold(state, bytes);
            return;
        }
        if state.raw {
            sink.push(self, |queue| queue.push_payload(self.slot, EventKind::Bytes, 0, (&*bytes).into(), false));
            return;
        }
        // Decoding unmasks the bytes in place.
        let shown = state.shows_bytes.then(|| pool::copy(bytes));
        let mut events = state.connection.handle_data(bytes, now);
        if let Some(first) = events.next() {
            sink.push(self, |queue| {
                [first].into_iter().chain(events).map(|event| queue.push_event(self.slot, event)).sum()
            });
        }
        if let Some(shown) = shown {
            sink.push(self, |queue| queue.push_payload(self.slot, EventKind::Bytes, 0, shown.into(), false));
        }
    }

    /// Decodes `n` bytes that were read straight into the connection's message.
    pub fn receive_direct(&self, state: &mut ConnectionState, n: usize, now: Duration, sink: &mut impl EventSink) {
        state.received += n as u64;
        state.active = now;
        if let Some(event) = state.connection.handle_direct_read(n, now) {
            self.tell_event(state, event, sink);
        }
    }

    /// Queues an event for JavaScript, unless the link is released.
    pub fn tell(
        &self,
        state: &ConnectionState,
        kind: EventKind,
        extra: u32,
        payload: Payload,
        sink: &mut impl EventSink,
    ) {
        if !state.closing.is_released() {
            sink.push(self, |queue| queue.push(self.slot, kind, extra, payload));
        }
    }

    /// Queues an event of the protocol for JavaScript, unless the link is released.
    pub fn tell_event(&self, state: &ConnectionState, event: Event<'_>, sink: &mut impl EventSink) {
        if !state.closing.is_released() {
            sink.push(self, |queue| queue.push_event(self.slot, event));
        }
    }

    /// Hands output to the kernel, as far as that has room.
    pub fn flush(&self, state: &mut ConnectionState, now: Duration, sink: &mut impl EventSink) -> Flush {
        if state.closing.released() == Some(Release::AtOnce) {
            // JavaScript counts output that is not flushed by now as lost.
            return Flush::Done;
        }
        let before = state.connection.outbox().sent();
        let flush = state.write();
        let sent = state.connection.outbox().sent();
        if sent == before {
            return flush;
        }
        state.active = now;
        let marked = state.take_reached_marks();
        self.tell_flushed(state, marked, sink);
        flush
    }

    /// Tells JavaScript that the output has reached `marked` more marks, and that it is empty if a
    /// drain is owed. After a failed send, these marks are lost.
    pub fn tell_flushed(&self, state: &mut ConnectionState, marked: u32, sink: &mut impl EventSink) {
        if state.closing.has_failed() {
            state.lost_marks += marked;
            return;
        }
        let drained = state.connection.is_flushed() && std::mem::take(&mut state.drain_owed) && state.drain_wanted;
        if (marked > 0 || drained) && state.closing.tells_marks() {
            let extra = marked << 1 | if drained { FLUSHED_DRAINED } else { 0 };
            sink.push(self, |queue| queue.push(self.slot, EventKind::Flushed, extra, Payload::Nothing));
        }
    }

    /// Sends a message or a fragment uncompressed. A long message is written straight from
    /// `payload`, as far as the kernel has room. Its rest, and any other message, is copied to the
    /// outbox.
    pub fn send(
        &self,
        state: &mut ConnectionState,
        kind: MessageKind,
        payload: &[u8],
        options: SendOptions,
    ) -> Result<(), Misuse> {
        let goes_through = payload.len() >= LONG
            && options.is_default()
            && !state.blocked
            && !state.is_encrypted()
            && state.connection.can_send_through(payload.len());
        let descriptor = if goes_through { state.descriptor.clone() } else { None };
        let Some(descriptor) = descriptor else {
            return state.connection.send_piece(kind, payload, options);
        };
        let mut failed = None;
        state.connection.send_through(kind, payload, |parts| write_all(&descriptor, parts, &mut failed));
        state.active = now();
        if let Some(error) = failed {
            state.fail(error);
            self.kick();
        }
        Ok(())
    }

    /// Calls `put`, which appends about `len` bytes to the output. With `mark`, it is reported when
    /// they have left. Returns whether the output is below the high-water mark, and how many marks
    /// it has reached already: 0 or 1.
    pub fn put(
        &self,
        state: &mut ConnectionState,
        len: usize,
        mark: bool,
        sink: &mut impl EventSink,
        put: impl FnOnce(&mut ConnectionState) -> Result<(), Misuse>,
    ) -> (bool, u32) {
        // Earlier output is written first, so that only what the kernel can't take counts against
        // the mark. Only I/O threads encrypt.
        if state.would_fill(len) && (state.is_encrypted() || self.flush(state, now(), sink) != Flush::Done) {
            self.kick();
        }
        // It can't fail: JavaScript sends on open connections only, and cuts control payloads.
        let _ = put(state);
        let below = state.below_mark();
        let reached = mark && !state.mark();
        (below, u32::from(reached))
    }

    /// Tells JavaScript of each drain from now on, and at once if it has missed one (`owed`).
    pub fn want_drain(&self, owed: bool) {
        let mut state = self.state();
        state.drain_wanted = true;
        if owed && !state.drain_owed {
            self.tell(&state, EventKind::Flushed, FLUSHED_DRAINED, Payload::Nothing, &mut DirectSink);
        }
    }

    /// Whether the I/O thread may read: the link is not paused, JavaScript keeps up, and not much is
    /// held. If not, it is kicked when it may.
    pub fn may_read(self: &Arc<Self>) -> bool {
        !self.is_paused() && !self.holds_enough() && self.waiting.has_room() && self.inbox.waiting.admits(self)
    }

    /// Whether JavaScript has paused the link.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    /// JavaScript took a record of this weight.
    pub fn taken(&self, weight: usize) {
        if self.waiting.take(weight) {
            self.kick();
        }
    }

    /// Stops or resumes reading.
    pub fn set_paused(self: &Arc<Self>, paused: bool) {
        if self.paused.swap(paused, Ordering::SeqCst) && !paused {
            self.kick();
        }
    }
}

impl EventSource for SharedConnection {
    fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    fn count(&self, weight: usize) {
        self.waiting.add(weight);
    }
}

impl Resume for SharedConnection {
    fn resume(&self) {
        self.kick();
    }
}
