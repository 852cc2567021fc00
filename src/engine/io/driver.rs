//! One link, on the I/O thread that serves it.

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

mod lingering;

/// What one read takes at most. One buffer serves all links of a thread, so an idle one owns none.
const READ_SIZE: usize = 64 * 1024;

/// A message is read straight into its own memory when at least so much of it is there, and so much
/// of its frame is to come.
const LEAST_DIRECT: usize = READ_SIZE / 2;

/// Reads of one link before the others have their turn.
const READS_PER_TURN: usize = 4;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into_boxed_slice());
}

/// A link with its descriptor, and what is known of the kernel's side.
pub struct ConnectionDriver {
    pub link: Arc<SharedConnection>,
    /// None while JavaScript moves the bytes.
    pub descriptor: Option<Arc<Descriptor>>,
    /// What was received, if compression was negotiated.
    inflate_queue: Option<Box<InflateQueue>>,
    /// The peer's side of the byte stream.
    input: Input,
    /// The end, or urgent data, is among it, so that a short read isn't the last one.
    ending: bool,
    /// A long frame is arriving, whose bytes are read straight into its message.
    reads_directly: bool,
    /// The kernel may have room.
    writable: bool,
    /// The watch list tells of room, too.
    awaits_room: bool,
    /// A deadline that the thread's timer queue does not have yet.
    rearm: Option<Duration>,
    /// Set when the released link begins to linger. The event loop counts it from then on.
    pub lingering: Option<Lingering>,
    /// Stands among those that have a turn.
    pub queued: bool,
}

/// A link that lingers.
#[derive(Debug, Default)]
pub struct Lingering {
    /// When there was last something to deflate.
    pub busy_at: Option<Duration>,
}

/// What comes after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnResult {
    /// Another turn, when the others have had theirs.
    Again,
    /// Nothing until the kernel or JavaScript says so.
    Wait,
    /// The end: the descriptor is given up.
    Done,
}

impl ConnectionDriver {
    /// A link without a descriptor so far.
    pub fn new(link: Arc<SharedConnection>) -> Self {
        let inflate_queue = InflateQueue::of(&link.state().connection).map(Box::new);
        Self {
            link,
            descriptor: None,
            inflate_queue,
            input: Input::Quiet,
            ending: false,
            reads_directly: false,
            writable: true,
            awaits_room: false,
            rearm: None,
            lingering: None,
            queued: false,
        }
    }

    /// Whether it may get something to inflate.
    pub fn inflates(&self) -> bool {
        self.inflate_queue.is_some()
    }

    /// Whether a long frame is arriving.
    pub fn reads_directly(&self) -> bool {
        self.reads_directly
    }

    /// The kernel's side has changed.
    pub fn on_ready(&mut self, readiness: Readiness) {
        if readiness.readable {
            self.input.on_readable();
        }
        self.writable |= readiness.writable;
        self.ending |= readiness.ending;
    }

    /// Has the watch list tell of room once the kernel has none. `false` if it can't: sending has
    /// failed.
    pub fn await_room(&mut self, io_thread: &IoThread, token: usize) -> bool {
        let Some(descriptor) = &self.descriptor else { return true };
        if self.writable || std::mem::replace(&mut self.awaits_room, true) {
            return true;
        }
        let result = io_thread.await_room(descriptor, token);
        result.map_err(|error| self.link.state().fail(error)).is_ok()
    }

    /// The deadline for which the thread's timer queue needs a new entry.
    pub fn take_rearm(&mut self) -> Option<Duration> {
        self.rearm.take()
    }

    /// Whether the entry of the thread's timer queue for `deadline` is the one that counts.
    pub fn is_armed_for(&self, deadline: Duration) -> bool {
        self.link.state().armed == Some(deadline)
    }

    /// The entry for `deadline` is due. Says whether the link has something for a turn to see to.
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

    /// Whether bytes wait in the socket because JavaScript doesn't keep up. The peer may have
    /// answered long ago.
    fn is_behind(&self) -> bool {
        (self.input.is_readable() || self.awaits_inflating()) && !self.link.is_paused()
    }

    /// Whether the link has something for a turn to see to, after JavaScript has asked for a look
    /// at it.
    pub fn needs_turn(&self, state: &ConnectionState) -> bool {
        let has_work = state.connection.has_work() || state.handed_over.is_some() || self.awaits_inflating();
        let ends = state.closing.has_unreported_failure() || state.closing.is_released();
        has_work || self.input.is_readable() || state.blocked || ends
    }

