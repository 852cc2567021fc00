//! Bytes on their way to the peer.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

use super::frame::{FrameHeader, MAX_HEADER_LEN};
use super::mask::apply_mask;

/// A buffer that an idle connection may keep between sends.
const KEPT_CAPACITY: usize = 512;

/// Encoded frames in sending order: whole shared buffers first, then the tail that new frames are appended to.
#[derive(Debug, Default)]
pub struct Outbox {
    shared: VecDeque<Bytes>,
    tail: Vec<u8>,
    /// How much of `tail` is sent already.
    tail_start: usize,
    shared_len: usize,
    /// Bytes ever taken out.
    sent: u64,
}

impl Outbox {
    /// Bytes that wait to be sent.
    pub fn len(&self) -> usize {
        self.shared_len + self.tail.len() - self.tail_start
    }

    /// Whether nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes taken out since the beginning.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Appends a frame. A masked payload is masked here, in the outbox; the caller's bytes stay as they are.
    pub fn push_frame(&mut self, header: FrameHeader, payload: &[u8]) {
        let mut head = [0; MAX_HEADER_LEN];
        let head_len = header.encode(&mut head);
        self.tail.reserve(head_len + payload.len());
        self.tail.extend_from_slice(&head[..head_len]);
        let start = self.tail.len();
        self.tail.extend_from_slice(payload);
        if let Some(key) = header.mask {
            apply_mask(&mut self.tail[start..], key, 0);
        }
    }

    /// Appends bytes that are encoded already.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends encoded bytes that others may share, without a copy.
    pub fn push_shared(&mut self, bytes: Bytes) {
        if !self.tail.is_empty() {
            let mut tail = Bytes::from(std::mem::take(&mut self.tail));
            tail.advance(std::mem::take(&mut self.tail_start));
            self.shared_len += tail.len();
            self.shared.push_back(tail);
        }
        self.shared_len += bytes.len();
        self.shared.push_back(bytes);
    }

    /// Fills `slices` with what is to be sent next, and says how many it filled.
    pub fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = Some(&self.tail[self.tail_start..]).filter(|tail| !tail.is_empty());
        let parts = self.shared.iter().map(|bytes| &bytes[..]).chain(tail);
        let mut filled = 0;
        for (slot, part) in slices.iter_mut().zip(parts) {
            *slot = IoSlice::new(part);
            filled += 1;
        }
        filled
    }

    /// Forgets the first `n` bytes: they are sent.
    pub fn advance(&mut self, mut n: usize) {
        self.sent += n as u64;
        while n > 0 {
            let Some(first) = self.shared.front_mut() else { break };
            let step = n.min(first.len());
            first.advance(step);
            self.shared_len -= step;
            n -= step;
            if first.is_empty() {
                self.shared.pop_front();
            }
        }
        self.tail_start += n;
        if self.tail_start == self.tail.len() {
            self.reset_tail();
        }
    }

    /// Takes everything out in one buffer, for a transport that writes whole buffers.
    pub fn take(&mut self) -> Vec<u8> {
        self.sent += self.len() as u64;
        let tail = std::mem::take(&mut self.tail);
        let start = std::mem::take(&mut self.tail_start);
        if self.shared.is_empty() && start == 0 {
            return tail;
        }
        let mut all = Vec::with_capacity(self.shared_len + tail.len() - start);
        for bytes in self.shared.drain(..) {
            all.extend_from_slice(&bytes);
        }
        self.shared_len = 0;
        all.extend_from_slice(&tail[start..]);
        all
    }

    /// Drops everything that waits.
    pub fn clear(&mut self) {
        self.shared.clear();
        self.shared_len = 0;
        self.tail.clear();
        self.reset_tail();
    }

    fn reset_tail(&mut self) {
        self.tail_start = 0;
        if self.tail.capacity() > KEPT_CAPACITY {
            self.tail = Vec::new();
        } else {
            self.tail.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(Vec<u8>),
        Share(Vec<u8>),
        Send(usize),
        Take,
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        prop_oneof![
            bytes().prop_map(Step::Push),
            bytes().prop_map(Step::Share),
            (0usize..60).prop_map(Step::Send),
            Just(Step::Take),
        ]
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_went_in(steps in proptest::collection::vec(step(), 0..40)) {
            let mut outbox = Outbox::default();
            let (mut put, mut got) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Push(bytes) => { outbox.push_bytes(&bytes); put.extend(bytes); }
                    Step::Share(bytes) => { put.extend(&bytes); outbox.push_shared(Bytes::from(bytes)); }
                    Step::Take => got.extend(outbox.take()),
                    Step::Send(most) => {
                        let mut slices = [IoSlice::new(&[]); 3];
                        let filled = outbox.fill(&mut slices);
                        let next: Vec<u8> =
                            slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
                        outbox.advance(next.len());
                        got.extend(next);
                    }
                }
                prop_assert_eq!(outbox.len(), put.len() - got.len());
                prop_assert_eq!(outbox.sent(), got.len() as u64);
            }
            got.extend(outbox.take());
            prop_assert_eq!(got, put);
            prop_assert!(outbox.is_empty());
        }
    }
}
