//! How one connection ends, below the closing handshake: every state and every transition.
//!
//! | variable | held by | states |
//! |---|---|---|
//! | [`Output`] | [`Closing`], under the connection's lock | our side of the byte stream |
//! | [`Input`] | the connection's driver, on its I/O thread | the peer's side of the byte stream |
//! | [`Release`] | [`Closing`] | how JavaScript has let go of the connection |
//! | [`Told`] | [`Closing`] | what JavaScript still hears of the connection |
//!
//! The closing handshake itself, with what is still decoded, is `protocol::state`.

use std::io;
use std::time::Duration;

/// How long a released connection is read on so that the peer sees the close frame. The clock
/// starts when nothing is left to be deflated.
pub const LINGER: Duration = Duration::from_secs(2);

/// Most connections of an I/O thread that linger at a time. JavaScript and the HTTP server's
/// `maxConnections` do not count them any more. Without this bound, peers could use up the
/// descriptors of the process.
#[cfg(unix)]
pub const MOST_LINGERING: usize = 256;

/// How JavaScript lets go of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Nothing is sent or read any more.
    AtOnce,
    /// All output and the end are sent first. Then input is read and thrown away until the peer
    /// ends too, for [`LINGER`] at most. Closing with unread bytes would reset the connection, and
    /// the reset could overtake the close frame.
    Lingering,
}

/// Our side of the byte stream.
///
/// ```text
/// Open -- want_end --> EndWanted -- on_ended --> Ended
/// each of these -- fail --> Failed
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// Bytes can be sent.
    Open,
    /// The end is sent when all output is with the kernel.
    EndWanted,
    /// The end is sent.
    Ended,
    /// Sending has failed. All later output is thrown away.
    Failed,
}

/// What JavaScript still hears of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Everything: JavaScript has the connection.
    Everything,
    /// The marks that are still outstanding, and the last record after them.
    Marks,
    /// The last record, after which the slot is free.
    LastRecord,
    /// Nothing.
    Nothing,
}

/// The end of one connection, as far as its lock guards it.
#[derive(Debug)]
pub struct Closing {
    output: Output,
    /// Why sending has failed, until that is reported. It is reported after everything that the
    /// peer sent before has been read.
    unreported: Option<io::Error>,
    /// `None` while JavaScript has the connection.
    release: Option<Release>,
    told: Told,
}

impl Closing {
    /// An open connection.
    pub(super) fn new() -> Self {
        Self { output: Output::Open, unreported: None, release: None, told: Told::Everything }
    }

    /// The end is to follow the output.
    pub(super) fn want_end(&mut self) {
        if self.output == Output::Open {
            self.output = Output::EndWanted;
        }
    }

    /// Whether the end is to follow the output, and is not sent yet.
    pub(super) fn wants_end(&self) -> bool {
        self.output == Output::EndWanted
    }

    /// The end is sent.
    pub(super) fn on_ended(&mut self) {
        self.output = Output::Ended;
    }

    /// Sending has failed. Only the first error is kept.
    pub(super) fn fail(&mut self, error: io::Error) {
        if !self.has_failed() {
            self.output = Output::Failed;
            self.unreported = Some(error);
        }
    }

    /// Whether sending has failed.
    pub fn has_failed(&self) -> bool {
        self.output == Output::Failed
    }

    /// Whether sending has failed and JavaScript has not been told.
    #[cfg(unix)]
    pub fn has_unreported_failure(&self) -> bool {
        self.unreported.is_some()
    }

