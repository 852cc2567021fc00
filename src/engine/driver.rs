//! One link, on the I/O thread that serves it.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::inbox::{Data, Kind};
use super::inflow::Inflow;
use super::io_thread::IoThread;
use super::link::{ConnectionState, Flush, Release, SharedConnection};
use super::pending::{Outlet as _, Pending};
use crate::transport::descriptor::{Descriptor, Io};
use crate::transport::poller::Readiness;

/// What one read takes at most. One buffer serves all links of a thread, so an idle one owns none.
const READ_SIZE: usize = 64 * 1024;

/// A message is read straight into its own memory when so much of it is there, and of its frame to come.
const LANDING: usize = READ_SIZE / 2;

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
    /// What was received where compression was negotiated.
    inflow: Option<Box<Inflow>>,
    /// The kernel may have something that was not read.
    readable: bool,
    /// The end, or urgent data, is among it, so that a short read isn't the last one.
    ending: bool,
    /// A long frame is arriving, whose bytes need not go by way of the common buffer.
    landing: bool,
    /// The kernel may have room.
    writable: bool,
    /// The watch list tells of room, too.
    awaits_room: bool,
    /// The peer ended, or the connection broke: there is nothing more to read.
    ended: bool,
    /// Sending has failed, of which JavaScript does not know yet.
    failing: bool,
    /// A deadline that the thread's timer queue does not have yet.
    rearm: Option<Duration>,
    /// JavaScript has let go: the last entry for it is on its way, and the peer is being seen off.
    pub farewell: bool,
    /// Counts among those that are being seen off.
    pub lingers: bool,
    /// When something was last still to be deflated for a peer that is being seen off.
    pub busy_at: Option<Duration>,
    /// Stands among those that have a turn.
    pub queued: bool,
}

