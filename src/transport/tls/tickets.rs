//! Tickets by which a server resumes sessions (RFC 8446 §4.6.1, RFC 5077). The server keeps nothing
//! for them, so all threads and processes with the same key can resume all sessions.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use rustls::Error;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;

/// Seconds for which a ticket is of use by default, as in Node.
const LIFETIME: u32 = 7200;

/// Tickets under keys of the application, which it may share among contexts and processes.
#[derive(Debug)]
struct KeyedTickets {
    key: RandomizedNonceKey,
    lifetime: u32,
}

/// Makes tickets: under `keys`, or under random keys that are replaced every six hours. `lifetime`
/// is in seconds; 0 means two hours.
///
/// # Errors
/// When the system has no random bytes.
pub fn tickets(keys: Option<&[u8]>, lifetime: u32) -> Result<Arc<dyn ProducesTickets>, Error> {
    let Some(keys) = keys else { return Ticketer::new() };
    let secret = digest(&SHA256, keys);
    let key = RandomizedNonceKey::new(&AES_256_GCM, secret.as_ref())
        .map_err(|_| Error::General("the ticket keys are unusable".into()))?;
    Ok(Arc::new(KeyedTickets { key, lifetime: if lifetime == 0 { LIFETIME } else { lifetime } }))
}

impl ProducesTickets for KeyedTickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.lifetime
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = plain.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::empty(), &mut sealed).ok()?;
        sealed.extend_from_slice(nonce.as_ref());
        Some(sealed)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (sealed, nonce) = ticket.split_last_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let length = self.key.open_in_place(Nonce::from(nonce), Aad::empty(), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}
