//! permessage-deflate (RFC 7692) on the client's side. It uses another implementation of zlib than
//! the servers.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::frame::broken;

/// The last bytes of a deflated message, which are not on the wire (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The payload of `text`, without references to earlier texts.
pub fn compress(text: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(text.len() + text.len() / 8 + 64);
    let mut compress = Compress::new(Compression::default(), false);
    let done = compress.compress_vec(text, &mut payload, FlushCompress::Sync);
    done.expect("a stream that never ends takes whatever comes");
    assert!(payload.ends_with(&TAIL), "there was room for all of it");
    payload.truncate(payload.len() - TAIL.len());
    payload
}

/// Inflates the messages of a server on one connection, and compares them with the expected texts.
pub struct Proof {
    /// It gets all answers, since each may refer to earlier ones.
    inflate: Decompress,
    /// Room for a text and one byte more, to detect a longer one.
    text: Vec<u8>,
    text_len: usize,
    /// The next expected text.
    next: usize,
    /// How many texts have come.
    proven: usize,
}

impl Proof {
    /// Expects texts of `size` bytes, beginning with number `first`.
    pub fn new(size: usize, first: usize) -> Self {
        Self { inflate: Decompress::new(false), text: vec![0; size + 1], text_len: 0, next: first, proven: 0 }
    }

    pub fn proven(&self) -> usize {
        self.proven
    }

    /// Inflates a piece of a message's payload.
    pub fn feed(&mut self, mut payload: &[u8]) -> io::Result<()> {
        while !payload.is_empty() {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let room = &mut self.text[self.text_len..];
            let done = self.inflate.decompress(payload, room, FlushDecompress::Sync);
            done.map_err(|_| broken("an answer is no DEFLATE data"))?;
            // Both are lengths within slices.
            let taken = (self.inflate.total_in() - read) as usize;
            self.text_len += (self.inflate.total_out() - written) as usize;
            payload = &payload[taken..];
            if self.text_len == self.text.len() {
                return Err(broken("an answer inflates to more than was sent"));
            }
            if taken == 0 {
                return Err(broken("an answer goes on behind its last block"));
            }
        }
        Ok(())
    }

    /// Ends a message, and compares it with the next one of `texts`.
    pub fn end_message(&mut self, texts: &[Vec<u8>]) -> io::Result<()> {
        self.feed(&TAIL)?;
        if self.text[..self.text_len] != texts[self.next] {
            return Err(broken("an answer does not inflate to what was sent"));
        }
        self.text_len = 0;
        self.next = (self.next + 1) % texts.len();
        self.proven += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<Vec<u8>> {
        (0..3).map(|number| crate::json::text(number, 4096).unwrap()).collect()
    }

    /// The output of a server with context takeover.
    fn in_one_context(texts: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut compress = Compress::new(Compression::default(), false);
        let payload_of = |text: &Vec<u8>| {
            let mut payload = Vec::with_capacity(2 * text.len());
            compress.compress_vec(text, &mut payload, FlushCompress::Sync).unwrap();
            payload.truncate(payload.len() - TAIL.len());
            payload
        };
        texts.iter().map(payload_of).collect()
    }

    fn prove(payloads: &[Vec<u8>], texts: &[Vec<u8>], first: usize, step: usize) -> io::Result<usize> {
        let mut proof = Proof::new(texts[0].len(), first);
        for payload in payloads {
            payload.chunks(step).try_for_each(|piece| proof.feed(piece))?;
            proof.end_message(texts)?;
        }
        Ok(proof.proven())
    }

    #[test]
    fn compresses_the_example_of_rfc_7692() {
        // §7.2.3.1
        assert_eq!(compress(b"Hello"), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    }

    #[test]
    fn proves_answers_with_context_and_without() {
        let texts = texts();
        let apart: Vec<_> = texts.iter().map(|text| compress(text)).collect();
        let together = in_one_context(&texts);
        assert!(together[2].len() < apart[2].len());
        for payloads in [apart, together] {
            for step in [1, 100, 1 << 20] {
                assert_eq!(prove(&payloads, &texts, 0, step).unwrap(), 3);
            }
        }
    }

    #[test]
    fn begins_anywhere_in_the_rotation() {
        let texts = texts();
        let order = [texts[2].clone(), texts[0].clone()];
        assert_eq!(prove(&in_one_context(&order), &texts, 2, 1000).unwrap(), 2);
        assert!(prove(&in_one_context(&order), &texts, 1, 1000).is_err());
    }

    #[test]
    fn refuses_what_does_not_inflate_to_what_was_sent() {
        let texts = texts();
        let shorter = compress(&texts[0][..4095]);
        let longer = compress(&[&texts[0][..], b" "].concat());
        let mut changed = texts[0].clone();
        changed[2000] ^= 1;
        let unfinished = compress(&texts[0])[..500].to_vec();
        let ended_early = [&compress(&texts[0])[..], &[0x03, 0x00], &compress(b"more")].concat();
        for payload in [shorter, longer, compress(&changed), texts[0].clone(), unfinished, ended_early] {
            assert!(prove(&[payload], &texts, 0, 1000).is_err());
        }
    }
}