    /// Whether something waits to be inflated.
    fn awaits_inflating(&self) -> bool {
        self.inflate_queue.as_ref().is_some_and(|inflate_queue| !inflate_queue.is_empty())
    }

    /// Writes and reads what can be.
    pub fn turn(&mut self, now: Duration, sink: &mut BatchSink) -> TurnResult {
        let mut state = self.link.state();
        if let Some(release) = state.closing.released() {
            if self.descriptor.is_none() && state.descriptor.is_some() {
                // It was adopted before that, which is in the mail: it has its turn when that is
                // read.
                return TurnResult::Wait;
            }
            drop(state);
            return self.linger(release, now, sink);
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
        let has_failed = state.closing.has_unreported_failure();
        drop(state);
        let next = self.read(has_failed, now, sink);
        if is_busy { TurnResult::Again } else { next }
    }

    /// Reads what can be. `has_failed` says that a failed send is to be reported, once everything
    /// that had arrived before is read.
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
            if !is_readable || waits || !self.link.may_read() {
                // What had arrived before sending failed is read, or nobody wants it.
                if has_failed && (self.link.is_paused() || (!is_readable && !waits)) {
                    self.report_failed_send(sink);
                }
                return TurnResult::Wait;
            }
            if self.reads_directly {
                self.read_directly(now, sink);
                continue;
            }
            has_failed |= self.read_once(now, sink);
            if self.reads_directly {
                // The rest of a long frame takes long, which is not for JavaScript's thread.
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
                Io::Done(0) => self.on_end(sink),
                Io::Done(n) => {
                    // A short read has emptied the kernel's buffer: it need not be asked again to
                    // find that out.
                    self.input.after_read(n == scratch.len() || self.ending);
                    return self.on_bytes(&mut scratch[..n], now, sink);
                }
                Io::WouldBlock => self.input.after_read(false),
                Io::Failed(error) => self.on_failure(&error, sink),
            }
            false
        })
    }

    /// Reads straight into the message that is arriving.
    fn read_directly(&mut self, now: Duration, sink: &mut BatchSink) {
        let mut state = self.link.state();
        let Some(direct_read) = state.connection.direct_read(LEAST_DIRECT) else {
            // Short enough to be read along with what follows it, or JavaScript has let go.
            self.reads_directly = false;
            return;
        };
        let room = direct_read.room;
        let Some(descriptor) = &self.descriptor else { return };
        match descriptor.append(direct_read.payload, room) {
            Io::Done(0) => {
                drop(state);
                self.on_end(sink);
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

    /// Decodes `bytes` and sends answers to pings. Returns whether that sending has failed.
    fn on_bytes(&mut self, bytes: &mut [u8], now: Duration, sink: &mut BatchSink) -> bool {
        let link = &self.link;
        let mut state = link.state();
        match &mut self.inflate_queue {
            Some(inflate_queue) => link.receive(&mut state, bytes, now, inflate_queue.entrance()),
            None => link.receive(&mut state, bytes, now, sink),
        }
        self.reads_directly = state.connection.direct_read(LEAST_DIRECT).is_some();
        // An answer to a ping brings the next keepalive before the end of the grace period.
        self.rearm = state.rearm().or(self.rearm);
        if state.connection.outbox().is_empty() || state.blocked {
            return false;
        }
        let flush = link.flush(&mut state, now, sink);
        self.writable = flush != Flush::Blocked;
        flush == Flush::Failed
    }

    fn on_end(&mut self, sink: &mut BatchSink) {
        self.input.end();
        let mut state = self.link.state();
        state.connection.handle_eof();
        match state.closing.take_failure() {
            Some(error) => tell_failure(&self.link, &state, "write", &error, sink),
            None => self.link.tell(&state, EventKind::End, 0, Payload::Nothing, sink),
        }
    }

    fn on_failure(&mut self, error: &io::Error, sink: &mut BatchSink) {
        self.input.end();
        let mut state = self.link.state();
        match state.closing.take_failure() {
            // Whoever sends is told no more than that nobody is there; whoever reads, why.
            Some(sending) if sending.kind() != io::ErrorKind::BrokenPipe => {
                tell_failure(&self.link, &state, "write", &sending, sink);
            }
            _ => tell_failure(&self.link, &state, "read", error, sink),
        }
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
