//! A peer's compressed messages cost no more than their limit. What was inflated can be deflated.
//!
//! Input: a byte of switches, then messages: a byte of length each, and the payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native::protocol::{Deflater, DeflaterOptions, Inflater};
use websocket_native_fuzz::Choices;

fn run(input: &[u8]) -> Option<()> {
    let mut choices = Choices::new(input);
    let switches = choices.byte()?;
    let keeps_context = switches & 1 == 1;
    let limit = if switches & 2 == 2 { 100 } else { 1 << 20 };
    let window_bits = 8 + (switches >> 2 & 7);
    let level = (switches >> 5) as i8;
    let mut inflater = Inflater::new(window_bits, keeps_context);
    let mut deflater =
        Deflater::new(DeflaterOptions { window_bits, level, ..DeflaterOptions::default() }, keeps_context);
    let mut peer = Inflater::new(window_bits, keeps_context);
    while let Some(payload) = choices.bytes() {
        let mut message = Vec::new();
        let result = inflater.inflate(payload, limit, &mut message);
        assert!(message.capacity() <= limit + 1, "{} of memory", message.capacity());
        assert!(inflater.heap_size() <= 1 << window_bits);
        result.ok()?;
        let (mut wire, mut heard) = (Vec::new(), Vec::new());
        deflater.deflate(&message, &mut wire);
        peer.inflate(&wire, message.len(), &mut heard).expect("our own payload");
        assert!(heard == message);
    }
    Some(())
}

fuzz_target!(|input: &[u8]| {
    run(input);
});
