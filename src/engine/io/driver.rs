//! One link, on its I/O thread.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::BatchSink;
use crate::engine::link::closing::Input;
use crate::engine::link::inflate_queue::InflateQueue;
use crate::engine::link::shared_connection::{IoThread, SharedConnection};
use crate::engine::link::state::{ConnectionState, Flush};
use crate::transport::descriptor::{Descriptor, Io};
use crate::transport::poller::Readiness;
use crate::transport::tls::TlsFailure;

pub(super) mod decrypting;
mod lingering;

/// Bytes that one read takes at most. A thread has one buffer for all its links, so an idle link
/// has none.
const READ_SIZE: usize = 64 * 1024;

/// A message is read straight into its own memory if it has at least so many bytes, and at least so
/// many of its frame are to come.
const LEAST_DIRECT: usize = READ_SIZE / 2;

/// Reads of one link before the others have their turn.
pub(super) const READS_PER_TURN: usize = 4;

thread_local! {
    pub(super) static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into_boxed_slice());
}

/// A link with its descriptor, and the readiness of that.
pub struct ConnectionDriver {
    pub link: Arc<SharedConnection>,
    /// None while JavaScript moves the bytes.
    pub descriptor: Option<Arc<Descriptor>>,
    /// Received events, if compression was agreed on.
    inflate_queue: Option<Box<InflateQueue>>,
    /// The peer's side of the byte stream.
    input: Input,
    /// The end of the input, or its failure, which waits behind input that is held.
    put_back: Option<InputEnd>,
    /// The end, or urgent data, is among the input. A short read is not the last one then.
    ending: bool,
    /// A long frame is arriving. Its bytes are read straight into its message.
    reads_directly: bool,
    /// The bytes are encrypted.
    is_encrypted: bool,
    /// The handshake of TLS is not over. It goes on even if JavaScript has paused the link.
    handshaking: bool,
    /// The kernel may have room.
    writable: bool,
    /// Registered for writable events.
    awaits_room: bool,
    /// A deadline to add to the thread's timer queue.
    rearm: Option<Duration>,
    /// Set when the released link begins to linger. The event loop counts it from then on.
    pub lingering: Option<Lingering>,
    /// It is in the queue of links that have a turn.
    pub queued: bool,
}

/// How the peer's bytes end.
#[derive(Debug)]
enum InputEnd {
    /// The stream has ended. `is_truncated` says that TLS did not end before.
    Ended { is_truncated: bool },
    /// The connection is broken.
    Failed(io::Error),
    /// TLS can't go on.
    TlsFailed(TlsFailure),
}

/// A link that lingers.
#[derive(Debug, Default)]
pub struct Lingering {
    /// When there was last something to deflate.
    pub busy_at: Option<Duration>,
}

/// What follows a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnResult {
    /// Another turn, after those of the others.
    Again,
    /// Nothing, until the kernel or JavaScript has something.
    Wait,
    /// The end. The descriptor is given up.
    Done,
}

impl ConnectionDriver {
    /// A link without a descriptor.
    pub fn new(link: Arc<SharedConnection>) -> Self {
        let inflate_queue = InflateQueue::of(&link.state().connection).map(Box::new);
        Self {
            link,
            descriptor: None,
            inflate_queue,
            input: Input::Quiet,
            put_back: None,
            ending: false,
            reads_directly: false,
            is_encrypted: false,
            handshaking: false,
            writable: true,
            awaits_room: false,
            rearm: None,
            lingering: None,
            queued: false,
        }
    }

    /// Takes the descriptor, and the encryption that is agreed on by now.
    pub fn take_descriptor(&mut self, descriptor: Arc<Descriptor>) {
        self.descriptor = Some(descriptor);
        let mut state = self.link.state();
        let Some(tls) = &mut state.tls else { return };
        self.is_encrypted = true;
        self.handshaking = tls.is_handshaking();
        // It may have ended while the link was arriving.
        self.put_back = if let Some(failure) = tls.take_failure() {
            Some(InputEnd::TlsFailed(failure))
        } else {
            tls.has_peer_ended().then_some(InputEnd::Ended { is_truncated: false })
        };
        if self.put_back.is_some() {
            self.input.on_readable();
        }
    }

    /// Whether the input takes long: compression was agreed on, or it is encrypted.
    pub fn inflates(&self) -> bool {
        self.inflate_queue.is_some() || self.is_encrypted
    }

