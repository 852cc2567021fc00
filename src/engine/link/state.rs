//! The state of a link, under its lock: the protocol, the descriptor, and the progress of output.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::base::clock::now;
use crate::engine::events::queue::Queue;
use crate::engine::link::closing::Closing;
use crate::engine::link::raw::Held;
use crate::protocol::{Connection, Work};
use crate::transport::descriptor::{Descriptor, Io};
#[cfg(unix)]
use crate::transport::tls::session::TlsSession;

/// Most buffers of one gathering write of the outbox.
const MOST_SLICES: usize = 16;

/// Most buffers that POSIX systems take in one gathering write.
const MOST_PARTS: usize = 1024;

/// The part of a link that both threads work on.
pub struct ConnectionState {
    /// The protocol.
    pub connection: Connection,
    /// The adopted descriptor; `None` while JavaScript moves the bytes, and after the end.
    pub descriptor: Option<Arc<Descriptor>>,
    /// The encryption of what goes through the descriptor, if there is any.
    #[cfg(unix)]
    pub tls: Option<Box<TlsSession>>,
    /// How it ends.
    pub closing: Closing,
    /// The kernel had no room. The I/O thread flushes when it has.
    pub blocked: bool,
    /// Bytes received.
    pub received: u64,
    /// When bytes last went either way.
    pub active: Duration,
    /// The time of the last thing that deadlines depend on, while JavaScript moves the bytes.
    time: Duration,
    /// How far `time` is ahead of the engine's clock. JavaScript's timers may fire before the
    /// engine's clock says so.
    ahead: Duration,
    /// The deadline that JavaScript's timer, the I/O thread's timer queue or its mail has for this
    /// link.
    pub armed: Option<Duration>,
    /// The output has reached the high-water mark, and has not been empty since.
    pub drain_owed: bool,
    /// JavaScript wants to know when such an output is empty.
    pub drain_wanted: bool,
    /// JavaScript wants the bytes as they come from the peer, too.
    pub shows_bytes: bool,
    /// Marks behind output that was thrown away because sending has failed.
    pub lost_marks: u32,
    /// Events of a link whose bytes JavaScript moves, handed over to the I/O thread to be inflated.
    /// JavaScript bounds how much it hands over before it comes back.
    pub handed_over: Option<Box<Queue>>,
    /// The bytes are no WebSocket frames: they are told as they come.
    pub raw: bool,
    /// Received bytes that are neither told nor decoded yet. `None` unless input is held.
    pub held: Option<Box<Held>>,
    /// The I/O thread is to tell `EVENT_BARRIER` behind what it has told before.
    #[cfg(unix)]
    pub barrier_owed: bool,
    pub(super) high_water_mark: usize,
    /// Positions in the output stream that have a callback, ascending.
    marks: Vec<u64>,
}

/// The result of a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// All output is with the kernel.
    Done,
    /// The kernel has no more room.
    Blocked,
    /// The connection is broken.
    Failed,
}

impl ConnectionState {
    /// A link without a descriptor and without output. The connection was made at that `time`.
    pub(super) fn new(connection: Connection, high_water_mark: usize, time: Duration) -> Self {
        Self {
            connection,
            descriptor: None,
            #[cfg(unix)]
            tls: None,
            closing: Closing::new(),
            blocked: false,
            received: 0,
            active: time,
            time,
            ahead: Duration::ZERO,
            armed: None,
            drain_owed: false,
            drain_wanted: false,
            shows_bytes: false,
            lost_marks: 0,
            handed_over: None,
            raw: false,
            held: None,
            #[cfg(unix)]
            barrier_owed: false,
            high_water_mark,
            marks: Vec::new(),
        }
    }

    /// Whether there is output, or input to inflate.
    #[cfg(unix)]
    pub(super) fn has_output(&self) -> bool {
        let speaks_first = self.tls.as_ref().is_some_and(|tls| !tls.pending().is_empty());
        speaks_first || !self.connection.is_flushed() || self.handed_over.is_some() || self.closing.wants_end()
    }

    /// Whether output is encrypted, which is left to the I/O thread.
    pub fn is_encrypted(&self) -> bool {
        #[cfg(unix)]
        return self.tls.is_some();
        #[cfg(not(unix))]
        return false;
    }

    /// Whether `more` bytes would bring an outbox that is not empty to the high-water mark.
    pub fn would_fill(&self, more: usize) -> bool {
        let len = self.connection.outbox().len();
        len > 0 && len + more >= self.high_water_mark && !self.blocked
    }

    /// Removes the marks that the output has reached, and returns how many they are.
    pub fn take_reached_marks(&mut self) -> u32 {
        let sent = self.connection.outbox().sent();
        let reached = self.marks.partition_point(|&mark| mark <= sent);
        self.marks.drain(..reached);
        reached as u32
    }

    /// How many marks the output has not reached.
    pub fn unsent_marks(&self) -> usize {
        let sent = self.connection.outbox().sent();
        let reached = self.marks.partition_point(|&mark| mark <= sent);
        self.marks.len() - reached + self.connection.marks_deflating() + self.lost_marks as usize
    }

    /// Removes the marks that the output has reached. Returns for each how many bytes were taken
    /// after it.
    pub fn locate_reached_marks(&mut self) -> Vec<f64> {
        let sent = self.connection.outbox().sent();
        let reached = self.marks.partition_point(|&mark| mark <= sent);
        self.marks.drain(..reached).map(|mark| (sent - mark) as f64).collect()
    }

