//! RFC 6455 §7.4, status codes, and §5.5.1, the body of a close frame.

use super::super::{Misuse, Violation};
use super::*;

/// The codes that §7.4 and IANA's registry allow on the wire. All others are reserved or local.
fn may_be_sent(code: u16) -> bool {
    let registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    registered.contains(&code) || (3000..5000).contains(&code)
}

fn close_frame(body: &[u8]) -> Vec<u8> {
    masked_frame(0x88, body)
}

// Received codes

#[test]
fn a_good_code_is_answered_with_1000() {
    for code in (0..=u16::MAX).filter(|&code| may_be_sent(code)) {
        let mut server = server();
        assert_eq!(server.receive_bytes(&close_frame(&code.to_be_bytes())), [close_requested(code, "")], "{code}");
        server.acknowledge();
        assert_eq!(server.sent(), "88 02 03e8", "{code}");
    }
}

#[test]
fn a_bad_code_is_told_and_answered_with_1002() {
    for code in (0..=u16::MAX).filter(|&code| !may_be_sent(code)) {
        let mut server = server();
        assert_eq!(server.receive_bytes(&close_frame(&code.to_be_bytes())), [close_requested(code, "")], "{code}");
        server.acknowledge();
        assert_eq!(server.sent(), "88 02 03ea", "{code}");
    }
}

#[test]
fn the_codes_that_only_describe_are_bad() {
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        assert!(!may_be_sent(code), "{code}");
    }
}

#[test]
fn no_code_is_answered_with_1000() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    server.acknowledge();
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn one_byte_is_no_code_and_answered_with_1002() {
    for byte in ["03", "00", "ff"] {
        let mut server = server();
        assert_eq!(
            server.receive(&format!("88 81 00000000 {byte}")),
            [Event::CloseRequested(PeerClose { code: None, reason: Vec::new(), malformed: true, as_bytes: false })],
            "{byte}"
        );
        server.acknowledge();
        assert_eq!(server.sent(), "88 02 03ea", "{byte}");
    }
}

// Received reasons

#[test]
fn a_reason_is_told() {
    assert_eq!(server().receive("88 84 00000000 03e8 'OK'"), [close_requested(1000, "OK")]);
    assert_eq!(server().receive("88 84 00000000 03e8 c3a9"), [close_requested(1000, "é")]);
    assert_eq!(client().receive("88 04 0bb8 'OK'"), [close_requested(3000, "OK")]);
}

#[test]
fn a_reason_may_have_123_bytes() {
    let reason = "r".repeat(123);
    let body = [&[0x03, 0xe8], reason.as_bytes()].concat();
    assert_eq!(server().receive_bytes(&close_frame(&body)), [close_requested(1000, &reason)]);
}

#[test]
fn a_reason_of_124_bytes_makes_the_frame_too_long() {
    let body = [&[0x03, 0xe8], &[b'r'; 124][..]].concat();
    assert_eq!(server().receive_bytes(&close_frame(&body)), violation(Violation::ControlLength(126)));
}

#[test]
fn a_reason_may_be_cut_between_two_reads() {
    let frame = close_frame(&[&[0x03, 0xe8], "é€😀".as_bytes()].concat());
    for cut in 0..=frame.len() {
        let mut server = server();
        let mut events = server.receive_bytes(&frame[..cut]);
        events.extend(server.receive_bytes(&frame[cut..]));
        assert_eq!(events, [close_requested(1000, "é€😀")], "{cut}");
    }
}

#[test]
fn a_reason_must_be_text() {
    for reason in ["ff", "c3", "c328", "eda080", "'spam' f09f98"] {
        let body = [&[0x03, 0xe8], &bytes(reason)[..]].concat();
        let mut server = server();
        assert_eq!(server.receive_bytes(&close_frame(&body)), violation(Violation::InvalidUtf8), "{reason}");
        server.drop_for(1007, "Invalid UTF-8 Data Received");
        assert_eq!(server.sent(), "88 1d 03ef 'Invalid UTF-8 Data Received'", "{reason}");
        assert_eq!(server.state(), State::Closed, "{reason}");
    }
}

// Sent codes

#[test]
fn only_codes_for_the_wire_can_be_sent() {
    for code in 0..=u16::MAX {
        let mut server = server();
        let result = server.connection.close(code, "", server.now);
        if may_be_sent(code) {
            assert_eq!(result, Ok(()), "{code}");
            assert_eq!(server.sent(), Hex([&[0x88, 2], &code.to_be_bytes()[..]].concat()));
            assert_eq!(server.state(), State::Ending, "{code}");
        } else {
            assert_eq!(result, Err(Misuse::CloseCode), "{code}");
            assert_eq!(server.sent(), "", "{code}");
            assert_eq!(server.state(), State::Open, "{code}");
        }
    }
}

// Sent reasons

#[test]
fn a_reason_is_sent() {
    let mut server = server();
    server.close(1001, "é");
    assert_eq!(server.sent(), "88 04 03e9 c3a9");
}

#[test]
fn a_reason_of_123_bytes_is_sent_whole() {
    let mut server = server();
    server.close(1000, &"r".repeat(123));
    assert_eq!(server.sent(), Hex([&bytes("88 7d 03e8"), &[b'r'; 123][..]].concat()));
}

#[test]
fn a_longer_reason_is_cut_before_the_code_point_that_does_not_fit() {
    for (reason, sent) in [
        ("r".repeat(124), "r".repeat(123)),
        ("é".repeat(62), "é".repeat(61)),
        (format!("{}€", "r".repeat(121)), "r".repeat(121)),
        (format!("{}😀", "r".repeat(120)), "r".repeat(120)),
        ("😀".repeat(1000), "😀".repeat(30)),
    ] {
        let mut server = server();
        server.close(1000, &reason);
        let body = [&[0x03, 0xe8], sent.as_bytes()].concat();
        assert_eq!(server.sent(), Hex([&[0x88, body.len() as u8], &body[..]].concat()), "{reason}");
    }
}

#[test]
fn a_drop_can_have_no_code_at_all() {
    let mut server = server();
    server.connection.drop(Some(&CloseReason::EMPTY));
    assert_eq!(server.sent(), "88 00");
}
