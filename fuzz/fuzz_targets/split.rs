//! A stream has the same events at any split.
//!
//! Input: two bytes of switches, four lengths of pieces in rotation, the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native_fuzz::Choices;
use websocket_native_fuzz::machine::Outcome;

fn run(input: &[u8]) -> Option<()> {
    let mut choices = Choices::new(input);
    let config = choices.config()?;
    let lengths = [choices.byte()?, choices.byte()?, choices.byte()?, choices.byte()?];
    let stream = choices.rest();
    let mut pieces = Vec::new();
    let mut rest = stream;
    for len in lengths.iter().cycle() {
        // At least one byte, so that the stream ends.
        let (piece, later) = rest.split_at(usize::from(*len).max(1).min(rest.len()));
        pieces.push(piece);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    let whole = Outcome::of(&config, [stream]);
    assert_eq!(Outcome::of(&config, pieces.clone()), whole);
    assert_eq!(Outcome::direct_reads(&config, pieces), whole);
    Some(())
}

fuzz_target!(|input: &[u8]| {
    run(input);
});
