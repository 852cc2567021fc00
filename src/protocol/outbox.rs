//! Encoded output that is not sent yet.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

use super::frame::FrameHeader;
use super::pool;

/// Memory that an idle connection may keep between sends.
const KEPT_CAPACITY: usize = 512;

/// Encoded frames in sending order: first whole shared buffers, then the tail, to which new frames
/// are appended.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Boxed because many connections never have any.
    shared: Option<Box<Shared>>,
    tail: Vec<u8>,
    /// How much of `tail` is sent already.
    tail_start: usize,
    /// Bytes ever taken out.
    sent: u64,
}

#[derive(Debug, Default)]
struct Shared {
    buffers: VecDeque<Bytes>,
    /// Bytes in all of them.
    len: usize,
}

impl Shared {
    fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        self.buffers.push_back(bytes);
    }

    /// Drops the first `n` bytes, or all if there are fewer. Returns how many it dropped.
    fn advance(&mut self, n: usize) -> usize {
        let mut left = n;
        while left > 0 {
            let Some(first) = self.buffers.front_mut() else { break };
            let step = left.min(first.len());
            first.advance(step);
            left -= step;
            if first.is_empty() {
                self.buffers.pop_front();
            }
        }
        self.len -= n - left;
        n - left
    }

    fn clear(&mut self) {
        self.buffers.clear();
        self.len = 0;
    }
}

impl Outbox {
    /// Bytes to be sent.
    pub fn len(&self) -> usize {
        self.shared.as_ref().map_or(0, |shared| shared.len) + self.tail.len() - self.tail_start
    }

    /// Whether there are no bytes to be sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes taken out since the beginning.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Appends a frame. A payload is masked in the outbox. The caller's bytes do not change.
    pub fn push_frame(&mut self, header: FrameHeader, payload: &[u8]) {
        self.reserve(header.frame_len());
        header.push_frame(payload, &mut self.tail);
    }

    /// Makes room for `more` bytes, which are about to be appended.
    pub fn reserve(&mut self, more: usize) {
        self.shed_sent_half();
        let most = self.tail.len();
        pool::reserve(&mut self.tail, more, most);
    }