    /// Whether a long frame is arriving.
    pub fn reads_directly(&self) -> bool {
        self.reads_directly
    }

    /// The readiness has changed.
    pub fn on_ready(&mut self, readiness: Readiness) {
        if readiness.readable {
            self.input.on_readable();
        }
        self.writable |= readiness.writable;
        self.ending |= readiness.ending;
    }

    /// Registers for writable events if the kernel has no room. Returns `false` if that fails. Then
    /// sending has failed.
    pub fn await_room(&mut self, io_thread: &IoThread, token: usize) -> bool {
        let Some(descriptor) = &self.descriptor else { return true };
        if self.writable || std::mem::replace(&mut self.awaits_room, true) {
            return true;
        }
        let result = io_thread.await_room(descriptor, token);
        result.map_err(|error| self.link.state().fail(error)).is_ok()
    }

    /// Takes the deadline that is to be added to the thread's timer queue.
    pub fn take_rearm(&mut self) -> Option<Duration> {
        self.rearm.take()
    }

    /// Whether the entry of the thread's timer queue for `deadline` is the one that counts.
    pub fn is_armed_for(&self, deadline: Duration) -> bool {
        self.link.state().armed == Some(deadline)
    }

    /// The entry for `deadline` is due. Returns whether the link needs a turn.
    pub fn fire(&mut self, deadline: Duration, now: Duration, sink: &mut BatchSink) -> bool {
        let link = &self.link;
        let mut state = link.state();
        if state.armed != Some(deadline) {
            return false;
        }
        state.armed = None;
        if state.closing.is_released() {
            return true;
        }
        if self.is_behind() {
            state.connection.excuse_silence(now);
        }
        while let Some(event) = state.connection.handle_timeout(now) {
            link.tell_event(&state, event, sink);
        }
        if !state.blocked {
            link.flush(&mut state, now, sink);
        }
        self.rearm = state.rearm();
        state.blocked || state.closing.has_unreported_failure()
    }

    /// Whether input is unread because JavaScript does not keep up. The peer may have answered long
    /// ago.
    fn is_behind(&self) -> bool {
        (self.input.is_readable() || self.awaits_inflating()) && !self.link.is_paused()
    }

    /// Whether the link needs a turn, after JavaScript has asked for a look at it.
    pub fn needs_turn(&self, state: &ConnectionState) -> bool {
        let has_work = state.connection.has_work() || state.handed_over.is_some() || self.awaits_inflating();
        let ends = state.closing.has_unreported_failure() || state.closing.is_released();
        let is_asked = state.barrier_owed || state.held.as_ref().is_some_and(|held| held.is_due);
        is_asked || has_work || self.input.is_readable() || state.blocked || ends
    }

    /// Whether there are events to inflate.
    fn awaits_inflating(&self) -> bool {
        self.inflate_queue.as_ref().is_some_and(|inflate_queue| !inflate_queue.is_empty())
    }

    /// Deflates, writes, inflates and reads, as far as possible without blocking.
    pub fn turn(&mut self, now: Duration, sink: &mut BatchSink) -> TurnResult {
        let mut state = self.link.state();
        if let Some(release) = state.closing.released() {
            if self.descriptor.is_none() && state.descriptor.is_some() {
                // The adoption is still in the mail. The link has its turn when that is read.
                return TurnResult::Wait;
            }
            drop(state);
            return self.linger(release, now, sink);
        }
        if std::mem::take(&mut state.barrier_owed) {
            self.link.tell(&state, EventKind::Barrier, 0, Payload::Nothing, sink);
        }
        if let Some(mut held) = self.link.take_due(&mut state) {
            drop(state);
            self.on_held(&mut held, now, sink);
            state = self.link.state();
        }
        if let (Some(mut handed_over), Some(inflate_queue)) = (state.handed_over.take(), &mut self.inflate_queue) {
            inflate_queue.append(&mut handed_over);
        }
        let mut is_busy = false;
        if state.connection.has_work() {
            drop(state);
            is_busy = self.link.deflate();
            state = self.link.state();
            if self.descriptor.is_none() {
                self.link.tell(&state, EventKind::Output, 0, Payload::Nothing, sink);
            } else if !state.blocked {
                self.writable = self.link.flush(&mut state, now, sink) != Flush::Blocked;
            }
        }
        if state.blocked && self.writable {
            self.writable = self.link.flush(&mut state, now, sink) != Flush::Blocked;
        }
        // What is held comes first. JavaScript kicks the link when it wants that.
        let has_failed = state.closing.has_unreported_failure() && state.held.is_none();
        drop(state);
        let next = self.read(has_failed, now, sink);
        if is_busy { TurnResult::Again } else { next }
    }

