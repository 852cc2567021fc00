//! Output of a link with TLS.
//!
//! Plaintext stays in the outbox until the kernel has all of its ciphertext, so marks and amounts
//! mean the same as without TLS.

use std::cell::RefCell;
use std::io::{self, IoSlice};

use crate::engine::link::state::{ConnectionState, Flush};
use crate::protocol::Outbox;
use crate::transport::descriptor::Io;
use crate::transport::tls::TlsFailure;
use crate::transport::tls::session::{RECORD_PAYLOAD, TlsSession, sealed_size};

/// Plaintext that one system call sends at most.
const MOST_SEALED: usize = 4 * RECORD_PAYLOAD;

/// Pending ciphertext of at most this length leaves together with output: the end of the handshake
/// with an answer.
const MOST_JOINED: usize = 4 << 10;

/// The outbox may have many short buffers. This is how many are looked at to see whether there is
/// more than one.
const SLICES: usize = 2;

/// A thread has this memory for all its links.
struct Scratch {
    /// Plaintext from several buffers, so that it needs no record for each.
    gathered: Box<[u8]>,
    sealed: Box<[u8]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        gathered: vec![0; MOST_SEALED].into(),
        sealed: vec![0; MOST_JOINED + sealed_size(MOST_SEALED)].into(),
    });
}

/// Ciphertext in the scratch memory.
struct Sealed {
    length: usize,
    /// Bytes of plaintext in it.
    plain: usize,
}

impl ConnectionState {
    /// Writes as [`write`](Self::write) does, encrypted. Output waits for the end of the handshake.
    pub(super) fn write_encrypted(&mut self) -> Flush {
        if self.tls.as_ref().is_some_and(|tls| tls.awaits_trust()) {
            return Flush::Done;
        }
        loop {
            let sealed = SCRATCH.with_borrow_mut(|scratch| self.write_sealed(scratch));
            let Some(flush) = sealed.or_else(|| self.write_pending()) else { break };
            if flush != Flush::Done {
                return flush;
            }
        }
        self.blocked = false;
        self.write_end();
        Flush::Done
    }

    /// Writes ciphertext that the kernel did not take before. `None` if there is none.
    fn write_pending(&mut self) -> Option<Flush> {
        let Self { connection, descriptor: Some(descriptor), tls: Some(tls), closing, .. } = self else { return None };
        if tls.pending().is_empty() {
            return None;
        }
        let end_follows = closing.wants_end() && tls.has_ended();
        Some(match descriptor.send(&[IoSlice::new(tls.pending())], end_follows) {
            Io::Done(n) => {
                let plain = tls.on_sent(n);
                if plain > 0 {
                    connection.handle_sent(plain);
                }
                Flush::Done
            }
            Io::WouldBlock => self.block(),
            Io::Failed(error) => self.fail_to_send(error),
        })
    }

    /// Encrypts and writes output, behind what is left of the handshake, and with the end behind the
    /// last of it. `None` if there is no output, or earlier output is pending.
    fn write_sealed(&mut self, scratch: &mut Scratch) -> Option<Flush> {
        let Self { connection, descriptor: Some(descriptor), tls: Some(tls), closing, .. } = self else { return None };
        let ends = closing.wants_end() && !connection.is_deflating();
        if tls.has_ended() && tls.pending().is_empty() && !connection.outbox().is_empty() {
            // As a write behind the end of TCP. While something is pending, the outbox may have its
            // plaintext.
            return Some(self.fail_to_send(io::Error::from_raw_os_error(libc::EPIPE)));
        }
        let has_output = !connection.outbox().is_empty() || ends;
        if !tls.is_open() || !has_output || !tls.can_join(MOST_JOINED) {
            return None;
        }
        let Ok(Sealed { length, plain }) = seal(tls, connection.outbox(), ends, scratch) else {
            return Some(self.fail_to_send(io::ErrorKind::Other.into()));
        };
        let sealed = &scratch.sealed[..length];
        let end_follows = tls.has_ended();
        Some(match descriptor.send(&[IoSlice::new(sealed)], end_follows) {
            Io::Done(n) if n == length => {
                connection.handle_sent(plain);
                Flush::Done
            }
            Io::Done(n) => {
                tls.hold(&sealed[n..], plain);
                Flush::Done
            }
            Io::WouldBlock => {
                tls.hold(sealed, plain);
                self.block()
            }
            Io::Failed(error) => self.fail_to_send(error),
        })
    }

    /// Sends the end of TCP if it is wanted, and all output with the end of TLS has left. A
    /// connection that ends before its handshake has no end of TLS.
    fn write_end(&mut self) {
        let Self { connection, descriptor: Some(descriptor), tls: Some(tls), closing, .. } = self else { return };
        if closing.wants_end() && connection.is_flushed() {
            debug_assert!(tls.pending().is_empty(), "it was written before");
            closing.on_ended();
            descriptor.end();
        }
    }

    fn block(&mut self) -> Flush {
        self.blocked = true;
        Flush::Blocked
    }

    fn fail_to_send(&mut self, error: io::Error) -> Flush {
        self.fail(error);
        Flush::Failed
    }
}

/// Encrypts the beginning of the outbox, and the end if `ends` and nothing is left.
fn seal(tls: &mut TlsSession, outbox: &Outbox, ends: bool, scratch: &mut Scratch) -> Result<Sealed, TlsFailure> {
    let Scratch { gathered, sealed } = scratch;
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = outbox.fill(&mut slices);
    let first = &slices[0][..slices[0].len().min(MOST_SEALED)];
    let plain = if filled < SLICES || first.len() == MOST_SEALED {
        first
    } else {
        let length = outbox.copy_to(gathered);
        &gathered[..length]
    };
    let mut length = tls.take_pending(sealed);
    if !plain.is_empty() {
        length += tls.seal(plain, &mut sealed[length..])?;
    }
    if ends && plain.len() == outbox.len() {
        length += tls.seal_end(&mut sealed[length..])?;
    }
    Ok(Sealed { length, plain: plain.len() })
}
