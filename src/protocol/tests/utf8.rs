//! RFC 6455 §8.1: text is UTF-8. Invalid text is a violation at its first bad byte.

use super::super::Violation;
use super::*;

/// One code point of each length, and the first and last code point of each length.
const CODE_POINTS: &str = "\u{0}a\u{7f}\u{80}é\u{7ff}\u{800}€\u{d7ff}\u{e000}\u{ffff}\u{10000}😀\u{10ffff}";

/// Bytes of which only the last one is wrong.
const BAD: [&str; 22] = [
    "80",
    "bf",
    "c0",
    "c1",
    "c3 28",
    "c3 c3",
    "e0 80",
    "e0 9f",
    "e1 80 28",
    "e2 82 c0",
    "ed a0",
    "ed bf",
    "ef bf 7f",
    "f0 80",
    "f0 8f",
    "f0 90 28",
    "f0 9f 98 28",
    "f4 90",
    "f5",
    "f8",
    "fe",
    "ff",
];

fn invalid() -> Vec<Event<'static>> {
    violation(Violation::InvalidUtf8)
}

// Valid text at any split

#[test]
fn a_code_point_may_be_cut_between_two_reads() {
    let frame = masked_frame(0x81, CODE_POINTS.as_bytes());
    for cut in 0..=frame.len() {
        let mut server = server();
        let mut events = server.receive_bytes(&frame[..cut]);
        events.extend(server.receive_bytes(&frame[cut..]));
        assert_eq!(events, [text(CODE_POINTS)], "{cut}");
    }
}

#[test]
fn a_code_point_may_be_cut_between_two_fragments() {
    let payload = CODE_POINTS.as_bytes();
    for cut in 0..=payload.len() {
        let frames = [masked_frame(0x01, &payload[..cut]), masked_frame(0x80, &payload[cut..])].concat();
        assert_eq!(server().receive_bytes(&frames), [text(CODE_POINTS)], "{cut}");
    }
}

#[test]
fn a_code_point_may_be_cut_at_every_byte() {
    let payload = CODE_POINTS.as_bytes();
    assert_eq!(server().receive_slowly(&masked_frame(0x81, payload)), [text(CODE_POINTS)]);
    let mut server = server();
    assert_eq!(server.receive_bytes(&masked_frame(0x01, &[])), []);
    for byte in payload {
        assert_eq!(server.receive_bytes(&masked_frame(0x00, &[*byte])), []);
    }
    assert_eq!(server.receive_bytes(&masked_frame(0x80, &[])), [text(CODE_POINTS)]);
}

#[test]
fn a_control_frame_may_stand_inside_a_code_point() {
    assert_eq!(
        server().receive("01 82 00000000 f09f 8a 82 00000000 c328 80 82 00000000 9880"),
        [pong(&[0xc3, 0x28]), text("😀")]
    );
}

// Invalid text fails at the first bad byte

#[test]
fn bad_bytes_are_refused_in_a_whole_message() {
    for bad in BAD {
        assert_eq!(server().receive_bytes(&masked_frame(0x81, &bytes(bad))), invalid(), "{bad}");
        let between = [b"spam", &bytes(bad)[..], b"eggs"].concat();
        assert_eq!(server().receive_bytes(&masked_frame(0x81, &between)), invalid(), "{bad}");
    }
}

#[test]
fn bad_bytes_are_refused_before_the_rest_of_the_frame() {
    for bad in BAD {
        let bad = bytes(bad);
        let (last, before) = bad.split_last().unwrap();
        let mut server = server();
        assert_eq!(server.receive("81 e4 00000000 'spam'"), []);
        assert_eq!(server.receive_slowly(before), [], "{bad:02x?}");
        assert_eq!(server.receive_bytes(&[*last]), invalid(), "{bad:02x?}");
    }
}

#[test]
fn bad_bytes_are_refused_before_the_rest_of_the_message() {
    for bad in BAD {
        let bad = bytes(bad);
        let (last, before) = bad.split_last().unwrap();
        let mut server = server();
        assert_eq!(server.receive_bytes(&masked_frame(0x01, before)), [], "{bad:02x?}");
        assert_eq!(server.receive("00 e4 00000000"), []);
        assert_eq!(server.receive_bytes(&[*last]), invalid(), "{bad:02x?}");
    }
}

#[test]
fn bad_bytes_are_refused_across_a_control_frame() {
    assert_eq!(
        server().receive("01 81 00000000 c3 8a 80 00000000 80 81 00000000 28"),
        [pong(b""), Event::Violation(Violation::InvalidUtf8)]
    );
}

#[test]
fn a_message_must_not_end_inside_a_code_point() {
    for cut in ["c3", "e2", "e2 82", "f0", "f0 9f", "f0 9f 98"] {
        let cut = bytes(cut);
        assert_eq!(server().receive_bytes(&masked_frame(0x81, &cut)), invalid(), "{cut:02x?} in one frame");
        let mut server = server();
        assert_eq!(server.receive_bytes(&masked_frame(0x01, &cut)), []);
        assert_eq!(server.receive_bytes(&masked_frame(0x80, &[])), invalid(), "{cut:02x?} in fragments");
    }
}

#[test]
fn a_valid_fragment_does_not_excuse_the_next() {
    assert_eq!(server().receive("01 84 00000000 'spam' 80 81 00000000 ff"), invalid());
}

#[test]
fn one_message_does_not_excuse_the_next() {
    assert_eq!(
        server().receive("81 82 00000000 c3a9 81 81 00000000 a9"),
        [text("é"), Event::Violation(Violation::InvalidUtf8)]
    );
}

#[test]
fn a_client_refuses_bad_bytes_too() {
    assert_eq!(client().receive("81 02 c328"), invalid());
}

#[test]
fn the_peer_is_told_1007() {
    let mut server = server();
    assert_eq!(server.receive("81 81 00000000 ff"), invalid());
    server.drop_for(1007, "Invalid UTF-8 Data Received");
    assert_eq!(server.sent(), "88 1d 03ef 'Invalid UTF-8 Data Received'");
}

// Only text is text

#[test]
fn bytes_need_not_be_text() {
    assert_eq!(server().receive("82 81 00000000 ff"), [binary(&[0xff])]);
    assert_eq!(server().receive("02 81 00000000 c3 80 81 00000000 28"), [binary(&[0xc3, 0x28])]);
}

#[test]
fn pings_and_pongs_need_not_be_text() {
    let mut server = server();
    assert_eq!(server.receive("89 81 00000000 ff 8a 81 00000000 fe"), [pong(&[0xfe])]);
    assert_eq!(server.sent(), "8a 01 ff");
}
