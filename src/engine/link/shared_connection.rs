//! One connection, shared by its JavaScript thread and its I/O thread.

#[cfg(unix)]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
#[cfg(unix)]
use std::{io, ptr};

use crate::engine::base::clock::now;
#[cfg(unix)]
use crate::engine::base::deflate_thread;
#[cfg(unix)]
use crate::engine::base::io_thread;
use crate::engine::base::locks::lock;
#[cfg(unix)]
use crate::engine::base::mailbox::AT_ONCE;
use crate::engine::events::backpressure::{Resume, Waiting};
use crate::engine::events::inbox::Inbox;
use crate::engine::events::record::{EventKind, Payload};
#[cfg(unix)]
use crate::engine::events::sinks::BatchSink;
use crate::engine::events::sinks::{DirectSink, EventSink, EventSource};
use crate::engine::link::closing::Release;
use crate::engine::link::state::{ConnectionState, Flush, write_all};
use crate::protocol::{Connection, Event, MessageKind, Misuse, Work};
#[cfg(unix)]
use crate::transport::descriptor::Descriptor;

/// The token of a link that its I/O thread does not know yet.
#[cfg(unix)]
const UNKNOWN: usize = usize::MAX;

/// Bytes that are deflated for one connection before the others have their turn.
const WORK_PER_TURN: usize = 256 << 10;

/// How long a link that is let go at once may wait until its I/O thread frees it, with all others of
/// that time. To wake the thread for each would cost JavaScript a tenth of a short connection.
#[cfg(unix)]
const FREED_WITHIN: Duration = Duration::from_millis(20);

/// Messages from this length on are written without a copy where the kernel has room: to copy them
/// would take as long.
const LONG: usize = 512 << 10;

/// The handle of an I/O thread that serves links.
#[cfg(unix)]
pub type IoThread = io_thread::IoThread<Arrival>;

/// A link to serve, which its thread may know already.
#[cfg(unix)]
pub struct Arrival {
    pub token: usize,
    pub link: Arc<SharedConnection>,
    /// None while JavaScript moves the bytes.
    pub descriptor: Option<Arc<Descriptor>>,
}

