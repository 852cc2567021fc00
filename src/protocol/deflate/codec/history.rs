//! The last bytes of earlier messages.

/// The last bytes of all messages so far, at most as many as the window. A ring that grows with its
/// content.
#[derive(Debug)]
pub struct History {
    bytes: Vec<u8>,
    /// The position of the oldest byte, if the ring is full.
    oldest: usize,
    window: usize,
}

impl History {
    /// An empty history. It allocates when there is something to keep.
    pub const fn new(window: usize) -> Self {
        Self { bytes: Vec::new(), oldest: 0, window }
    }

    /// Adds the next message.
    pub fn push(&mut self, message: &[u8]) {
        let skipped = message.len().saturating_sub(self.window);
        let message = &message[skipped..];
        let (grown, over) = message.split_at(message.len().min(self.window - self.bytes.len()));
        if self.bytes.capacity() - self.bytes.len() < grown.len() {
            // `Vec` would double its capacity beyond the window.
            let wanted = (self.bytes.len() + grown.len()).max(2 * self.bytes.capacity()).min(self.window);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(grown);
        if over.is_empty() {
            return;
        }
        let (end, start) = over.split_at(over.len().min(self.window - self.oldest));
        self.bytes[self.oldest..][..end.len()].copy_from_slice(end);
        self.bytes[..start.len()].copy_from_slice(start);
        self.oldest = (self.oldest + over.len()) % self.window;
    }

    /// The bytes, oldest first.
    pub fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.bytes.split_at(self.oldest);
        [older, newer]
    }

    /// Bytes on the heap.
    pub fn heap_size(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_the_end_of_everything(
            window in 1usize..40,
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..90), 0..12),
        ) {
            let mut history = History::new(window);
            let mut all = Vec::new();
            for message in messages {
                history.push(&message);
                all.extend(message);
                prop_assert_eq!(history.parts().concat(), &all[all.len().saturating_sub(window)..]);
                prop_assert!(history.heap_size() <= window);
            }
        }
    }
}
