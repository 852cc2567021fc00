//! What npm `ws` refuses, and in which order.

use std::borrow::Cow;

use super::*;
use crate::protocol::{Decompressor, MessageKind};

// The header

/// Asserts that `first` is refused as the first bytes of a frame, at once and byte by byte.
fn assert_refused(endpoint: impl Fn() -> Endpoint, first: &str, refused: Violation) {
    assert_eq!(endpoint().receive(first), violation(refused), "{first}");
    assert_eq!(endpoint().receive_slowly(&bytes(first)), violation(refused), "{first}");
}

#[test]
fn the_first_fault_in_the_order_of_judging_counts() {
    for (first, refused) in [
        // RSV2 and RSV3, before anything else.
        ("b3 00", Violation::Rsv2Or3),
        ("59 ff", Violation::Rsv2Or3),
        ("70 00", Violation::Rsv2Or3),
        // RSV1 without compression.
        ("c3 00", Violation::Rsv1),
        ("49 ff", Violation::Rsv1),
        ("40 00", Violation::Rsv1),
        // The opcode.
        ("80 00", Violation::UnexpectedContinuation),
        ("09 ff", Violation::ControlFragmented),
        ("89 7e", Violation::ControlLength(126)),
        ("8a 7f", Violation::ControlLength(127)),
        ("88 01", Violation::ControlLength(1)),
        ("03 00", Violation::ReservedOpcode(3)),
        ("8b ff", Violation::ReservedOpcode(11)),
        // The mask.
        ("81 00", Violation::NotMasked),
        ("89 01", Violation::NotMasked),
    ] {
        assert_refused(ws_server, first, refused);
    }
    assert_refused(ws_client, "81 80", Violation::Masked);
}

#[test]
fn rsv1_belongs_to_the_first_frame_of_a_message_only() {
    let server = || ws_server_with(|config| config.compression = Some(compression()));
    for (first, refused) in [
        ("c0 80", Violation::Rsv1),
        ("c9 80", Violation::Rsv1),
        ("49 80", Violation::ControlFragmented),
        ("c8 81", Violation::Rsv1),
        ("c3 80", Violation::ReservedOpcode(3)),
    ] {
        assert_refused(server, first, refused);
    }
    let mut server = server();
    assert_eq!(server.receive("41 80 00000000"), []);
    assert_eq!(server.receive("c0 80"), violation(Violation::Rsv1));
}

#[test]
fn within_a_message_only_continuations_are_data() {
    for (frame, refused) in [
        ("81 00", Violation::InterleavedMessage(1)),
        ("02 00", Violation::InterleavedMessage(2)),
        ("03 00", Violation::ReservedOpcode(3)),
    ] {
        let mut server = ws_server();
        assert_eq!(server.receive("01 80 00000000"), []);
        assert_eq!(server.receive(frame), violation(refused), "{frame}");
    }
}

#[test]
fn lengths_may_take_more_bytes_than_needed() {
    for frame in ["82 fe 0001 00000000 2a", "82 ff 0000000000000001 00000000 2a"] {
        assert_eq!(ws_server().receive(frame), [binary(&[0x2a])], "{frame}");
    }
}

#[test]
fn lengths_to_2_53_are_taken() {
    let mut server = ws_server();
    assert_eq!(server.receive("82 ff 001fffffffffffff 00000000"), []);
    assert_eq!(server.connection.capacity(), 0);
    for length in ["0020000000000000", "8000000000000000", "ffffffffffffffff"] {
        let frame = format!("82 ff {length} 00000000");
        assert_eq!(ws_server().receive(&frame), violation(Violation::LengthUnsupported), "{frame}");
    }
}

// Sizes

#[test]
fn a_message_of_one_frame_has_the_limit_of_messages() {
    let server = || ws_server_with(|config| config.max_message_size = 3);
    assert_eq!(server().receive("82 83 00000000 'egg'"), [binary(b"egg")]);
    assert_eq!(server().receive("82 84 00000000"), violation(Violation::MessageTooLarge));
}

#[test]
fn frame_lengths_are_summed_at_their_headers() {
    let mut server = ws_server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("02 82 00000000 'sp' 89 84 00000000 'eggs'"), [ping(b"eggs")]);
    assert_eq!(server.receive("80 82 00000000 'am' 02 84 00000000 'spam'"), [binary(b"spam")]);
    assert_eq!(server.receive("00 81 00000000"), violation(Violation::MessageTooLarge));
}

#[test]
fn an_empty_frame_is_never_too_much() {
    let mut server = ws_server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("02 84 00000000 'spam'"), []);
    server.connection.set_limits(3, None);
    assert_eq!(server.receive("80 80 00000000"), [binary(b"spam")]);
}

