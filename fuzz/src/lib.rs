//! Turns the input of a fuzzer into a configuration and calls. The checks are those of the property
//! tests.

use std::time::Duration;

use websocket_native::protocol;

#[path = "../../src/protocol/tests/properties/machine.rs"]
pub mod machine;

use machine::Operation;
use protocol::{Config, Dialect, MessageKind, Timer};

/// Choices, taken from the front of an input until it is used up.
pub struct Choices<'i> {
    rest: &'i [u8],
}

impl<'i> Choices<'i> {
    pub fn new(input: &'i [u8]) -> Self {
        Self { rest: input }
    }

    /// The input that is left.
    pub fn rest(self) -> &'i [u8] {
        self.rest
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    pub fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// As many bytes as the first byte says, or as are left.
    pub fn bytes(&mut self) -> Option<&'i [u8]> {
        let len = usize::from(self.byte()?).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Two bytes of switches.
    pub fn config(&mut self) -> Option<Config> {
        let switches = u16::from_le_bytes([self.byte()?, self.byte()?]);
        let on = |bit: u8| switches >> bit & 1 == 1;
        let client = on(0);
        Some(Config {
            dialect: if on(8) { &Dialect::WS } else { &Dialect::WEBSOCKET },
            mask_key: client.then_some(|| [0x37, 0xfa, 0x21, 0x3d]),
            require_masking: (!on(1)).then_some(!client),
            assemble_fragments: !on(2),
            auto_pong: !on(3),
            compression: None,
            max_frame_size: if on(4) { 100 } else { 64 * 1024 },
            max_message_size: if on(4) { 150 } else { 1024 * 1024 },
            max_fragments: on(5).then_some(3),
            checks_utf8: !on(9),
            text_as_bytes: on(10),
            fragmentation_threshold: on(6).then_some(10),
            keepalive_interval: on(7).then_some(Duration::from_secs(20)),
            keepalive_grace: on(7).then_some(Duration::from_secs(10)),
            close_timeout: Some(Duration::from_secs(5)),
        })
    }

    pub fn operation(&mut self) -> Option<Operation> {
        Some(match self.byte()? {
            b's' => Operation::Send(MessageKind::Text, self.bytes()?.to_vec()),
            b'S' => Operation::Send(MessageKind::Binary, self.bytes()?.to_vec()),
            b'z' => Operation::SendDeflated(MessageKind::Text, self.bytes()?.to_vec(), false),
            b'Z' => Operation::SendDeflated(MessageKind::Text, self.bytes()?.to_vec(), true),
            b'W' => Operation::Work,
            b'b' => Operation::Broadcast(MessageKind::Text, self.bytes()?.to_vec()),
            b'p' => Operation::Ping(self.bytes()?.to_vec()),
            b'q' => Operation::Pong(self.bytes()?.to_vec()),
            b'c' => Operation::Close(self.number()?, self.text()?),
            b'C' => Operation::SendClose(self.bytes()?.to_vec()),
            b'a' => Operation::Acknowledge,
            b'd' => Operation::Drop(None),
            b'D' => Operation::Drop(Some((self.number()?, self.text()?))),
            b'e' => Operation::End,
            b'u' => Operation::Unsendable,
            b'w' => Operation::Wait(Duration::from_millis(self.number()?.into())),
            b'o' => Operation::Sent(self.number()?.into()),
            b'O' => Operation::TakeOutput,
            b'+' => Operation::AutoPong(true),
            b'-' => Operation::AutoPong(false),
            b'f' => Operation::KeepsFragments(true),
            b'F' => Operation::KeepsFragments(false),
            b't' => Operation::SetTimer(self.timer()?, true),
            b'T' => Operation::SetTimer(self.timer()?, false),
            _ => Operation::Receive(self.bytes()?.to_vec()),
        })
    }

    fn timer(&mut self) -> Option<Timer> {
        Some(match self.byte()? % 3 {
            0 => Timer::Keepalive,
            1 => Timer::Grace,
            _ => Timer::Close,
        })
    }
}
