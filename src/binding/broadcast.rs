//! One message for many connections.

use bytes::Bytes;

use super::abi::SENT_BELOW_MARK;
use super::engine::Engine;
use crate::protocol::MessageKind;

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn broadcast(&mut self, slots: &mut [u32], kind: MessageKind, payload: &[u8]) -> u32 {
        // Links with the same threshold get the same frames.
        let mut encoded: Vec<(Option<usize>, Bytes)> = Vec::new();
        let mut full = 0;
        let takes = self.takes;
        for slot in slots {
            let Some(entry) = self.entry(*slot).filter(|entry| entry.adopted) else { continue };
            let mut state = entry.link.state();
            entry.sent_before.note(!entry.dirty, takes, &state);
            let threshold = state.connection.fragmentation_threshold();
            let frames = match encoded.iter().find(|(known, _)| *known == threshold) {
                Some((_, frames)) => frames.clone(),
                None => {
                    let frames = state.connection.encode_shared(kind, payload);
                    encoded.push((threshold, frames.clone()));
                    frames
                }
            };
            state.connection.send_shared(frames);
            let below = state.below_mark();
            drop(state);
            self.staging.set_room(*slot, 0);
            self.touch(*slot);
            full += u32::from(!below);
            *slot = if below { SENT_BELOW_MARK } else { 0 };
        }
        full
    }
}
