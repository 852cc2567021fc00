//! The parts of an unfinished message or frame, for inspection.

use super::Receiver;
use crate::protocol::frame::FrameHeader;
use crate::protocol::message::MessageKind;

/// The parts of a message or frame that is not complete, for inspection.
#[derive(Debug)]
pub struct Partial<'a> {
    /// The kind of the message whose fragments are arriving.
    pub message: Option<MessageKind>,
    /// The payload of its complete fragments.
    pub fragments: &'a [u8],
    /// The frame whose payload is arriving, and how much of the payload has arrived.
    pub frame: Option<(FrameHeader, u64)>,
    /// Bytes of a header that is not complete.
    pub header: usize,
}

impl Partial<'_> {
    /// Everything is complete.
    pub const NOTHING: Self = Self { message: None, fragments: &[], frame: None, header: 0 };
}

impl Receiver {
    /// The parts of a message or frame that is not complete.
    pub fn partial(&self) -> Partial<'_> {
        let current = self.frame.filter(|frame| !frame.opcode.is_control()).map_or(0, |frame| frame.received as usize);
        // If messages are not assembled, `payload` may be that of a control frame. There is no
        // message in it then.
        let fragments = self.payload.len().saturating_sub(current);
        Partial {
            message: self.message.filter(|_| self.fragments > 0 && (fragments > 0 || current == 0)),
            fragments: &self.payload[..fragments],
            frame: self.frame.map(|frame| (frame.header, frame.received)),
            header: usize::from(self.header_len),
        }
    }
}