    /// Why sending has failed, if that is not reported yet. The caller reports it.
    #[cfg(unix)]
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.unreported.take()
    }

    /// JavaScript lets go. With `awaits_marks`, it is still told of marks until the last record.
    pub(super) fn release(&mut self, release: Release, awaits_marks: bool) {
        self.release = Some(release);
        self.told = if awaits_marks { Told::Marks } else { Told::LastRecord };
    }

    /// How JavaScript has let go; `None` if it has not.
    pub fn released(&self) -> Option<Release> {
        self.release
    }

    /// Whether JavaScript has let go.
    pub fn is_released(&self) -> bool {
        self.release.is_some()
    }

    /// Whether JavaScript is still told of marks.
    pub(super) fn tells_marks(&self) -> bool {
        matches!(self.told, Told::Everything | Told::Marks)
    }

    /// Whether the last record is to be told now, which is true once. It waits for marks while
    /// `has_marks`.
    #[cfg(unix)]
    pub fn take_last_record(&mut self, has_marks: bool) -> bool {
        let is_due = match self.told {
            Told::Everything | Told::Nothing => false,
            Told::Marks => !has_marks,
            Told::LastRecord => true,
        };
        if is_due {
            self.told = Told::Nothing;
        }
        is_due
    }
}

/// The peer's side of the byte stream, as its I/O thread knows it.
///
/// ```text
/// Quiet <-- after_read --> Readable
/// each of these -- end --> Ended
/// ```
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The kernel has nothing.
    Quiet,
    /// The kernel may have something.
    Readable,
    /// The peer has ended, or the connection is broken.
    Ended,
}

#[cfg(unix)]
impl Input {
    /// The kernel may have something.
    pub fn on_readable(&mut self) {
        self.after_read(true);
    }

    /// Something was read; with `more`, the kernel may have more.
    pub fn after_read(&mut self, more: bool) {
        if *self != Self::Ended {
            *self = if more { Self::Readable } else { Self::Quiet };
        }
    }

    /// Nothing more can be read.
    pub fn end(&mut self) {
        *self = Self::Ended;
    }

    /// Whether the kernel may have something.
    pub fn is_readable(self) -> bool {
        self == Self::Readable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> io::Error {
        io::ErrorKind::BrokenPipe.into()
    }

    #[test]
    fn the_end_is_wanted_and_sent_once() {
        let mut closing = Closing::new();
        assert!(!closing.wants_end());
        closing.want_end();
        assert!(closing.wants_end());
        closing.on_ended();
        closing.want_end();
        assert!(!closing.wants_end());
    }

    #[cfg(unix)]
    #[test]
    fn the_first_failure_is_reported_once_and_stays() {
        let mut closing = Closing::new();
        closing.want_end();
        closing.fail(error());
        closing.fail(io::ErrorKind::TimedOut.into());
        closing.want_end();
        assert!(closing.has_unreported_failure() && !closing.wants_end());
        assert_eq!(closing.take_failure().map(|error| error.kind()), Some(io::ErrorKind::BrokenPipe));
        assert!(closing.take_failure().is_none());
        assert!(closing.has_failed() && !closing.has_unreported_failure());
    }

    #[cfg(unix)]
    #[test]
    fn sending_after_the_end_fails() {
        let mut closing = Closing::new();
        closing.want_end();
        closing.on_ended();
        closing.fail(error());
        assert!(closing.has_unreported_failure());
    }

    #[cfg(unix)]
    #[test]
    fn the_last_record_follows_the_marks_and_is_told_once() {
        for awaits_marks in [false, true] {
            let mut closing = Closing::new();
            assert!(closing.tells_marks() && !closing.take_last_record(false));
            closing.release(Release::Lingering, awaits_marks);
            assert_eq!(closing.released(), Some(Release::Lingering));
            assert_eq!(closing.tells_marks(), awaits_marks);
            assert_eq!(closing.take_last_record(true), !awaits_marks);
            assert_eq!(closing.take_last_record(false), awaits_marks);
            assert!(!closing.take_last_record(false) && !closing.tells_marks());
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_read_after_the_end() {
        let mut input = Input::Quiet;
        input.on_readable();
        assert!(input.is_readable());
        input.end();
        input.on_readable();
        input.after_read(false);
        assert_eq!(input, Input::Ended);
    }
}
