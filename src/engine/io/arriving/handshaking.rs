//! TLS in front of the first request.

use std::io::IoSlice;

use super::ArrivingDriver;
use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::{BatchSink, EventSink as _};
use crate::engine::io::driver::decrypting::{Ciphertext, with_ciphertext};
use crate::engine::link::arriving::{ArrivingState, Stage};
use crate::transport::address;
use crate::transport::descriptor::Io;
use crate::transport::tls::TlsFailure;
use crate::transport::tls::session::{Progress, TlsSession};

impl ArrivingDriver {
    /// Reads and decrypts once. Returns `false` if the connection has ended.
    pub(super) fn read_encrypted(&self, state: &mut ArrivingState, sink: &mut BatchSink) -> bool {
        with_ciphertext(|ciphertext| match ciphertext.read(&self.arriving.descriptor) {
            Io::Done(0) => self.on_encrypted_end(state, sink),
            Io::Done(n) => {
                if n < Ciphertext::MOST_READ && !self.ending {
                    self.arriving.forget_news();
                }
                self.on_ciphertext(state, ciphertext, n, sink)
            }
            Io::WouldBlock => {
                self.arriving.forget_news();
                true
            }
            Io::Failed(_) => {
                if self.arriving.is_handshaking() {
                    self.tell_failure(&TlsFailure::reset(), sink);
                }
                false
            }
        })
    }

    /// JavaScript has chosen a context. Goes on with the bytes that have waited for that.
    pub(super) fn go_on(&self, state: &mut ArrivingState, sink: &mut BatchSink) -> bool {
        with_ciphertext(|ciphertext| self.on_ciphertext(state, ciphertext, 0, sink))
    }

    fn on_ciphertext(
        &self,
        state: &mut ArrivingState,
        ciphertext: &mut Ciphertext,
        n: usize,
        sink: &mut BatchSink,
    ) -> bool {
        let Some(contexts) = &self.listener.tls else { return false };
        // One that has sent nothing has no session.
        let tls = state.tls.get_or_insert_with(|| Box::new(TlsSession::server(contexts.clone())));
        let result = ciphertext.decrypt(n, tls);
        if let Ok(Progress { is_secure: true, .. }) = result {
            self.arriving.end_handshake();
            // That of the head is another.
            state.armed = None;
        }
        if let Ok(Progress { asks: true, .. }) = result {
            self.ask(state, sink);
            return true;
        }
        let plain = ciphertext.plain();
        if !plain.is_empty() {
            self.on_bytes(state, plain, sink);
        }
        // What is left of the handshake leaves together with the answer of JavaScript.
        if state.stage == Stage::Reading || result.is_err() {
            self.flush(state);
        }
        match result {
            Ok(progress) if progress.has_ended && state.stage == Stage::Reading => self.on_end(state, sink),
            Ok(_) => true,
            Err(failure) if state.stage != Stage::Reading => {
                // The link that takes its place tells it, behind the bytes from before.
                if let Some(tls) = &mut state.tls {
                    tls.keep_failure(failure);
                }
                true
            }
            Err(failure) => {
                if self.arriving.is_handshaking() {
                    self.tell_failure(&failure, sink);
                }
                false
            }
        }
    }

    /// JavaScript has to choose a context.
    fn ask(&self, state: &mut ArrivingState, sink: &mut BatchSink) {
        state.stage = Stage::Asking;
        let name = state.tls.as_ref().and_then(|tls| tls.server_name()).unwrap_or_default();
        let payload = Payload::Phrase(name.into());
        let (slot, ticket) = (self.listener.slot, self.arriving.ticket);
        sink.push(&*self.listener, |queue| queue.push(slot, EventKind::Hello, ticket, payload));
    }

    fn on_encrypted_end(&self, state: &mut ArrivingState, sink: &mut BatchSink) -> bool {
        if self.arriving.is_handshaking() {
            self.tell_failure(&TlsFailure::end_in_handshake(), sink);
            return false;
        }
        self.on_end(state, sink)
    }

    /// Sends what is left of the handshake, as far as the kernel has room.
    pub(super) fn flush(&self, state: &mut ArrivingState) {
        let Some(tls) = &mut state.tls else { return };
        while !tls.pending().is_empty() {
            match self.arriving.descriptor.send(&[IoSlice::new(tls.pending())], false) {
                Io::Done(n) => {
                    tls.on_sent(n);
                }
                Io::WouldBlock => {
                    // If this fails, the time for the handshake ends the connection.
                    let _ = self.arriving.io_thread.await_room(&self.arriving.descriptor, self.arriving.token());
                    return;
                }
                // Reading tells why.
                Io::Failed(_) => return,
            }
        }
    }

    /// The handshake has failed: the words of the failure, and the peer's address and port, which
    /// are empty in the Unix domain, with a NUL between any two.
    pub(super) fn tell_failure(&self, failure: &TlsFailure, sink: &mut BatchSink) {
        let peer = self.arriving.address;
        let (ip, port) = peer.map_or_else(Default::default, |peer| (address::text(&peer), peer.port().to_string()));
        let payload = Payload::Phrase(format!("{}\0{ip}\0{port}", failure.words()).into());
        let (slot, ticket) = (self.listener.slot, self.arriving.ticket);
        sink.push(&*self.listener, |queue| queue.push(slot, EventKind::TlsError, ticket, payload));
    }
}
