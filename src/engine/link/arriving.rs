//! A connection of a listener until JavaScript takes it.
//!
//! Its I/O thread reads the head of the first request, and tells JavaScript what the connection
//! begins with, under a ticket. JavaScript then takes it: as a raw link, which stays on that thread,
//! or as a bare descriptor. `A` is what arrives in the mail of the thread.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::engine::base::clock::{freeing_time, now};
use crate::engine::base::io_thread::IoThread;
use crate::engine::base::locks::lock;
use crate::engine::base::numbers::next_number;
use crate::protocol::HeadScan;
use crate::transport::descriptor::Descriptor;
use crate::transport::listener::Accepted;
use crate::transport::tls::context::TlsContext;
use crate::transport::tls::session::TlsSession;

/// The token of a connection that its I/O thread does not know.
const UNKNOWN: usize = usize::MAX;

/// See the module.
pub struct Arriving<A> {
    /// The number by which JavaScript takes it. No other connection of the listener has it.
    pub ticket: u32,
    /// A number that nothing else has which I/O threads serve.
    pub number: u64,
    /// The peer's address, unless the socket is of the Unix domain.
    pub address: Option<SocketAddr>,
    /// When the time for the head, or for the handshake of TLS, began: nanoseconds.
    since: AtomicU64,
    /// The handshake of TLS is not over.
    handshaking: AtomicBool,
    pub descriptor: Arc<Descriptor>,
    pub io_thread: Arc<IoThread<A>>,
    token: AtomicUsize,
    /// The kernel has reported something that is not read yet.
    has_news: AtomicBool,
    state: Mutex<ArrivingState>,
}

/// The part of an arriving connection that both threads work on.
#[derive(Default)]
pub struct ArrivingState {
    pub stage: Stage,
    /// Everything that was read: at most the longest head and one byte. Nothing is allocated for a
    /// connection that has sent nothing.
    pub bytes: Vec<u8>,
    /// The encryption, if there is any and the client has sent something.
    pub tls: Option<Box<TlsSession>>,
    /// JavaScript has chosen a context. The I/O thread is to go on.
    pub is_answered: bool,
    /// How many bytes were read, with those that JavaScript has taken.
    pub received: u64,
    /// Looks for the end of the head.
    pub scan: HeadScan,
    /// The deadline that the timer queue of the I/O thread, or its mail, has for this connection.
    pub armed: Option<Duration>,
}

/// ```text
/// Reading -- the I/O thread tells --> Told -- JavaScript takes it --> Taken --> HandedOut
/// Reading -- the I/O thread asks --> Asking -- JavaScript answers --> Reading
/// Reading, Asking, Told -- JavaScript destroys it --> Dropped
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// The head is incomplete.
    #[default]
    Reading,
    /// JavaScript has to choose the context of TLS. Nothing more is read.
    Asking,
    /// JavaScript has the ticket. Nothing more is read. The head of a handshake has `head` bytes;
    /// otherwise this is 0.
    Told { head: usize },
    /// It belongs to a link, which takes its place on the I/O thread, or is to be handed out.
    Taken,
    /// The descriptor belongs to JavaScript.
    HandedOut,
    /// The descriptor is closed.
    Dropped,
}

impl<A> Arriving<A> {
    /// A connection that is to be given to `io_thread`.
    pub fn new(ticket: u32, accepted: Accepted, io_thread: Arc<IoThread<A>>, encrypted: bool) -> Self {
        Self {
            ticket,
            number: next_number(),
            address: accepted.address,
            since: AtomicU64::new(nanoseconds(now())),
            handshaking: AtomicBool::new(encrypted),
            descriptor: Arc::new(accepted.descriptor),
            io_thread,
            token: AtomicUsize::new(UNKNOWN),
            has_news: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Locks the part that both threads work on. This lock is taken after that of the event loop,
    /// and before those of the inbox and the mailbox.
    pub fn state(&self) -> MutexGuard<'_, ArrivingState> {
        lock(&self.state)
    }

    /// The number by which its I/O thread knows it.
    pub fn token(&self) -> usize {
        self.token.load(Ordering::SeqCst)
    }

    /// Sets the number by which its I/O thread knows it.
    pub fn set_token(&self, token: usize) {
        self.token.store(token, Ordering::SeqCst);
    }

    /// When the time for the head, or for the handshake of TLS, began.
    pub fn since(&self) -> Duration {
        Duration::from_nanos(self.since.load(Ordering::SeqCst))
    }

    /// Whether the handshake of TLS is not over.
    pub fn is_handshaking(&self) -> bool {
        self.handshaking.load(Ordering::SeqCst)
    }

    /// The handshake of TLS is over. The time for the head begins.
    pub fn end_handshake(&self) {
        self.since.store(nanoseconds(now()), Ordering::SeqCst);
        self.handshaking.store(false, Ordering::SeqCst);
    }

    /// The kernel has reported something.
    pub fn note_news(&self) {
        self.has_news.store(true, Ordering::SeqCst);
    }

    /// Whether the kernel has reported something that is not read yet.
    pub fn has_news(&self) -> bool {
        self.has_news.load(Ordering::SeqCst)
    }

    /// Everything was read that the kernel has reported.
    pub fn forget_news(&self) {
        self.has_news.store(false, Ordering::SeqCst);
    }

    /// Gives JavaScript the descriptor of a connection that it has taken. `None` if the connection
    /// is closed.
    pub fn hand_out(&self) -> Option<OwnedFd> {
        let descriptor = self.io_thread.hand_out(&self.descriptor);
        let mut state = self.state();
        state.stage = Stage::HandedOut;
        self.arm(&mut state, freeing_time());
        drop(state);
        descriptor
    }

    /// JavaScript has chosen a context for the client. Without one, or if it does not fit, the
    /// connection is closed.
    pub fn answer(&self, context: Option<Arc<TlsContext>>) {
        let mut state = self.state();
        if state.stage != Stage::Asking {
            return;
        }
        let (Some(context), Some(tls)) = (context, &mut state.tls) else {
            drop(state);
            self.destroy();
            return;
        };
        if tls.answer(context).is_err() {
            drop(state);
            self.destroy();
            return;
        }
        state.stage = Stage::Reading;
        state.is_answered = true;
        drop(state);
        self.io_thread.kick(self.token());
    }

    /// Closes the connection. The I/O thread forgets it later. Returns whether JavaScript was told
    /// of it.
    pub fn destroy(&self) -> bool {
        let mut state = self.state();
        if matches!(state.stage, Stage::Taken | Stage::HandedOut | Stage::Dropped) {
            return false;
        }
        let was_told = matches!(state.stage, Stage::Told { .. });
        state.stage = Stage::Dropped;
        state.bytes = Vec::new();
        state.tls = None;
        drop(state);
        self.io_thread.give_up(&self.descriptor);
        // A thread that does not know it yet will see that it is closed.
        if self.token() != UNKNOWN {
            self.io_thread.kick(self.token());
        }
        was_told
    }

    /// Whether JavaScript has closed the connection.
    pub fn is_dropped(&self) -> bool {
        self.state().stage == Stage::Dropped
    }

    /// Sets the time at which the I/O thread looks at this connection. A thread that does not know it
    /// yet asks for the deadline when it does.
    pub fn arm(&self, state: &mut ArrivingState, deadline: Duration) {
        let token = self.token();
        if token != UNKNOWN {
            state.armed = Some(deadline);
            self.io_thread.arm(deadline, token, self.number);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
