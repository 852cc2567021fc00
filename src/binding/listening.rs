//! Listeners: accepting connections, and taking those that have said what they want.

use std::io;
use std::os::fd::IntoRawFd as _;
use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::contexts::{TlsContext, TlsContexts};
use super::engine::{Engine, LinkRules, ListenerEntry};
use crate::engine::base::clock::now;
use crate::engine::io::threads;
use crate::engine::link::shared_connection::{Arrival, SharedConnection, SharedListener};
use crate::transport::listener::{Accepted, SocketOptions, listen};

/// The options of a listener. Sizes are bytes, times milliseconds.
#[napi(object, object_to_js = false)]
pub struct ListenOptions {
    /// A bound socket. It may be closed as soon as `listen` has returned. With −1, all connections
    /// come by `acceptDescriptor`.
    pub fd: i32,
    /// Connections that the kernel keeps until they are accepted.
    pub backlog: i32,
    /// Most bytes of a request's head that is judged here.
    pub max_header_size: f64,
    /// The time for the head, from the connection's beginning on, or from the end of TLS's handshake
    /// on. 0 is no limit.
    pub headers_timeout: f64,
    /// The time for the handshake of TLS. 0 is no limit.
    pub handshake_timeout: Option<f64>,
    /// As Node's servers have it.
    pub no_delay: bool,
    /// As Node's servers have it.
    pub keep_alive: bool,
    /// As Node's servers have it. Below 1000, the time is the system's.
    pub keep_alive_initial_delay: f64,
    /// The high-water mark of the links that `accept` makes.
    pub high_water_mark: f64,
}

impl ListenOptions {
    fn of_sockets(&self) -> SocketOptions {
        let idle = Duration::from_secs((self.keep_alive_initial_delay / 1000.0) as u64);
        SocketOptions { no_delay: self.no_delay, keep_alive: self.keep_alive.then_some(idle) }
    }
}

/// A connection that is JavaScript's from now on.
#[napi(object, object_from_js = false)]
pub struct HandedOver {
    /// Its descriptor, which JavaScript closes.
    pub fd: i32,
    /// Everything that was read.
    pub bytes: Buffer,
}

#[napi]
impl Engine {
    /// Begins to listen, and returns the slot of the listener, or a negative errno. I/O threads
    /// accept the connections and read the head of the first request. Each connection then is an
    /// `EVENT_REQUEST`, `EVENT_HTTP` or `EVENT_HEAD_TIMEOUT` of that slot, with a ticket. It waits
    /// until `accept` or `handOver`. A connection that ends before is never told. `openWake` comes
    /// first. With `contexts`, connections speak TLS: one whose handshake fails is an
    /// `EVENT_TLS_ERROR`, and `EVENT_HELLO` asks for a context.
    #[napi]
    pub fn listen(&mut self, options: ListenOptions, contexts: Option<&TlsContexts>) -> i32 {
        let slot = self.take_slot();
        match self.listen_at(slot, &options, contexts) {
            Ok(entry) => {
                self.listeners.insert(slot, entry);
                self.served += 1;
                slot as i32
            }
            Err(error) => {
                self.return_slot(slot);
                -error.raw_os_error().unwrap_or(libc::EINVAL)
            }
        }
    }

    /// Accepts nothing more. Returns how many connections are arriving: their events may still
    /// come, and they can be taken. `EVENT_RELEASED` follows when there is none left.
    #[napi]
    pub fn close_listener(&mut self, listener: u32) -> u32 {
        self.listeners.get(&listener).map_or(0, |entry| entry.listener.close() as u32)
    }

    /// How many connections of a listener are arriving: their head is incomplete, or they are not
    /// taken.
    #[napi]
    pub fn arriving(&mut self, listener: u32) -> u32 {
        self.listeners.get(&listener).map_or(0, |entry| entry.listener.arriving() as u32)
    }

    /// Closes all connections of a listener that are arriving. Their tickets are void.
    #[napi]
    pub fn close_arriving(&mut self, listener: u32) {
        if let Some(entry) = self.listeners.get(&listener) {
            entry.listener.destroy_arriving();
        }
    }

    /// Closes the connections of a listener that have sent nothing.
    #[napi]
    pub fn close_idle(&mut self, listener: u32) {
        if let Some(entry) = self.listeners.get(&listener) {
            entry.listener.destroy_idle();
        }
    }