#[test]
fn another_limit_counts_from_the_next_header() {
    let mut server = ws_server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("82 84 00000000 'sp'"), []);
    server.connection.set_limits(3, None);
    assert_eq!(server.receive("'am'"), [binary(b"spam")]);
    assert_eq!(server.receive("82 84 00000000"), violation(Violation::MessageTooLarge));
}

// Fragments

#[test]
fn every_frame_of_a_message_is_a_fragment() {
    let server = || ws_server_with(|config| config.max_fragments = Some(3));
    let mut taking = server();
    for _ in 0..2 {
        assert_eq!(taking.receive("01 80 00000000 00 81 00000000 'a' 80 80 00000000"), [text("a")]);
    }
    let mut refusing = server();
    assert_eq!(refusing.receive("01 80 00000000 00 80 00000000 00 80 00000000"), []);
    assert_eq!(refusing.receive("00 80 00000000"), violation(Violation::TooManyFragments));
}

#[test]
fn a_message_of_a_single_frame_is_a_fragment() {
    let mut server = ws_server_with(|config| config.max_fragments = Some(1));
    assert_eq!(server.receive("81 81 00000000 'a' 82 80 00000000"), [text("a"), binary(b"")]);
    let mut server = ws_server_with(|config| config.max_fragments = Some(0));
    assert_eq!(server.receive("81 81 00000000 'a'"), violation(Violation::TooManyFragments));
}

#[test]
fn fragments_are_judged_when_they_are_complete() {
    let mut server = ws_server_with(|config| config.max_fragments = Some(1));
    assert_eq!(server.receive("01 81 00000000 'a' 80 82 00000000 'b'"), []);
    assert_eq!(server.receive("'c'"), violation(Violation::TooManyFragments));
}

#[test]
fn fragments_that_are_read_in_their_place_are_counted() {
    let mut server = ws_server_with(|config| config.max_fragments = Some(1));
    assert_eq!(server.receive("02 84 00000000 'sp'"), []);
    server.connection.direct_read(1).expect("a frame is arriving").payload.extend_from_slice(b"am");
    assert_eq!(server.connection.handle_direct_read(2, server.now), None);
    assert_eq!(server.receive("80 84 00000000 'eg'"), []);
    server.connection.direct_read(1).expect("a frame is arriving").payload.extend_from_slice(b"gs");
    let refused = Event::Violation(Violation::TooManyFragments);
    assert_eq!(server.connection.handle_direct_read(2, server.now), Some(refused));
}

#[test]
fn empty_fragments_have_no_bound_of_their_own() {
    let mut server = ws_server();
    assert_eq!(server.receive("02 80 00000000"), []);
    for _ in 0..5000 {
        assert_eq!(server.receive("00 80 00000000"), []);
    }
    assert_eq!(server.receive("80 80 00000000"), [binary(b"")]);
}

// UTF-8

#[test]
fn text_is_judged_at_the_end_of_its_message() {
    let mut server = ws_server();
    assert_eq!(server.receive("01 82 00000000 'a' ff 00 81 00000000 'b' 89 80 00000000"), [ping(b"")]);
    assert_eq!(server.receive("80 81 00000000 'c'"), violation(Violation::InvalidUtf8));
}

#[test]
fn a_text_after_valid_text_is_judged_by_itself() {
    let mut server = ws_server();
    assert_eq!(server.receive("01 81 00000000 c3 80 81 00000000 a9"), [text("é")]);
    assert_eq!(server.receive("81 81 00000000 a9"), violation(Violation::InvalidUtf8));
}

#[test]
fn other_faults_come_before_that_of_text_that_goes_on() {
    let mut server = ws_server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("01 82 00000000 'a' ff"), []);
    assert_eq!(server.receive("80 83 00000000"), violation(Violation::MessageTooLarge));
}

#[test]
fn without_the_check_any_bytes_are_text() {
    let mut server = ws_server_with(|config| config.checks_utf8 = false);
    assert_eq!(server.receive("81 82 00000000 c328"), [text("\u{fffd}(")]);
    assert_eq!(server.receive("01 81 00000000 ff 80 83 00000000 e282ac"), [text("\u{fffd}€")]);
    assert_eq!(server.receive("81 81 00000000 'a'"), [text("a")]);
}

#[test]
fn compressed_text_is_judged_by_the_same_rules() {
    let inflate = |change: fn(&mut Config)| {
        let connection = ws_server_with(change).connection;
        let rules = connection.text_rules();
        let mut decompressor = Decompressor::new(&compression(), u64::MAX, rules);
        // One block without compression: the byte ff.
        let payload = bytes("00 0100 feff ff 00");
        let mut memory = Vec::new();
        decompressor.inflate(MessageKind::Text, &payload, &mut memory).map(owned)
    };
    assert_eq!(inflate(|_| ()), Err(Violation::InvalidUtf8));
    assert_eq!(inflate(|config| config.checks_utf8 = false), Ok(text("\u{fffd}")));
}