/// What comes after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
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
        let inflow = Inflow::of(&link.state().connection).map(Box::new);
        Self {
            link,
            descriptor: None,
            inflow,
            readable: false,
            ending: false,
            landing: false,
            writable: true,
            awaits_room: false,
            ended: false,
            failing: false,
            rearm: None,
            farewell: false,
            lingers: false,
            busy_at: None,
            queued: false,
        }
    }

    /// Whether it may get something to inflate.
    pub fn inflates(&self) -> bool {
        self.inflow.is_some()
    }

    /// Whether a long frame is arriving.
    pub fn is_landing(&self) -> bool {
        self.landing
    }

    /// The kernel's side has changed.
    pub fn on_ready(&mut self, readiness: Readiness) {
        self.readable |= readiness.readable;
        self.writable |= readiness.writable;
        self.ending |= readiness.ending;
    }

    /// Has the watch list tell of room once the kernel has none. `false` if it can't: sending has failed.
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
    pub fn fire(&mut self, deadline: Duration, now: Duration, pending: &mut Pending) -> bool {
        let link = &self.link;
        let mut state = link.state();
        if state.armed != Some(deadline) || state.released.is_some() {
            return false;
        }
        state.armed = None;
        if self.is_behind() {
            state.connection.excuse_silence(now);
        }
        while let Some(event) = state.connection.handle_timeout(now) {
            link.tell_event(&state, event, pending);
        }
        if !state.blocked {
            link.flush(&mut state, now, pending);
        }
        self.rearm = state.rearm();
        state.blocked || state.failed.is_some()
    }

    /// Whether bytes wait in the socket because JavaScript doesn't keep up. The peer may have answered long ago.
    fn is_behind(&self) -> bool {
        (self.readable || self.has_inflow()) && !self.link.is_paused()
    }

    /// Whether the link has something for a turn to see to, after JavaScript has asked for a look at it.
    pub fn needs_turn(&self, state: &ConnectionState) -> bool {
        let has_work = state.connection.has_work() || state.passed.is_some() || self.has_inflow();
        has_work || self.readable || state.blocked || state.failed.is_some() || state.released.is_some()
    }

    /// Whether something waits to be inflated.
    fn has_inflow(&self) -> bool {
        self.inflow.as_ref().is_some_and(|inflow| !inflow.is_empty())
    }

    /// Writes and reads what can be.
    pub fn turn(&mut self, now: Duration, pending: &mut Pending) -> Next {
        let mut state = self.link.state();
        if let Some(release) = state.released {
            if self.descriptor.is_none() && state.descriptor.is_some() {
                // It was adopted before that, which is in the mail: it has its turn when that is read.
                return Next::Wait;
            }
            drop(state);
            return self.see_off(release, now, pending);
        }
        if let (Some(mut passed), Some(inflow)) = (state.passed.take(), &mut self.inflow) {
            inflow.append(&mut passed);
        }
        let mut is_busy = false;
        if state.connection.has_work() {
            drop(state);
            is_busy = self.link.deflate();
            state = self.link.state();
            if self.descriptor.is_none() {
                self.link.tell(&state, Kind::Output, 0, Data::Nothing, pending);
            } else if !state.blocked {
                self.writable = self.link.flush(&mut state, now, pending) != Flush::Blocked;
            }
        }
        if state.blocked && self.writable {
            self.writable = self.link.flush(&mut state, now, pending) != Flush::Blocked;
        }
        self.failing = state.failed.is_some();
        drop(state);
        let next = self.read(now, pending);
        if is_busy { Next::Again } else { next }
    }

    fn read(&mut self, now: Duration, pending: &mut Pending) -> Next {
        for _ in 0..READS_PER_TURN {
            if let Some(inflow) = &mut self.inflow
                && !inflow.is_empty()
                && self.link.may_read()
            {
                inflow.advance(&self.link, pending, || self.link.may_read());
                continue;
            }
            let waits = self.has_inflow();
            if self.ended || !self.readable || waits || !self.link.may_read() {
                // What had arrived before sending failed is read, or nobody wants it.
                let is_over = self.ended || !self.readable;
                if self.failing && (self.link.is_paused() || (is_over && !waits)) {
                    self.report_failed_send(pending);
                }
                return Next::Wait;
            }
            if self.landing {
                self.read_landing(now, pending);
                continue;
            }
            self.read_once(now, pending);
            if self.landing {
                // More of a long frame takes long, and is not for whoever leads.
                return Next::Again;
            }
        }
        Next::Again
    }

    fn read_once(&mut self, now: Duration, pending: &mut Pending) {
        SCRATCH.with_borrow_mut(|scratch| {
            let received = self.descriptor.as_ref().map_or(Io::WouldBlock, |descriptor| descriptor.receive(scratch));
            match received {
                Io::Done(0) => self.on_end(pending),
                Io::Done(n) => {
                    // A short read has emptied the kernel's buffer: it need not be asked again to find that out.
                    self.readable = n == scratch.len() || self.ending;
                    self.on_bytes(&mut scratch[..n], now, pending);
                }
                Io::WouldBlock => self.readable = false,
                Io::Failed(error) => self.on_failure(&error, pending),
            }
        });
    }

    /// Reads straight into the message that is arriving.
    fn read_landing(&mut self, now: Duration, pending: &mut Pending) {
        let mut state = self.link.state();
        let Some(landing) = state.connection.landing(LANDING) else {
            // Short enough to be read along with what follows it, or JavaScript has let go.
            self.landing = false;
            return;
        };
        let room = landing.room;
        let Some(descriptor) = &self.descriptor else { return };
        match descriptor.append(landing.payload, room) {
            Io::Done(0) => {
                drop(state);
                self.on_end(pending);
            }
            Io::Done(n) => {
                self.readable = n == room || self.ending;
                match &mut self.inflow {
                    Some(inflow) => self.link.receive_landed(&mut state, n, now, inflow.entrance()),
                    None => self.link.receive_landed(&mut state, n, now, pending),
                }
                self.rearm = state.rearm().or(self.rearm);
            }
            Io::WouldBlock => self.readable = false,
            Io::Failed(error) => {
                drop(state);
                self.on_failure(&error, pending);
            }
        }
    }

    fn on_bytes(&mut self, bytes: &mut [u8], now: Duration, pending: &mut Pending) {
        let link = &self.link;
        let mut state = link.state();
        match &mut self.inflow {
            Some(inflow) => link.receive(&mut state, bytes, now, inflow.entrance()),
            None => link.receive(&mut state, bytes, now, pending),
        }
        self.landing = state.connection.landing(LANDING).is_some();
        // An answer to a ping brings the next keepalive before the end of the grace period.
        self.rearm = state.rearm().or(self.rearm);
        // Answers to pings.
        if !state.connection.outbox().is_empty() && !state.blocked {
            self.writable = link.flush(&mut state, now, pending) != Flush::Blocked;
            self.failing = state.failed.is_some();
        }
    }

    fn on_end(&mut self, pending: &mut Pending) {
        self.ended = true;
        let mut state = self.link.state();
        state.connection.handle_eof();
        match state.failed.take() {
            Some(error) => tell_failure(&self.link, &state, "write", &error, pending),
            None => self.link.tell(&state, Kind::End, 0, Data::Nothing, pending),
        }
    }

    fn on_failure(&mut self, error: &io::Error, pending: &mut Pending) {
        self.ended = true;
        let mut state = self.link.state();
        match state.failed.take() {
            // Whoever sends is told no more than that nobody is there; whoever reads, why.
            Some(sending) if sending.kind() != io::ErrorKind::BrokenPipe => {
                tell_failure(&self.link, &state, "write", &sending, pending);
            }
            _ => tell_failure(&self.link, &state, "read", error, pending),
        }
    }

    fn report_failed_send(&mut self, pending: &mut Pending) {
        let mut state = self.link.state();
        if let Some(error) = state.failed.take() {
            self.ended = true;
            tell_failure(&self.link, &state, "write", &error, pending);
        }
    }

    /// JavaScript has let go: has the peer see the last of what was sent, and then the end.
    fn see_off(&mut self, release: Release, now: Duration, pending: &mut Pending) -> Next {
        if !std::mem::replace(&mut self.farewell, true) && !self.link.state().awaits_marks {
            self.tell_last(pending);
        }
        if release == Release::AtOnce {
            self.link.state().descriptor = None;
            return Next::Done;
        }
        if self.link.state().connection.is_deflating() {
            self.busy_at = Some(now);
        }
        let is_busy = self.link.deflate();
        let mut state = self.link.state();
        let Some(descriptor) = &self.descriptor else { return Next::Done };
        state.end_wanted = true;
        let flush = if self.writable { self.link.flush(&mut state, now, pending) } else { Flush::Blocked };
        self.writable = flush != Flush::Blocked;
        if state.awaits_marks && state.unsent_marks() == 0 {
            state.awaits_marks = false;
            self.tell_last(pending);
        }
        for _ in 0..READS_PER_TURN {
            if !self.readable || self.ended {
                break;
            }
            match SCRATCH.with_borrow_mut(|scratch| descriptor.receive(scratch)) {
                Io::Done(1..) => {}
                Io::WouldBlock => self.readable = false,
                Io::Done(_) | Io::Failed(_) => self.ended = true,
            }
        }
        if flush == Flush::Failed || (flush == Flush::Done && self.ended && state.connection.is_flushed()) {
            state.descriptor = None;
            return Next::Done;
        }
        if is_busy || (self.readable && !self.ended) { Next::Again } else { Next::Wait }
    }

    /// Tells JavaScript what comes behind everything else of this link: its slot is free when that is delivered.
    pub fn tell_last(&self, pending: &mut Pending) {
        pending.push(&self.link, |queue| queue.push(self.link.slot, Kind::Released, 0, Data::Nothing));
    }
}

fn tell_failure(
    link: &SharedConnection,
    state: &ConnectionState,
    call: &'static str,
    error: &io::Error,
    pending: &mut Pending,
) {
    let errno = error.raw_os_error().unwrap_or(0).unsigned_abs();
    link.tell(state, Kind::Failed, errno, Data::Words(call), pending);
}