    /// Sets the time for a request's head in milliseconds, also for connections that are arriving.
    #[napi]
    pub fn set_headers_timeout(&mut self, listener: u32, timeout: f64) {
        if let Some(entry) = self.listeners.get(&listener) {
            entry.listener.set_head_timeout(Duration::from_millis(timeout as u64));
        }
    }

    /// Answers an `EVENT_HELLO` by a context. Null closes the connection.
    #[napi]
    pub fn answer_hello(&mut self, listener: u32, ticket: u32, context: Option<&TlsContext>) {
        if let Some(entry) = self.listeners.get(&listener) {
            entry.listener.answer(ticket, context.map(TlsContext::shared));
        }
    }

    /// Gives a listener a connection that is accepted already, of which it keeps a duplicate of
    /// `fd`. `false` if that fails or the listener is closed.
    #[napi]
    pub fn accept_descriptor(&mut self, listener: u32, fd: i32) -> bool {
        let Some(ListenerEntry { listener, sockets, .. }) = self.listeners.get(&listener) else { return false };
        // SAFETY: JavaScript has it open during this call.
        let accept = || unsafe { Accepted::duplicate(fd, *sockets) };
        let arrival = |token, arriving| Arrival::Arriving { token, arriving, listener: listener.clone() };
        listener.admit(accept, arrival).unwrap_or(false)
    }

    /// Makes a raw link of a connection, and returns its slot, or −1 if the ticket is void. It is
    /// adopted. Bytes behind the head of an `EVENT_REQUEST`, or all bytes of another connection,
    /// are held with what follows, see `holdInput`. After `takeRead` nothing is held.
    #[napi]
    pub fn accept(&mut self, listener: u32, ticket: u32) -> i32 {
        let Some(entry) = self.listeners.get(&listener) else { return -1 };
        let high_water_mark = entry.high_water_mark;
        let Some(taken) = entry.listener.take(ticket) else { return -1 };
        let slot =
            self.add_link(LinkRules::RAW, |slot, inbox| SharedConnection::raw(slot, inbox, high_water_mark, now()));
        if let Some(entry) = self.entry(slot) {
            entry.link.succeed(taken);
            entry.home = entry.link.home();
            entry.adopted = true;
            entry.served = true;
            self.served += 1;
        }
        slot as i32
    }

    /// Gives the descriptor of a connection to JavaScript, with everything that was read of it. Null
    /// if the ticket is void.
    #[napi]
    pub fn hand_over(&mut self, listener: u32, ticket: u32) -> Option<HandedOver> {
        let taken = self.listeners.get(&listener)?.listener.take(ticket)?;
        let fd = taken.arriving.hand_out()?.into_raw_fd();
        Some(HandedOver { fd, bytes: taken.bytes.into() })
    }

    /// Takes everything that was read of a connection, before `accept`.
    #[napi]
    pub fn take_read(&mut self, listener: u32, ticket: u32) -> Buffer {
        let entry = self.listeners.get(&listener);
        entry.map(|entry| entry.listener.take_bytes(ticket)).unwrap_or_default().into()
    }
}

impl Engine {
    fn listen_at(
        &self,
        slot: u32,
        options: &ListenOptions,
        contexts: Option<&TlsContexts>,
    ) -> io::Result<ListenerEntry> {
        let sockets = options.of_sockets();
        let descriptor = if options.fd < 0 {
            None
        } else {
            // SAFETY: JavaScript has it open during this call.
            Some(unsafe { listen(options.fd, options.backlog, sockets) }?)
        };
        let inbox = self.inbox.clone();
        let max_head = options.max_header_size as usize;
        let timeout = Duration::from_millis(options.headers_timeout as u64);
        let listener = threads::listen(|deal| {
            let mut listener = SharedListener::new(slot, inbox, descriptor, max_head, deal);
            listener.tls = contexts.map(TlsContexts::shared);
            listener.handshake_timeout = Duration::from_millis(options.handshake_timeout.unwrap_or(0.0) as u64);
            listener.set_head_timeout(timeout);
            listener
        })?;
        Ok(ListenerEntry { listener, sockets, high_water_mark: options.high_water_mark as usize })
    }
}