    /// Inflates and reads, as far as possible without blocking. `has_failed` says that a failed
    /// send is to be reported after everything that had arrived before it is read.
    fn read(&mut self, mut has_failed: bool, now: Duration, sink: &mut BatchSink) -> TurnResult {
        for _ in 0..READS_PER_TURN {
            if let Some(inflate_queue) = &mut self.inflate_queue
                && !inflate_queue.is_empty()
                && self.link.may_read()
            {
                inflate_queue.advance(&self.link, sink, || self.link.may_read());
                continue;
            }
            let waits = self.awaits_inflating();
            let is_readable = self.input.is_readable();
            if !is_readable || waits || !(self.handshaking || self.link.may_read()) {
                // Everything that had arrived before sending failed is read, or JavaScript has
                // paused the link.
                if has_failed && (self.link.is_paused() || (!is_readable && !waits)) {
                    self.report_failed_send(sink);
                } else if self.ending && is_readable && !waits && self.link.is_paused() {
                    self.look_for_end(sink);
                }
                return TurnResult::Wait;
            }
            if let Some(end) = self.put_back.take() {
                self.on_input_end(end, sink);
                continue;
            }
            if self.reads_directly {
                self.read_directly(now, sink);
                continue;
            }
            has_failed |= if self.is_encrypted { self.read_encrypted(now, sink) } else { self.read_once(now, sink) };
            if self.reads_directly {
                // Reading the rest of a long frame takes long. JavaScript's thread, which may be
                // the caller, leaves that to the I/O thread.
                return TurnResult::Again;
            }
        }
        TurnResult::Again
    }

    /// Reads once. Returns whether sending an answer has failed.
    fn read_once(&mut self, now: Duration, sink: &mut BatchSink) -> bool {
        SCRATCH.with_borrow_mut(|scratch| {
            let received = self.descriptor.as_ref().map_or(Io::WouldBlock, |descriptor| descriptor.receive(scratch));
            match received {
                Io::Done(0) => self.on_input_end(InputEnd::Ended { is_truncated: false }, sink),
                Io::Done(n) => {
                    // A short read has emptied the kernel's buffer, so no second read has to find
                    // that out.
                    self.input.after_read(n == scratch.len() || self.ending);
                    return self.on_bytes(&mut scratch[..n], now, sink);
                }
                Io::WouldBlock => self.input.after_read(false),
                Io::Failed(error) => self.on_input_end(InputEnd::Failed(error), sink),
            }
            false
        })
    }

    /// Reads straight into the message that is arriving.
    fn read_directly(&mut self, now: Duration, sink: &mut BatchSink) {
        let mut state = self.link.state();
        let least = if state.shows_bytes { usize::MAX } else { LEAST_DIRECT };
        let Some(direct_read) = state.connection.direct_read(least) else {
            // The rest is short enough to be read along with what follows, JavaScript has released
            // the link, or it wants the bytes.
            self.reads_directly = false;
            return;
        };
        let room = direct_read.room;
        let Some(descriptor) = &self.descriptor else { return };
        match descriptor.append(direct_read.payload, room) {
            Io::Done(0) => {
                drop(state);
                self.on_end(false, sink);
            }
            Io::Done(n) => {
                self.input.after_read(n == room || self.ending);
                match &mut self.inflate_queue {
                    Some(inflate_queue) => self.link.receive_direct(&mut state, n, now, inflate_queue.entrance()),
                    None => self.link.receive_direct(&mut state, n, now, sink),
                }
                self.rearm = state.rearm().or(self.rearm);
            }
            Io::WouldBlock => self.input.after_read(false),
            Io::Failed(error) => {
                drop(state);
                self.on_failure(&error, sink);
            }
        }
    }