/// See the module.
pub struct SharedConnection {
    /// The index by which JavaScript knows the connection.
    pub slot: u32,
    /// Tells it from every other link of the process.
    pub number: u64,
    inbox: Arc<Inbox>,
    state: Mutex<ConnectionState>,
    /// What waits for JavaScript.
    waiting: Waiting,
    /// JavaScript asked not to be given anything.
    paused: AtomicBool,
    /// A kick is on its way to the I/O thread, or will be when that knows the link.
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
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self {
            slot,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            inbox,
            state: Mutex::new(ConnectionState::new(connection, high_water_mark, time)),
            waiting: Waiting::default(),
            paused: AtomicBool::new(false),
            kicked: AtomicBool::new(false),
            #[cfg(unix)]
            token: AtomicUsize::new(UNKNOWN),
            #[cfg(unix)]
            io_thread: OnceLock::new(),
        }
    }

    /// Locks what both threads work on. Locks are taken in the order event loop, connection state,
    /// inbox, mailbox.
    pub fn state(&self) -> MutexGuard<'_, ConnectionState> {
        lock(&self.state)
    }

    /// Whether anybody has the lock.
    #[cfg(all(test, unix))]
    pub fn is_locked(&self) -> bool {
        self.state.try_lock().is_err()
    }

    /// Decodes bytes from the peer.
    pub fn receive(&self, state: &mut ConnectionState, bytes: &mut [u8], now: Duration, sink: &mut impl EventSink) {
        if state.closing.is_released() {
            return;
        }
        state.received += bytes.len() as u64;
        state.active = now;
        let mut events = state.connection.handle_data(bytes, now);
        if let Some(first) = events.next() {
            sink.push(self, |queue| {
                [first].into_iter().chain(events).map(|event| queue.push_event(self.slot, event)).sum()
            });
        }
    }

    /// Takes in `n` bytes that were read straight into the connection's message.
    pub fn receive_direct(&self, state: &mut ConnectionState, n: usize, now: Duration, sink: &mut impl EventSink) {
        state.received += n as u64;
        state.active = now;
        if let Some(event) = state.connection.handle_direct_read(n, now) {
            self.tell_event(state, event, sink);
        }
    }

    /// Tells JavaScript of `kind`. Nothing is told of a link that was let go.
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

    /// Tells JavaScript of one event.
    pub fn tell_event(&self, state: &ConnectionState, event: Event<'_>, sink: &mut impl EventSink) {
        if !state.closing.is_released() {
            sink.push(self, |queue| queue.push_event(self.slot, event));
        }
    }

    /// Sends what waits, as far as the kernel has room.
    pub fn flush(&self, state: &mut ConnectionState, now: Duration, sink: &mut impl EventSink) -> Flush {
        if state.closing.released() == Some(Release::AtOnce) {
            // JavaScript counts what has not left by now as lost.
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

    /// Tells of `marked` marks that were passed, and of the drain that is owed if nothing waits any
    /// more. Nothing has left of what failed.
    pub fn tell_flushed(&self, state: &mut ConnectionState, marked: u32, sink: &mut impl EventSink) {
        if state.closing.has_failed() {
            state.lost_marks += marked;
            return;
        }
        let drained = state.connection.is_flushed() && std::mem::take(&mut state.drain_owed) && state.drain_wanted;
        if (marked > 0 || drained) && state.closing.tells_marks() {
            let count = Payload::Count(u64::from(marked));
            sink.push(self, |queue| queue.push(self.slot, EventKind::Flushed, u32::from(drained), count));
        }
    }

    /// Sends a message as it is. A long one is written straight from where it is, as far as the
    /// kernel has room; the rest, and all others, are copied to the outbox.
    pub fn send(&self, state: &mut ConnectionState, kind: MessageKind, payload: &[u8]) -> Result<(), Misuse> {
        let goes_through = payload.len() >= LONG && !state.blocked && state.connection.can_send_through(payload.len());
        let descriptor = if goes_through { state.descriptor.clone() } else { None };
        let Some(descriptor) = descriptor else {
            return state.connection.send(kind, payload);
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

    /// Deflates messages that wait for that, without the lock, or has a long one deflated
    /// elsewhere. Says whether more are left for another turn.
    #[cfg(unix)]
    pub fn deflate(self: &Arc<Self>) -> bool {
        self.deflate_here_or(
            |work| {
                if work.size() > WORK_PER_TURN { self.deflate_elsewhere(work).err() } else { Some(work) }
            },
        )
    }

    /// Deflates all messages that wait for that, before the process exits or where there are no I/O
    /// threads. One may be at work on it.
    pub fn deflate_all(&self) {
        while self.state().connection.is_deflating() {
            if !self.deflate_here_or(Some) {
                std::thread::yield_now();
            }
        }
    }

    /// Deflates messages, but for one of which `delegate` leaves nothing to be done. Says whether
    /// more are left for another turn.
    fn deflate_here_or(&self, delegate: impl Fn(Work) -> Option<Work>) -> bool {
        let mut done = 0;
        while done < WORK_PER_TURN {
            let Some(work) = self.state().connection.take_work() else { return false };
            let Some(mut work) = delegate(work) else { return false };
            work.run();
            // A flood of tiny messages is work, too.
            done += work.size().max(1024);
            self.state().finish(work);
        }
        true
    }

    /// Has a thread of its own deflate a message. The work comes back if there can't be one.
    #[cfg(unix)]
    fn deflate_elsewhere(self: &Arc<Self>, work: Work) -> Result<(), Work> {
        let link = self.clone();
        deflate_thread::deflate(work, move |work| link.finish(work))
    }

    /// A message was deflated elsewhere: whoever moves the bytes is told.
    #[cfg(unix)]
    pub fn finish(&self, work: Work) {
        let mut sink = BatchSink::default();
        let mut state = self.state();
        state.finish(work);
        if state.descriptor.is_none() {
            self.tell(&state, EventKind::Output, 0, Payload::Nothing, &mut sink);
        }
        // Before the lock is free: JavaScript could let go of the link first, and another could
        // have its slot.
        sink.deliver();
        drop(state);
        self.kick();
    }

    /// From now on JavaScript is told of each drain. It is told at once if it has missed one
    /// (`owed`).
    pub fn want_drain(&self, owed: bool) {
        let mut state = self.state();
        state.drain_wanted = true;
        if owed && !state.drain_owed {
            self.tell(&state, EventKind::Flushed, 1, Payload::Count(0), &mut DirectSink);
        }
    }

    /// JavaScript lets go of an adopted link: one last record follows from the I/O thread, which
    /// frees the slot. A link that lingers is told of marks until then. When this returns, nothing
    /// uses the borrowed descriptor any more, which Node is about to close.
    pub fn release(&self, release: Release) {
        let mut state = self.state();
        if state.closing.is_released() {
            return;
        }
        if release == Release::Lingering {
            state.want_end();
        }
        if !state.blocked {
            self.flush(&mut state, now(), &mut DirectSink);
        }
        let released = self.part(&state, release);
        let awaits_marks = released == Release::Lingering && state.unsent_marks() > 0;
        state.closing.release(released, awaits_marks);
        if release == Release::Lingering || !self.free_later(&mut state) {
            self.kick();
        }
    }

    /// Has the I/O thread, if it knows the link, free it within a short while.
    #[cfg(unix)]
    fn free_later(&self, state: &mut ConnectionState) -> bool {
        let (Some(io_thread), Some(token)) = (self.io_thread.get(), self.token()) else { return false };
        let deadline = next_multiple(now(), FREED_WITHIN);
        state.armed = Some(deadline);
        io_thread.arm(deadline, token, self.number);
        true
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    fn free_later(&self, _state: &mut ConnectionState) -> bool {
        false
    }

    /// Gives the borrowed descriptor back, and keeps a duplicate to linger with. Returns
    /// [`Release::AtOnce`] if there can't be a duplicate: then the peer gets what the kernel has
    /// already.
    #[cfg(unix)]
    fn part(&self, state: &ConnectionState, release: Release) -> Release {
        let (Some(io_thread), Some(descriptor)) = (self.io_thread.get(), &state.descriptor) else {
            return release;
        };
        if release == Release::Lingering && self.duplicate(state).is_ok() {
            return release;
        }
        io_thread.give_up(descriptor);
        Release::AtOnce
    }

    /// There are no descriptors here.
    #[cfg(not(unix))]
    fn part(&self, _state: &ConnectionState, release: Release) -> Release {
        release
    }

    /// Has a duplicate take the place of the borrowed descriptor.
    #[cfg(unix)]
    fn duplicate(&self, state: &ConnectionState) -> io::Result<()> {
        let (Some(io_thread), Some(token), Some(descriptor)) = (self.io_thread.get(), self.token(), &state.descriptor)
        else {
            return Ok(());
        };
        io_thread.duplicate(descriptor, token)
    }

    /// Node may close its descriptor without a word from now on: the link has one of its own.
    pub fn own_descriptor(&self) {
        #[cfg(unix)]
        // Without one, what is left is what there was.
        let _ = self.duplicate(&self.state());
    }

    /// Node is about to close the descriptor of a link that goes on. As with a handle of Node's,
    /// nothing is read any more, and what is sent fails.
    pub fn give_up_descriptor(&self) {
        #[cfg(unix)]
        if let Some(io_thread) = self.io_thread.get()
            && let Some(descriptor) = &self.state().descriptor
        {
            io_thread.give_up(descriptor);
        }
    }

    /// Whether the I/O thread may read: the link is not paused, and JavaScript keeps up. If not, it
    /// is kicked when it may.
    pub fn may_read(self: &Arc<Self>) -> bool {
        !self.is_paused() && self.waiting.has_room() && self.inbox.waiting.admits(self)
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

    /// Has the I/O thread see to the next deadline, if that is earlier than the one it knows. The
    /// timers of links whose bytes JavaScript moves are JavaScript's.
    #[cfg(unix)]
    pub fn rearm(&self, state: &mut ConnectionState) {
        if state.descriptor.is_some()
            && !state.closing.is_released()
            && let Some(io_thread) = self.io_thread.get()
            && let Some(token) = self.token()
            && let Some(deadline) = state.rearm()
        {
            io_thread.arm(deadline, token, self.number);
        }
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    pub fn rearm(&self, _state: &mut ConnectionState) {}

    /// Has the I/O thread, if one serves it, look at this link.
    pub fn kick(&self) {
        #[cfg(unix)]
        if let Some(io_thread) = self.io_thread.get()
            && let Some(token) = self.wanted_kick()
        {
            io_thread.kick(token);
        }
    }

    /// [`kick`](Self::kick) for many, of which each I/O thread is told at once.
    #[cfg(unix)]
    pub fn kick_all<'a>(links: impl Iterator<Item = &'a Arc<Self>>) {
        let mut kicks: Vec<(&IoThread, Vec<usize>)> = Vec::new();
        for link in links {
            let (Some(io_thread), Some(token)) = (link.io_thread.get(), link.wanted_kick()) else { continue };
            match kicks.iter_mut().find(|(known, _)| ptr::eq(*known, &**io_thread)) {
                Some((_, tokens)) => tokens.push(token),
                None => kicks.push((io_thread, vec![token])),
            }
        }
        for (io_thread, tokens) in kicks {
            io_thread.kick_all(tokens);
        }
    }

    /// [`kick`](Self::kick) for many.
    #[cfg(not(unix))]
    pub fn kick_all<'a>(_links: impl Iterator<Item = &'a Arc<Self>>) {}

    /// The token to kick by, if no kick is on its way to the I/O thread. A link that has none yet
    /// is kicked when it has.
    #[cfg(unix)]
    fn wanted_kick(&self) -> Option<usize> {
        if self.kicked.swap(true, Ordering::SeqCst) {
            return None;
        }
        self.token()
    }

    /// The number by which its I/O thread knows it, if it does.
    #[cfg(unix)]
    pub fn token(&self) -> Option<usize> {
        Some(self.token.load(Ordering::SeqCst)).filter(|&token| token != UNKNOWN)
    }

    /// The number by which its I/O thread knows it from now on.
    #[cfg(unix)]
    pub fn set_token(&self, token: usize) {
        self.token.store(token, Ordering::SeqCst);
    }

    /// The I/O thread is about to look at this link: later kicks are for the next time.
    #[cfg(unix)]
    pub fn take_kick(&self) {
        self.kicked.store(false, Ordering::SeqCst);
    }

    /// Gives the link and the descriptor to the I/O thread that `choose` returns, if it has none
    /// yet. With `owns`, the link keeps a duplicate. Without it, the descriptor is borrowed until
    /// the link is released, or [gives it up](Self::give_up_descriptor).
    #[cfg(unix)]
    pub fn adopt(
        self: &Arc<Self>,
        descriptor: Descriptor,
        owns: bool,
        choose: impl FnOnce() -> io::Result<Arc<IoThread>>,
    ) -> io::Result<()> {
        if owns {
            descriptor.duplicate(|_, _| Ok(()))?;
        }
        let descriptor = Arc::new(descriptor);
        let io_thread = self.io_thread(choose)?;
        // Nobody sees the descriptor before it is clear that it stays.
        let mut state = self.state();
        let deadline = state.connection.poll_timeout().unwrap_or(Duration::MAX);
        let by = if state.has_output() { AT_ONCE } else { deadline };
        self.serve_by(io_thread, Some(descriptor.clone()), by)?;
        state.descriptor = Some(descriptor);
        state.follow_clock();
        // The timer that JavaScript had set is gone: the I/O thread's queue begins anew.
        state.armed = None;
        Ok(())
    }

    /// Has the I/O thread that `choose` returns, if it has none yet, do the work of a link whose
    /// bytes JavaScript moves.
    #[cfg(unix)]
    pub fn serve(self: &Arc<Self>, choose: impl FnOnce() -> io::Result<Arc<IoThread>>) -> io::Result<()> {
        self.serve_by(self.io_thread(choose)?, None, AT_ONCE)
    }

    /// Gives the link to its I/O thread, which is to look at it by that time.
    #[cfg(unix)]
    fn serve_by(
        self: &Arc<Self>,
        io_thread: &IoThread,
        descriptor: Option<Arc<Descriptor>>,
        by: Duration,
    ) -> io::Result<()> {
        let token = self.arrive_at(io_thread, descriptor, by)?;
        self.set_token(token);
        // Whoever has kicked it before did not know the token.
        if self.kicked.load(Ordering::SeqCst) {
            io_thread.kick(token);
        }
        Ok(())
    }

    /// Puts the link into the mail of an I/O thread, and returns its token there.
    #[cfg(unix)]
    pub fn arrive_at(
        self: &Arc<Self>,
        io_thread: &IoThread,
        descriptor: Option<Arc<Descriptor>>,
        by: Duration,
    ) -> io::Result<usize> {
        let watched = descriptor.clone();
        let arrival = |token| Arrival { token, link: self.clone(), descriptor };
        io_thread.serve(self.token(), watched.as_deref(), by, arrival)
    }

    #[cfg(unix)]
    fn io_thread(&self, choose: impl FnOnce() -> io::Result<Arc<IoThread>>) -> io::Result<&Arc<IoThread>> {
        if let Some(io_thread) = self.io_thread.get() {
            return Ok(io_thread);
        }
        let io_thread = choose()?;
        Ok(self.io_thread.get_or_init(|| io_thread))
    }
}

/// The first multiple of `period` that is after `time`.
#[cfg(unix)]
fn next_multiple(time: Duration, period: Duration) -> Duration {
    let count = time.as_nanos() / period.as_nanos() + 1;
    period * u32::try_from(count).unwrap_or(u32::MAX)
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
