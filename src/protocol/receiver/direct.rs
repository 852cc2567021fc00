//! Reading a long frame straight into its message.

use std::borrow::Cow;

use super::{Received, Receiver, judge_text};
use crate::protocol::config::Config;
use crate::protocol::mask::apply_mask;
use crate::protocol::pool;
use crate::protocol::violation::Violation;

/// Memory for the next bytes of a long frame, so that a driver can read them without memory of its
/// own: at the end of `payload`, which has capacity for `room` bytes more.
#[derive(Debug)]
pub struct DirectRead<'a> {
    /// The message so far.
    pub payload: &'a mut Vec<u8>,
    /// Most bytes to read.
    pub room: usize,
}

impl Receiver {
    /// Memory for the next bytes of the frame, if at least `least` bytes of the message are there
    /// and at least `least` bytes of the frame are to come. There is room for as many bytes as were
    /// received, or for the whole frame if the pool has such a piece.
    pub fn direct_read(&mut self, least: usize, config: &Config) -> Option<DirectRead<'_>> {
        let have = self.payload.len();
        let frame = self.frame.filter(|frame| frame.remaining() >= least as u64 && !frame.opcode.is_control())?;
        if have < least || !config.assemble_fragments {
            return None;
        }
        let remaining = usize::try_from(frame.remaining()).unwrap_or(usize::MAX);
        if self.payload.capacity() - have < least.div_ceil(2) {
            let step = remaining.min(have);
            match pool::take_kept(have.saturating_add(remaining)) {
                Some(piece) => pool::move_to(piece, &mut self.payload),
                // Half of the step is enough, so the pool's rounding stays below the step.
                None => pool::reserve(&mut self.payload, step.div_ceil(2), step),
            }
        }
        let room = remaining.min(self.payload.capacity() - have);
        Some(DirectRead { payload: &mut self.payload, room })
    }

    /// Decodes the last `n` bytes of the payload, which the driver has read.
    pub fn on_direct_read(&mut self, n: usize, config: &Config) -> Result<Option<Received<'static>>, Violation> {
        let Some(mut frame) = self.frame.take() else { return Ok(None) };
        let start = self.payload.len() - n;
        let checks_utf8 = self.checks_utf8(config);
        let piece = &mut self.payload[start..];
        if let Some(key) = frame.header.mask {
            apply_mask(piece, key, (frame.received % 4) as usize);
        }
        frame.received += n as u64;
        if checks_utf8 {
            judge_text(self.utf8.push(piece), config)?;
        }
        if frame.remaining() > 0 {
            self.frame = Some(frame);
            return Ok(None);
        }
        self.complete_fragment(frame.header.len, config)?;
        if !frame.header.fin {
            return Ok(None);
        }
        let payload = Cow::Owned(std::mem::take(&mut self.payload));
        self.finish_message(payload, config).map(Some)
    }
}
