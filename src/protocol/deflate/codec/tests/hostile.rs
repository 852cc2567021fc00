//! Peers that want to cost memory or time, or cause a panic.

use super::*;
use proptest::prelude::*;

#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    // 6 MB that become 6 GB.
    let mut deflater = Deflater::new(DeflaterOptions { level: 9, ..DeflaterOptions::default() }, false);
    let piece = [deflate(&mut deflater, &vec![0; 6 << 20]), TAIL.to_vec()].concat();
    let bomb = piece.repeat(1000);
    for limit in [0, 1, 1000, 1 << 20] {
        let mut output = Vec::new();
        let result = Inflater::new(15, true).inflate(&bomb, limit, &mut output);
        assert_eq!(result, Err(InflateError::TooLarge));
        assert!(output.capacity() <= limit + 1, "{} for {limit}", output.capacity());
    }
}

#[test]
fn the_limit_itself_is_allowed() {
    let message = records(3000, 7);
    for size in [1, 100, 1024, 65_536, 65_537, message.len()] {
        let message = &message[..size];
        let payload = deflate(&mut Deflater::new(DeflaterOptions::default(), true), message);
        let mut output = Vec::new();
        Inflater::new(15, true).inflate(&payload, size, &mut output).unwrap();
        assert_eq!(output, message);
        assert!(output.capacity() <= size + 1);
        let short = Inflater::new(15, true).inflate(&payload, size - 1, &mut Vec::new());
        assert_eq!(short, Err(InflateError::TooLarge), "{size}");
    }
    let mut inflater = Inflater::new(15, true);
    assert_eq!(inflater.inflate(&[0], 0, &mut Vec::new()), Ok(()));
    assert_eq!(inflater.inflate(&hex("f2 48 cd c9 c9 07 00"), usize::MAX, &mut Vec::new()), Ok(()));
}

#[test]
fn room_grows_with_what_arrives() {
    let message = records(20_000, 3);
    let payload = deflate(&mut Deflater::new(DeflaterOptions::default(), true), &message);
    let mut output = Vec::new();
    Inflater::new(15, true).inflate(&payload, usize::MAX, &mut output).unwrap();
    assert!(output.capacity() <= 2 * message.len().max(64 << 10), "{} for {}", output.capacity(), message.len());
    let mut output = Vec::new();
    Inflater::new(15, true).inflate(&hex("f2 48 cd c9 c9 07 00"), usize::MAX, &mut output).unwrap();
    assert!(output.capacity() <= 1024);
}

#[test]
fn final_blocks_are_not_free() {
    // Many empty final blocks. Each would cost a copy of 32 KiB of context.
    let mut inflater = Inflater::new(15, true);
    inflate(&mut inflater, &deflate(&mut Deflater::new(DeflaterOptions::default(), true), &records(2000, 0))).unwrap();
    assert!(is_corrupt(inflate(&mut inflater, &hex("03 00").repeat(100_000))));
    let mut inflater = Inflater::new(15, true);
    assert_eq!(inflate(&mut inflater, &hex("03 00").repeat(8)), Ok(Vec::new()));
}

/// Inside a block without compression, the tail is the block's content, and the payload is whole
/// (RFC 7692 §7.2.2).
#[test]
fn the_tail_may_be_content() {
    let payload = hex("00 05 00 fa ff 48");
    assert_eq!(inflate(&mut Inflater::new(15, true), &payload).unwrap(), hex("48 00 00 ff ff"));
}

#[test]
fn a_payload_that_breaks_off_is_corrupt() {
    let whole = deflate(&mut Deflater::new(DeflaterOptions::default(), false), &records(40, 1));
    for end in 1..whole.len() {
        assert!(is_corrupt(inflate(&mut Inflater::new(15, false), &whole[..end])), "{end}");
    }
}

/// A final block that goes on into the tail, and ends with the bytes that check whether the message
/// was whole.
#[test]
fn a_payload_that_would_end_behind_the_tail_is_corrupt() {
    assert!(is_corrupt(inflate(&mut Inflater::new(15, false), &hex("9b 30 65"))));
}

/// Those of zlib for the same bytes in Node.js.
#[test]
fn corrupt_data_has_the_words_of_zlib() {
    for (payload, words) in [
        ("07", "invalid block type"),
        ("00 05 00 00 00", "invalid stored block lengths"),
        ("05 ff ff", "too many length or distance symbols"),
        ("f2 00 11 00 00", "invalid distance too far back"),
        ("1b ff ff ff ff", "invalid literal/length code"),
        ("f2 48", "unexpected end of file"),
    ] {
        let result = inflate(&mut Inflater::new(15, false), &hex(payload));
        assert_eq!(result, Err(InflateError::Corrupt(words)), "{payload}");
    }
}

/// zlib reads long input in another loop, which keeps the words to itself.
#[test]
fn long_corrupt_data_has_the_words_of_zlib() {
    for (start, rest, words) in
        [("f2 00 11", 0, "invalid distance too far back"), ("1b", 0xff, "invalid literal/length code")]
    {
        let payload = [hex(start), vec![rest; 20]].concat();
        let result = inflate(&mut Inflater::new(15, false), &payload);
        assert_eq!(result, Err(InflateError::Corrupt(words)), "{start}");
    }
}

#[test]
fn garbage_behind_a_final_block_is_corrupt() {
    for garbage in ["ff", "07", "00 ff", "48 65 6c 6c 6f"] {
        let payload = [hex("f3 48 cd c9 c9 07 00"), hex(garbage)].concat();
        assert!(is_corrupt(inflate(&mut Inflater::new(15, true), &payload)), "{garbage}");
    }
}

#[test]
fn the_next_connection_does_not_see_what_a_failed_one_left() {
    let hello = hex("f2 48 cd c9 c9 07 00");
    for bad in ["ff ff ff", "f2 48 cd", "05 c0 81", "00 05 00 fa"] {
        assert!(is_corrupt(inflate(&mut Inflater::new(15, true), &hex(bad))), "{bad}");
        assert_eq!(inflate(&mut Inflater::new(15, true), &hello).unwrap(), b"Hello");
        assert!(is_corrupt(inflate(&mut Inflater::new(15, true), &hex("f2 00 11 00 00"))));
    }
}

proptest! {
    #[test]
    fn random_bytes_are_inflated_as_the_reference_does_or_not_at_all(
        payload in proptest::collection::vec(any::<u8>(), 1..80),
    ) {
        agrees_with_reference(&payload)?;
    }

    #[test]
    fn damaged_messages_are_inflated_as_the_reference_does_or_not_at_all(
        count in 1usize..12,
        level in 0i8..=9,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut payload = deflate(&mut Deflater::new(DeflaterOptions { level, ..DeflaterOptions::default() }, false), &records(count, 5));
        for (index, byte) in damage {
            *index.get_mut(&mut payload) ^= byte;
        }
        agrees_with_reference(&payload)?;
    }
}

fn agrees_with_reference(payload: &[u8]) -> Result<(), TestCaseError> {
    // The reference does not check codes, so it accepts some that zlib refuses.
    if let Ok(output) = inflate(&mut Inflater::new(15, false), payload) {
        let decoded = reference::decode(payload, &[]);
        // A final block may end a payload that lacks the block without compression.
        let decoded = decoded.or_else(|| reference::decode(&[payload, &[0]].concat(), &[]));
        prop_assert_eq!(Some(output), decoded.map(|decoded| decoded.bytes));
    }
    Ok(())
}
