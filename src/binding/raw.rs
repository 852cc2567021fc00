//! Raw links: what JavaScript's sockets over them need, and becoming a WebSocket.

use napi_derive::napi;

use super::engine::{Engine, Entry, LinkRules};
use super::flushing::flush_directly;
use super::options::LinkOptions;
use crate::engine::base::clock::now;
use crate::engine::link::shared_connection::SharedConnection;
use crate::protocol::Connection;

#[napi]
impl Engine {
    /// Makes a raw link, whose bytes are no WebSocket frames, and returns its slot. `adopt` follows.
    /// What it receives becomes `EVENT_BYTES`; `sendRaw`, `end`, `setPaused`, `mark` and `release`
    /// work as on any adopted link. `highWaterMark` is in bytes.
    #[napi]
    pub fn open_raw(&mut self, high_water_mark: f64) -> u32 {
        self.add_link(LinkRules::RAW, |slot, inbox| SharedConnection::raw(slot, inbox, high_water_mark as usize, now()))
    }

    /// Keeps what a raw link receives from now on. `EVENT_BARRIER` follows: all earlier `EVENT_BYTES`
    /// are ahead of it. The socket is not read any more when 64 KiB are held.
    #[napi]
    pub fn hold_input(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.hold_input();
        }
    }

    /// Undoes `holdInput`: what was held becomes `EVENT_BYTES`.
    #[napi]
    pub fn release_held(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.link.release_held();
        }
    }

    /// Makes a WebSocket of a raw link that holds its input. Its frames are first in `rest`, then in
    /// what is held, then in what comes. Output and marks stay as they are. Returns how many of the
    /// bytes that `transferred` tells as received, and as sent, are not of the WebSocket.
    #[napi(ts_return_type = "[received: number, sent: number]")]
    pub fn switch_protocol(&mut self, slot: u32, options: LinkOptions, rest: &[u8]) -> Vec<f64> {
        let high_water_mark = options.high_water_mark as usize;
        let connection = Connection::new(options.config(), now());
        let Some(entry) = self.entry(slot) else { return vec![0.0; 2] };
        entry.rules = LinkRules::of(&connection);
        let (received, sent) = entry.link.switch_protocol(connection, high_water_mark, rest);
        self.staging.set_room(slot, 0);
        vec![received as f64, sent as f64]
    }

    /// As `switchProtocol`, with the connection that JavaScript has driven in the link `from` until
    /// now. Nothing of that is to be deflated, and it has decoded nothing. Its release follows.
    #[napi(ts_return_type = "[received: number, sent: number]")]
    pub fn switch_link(&mut self, slot: u32, from: u32, rest: &[u8]) -> Vec<f64> {
        let Some(Entry { link, rules, open_message, .. }) = self.entry(from) else { return vec![0.0; 2] };
        let (rules, open_message) = (*rules, *open_message);
        let (connection, high_water_mark) = link.give_connection();
        let Some(entry) = self.entry(slot) else { return vec![0.0; 2] };
        (entry.rules, entry.open_message) = (rules, open_message);
        let (received, sent) = entry.link.switch_protocol(connection, high_water_mark, rest);
        self.staging.set_room(slot, 0);
        vec![received as f64, sent as f64]
    }

    /// Sends bytes on a raw link, at once as far as the kernel has room. `false` says that it has not
    /// taken them all: `EVENT_FLUSHED` or `EVENT_FAILED` follows. Over TLS one of these always does.
    #[napi]
    pub fn write_raw(&mut self, slot: u32, bytes: &[u8]) -> bool {
        let Some(entry) = self.entry(slot) else { return false };
        let link = &entry.link;
        let mut state = link.state();
        state.connection.send_raw(bytes);
        if state.is_encrypted() {
            // The mark comes before the I/O thread may write, so the answer doesn't depend on that.
            let is_sent = !state.mark() && !state.closing.has_failed();
            drop(state);
            link.kick();
            return is_sent;
        }
        drop(state);
        if !flush_directly(link) {
            link.kick();
        }
        let mut state = link.state();
        !state.closing.has_failed() && !state.mark()
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use napi_derive::napi;

    use crate::binding::engine::Engine;
    use crate::transport::address;
    use crate::transport::descriptor::Descriptor;

    /// An address, with the names that Node has for it.
    #[napi(object, object_from_js = false)]
    pub struct AddressView {
        /// The IP address. For IPv6 it has the scope of a link-local address.
        pub address: String,
        pub port: u32,
        /// `IPv4` or `IPv6`.
        pub family: String,
    }

    #[napi]
    impl Engine {
        /// The address of this side of an adopted link, or of the peer. Null without an IP address,
        /// or when the connection is gone.
        #[napi]
        pub fn address_of(&mut self, slot: u32, is_peer: bool) -> Option<AddressView> {
            let descriptor = self.entry(slot)?.link.state().descriptor.clone()?;
            let address = descriptor.address(is_peer).ok()?.as_socket()?;
            Some(AddressView::of(&address))
        }

        /// Sets `TCP_NODELAY` of an adopted link. Returns 0 or the negative errno.
        #[napi]
        pub fn set_no_delay(&mut self, slot: u32, on: bool) -> i32 {
            self.configure(slot, |descriptor| descriptor.set_no_delay(on))
        }

        /// Sets `SO_KEEPALIVE` of an adopted link, and after which silence the kernel asks the peer,
        /// in milliseconds; below 1000 the system's time stays. Returns 0 or the negative errno.
        #[napi]
        pub fn set_keep_alive(&mut self, slot: u32, on: bool, delay: f64) -> i32 {
            // A number of seconds, as Node's handles have it.
            let idle = Some(Duration::from_secs((delay / 1000.0) as u64)).filter(|idle| !idle.is_zero());
            self.configure(slot, |descriptor| descriptor.set_keep_alive(on, idle))
        }

        /// Makes the release of an adopted link reset the connection. Returns 0 or the negative
        /// errno.
        #[napi]
        pub fn reset_on_release(&mut self, slot: u32) -> i32 {
            self.configure(slot, Descriptor::reset_on_close)
        }
    }

    impl Engine {
        fn configure(&mut self, slot: u32, set: impl FnOnce(&Descriptor) -> io::Result<()>) -> i32 {
            let descriptor = self.entry(slot).and_then(|entry| entry.link.state().descriptor.clone());
            let set = descriptor.map_or_else(|| Err(io::Error::from_raw_os_error(libc::EBADF)), |it| set(&it));
            set.map_or_else(|error| -error.raw_os_error().unwrap_or(libc::EINVAL), |()| 0)
        }
    }

    impl AddressView {
        /// An address in Node's words.
        pub fn of(address: &SocketAddr) -> Self {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            Self { address: address::text(address), port: address.port().into(), family: family.to_owned() }
        }
    }
}