// Close frames

#[test]
fn a_close_frame_must_have_a_code_that_may_be_sent() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, u16::MAX] {
        let frame = [&bytes("88 83 00000000")[..], &code.to_be_bytes(), &[0xff]].concat();
        assert_eq!(ws_server().receive_bytes(&frame), violation(Violation::InvalidCloseCode(code)), "{code}");
    }
}

#[test]
fn the_reason_of_a_close_frame_must_be_text() {
    assert_eq!(ws_server().receive("88 83 00000000 03e8 ff"), violation(Violation::InvalidUtf8));
    let mut server = ws_server_with(|config| config.checks_utf8 = false);
    let [Event::CloseRequested(request)] = &server.receive("88 83 00000000 03e8 ff")[..] else { panic!("no close") };
    assert_eq!(request.reason, [0xff]);
}

#[test]
fn frames_before_a_wrong_close_frame_are_delivered() {
    let events = ws_server().receive("81 81 00000000 'a' 88 82 00000000 03e7 81 81 00000000 'b'");
    assert_eq!(events, [text("a"), Event::Violation(Violation::InvalidCloseCode(999))]);
}

#[test]
fn payloads_are_lent_where_they_are_in_one_piece() {
    let mut server = ws_server();
    let mut data = bytes("81 81 00000000 'a'");
    let events: Vec<_> = server.connection.handle_data(&mut data, server.now).collect();
    assert!(matches!(events[..], [Event::Text { payload: Cow::Borrowed(b"a"), ascii: true }]));
}

// Fragments for the application

fn fragments(payload: &[u8], lengths: &[u32]) -> Event<'static> {
    Event::Fragments { payload: Cow::Owned(payload.to_vec()), lengths: lengths.to_vec() }
}

#[test]
fn binary_messages_come_with_the_lengths_of_their_fragments() {
    let mut server = ws_server_with(|config| config.compression = Some(compression()));
    server.connection.set_keeps_fragments(true);
    assert_eq!(server.receive("82 82 00000000 'ab'"), [fragments(b"ab", &[2])]);
    assert_eq!(server.receive("82 80 00000000"), [fragments(b"", &[])]);
    assert_eq!(
        server.receive("02 81 00000000 'a' 00 80 00000000 89 80 00000000 80 82 00000000 'bc'"),
        [ping(b""), fragments(b"abc", &[1, 2])]
    );
    assert_eq!(server.receive("01 81 00000000 'a' 80 81 00000000 'b'"), [text("ab")]);
    let [Event::Deflated { .. }] = server.receive("42 81 00000000 00 80 81 00000000 00")[..] else {
        panic!("compressed messages have no fragments");
    };
    assert_eq!(server.receive("82 82 00000000 'ab'"), [fragments(b"ab", &[2])]);
}

#[test]
fn fragments_that_are_read_in_their_place_have_lengths() {
    let mut server = ws_server();
    server.connection.set_keeps_fragments(true);
    assert_eq!(server.receive("02 81 00000000 'a' 80 84 00000000 'bc'"), []);
    server.connection.direct_read(1).expect("a frame is arriving").payload.extend_from_slice(b"de");
    assert_eq!(server.connection.handle_direct_read(2, server.now), Some(fragments(b"abcde", &[1, 4])));
}

#[test]
fn what_came_before_lengths_are_kept_is_one_fragment() {
    let mut server = ws_server();
    assert_eq!(server.receive("02 81 00000000 'a' 00 82 00000000 'bc'"), []);
    server.connection.set_keeps_fragments(true);
    assert_eq!(server.receive("80 81 00000000 'd'"), [fragments(b"abcd", &[3, 1])]);
}

// Texts as bytes

fn text_bytes(payload: &[u8]) -> Event<'static> {
    Event::TextBytes(Cow::Owned(payload.to_vec()))
}

#[test]
fn texts_are_bytes_if_the_application_wants_them_so() {
    let mut server = ws_server_with(|config| config.text_as_bytes = true);
    assert_eq!(server.receive("81 83 00000000 'a' c3a9"), [text_bytes("aé".as_bytes())]);
    assert_eq!(server.receive("01 81 00000000 'a' 80 81 00000000 'b'"), [text_bytes(b"ab")]);
    server.connection.set_text_as_bytes(false);
    assert_eq!(server.receive("81 81 00000000 'a'"), [text("a")]);
    server.connection.set_text_as_bytes(true);
    assert_eq!(server.receive("81 81 00000000 ff"), violation(Violation::InvalidUtf8));
}

#[test]
fn bytes_that_are_not_checked_stay_as_they_are() {
    let mut server = ws_server_with(|config| {
        config.text_as_bytes = true;
        config.checks_utf8 = false;
    });
    assert_eq!(server.receive("81 82 00000000 c328"), [text_bytes(&[0xc3, 0x28])]);
}
