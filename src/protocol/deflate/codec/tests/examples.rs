//! The examples of RFC 7692 §7.2.3, and their consequences.

use super::*;

#[test]
fn section_7_2_3_1_a_message_in_one_block() {
    assert_eq!(inflate(&mut Inflater::new(15, true), &hex("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(deflate(&mut Deflater::new(DeflaterOptions::default(), true), b"Hello"), hex("f2 48 cd c9 c9 07 00"));
}

#[test]
fn section_7_2_3_2_the_window_is_shared_by_messages() {
    let mut inflater = Inflater::new(15, true);
    assert_eq!(inflate(&mut inflater, &hex("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex("f2 00 11 00 00")).unwrap(), b"Hello");
    let mut deflater = Deflater::new(DeflaterOptions::default(), true);
    assert_eq!(deflate(&mut deflater, b"Hello"), hex("f2 48 cd c9 c9 07 00"));
    assert_eq!(deflate(&mut deflater, b"Hello"), hex("f2 00 11 00 00"));
}

/// The payloads are those of zlib in Node.js.
#[test]
fn strategies_are_those_of_zlib() {
    for (strategy, payload) in [
        (0, "4a 4c 84 02 00 00"),
        (1, "4a 4c 84 02 00 00"),
        (2, "4a 4c 4c 4c 4c 4c 4c 4c 4c 04 00"),
        (3, "4a 84 01 00 00"),
        (4, "4a 4c 84 02 00 00"),
        (5, "4a 4c 84 02 00 00"),
    ] {
        let options = DeflaterOptions { strategy, ..DeflaterOptions::default() };
        assert_eq!(deflate(&mut Deflater::new(options, false), b"aaaaaaaaa"), hex(payload), "{strategy}");
    }
    // Codes of its own would be shorter.
    let text = records(40, 0);
    let fixed = DeflaterOptions { strategy: 4, ..DeflaterOptions::default() };
    let length = |options| deflate(&mut Deflater::new(options, false), &text).len();
    assert!(length(fixed) > length(DeflaterOptions::default()));
}

#[test]
fn without_context_a_message_says_the_same_again_and_may_not_refer_to_another() {
    let mut inflater = Inflater::new(15, false);
    assert_eq!(inflate(&mut inflater, &hex("f2 48 cd c9 c9 07 00")).unwrap(), b"Hello");
    assert!(is_corrupt(inflate(&mut inflater, &hex("f2 00 11 00 00"))));
    let mut deflater = Deflater::new(DeflaterOptions::default(), false);
    assert_eq!(deflate(&mut deflater, b"Hello"), hex("f2 48 cd c9 c9 07 00"));
    assert_eq!(deflate(&mut deflater, b"Hello"), hex("f2 48 cd c9 c9 07 00"));
}

#[test]
fn section_7_2_3_3_a_block_without_compression() {
    let payload = hex("00 05 00 fa ff 48 65 6c 6c 6f 00");
    assert_eq!(inflate(&mut Inflater::new(15, true), &payload).unwrap(), b"Hello");
    let stored = DeflaterOptions { level: 0, ..DeflaterOptions::default() };
    assert_eq!(deflate(&mut Deflater::new(stored, true), b"Hello"), payload);
}

#[test]
fn section_7_2_3_4_a_final_block_ends_neither_the_message_nor_the_context() {
    let mut inflater = Inflater::new(15, true);
    assert_eq!(inflate(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00")).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, &hex("f2 00 11 00 00")).unwrap(), b"Hello");
    // The peer's compressor began anew, so it sends everything again.
    assert_eq!(inflate(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00")).unwrap(), b"Hello");
}

#[test]
fn after_a_final_block_the_message_may_go_on_with_its_context() {
    let mut inflater = Inflater::new(15, false);
    let payload = hex("f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 f2 00 11 00 00");
    assert_eq!(inflate(&mut inflater, &payload).unwrap(), b"HelloHelloHello");
}

#[test]
fn a_final_block_may_be_the_end_of_the_payload() {
    assert_eq!(inflate(&mut Inflater::new(15, true), &hex("f3 48 cd c9 c9 07 00")).unwrap(), b"Hello");
}

#[test]
fn section_7_2_3_5_two_blocks() {
    let payload = hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00");
    assert_eq!(inflate(&mut Inflater::new(15, true), &payload).unwrap(), b"Hello");
}

#[test]
fn section_7_2_3_6_an_empty_message_is_a_byte_of_zero() {
    let mut inflater = Inflater::new(15, true);
    assert_eq!(inflate(&mut inflater, &hex("00")).unwrap(), b"");
    assert_eq!(inflate(&mut inflater, &hex("02 00")).unwrap(), b"");
    assert_eq!(inflate(&mut inflater, &[]).unwrap(), b"");
    for keeps_context in [true, false] {
        let mut deflater = Deflater::new(DeflaterOptions::default(), keeps_context);
        assert_eq!(deflate(&mut deflater, b""), hex("00"));
        assert_eq!(deflate(&mut deflater, b""), hex("00"));
        assert_eq!(deflate(&mut deflater, b"Hello"), hex("f2 48 cd c9 c9 07 00"));
        assert_eq!(deflate(&mut deflater, b""), hex("00"));
    }
}

#[test]
fn output_is_appended() {
    let mut output = b"before".to_vec();
    Deflater::new(DeflaterOptions::default(), true).deflate(b"Hello", &mut output);
    assert_eq!(output, [b"before", &hex("f2 48 cd c9 c9 07 00")[..]].concat());
    let mut inflated = b"before".to_vec();
    Inflater::new(15, true).inflate(&output[6..], 5, &mut inflated).unwrap();
    assert_eq!(inflated, b"beforeHello");
}

#[test]
fn what_a_connection_keeps_is_its_history() {
    let options = DeflaterOptions::default();
    let (mut deflater, mut inflater) = (Deflater::new(options, true), Inflater::new(15, true));
    assert_eq!((deflater.heap_size(), inflater.heap_size()), (0, 0));
    let payload = deflate(&mut deflater, &records(2, 0));
    inflate(&mut inflater, &payload).unwrap();
    assert!(deflater.heap_size() < 256 && inflater.heap_size() < 256);
    for seed in 0..100 {
        let payload = deflate(&mut deflater, &records(50, seed));
        inflate(&mut inflater, &payload).unwrap();
    }
    assert_eq!((deflater.heap_size(), inflater.heap_size()), (8 << 10, 32 << 10));
    let (mut deflater, mut inflater) = (Deflater::new(options, false), Inflater::new(15, false));
    let payload = deflate(&mut deflater, &records(50, 0));
    inflate(&mut inflater, &payload).unwrap();
    assert_eq!((deflater.heap_size(), inflater.heap_size()), (0, 0));
    assert!(size_of::<Deflater>() <= 96 && size_of::<Inflater>() <= 48);
}
