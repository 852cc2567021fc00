//! Short messages that JavaScript's thread has left to an I/O thread.
//!
//! To append a message to the output of a link, a thread needs the link's memory, which the I/O
//! thread has just written. Fetching that from another core takes longer than all the rest. So with
//! many links, JavaScript's thread only writes the messages of a turn one behind the other.

use std::sync::{Arc, Mutex};

use crate::engine::base::locks::lock;
use crate::protocol::MessageKind;

/// Messages, one behind the other.
#[derive(Debug, Default)]
pub struct Messages {
    /// With the length of each payload.
    heads: Vec<(Head, usize)>,
    payloads: Vec<u8>,
}

/// A message without its payload.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// The index by which JavaScript knows the link.
    pub slot: u32,
    /// The number by which the I/O thread knows it.
    pub token: usize,
    /// Text or bytes.
    pub kind: MessageKind,
    /// Whether to report when it has left.
    pub mark: bool,
}

/// Messages for links of one I/O thread, in order. That thread appends them to the output of their
/// links, or JavaScript's thread if it needs one of the links earlier.
#[derive(Debug)]
pub struct Page(Mutex<Messages>);

impl Messages {
    /// Adds a message.
    pub fn push(&mut self, head: Head, payload: &[u8]) {
        self.heads.push((head, payload.len()));
        self.payloads.extend_from_slice(payload);
    }
}

impl Page {
    /// A page with these messages.
    pub fn new(messages: Messages) -> Arc<Self> {
        Arc::new(Self(Mutex::new(messages)))
    }

    /// The memory of a page, if no thread has it any more.
    pub fn reclaim(self: Arc<Self>) -> Option<Messages> {
        Arc::into_inner(self)?.0.into_inner().ok()
    }

    /// Takes the messages out, and calls `put` for each. Another thread that wants them waits until
    /// all are put, so a link's later output stays behind them.
    pub fn put_all(&self, mut put: impl FnMut(Head, &[u8])) {
        let mut messages = lock(&self.0);
        let Messages { heads, payloads } = &mut *messages;
        let mut rest = &payloads[..];
        for (head, len) in heads.drain(..) {
            let (payload, behind) = rest.split_at(len);
            put(head, payload);
            rest = behind;
        }
        payloads.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_its_messages_once_and_in_order() {
        let mut messages = Messages::default();
        let head = |slot| Head { slot, token: 7, kind: MessageKind::Text, mark: slot == 1 };
        for (slot, payload) in [(0, "ab"), (1, ""), (0, "c")] {
            messages.push(head(slot), payload.as_bytes());
        }
        let page = Page::new(messages);
        let mut got = Vec::new();
        page.put_all(|head, payload| got.push((head.slot, head.mark, payload.to_vec())));
        assert_eq!(got, [(0, false, b"ab".to_vec()), (1, true, Vec::new()), (0, false, b"c".to_vec())]);
        page.put_all(|_, _| panic!("it is empty"));
    }

    #[test]
    fn the_memory_of_a_page_is_free_when_no_thread_has_it() {
        let page = Page::new(Messages::default());
        let other = page.clone();
        assert!(page.reclaim().is_none());
        assert!(other.reclaim().is_some());
    }
}