    /// Tells or decodes `bytes` that were held.
    fn on_held(&mut self, bytes: &mut [u8], now: Duration, sink: &mut BatchSink) {
        if self.inflate_queue.is_none() {
            // The link was raw when it arrived.
            self.inflate_queue = InflateQueue::of(&self.link.state().connection).map(Box::new);
        }
        if !bytes.is_empty() {
            self.on_bytes(bytes, now, sink);
        }
    }

    /// Decodes `bytes` and sends answers to pings. Returns whether that sending has failed.
    fn on_bytes(&mut self, bytes: &mut [u8], now: Duration, sink: &mut BatchSink) -> bool {
        let link = &self.link;
        let mut state = link.state();
        match &mut self.inflate_queue {
            Some(inflate_queue) => link.receive(&mut state, bytes, now, inflate_queue.entrance()),
            None => link.receive(&mut state, bytes, now, sink),
        }
        self.reads_directly =
            !state.shows_bytes && !self.is_encrypted && state.connection.direct_read(LEAST_DIRECT).is_some();
        // An answer to a ping brings the next keepalive before the end of the grace period.
        self.rearm = state.rearm().or(self.rearm);
        if state.connection.outbox().is_empty() || state.blocked {
            return false;
        }
        let flush = link.flush(&mut state, now, sink);
        self.writable = flush != Flush::Blocked;
        flush == Flush::Failed
    }

    /// Reports the end of a paused link, unless bytes come before it: Node's sockets do the same.
    fn look_for_end(&mut self, sink: &mut BatchSink) {
        if self.link.state().held.is_some() {
            return;
        }
        match self.descriptor.as_ref().map_or(Io::WouldBlock, |descriptor| descriptor.peek()) {
            Io::Done(0) => self.on_end(self.is_encrypted, sink),
            Io::Failed(error) => self.on_failure(&error, sink),
            Io::Done(_) | Io::WouldBlock => {}
        }
    }

    /// Reports the end of the input, behind what is held or still to be inflated.
    fn on_input_end(&mut self, end: InputEnd, sink: &mut BatchSink) {
        self.handshaking = false;
        if self.link.holds_back() || self.awaits_inflating() {
            self.put_back = Some(end);
            // The end of TLS comes in one read with bytes before it.
            self.input.after_read(true);
            return;
        }
        match end {
            InputEnd::Ended { is_truncated } => self.on_end(is_truncated, sink),
            InputEnd::Failed(error) => self.on_failure(&error, sink),
            InputEnd::TlsFailed(failure) => self.on_tls_failure(&failure, sink),
        }
    }

    fn on_end(&mut self, is_truncated: bool, sink: &mut BatchSink) {
        self.input.end();
        let mut state = self.link.state();
        state.connection.handle_eof();
        match state.closing.take_failure() {
            Some(error) => tell_failure(&self.link, &state, "write", &error, sink),
            None => self.link.tell(&state, EventKind::End, u32::from(is_truncated), Payload::Nothing, sink),
        }
    }

    fn on_failure(&mut self, error: &io::Error, sink: &mut BatchSink) {
        self.input.end();
        let mut state = self.link.state();
        match state.closing.take_failure() {
            // A broken pipe says only that the peer is gone. The error of reading says why.
            Some(sending) if sending.kind() != io::ErrorKind::BrokenPipe => {
                tell_failure(&self.link, &state, "write", &sending, sink);
            }
            _ => tell_failure(&self.link, &state, "read", error, sink),
        }
    }

    fn on_tls_failure(&mut self, failure: &TlsFailure, sink: &mut BatchSink) {
        self.input.end();
        let mut state = self.link.state();
        // A send that has failed says less.
        state.closing.take_failure();
        let words = format!("tls:{}", failure.words());
        self.link.tell(&state, EventKind::Failed, 0, Payload::Phrase(words.into()), sink);
    }

    fn report_failed_send(&mut self, sink: &mut BatchSink) {
        let mut state = self.link.state();
        if let Some(error) = state.closing.take_failure() {
            self.input.end();
            tell_failure(&self.link, &state, "write", &error, sink);
        }
    }
}

fn tell_failure(
    link: &SharedConnection,
    state: &ConnectionState,
    call: &'static str,
    error: &io::Error,
    sink: &mut BatchSink,
) {
    let errno = error.raw_os_error().unwrap_or(0).unsigned_abs();
    link.tell(state, EventKind::Failed, errno, Payload::Words(call), sink);
}