    /// The time by JavaScript's timers. `stands` says that they are not Node's own, but those of a
    /// test with a clock of its own. Then the time stands still until one of them fires, because
    /// that clock can't be read. A link with a descriptor goes by the I/O thread's clock.
    pub fn time(&mut self, stands: bool) -> Duration {
        if !stands || self.descriptor.is_some() {
            self.time = self.time.max(now() + self.ahead);
        }
        self.time
    }

    /// From now on, the time is that of the engine's clock.
    #[cfg(unix)]
    pub(super) fn follow_clock(&mut self) {
        self.ahead = Duration::ZERO;
        self.time = now();
    }

    /// JavaScript's timer for the armed deadline has fired. That time has come, even if the
    /// engine's clock is behind.
    pub fn on_timer(&mut self, stands: bool) -> Duration {
        self.time = self.time(stands).max(self.armed.take().unwrap_or_default());
        self.ahead = self.time.saturating_sub(now());
        self.time
    }

    /// A message was deflated.
    pub(super) fn finish(&mut self, work: Work) {
        let marks = &mut self.marks;
        self.connection.finish_work(work, |mark| marks.push(mark));
    }

    /// Whether the next deadline is earlier than the I/O thread knows.
    pub fn deadline_moved(&self) -> bool {
        self.connection.poll_timeout().is_some_and(|deadline| self.armed.is_none_or(|armed| deadline < armed))
    }

    /// The next deadline, if it is earlier than the I/O thread knows. The caller tells the thread.
    pub fn rearm(&mut self) -> Option<Duration> {
        if self.deadline_moved() {
            self.armed = self.connection.poll_timeout();
            return self.armed;
        }
        None
    }

    /// Whether the outbox is below the high-water mark; if not, a drain is owed.
    pub fn below_mark(&mut self) -> bool {
        let below = self.connection.backlog() < self.high_water_mark;
        self.drain_owed |= !below;
        below
    }

    /// How many bytes more bring the output to the high-water mark.
    pub fn room(&self) -> usize {
        self.high_water_mark.saturating_sub(self.connection.backlog())
    }

    /// Marks the end of the output. Returns `false` if all output is flushed already.
    pub fn mark(&mut self) -> bool {
        if self.connection.mark_deflating() {
            return true;
        }
        let outbox = self.connection.outbox();
        if outbox.is_empty() {
            return false;
        }
        self.marks.push(outbox.sent() + outbox.len() as u64);
        true
    }

    /// The end is to follow the output. Does nothing while JavaScript moves the bytes: there, the
    /// end is JavaScript's too.
    pub fn want_end(&mut self) {
        if self.descriptor.is_some() {
            self.closing.want_end();
        }
    }

    /// Sends the end where sending has failed although the connection stands, as it does when the
    /// system has no memory: the peer would wait for it.
    pub(super) fn end_after_failure(&self) {
        if self.closing.has_failed()
            && let Some(descriptor) = &self.descriptor
        {
            descriptor.end();
        }
    }

    /// Sending has failed.
    pub fn fail(&mut self, error: io::Error) {
        self.closing.fail(error);
        self.drop_output();
    }

    /// Throws away what can't be sent.
    fn drop_output(&mut self) {
        self.lost_marks += self.connection.handle_unsendable() as u32;
        self.blocked = false;
    }

    /// Whether the last record is to be told now, which is true once.
    #[cfg(unix)]
    pub fn take_last_record(&mut self) -> bool {
        let has_marks = self.unsent_marks() > 0;
        self.closing.take_last_record(has_marks)
    }

    /// Writes until the outbox is empty or the kernel is full. Then sends the end if it is wanted.
    pub(super) fn write(&mut self) -> Flush {
        if self.closing.has_failed() {
            self.drop_output();
            return Flush::Done;
        }
        #[cfg(unix)]
        if self.tls.is_some() {
            return self.write_encrypted();
        }
        let Self { connection, descriptor: Some(descriptor), .. } = self else { return Flush::Done };
        while !connection.outbox().is_empty() {
            let mut slices = [IoSlice::new(&[]); MOST_SLICES];
            let filled = connection.outbox().fill(&mut slices);
            let slices = &slices[..filled];
            let end_follows = self.closing.wants_end()
                && !connection.is_deflating()
                && slices.iter().map(|slice| slice.len()).sum::<usize>() == connection.outbox().len();
            match descriptor.send(slices, end_follows) {
                Io::Done(n) => connection.handle_sent(n),
                Io::WouldBlock => {
                    self.blocked = true;
                    return Flush::Blocked;
                }
                Io::Failed(error) => {
                    self.fail(error);
                    return Flush::Failed;
                }
            }
        }
        self.blocked = false;
        if self.closing.wants_end() && connection.is_flushed() {
            self.closing.on_ended();
            descriptor.end();
        }
        Flush::Done
    }
}

/// Writes `parts` until the kernel is full, and says how many bytes that were.
pub(super) fn write_all(descriptor: &Descriptor, parts: &[IoSlice<'_>], failed: &mut Option<io::Error>) -> usize {
    let mut written = 0;
    for parts in parts.chunks(MOST_PARTS) {
        match descriptor.send(parts, false) {
            Io::Done(n) => {
                written += n;
                if n < parts.iter().map(|part| part.len()).sum() {
                    break;
                }
            }
            Io::WouldBlock => break,
            Io::Failed(error) => {
                *failed = Some(error);
                break;
            }
        }
    }
    written
}
