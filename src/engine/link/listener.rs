//! A listener, shared by its JavaScript thread and the I/O threads. `A` is what arrives in the mail
//! of these.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::engine::base::io_thread::IoThread;
use crate::engine::base::locks::lock;
use crate::engine::events::inbox::Inbox;
use crate::engine::events::sinks::EventSource;
use crate::engine::link::arriving::{Arriving, Stage};
use crate::transport::descriptor::Descriptor;
use crate::transport::listener::Accepted;
use crate::transport::tls::context::TlsContext;
use crate::transport::tls::names::TlsContexts;
use crate::transport::tls::session::TlsSession;

/// Most connections that JavaScript was told of and has not taken. Beyond that, nothing is accepted
/// until half of them are taken: the others wait in the backlog of the kernel.
const MOST_UNTAKEN: usize = 1024;

/// Chooses the I/O thread of a connection.
pub type Deal<A> = Box<dyn Fn() -> io::Result<Arc<IoThread<A>>> + Send + Sync>;

/// See the module.
pub struct SharedListener<A> {
    /// The index by which JavaScript knows the listener.
    pub slot: u32,
    /// Most bytes of a head.
    pub max_head: usize,
    /// The listening socket. Without one, JavaScript brings all connections.
    pub descriptor: Option<Descriptor>,
    inbox: Arc<Inbox>,
    deal: Deal<A>,
    /// The contexts of TLS, if its connections are encrypted.
    pub tls: Option<Arc<TlsContexts>>,
    /// The time for a handshake of TLS; zero is no limit.
    pub handshake_timeout: Duration,
    /// Milliseconds for a head, or 0.
    head_timeout: AtomicU64,
    /// The I/O thread that accepts, and the listener's token there.
    place: OnceLock<(Arc<IoThread<A>>, usize)>,
    table: Mutex<Table<A>>,
    /// How many connections JavaScript was told of and has not taken.
    untaken: AtomicUsize,
    /// Nothing is accepted because there are too many of them.
    stalled: AtomicBool,
}

/// The connections that JavaScript has not taken.
struct Table<A> {
    arriving: HashMap<u32, Arc<Arriving<A>>>,
    next_ticket: u32,
    /// Nothing is accepted any more.
    closed: bool,
}

/// A connection that JavaScript has taken.
pub struct Taken<A> {
    pub arriving: Arc<Arriving<A>>,
    /// Everything that was read and is not taken yet.
    pub bytes: Vec<u8>,
    /// How many of these bytes are the head of a handshake.
    pub head: usize,
    /// How many bytes were read.
    pub received: u64,
    /// Its encryption.
    pub tls: Option<Box<TlsSession>>,
}

impl<A> SharedListener<A> {
    /// A listener that `deal`s its connections to I/O threads. Its events go to `inbox`.
    pub fn new(slot: u32, inbox: Arc<Inbox>, descriptor: Option<Descriptor>, max_head: usize, deal: Deal<A>) -> Self {
        Self {
            slot,
            max_head,
            descriptor,
            inbox,
            deal,
            tls: None,
            handshake_timeout: Duration::ZERO,
            head_timeout: AtomicU64::new(0),
            place: OnceLock::new(),
            table: Mutex::new(Table { arriving: HashMap::new(), next_ticket: 0, closed: false }),
            untaken: AtomicUsize::new(0),
            stalled: AtomicBool::new(false),
        }
    }

    /// Gives the listener to an I/O thread.
    ///
    /// # Errors
    /// When the descriptor can't be watched.
    pub fn serve(&self, io_thread: Arc<IoThread<A>>, arrival: impl FnOnce(usize) -> A) -> io::Result<()> {
        let token = io_thread.serve(None, self.descriptor.as_ref(), Duration::MAX, arrival)?;
        // This is called once.
        let _ = self.place.set((io_thread, token));
        Ok(())
    }

    /// Accepts a connection by `accept` and gives it to an I/O thread. `false` if the listener is
    /// closed.
    ///
    /// # Errors
    /// When `accept` fails, or the connection can't be watched. It is closed then.
    pub fn admit(
        &self,
        accept: impl FnOnce() -> io::Result<Accepted>,
        arrival: impl FnOnce(usize, Arc<Arriving<A>>) -> A,
    ) -> io::Result<bool> {
        let io_thread = (self.deal)()?;
        // JavaScript counts the connections when it closes the listener. Under the lock, none is
        // accepted that it does not count.
        let mut table = lock(&self.table);
        if table.closed {
            return Ok(false);
        }
        let accepted = accept()?;
        let ticket = table.next_ticket;
        table.next_ticket = ticket.wrapping_add(1);
        let arriving = Arc::new(Arriving::new(ticket, accepted, io_thread, self.tls.is_some()));
        table.arriving.insert(ticket, arriving.clone());
        drop(table);
        let (io_thread, by) = (arriving.io_thread.clone(), self.deadline(&arriving).unwrap_or(Duration::MAX));
        let known = arriving.clone();
        let served = io_thread.serve(None, Some(&arriving.descriptor), by, |token| {
            known.set_token(token);
            arrival(token, known.clone())
        });
        let token = served.inspect_err(|_| self.leave(ticket))?;
        // JavaScript may have closed it, or set another time for its head, before it had a token.
        if arriving.is_dropped() || self.deadline(&arriving).is_some_and(|deadline| deadline < by) {
            arriving.io_thread.kick(token);
        }
        Ok(true)
    }