    /// Appends bytes that are encoded already.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.tail.extend_from_slice(bytes);
    }

    /// Appends the rest of `parts`. Their first `sent` bytes were sent directly, while the outbox
    /// was empty.
    pub fn push_rest(&mut self, mut parts: &mut [IoSlice<'_>], sent: usize) {
        self.sent += sent as u64;
        IoSlice::advance_slices(&mut parts, sent);
        self.reserve(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.tail.extend_from_slice(part);
        }
    }

    /// Appends encoded bytes that others may share. Only short ones are copied.
    pub fn push_shared(&mut self, bytes: Bytes) {
        if bytes.len() <= KEPT_CAPACITY {
            self.push_bytes(&bytes);
            return;
        }
        if !self.tail.is_empty() {
            self.share_tail();
        }
        self.shared.get_or_insert_default().push(bytes);
    }

    /// Moves all bytes of `other` behind these.
    pub fn append(&mut self, other: &mut Self) {
        if let Some(shared) = other.shared.take() {
            for bytes in shared.buffers {
                self.push_shared(bytes);
            }
        }
        self.push_bytes(&other.tail[other.tail_start..]);
        other.tail.clear();
        other.reset_tail();
    }

    /// Fills `slices` with the bytes to be sent next. Returns how many slices it filled.
    pub fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, part) in slices.iter_mut().zip(self.parts()) {
            *slot = IoSlice::new(part);
            filled += 1;
        }
        filled
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let tail = Some(&self.tail[self.tail_start..]).filter(|tail| !tail.is_empty());
        let shared = self.shared.iter().flat_map(|shared| &shared.buffers);
        shared.map(|bytes| &bytes[..]).chain(tail)
    }

    /// Copies the bytes to be sent next to the beginning of `target`. Returns how many it copied.
    pub fn copy_to(&self, target: &mut [u8]) -> usize {
        let mut copied = 0;
        for part in self.parts() {
            let length = part.len().min(target.len() - copied);
            target[copied..copied + length].copy_from_slice(&part[..length]);
            copied += length;
        }
        copied
    }

    /// Drops the first `n` bytes, which are sent.
    pub fn advance(&mut self, n: usize) {
        self.sent += n as u64;
        let shared = self.shared.as_mut().map_or(0, |shared| shared.advance(n));
        self.tail_start += n - shared;
        if self.tail_start == self.tail.len() {
            self.reset_tail();
        }
    }

    /// Takes everything out in one buffer, for a transport that writes whole buffers.
    pub fn take(&mut self) -> Vec<u8> {
        self.sent += self.len() as u64;
        let tail = std::mem::take(&mut self.tail);
        let start = std::mem::take(&mut self.tail_start);
        let shared = self.shared.take().filter(|shared| shared.len > 0);
        if shared.is_none() && start == 0 {
            return tail;
        }
        let mut all = Vec::with_capacity(shared.as_ref().map_or(0, |shared| shared.len) + tail.len() - start);
        for bytes in shared.iter().flat_map(|shared| &shared.buffers) {
            all.extend_from_slice(bytes);
        }
        all.extend_from_slice(&tail[start..]);
        all
    }

    /// Drops all bytes.
    pub fn clear(&mut self) {
        if let Some(shared) = &mut self.shared {
            shared.clear();
        }
        self.tail.clear();
        self.reset_tail();
    }

    /// Begins a new tail if half of the old one is sent. Otherwise a connection that always has
    /// output would keep all that it ever sent.
    fn shed_sent_half(&mut self) {
        if self.tail_start > KEPT_CAPACITY && self.tail_start >= self.tail.len() / 2 {
            self.share_tail();
        }
    }

    /// Turns the unsent tail into a shared buffer, without a copy.
    fn share_tail(&mut self) {
        let mut tail = Bytes::from(std::mem::take(&mut self.tail));
        tail.advance(std::mem::take(&mut self.tail_start));
        self.shared.get_or_insert_default().push(tail);
    }

    fn reset_tail(&mut self) {
        self.tail_start = 0;
        if self.tail.capacity() > KEPT_CAPACITY {
            pool::give(std::mem::take(&mut self.tail));
        } else {
            self.tail.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(Vec<u8>),
        Share(Vec<u8>),
        SendThrough([Vec<u8>; 3], usize),
        Send(usize),
        Take,
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = || prop_oneof![vec(any::<u8>(), 0..40), vec(any::<u8>(), 500..900)];
        prop_oneof![
            4 => bytes().prop_map(Step::Push),
            2 => bytes().prop_map(Step::Share),
            2 => ([bytes(), bytes(), bytes()], 0usize..2000).prop_map(|(parts, most)| Step::SendThrough(parts, most)),
            4 => prop_oneof![0usize..60, 400usize..900].prop_map(Step::Send),
            1 => Just(Step::Take),
        ]
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_went_in(steps in vec(step(), 0..40)) {
            let mut outbox = Outbox::default();
            let (mut put, mut got) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Push(bytes) => { outbox.push_bytes(&bytes); put.extend(bytes); }
                    Step::Share(bytes) => { put.extend(&bytes); outbox.push_shared(Bytes::from(bytes)); }
                    Step::SendThrough(parts, most) => {
                        let bytes = parts.concat();
                        let sent = if outbox.is_empty() { most.min(bytes.len()) } else { 0 };
                        outbox.push_rest(&mut parts.each_ref().map(|part| IoSlice::new(part)), sent);
                        got.extend(&bytes[..sent]);
                        put.extend(bytes);
                    }
                    Step::Take => got.extend(outbox.take()),
                    Step::Send(most) => {
                        let mut slices = [IoSlice::new(&[]); 3];
                        let filled = outbox.fill(&mut slices);
                        let next: Vec<u8> =
                            slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
                        let mut copy = vec![0; next.len()];
                        prop_assert_eq!(outbox.copy_to(&mut copy), next.len());
                        prop_assert_eq!(&copy, &next);
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

    #[test]
    fn what_was_sent_is_not_kept_where_something_always_waits() {
        let mut outbox = Outbox::default();
        outbox.push_bytes(&[0; 100]);
        for _ in 0..10_000 {
            outbox.push_bytes(&[0; 100]);
            outbox.advance(100);
        }
        assert_eq!(outbox.len(), 100);
        let buffers = outbox.shared.as_ref().map_or(0, |shared| shared.buffers.len());
        let held = buffers * 2 * KEPT_CAPACITY + outbox.tail.capacity();
        assert!(held <= 8 * KEPT_CAPACITY, "{held} bytes held for 100 that wait");
    }

    #[test]
    fn nothing_shared_is_nothing_to_send() {
        let mut outbox = Outbox::default();
        outbox.push_shared(Bytes::new());
        assert_eq!(outbox.fill(&mut [IoSlice::new(&[])]), 0);
    }
}
