//! Input of a link with TLS.

use std::cell::RefCell;
use std::time::Duration;

use super::{ConnectionDriver, InputEnd, READ_SIZE};
use crate::engine::events::record::{EventKind, Payload};
use crate::engine::events::sinks::BatchSink;
use crate::engine::link::state::Flush;
use crate::transport::descriptor::{Descriptor, Io};
use crate::transport::tls::TlsFailure;
use crate::transport::tls::session::{MOST_KEPT, Progress, TlsSession};

/// Capacity for plaintext that a thread keeps. Most reads have no more.
const MOST_PLAIN: usize = READ_SIZE + MOST_KEPT;

/// The memory of one thread for the input of all its links.
pub struct Ciphertext {
    /// Room for what a session has kept, and for a read behind it.
    bytes: Box<[u8]>,
    /// What the bytes say.
    plain: Vec<u8>,
}

impl Ciphertext {
    /// Bytes that one read takes at most.
    pub const MOST_READ: usize = READ_SIZE;

    /// Reads once, behind the room for kept bytes.
    pub fn read(&mut self, descriptor: &Descriptor) -> Io {
        descriptor.receive(&mut self.bytes[MOST_KEPT..])
    }

    /// What [`decrypt`](Self::decrypt) has found.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Decrypts what a session has kept and the `n` bytes of the last read.
    pub fn decrypt(&mut self, n: usize, tls: &mut TlsSession) -> Result<Progress, TlsFailure> {
        self.plain.clear();
        self.plain.shrink_to(MOST_PLAIN);
        let start = MOST_KEPT - tls.kept();
        tls.take_kept(&mut self.bytes[start..MOST_KEPT]);
        tls.receive(&mut self.bytes[start..MOST_KEPT + n], &mut self.plain)
    }
}

thread_local! {
    static CIPHERTEXT: RefCell<Ciphertext> =
        RefCell::new(Ciphertext { bytes: vec![0; MOST_KEPT + READ_SIZE].into(), plain: Vec::new() });
}

/// Calls `work` with the memory of this thread.
pub fn with_ciphertext<R>(work: impl FnOnce(&mut Ciphertext) -> R) -> R {
    CIPHERTEXT.with_borrow_mut(work)
}

impl ConnectionDriver {
    /// Reads and decrypts once. Returns whether sending an answer has failed.
    pub(super) fn read_encrypted(&mut self, now: Duration, sink: &mut BatchSink) -> bool {
        with_ciphertext(|ciphertext| {
            let received = self.descriptor.as_ref().map_or(Io::WouldBlock, |descriptor| ciphertext.read(descriptor));
            match received {
                Io::Done(0) => self.on_encrypted_end(sink),
                Io::Done(n) => {
                    self.input.after_read(n == READ_SIZE || self.ending);
                    return self.on_ciphertext(ciphertext, n, now, sink);
                }
                Io::WouldBlock => self.input.after_read(false),
                Io::Failed(error) => self.on_input_end(InputEnd::Failed(error), sink),
            }
            false
        })
    }

    fn on_ciphertext(&mut self, ciphertext: &mut Ciphertext, n: usize, now: Duration, sink: &mut BatchSink) -> bool {
        let mut state = self.link.state();
        let Some(tls) = &mut state.tls else { return false };
        let result = ciphertext.decrypt(n, tls);
        if result.as_ref().is_ok_and(|progress| progress.is_secure) {
            self.handshaking = false;
            self.link.tell(&state, EventKind::Secure, 0, Payload::Nothing, sink);
        }
        drop(state);
        let mut has_failed = false;
        if !ciphertext.plain.is_empty() {
            has_failed = self.on_bytes(&mut ciphertext.plain, now, sink);
        }
        has_failed |= self.flush_handshake(now, sink);
        match result {
            Ok(progress) if progress.has_ended => self.on_input_end(InputEnd::Ended { is_truncated: false }, sink),
            Ok(_) => {}
            Err(failure) => self.on_input_end(InputEnd::TlsFailed(failure), sink),
        }
        has_failed
    }

    /// Sends what the handshake, an alert or a new key needs, and output that has waited for the
    /// handshake. Returns whether that has failed.
    fn flush_handshake(&mut self, now: Duration, sink: &mut BatchSink) -> bool {
        let mut state = self.link.state();
        let waits =
            state.tls.as_ref().is_some_and(|tls| !tls.pending().is_empty()) || !state.connection.outbox().is_empty();
        if !waits || state.blocked {
            return false;
        }
        let flush = self.link.flush(&mut state, now, sink);
        self.writable = flush != Flush::Blocked;
        flush == Flush::Failed
    }

    /// The stream has ended without an end of TLS. Node's sockets emit 'end' then, too, unless it
    /// is within the handshake.
    fn on_encrypted_end(&mut self, sink: &mut BatchSink) {
        let end = if self.handshaking {
            InputEnd::TlsFailed(TlsFailure::end_in_handshake())
        } else {
            let has_ended = self.link.state().tls.as_ref().is_some_and(|tls| tls.has_peer_ended());
            InputEnd::Ended { is_truncated: !has_ended }
        };
        self.on_input_end(end, sink);
    }
}