    /// Whether JavaScript keeps up with what it was told of. If not, the I/O thread is kicked when
    /// it does.
    pub fn has_room(&self) -> bool {
        if self.untaken.load(Ordering::SeqCst) < MOST_UNTAKEN {
            return true;
        }
        // JavaScript may have taken them before the flag was set.
        self.stalled.store(true, Ordering::SeqCst);
        self.untaken.load(Ordering::SeqCst) < MOST_UNTAKEN
    }

    /// Counts a connection that JavaScript will hear of.
    pub fn note_told(&self) {
        self.untaken.fetch_add(1, Ordering::SeqCst);
    }

    fn note_taken(&self) {
        let left = self.untaken.fetch_sub(1, Ordering::SeqCst) - 1;
        if left <= MOST_UNTAKEN / 2 && self.stalled.swap(false, Ordering::SeqCst) {
            self.kick();
        }
    }

    /// Takes a connection that JavaScript was told of.
    pub fn take(&self, ticket: u32) -> Option<Taken<A>> {
        let arriving = self.told(ticket)?;
        let mut state = arriving.state();
        let Stage::Told { head } = state.stage else { return None };
        state.stage = Stage::Taken;
        let (bytes, received) = (std::mem::take(&mut state.bytes), state.received);
        let tls = state.tls.take();
        drop(state);
        self.note_taken();
        self.leave(ticket);
        Some(Taken { arriving, bytes, head, received, tls })
    }

    /// Takes everything that was read of a connection that JavaScript was told of.
    pub fn take_bytes(&self, ticket: u32) -> Vec<u8> {
        let Some(arriving) = self.told(ticket) else { return Vec::new() };
        let mut state = arriving.state();
        if !matches!(state.stage, Stage::Told { .. }) {
            return Vec::new();
        }
        state.stage = Stage::Told { head: 0 };
        std::mem::take(&mut state.bytes)
    }

    fn told(&self, ticket: u32) -> Option<Arc<Arriving<A>>> {
        lock(&self.table).arriving.get(&ticket).cloned()
    }

    /// A connection does not belong to the listener any more. Nothing about it is on the way to
    /// JavaScript, except for what JavaScript has seen.
    pub fn leave(&self, ticket: u32) {
        let mut table = lock(&self.table);
        table.arriving.remove(&ticket);
        let is_last = table.closed && table.arriving.is_empty();
        drop(table);
        if is_last {
            self.kick();
        }
    }

    /// How many connections JavaScript has not taken.
    pub fn arriving(&self) -> usize {
        lock(&self.table).arriving.len()
    }

    /// Accepts nothing more. The kernel keeps what it has, for other owners of the socket. Returns
    /// how many connections are still arriving.
    pub fn close(&self) -> usize {
        let mut table = lock(&self.table);
        table.closed = true;
        let left = table.arriving.len();
        drop(table);
        if let (Some((io_thread, _)), Some(descriptor)) = (self.place.get(), &self.descriptor) {
            io_thread.give_up(descriptor);
        }
        self.kick();
        left
    }

    /// Whether it is closed, and JavaScript hears of no connection any more.
    pub fn is_over(&self) -> bool {
        let table = lock(&self.table);
        table.closed && table.arriving.is_empty()
    }

    /// Closes all connections that JavaScript has not taken.
    pub fn destroy_arriving(&self) {
        for arriving in self.all() {
            if arriving.destroy() {
                self.note_taken();
            }
        }
    }

    /// Closes the connections that have sent nothing.
    pub fn destroy_idle(&self) {
        for arriving in self.all() {
            let is_idle = arriving.state().received == 0;
            if is_idle && arriving.destroy() {
                self.note_taken();
            }
        }
    }

    /// Sets the time for the head of a request, from the connection's beginning on. Zero is no
    /// limit.
    pub fn set_head_timeout(&self, timeout: Duration) {
        self.head_timeout.store(u64::try_from(timeout.as_millis()).unwrap_or(0), Ordering::SeqCst);
        for arriving in self.all() {
            let Some(deadline) = self.deadline(&arriving) else { continue };
            let mut state = arriving.state();
            if state.stage == Stage::Reading && state.armed.is_none_or(|armed| deadline < armed) {
                arriving.arm(&mut state, deadline);
            }
        }
    }

    /// JavaScript has chosen the context of TLS for a client; `None` closes the connection.
    pub fn answer(&self, ticket: u32, context: Option<Arc<TlsContext>>) {
        if let Some(arriving) = self.told(ticket) {
            arriving.answer(context);
        }
    }

    /// When the handshake of TLS of a connection has to be over, and then when its head has to be
    /// there.
    pub fn deadline(&self, arriving: &Arriving<A>) -> Option<Duration> {
        let timeout = if arriving.is_handshaking() {
            self.handshake_timeout
        } else {
            Duration::from_millis(self.head_timeout.load(Ordering::SeqCst))
        };
        (!timeout.is_zero()).then(|| arriving.since() + timeout)
    }

    fn all(&self) -> Vec<Arc<Arriving<A>>> {
        lock(&self.table).arriving.values().cloned().collect()
    }

    /// Asks its I/O thread to look at the listener.
    fn kick(&self) {
        if let Some((io_thread, token)) = self.place.get() {
            io_thread.kick(*token);
        }
    }
}

impl<A> EventSource for SharedListener<A> {
    fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Only the total of the environment counts. The number of connections is bounded by
    /// [`has_room`](SharedListener::has_room).
    fn count(&self, _weight: usize) {}
}
