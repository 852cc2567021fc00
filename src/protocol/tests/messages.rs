//! RFC 6455 §5.4 fragmentation and §5.6 data frames, both ways.

use super::super::{Masking, MessageKind, Violation};
use super::*;

// §5.6: whole messages

#[test]
fn a_server_receives_text() {
    assert_eq!(server().receive("81 84 00000000 'spam'"), [text("spam")]);
}

#[test]
fn a_client_receives_text() {
    assert_eq!(client().receive("81 04 'spam'"), [text("spam")]);
}

#[test]
fn a_server_receives_bytes() {
    assert_eq!(server().receive("82 84 00000000 01 02 fe ff"), [binary(&[1, 2, 0xfe, 0xff])]);
}

#[test]
fn a_client_receives_bytes() {
    assert_eq!(client().receive("82 04 01 02 fe ff"), [binary(&[1, 2, 0xfe, 0xff])]);
}

#[test]
fn empty_messages_are_messages() {
    assert_eq!(server().receive("81 80 00000000 82 80 00000000"), [text(""), binary(b"")]);
    assert_eq!(client().receive("81 00 82 00"), [text(""), binary(b"")]);
}

#[test]
fn text_that_is_not_ascii_says_so() {
    assert!(matches!(server().receive("81 81 00000000 'e'")[..], [Event::Text { ascii: true, .. }]));
    assert!(matches!(server().receive("81 82 00000000 c3a9")[..], [Event::Text { ascii: false, .. }]));
    // Also where the last piece alone would be ASCII, or the first.
    assert!(matches!(
        server().receive("01 82 00000000 c3a9 80 81 00000000 'e'")[..],
        [Event::Text { ascii: false, .. }]
    ));
    assert!(matches!(
        server().receive("01 81 00000000 'e' 80 82 00000000 c3a9")[..],
        [Event::Text { ascii: false, .. }]
    ));
}

#[test]
fn every_message_of_one_read_is_delivered_in_order() {
    assert_eq!(
        server().receive("81 81 00000000 'a' 82 81 00000000 'b' 81 80 00000000 81 81 00000000 'c'"),
        [text("a"), binary(b"b"), text(""), text("c")]
    );
}

#[test]
fn a_message_in_one_piece_is_lent_from_the_bytes_it_came_in() {
    let mut server = server();
    let mut read = bytes("81 85 00000000 'Hello'");
    let events: Vec<_> = server.connection.handle_data(&mut read, server.now).collect();
    assert!(matches!(events[..], [Event::Text { payload: Cow::Borrowed(b"Hello"), .. }]), "{events:?}");
}

#[test]
fn a_message_is_delivered_with_its_last_byte() {
    let mut server = server();
    assert_eq!(server.receive("81 85 00000000 'Hell'"), []);
    assert_eq!(server.connection.buffered(), 4);
    assert_eq!(server.receive("'o'"), [text("Hello")]);
    assert_eq!(server.connection.buffered(), 0);
}

#[test]
fn the_end_of_one_message_and_the_start_of_the_next_may_share_a_read() {
    let mut server = server();
    assert_eq!(server.receive("81 82 00000000 'a'"), []);
    assert_eq!(server.receive("'b' 81 82 00000000 'c'"), [text("ab")]);
    assert_eq!(server.receive("'d'"), [text("cd")]);
}

// §5.4: fragments of a received message

#[test]
fn fragments_of_text_make_one_message() {
    assert_eq!(server().receive("01 82 00000000 'sp' 00 81 00000000 'a' 80 81 00000000 'm'"), [text("spam")]);
    assert_eq!(client().receive("01 02 'sp' 00 01 'a' 80 01 'm'"), [text("spam")]);
}

#[test]
fn fragments_of_bytes_make_one_message() {
    assert_eq!(server().receive("02 82 00000000 00ff 80 82 00000000 fe01"), [binary(&[0, 0xff, 0xfe, 1])]);
    assert_eq!(client().receive("02 02 00ff 80 02 fe01"), [binary(&[0, 0xff, 0xfe, 1])]);
}

#[test]
fn fragments_may_arrive_in_reads_of_their_own() {
    let mut server = server();
    assert_eq!(server.receive("01 82 00000000 'sp'"), []);
    assert_eq!(server.receive("00 81 00000000 'a'"), []);
    assert_eq!(server.connection.buffered(), 3);
    assert_eq!(server.receive("80 81 00000000 'm'"), [text("spam")]);
}

#[test]
fn fragments_may_be_empty() {
    for frames in [
        "01 80 00000000 80 84 00000000 'spam'",
        "01 84 00000000 'spam' 80 80 00000000",
        "01 82 00000000 'sp' 00 80 00000000 80 82 00000000 'am'",
    ] {
        assert_eq!(server().receive(frames), [text("spam")], "{frames}");
    }
    assert_eq!(server().receive("02 80 00000000 00 80 00000000 80 80 00000000"), [binary(b"")]);
}

#[test]
fn a_fragmented_message_leaves_nothing_to_the_next() {
    assert_eq!(
        server().receive("01 81 00000000 'a' 80 81 00000000 'b' 82 81 00000000 ff 01 81 00000000 'c' 80 80 00000000"),
        [text("ab"), binary(&[0xff]), text("c")]
    );
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let mut server = server();
    assert_eq!(
        server.receive("01 82 00000000 'sp' 89 81 00000000 'p' 8a 81 00000000 'q' 80 82 00000000 'am'"),
        [pong(b"q"), text("spam")]
    );
    assert_eq!(server.sent(), "8a 01 'p'");
}

#[test]
fn control_frames_between_fragments_may_be_cut_anywhere() {
    let frames = bytes("01 82 00000000 'sp' 8a 83 00000000 'egg' 80 82 00000000 'am'");
    for cut in 0..=frames.len() {
        let mut server = server();
        let mut events = server.receive_bytes(&frames[..cut]);
        events.extend(server.receive_bytes(&frames[cut..]));
        assert_eq!(events, [pong(b"egg"), text("spam")], "{cut}");
    }
}

#[test]
fn what_is_held_counts_the_message_and_the_control_frame_in_it() {
    let mut server = server();
    assert_eq!(server.receive("01 82 00000000 'sp' 8a 83 00000000 'e'"), []);
    assert_eq!(server.connection.buffered(), 3);
}

#[test]
fn a_close_frame_between_fragments_ends_the_message_unfinished() {
    let mut server = server();
    assert_eq!(
        server.receive("01 82 00000000 'sp' 88 82 00000000 03e8 80 82 00000000 'am'"),
        [close_requested(1000, "")]
    );
    assert_eq!(server.connection.buffered(), 0);
}

#[test]
fn a_continuation_without_a_message_is_refused() {
    for frame in ["00 80 00000000", "80 80 00000000", "80 84 00000000 'spam'"] {
        assert_eq!(server().receive(frame), violation(Violation::UnexpectedContinuation), "{frame}");
    }
    assert_eq!(client().receive("80 00"), violation(Violation::UnexpectedContinuation));
}

#[test]
fn a_continuation_after_a_finished_message_is_refused() {
    assert_eq!(
        server().receive("01 81 00000000 'a' 80 81 00000000 'b' 80 80 00000000"),
        [text("ab"), Event::Violation(Violation::UnexpectedContinuation)]
    );
    assert_eq!(
        server().receive("82 80 00000000 80 80 00000000"),
        [binary(b""), Event::Violation(Violation::UnexpectedContinuation)]
    );
}

#[test]
fn a_new_message_within_a_message_is_refused() {
    for (second, opcode) in [("81 80", 1), ("82 80", 2), ("01 80", 1), ("02 80", 2)] {
        for first in ["01 80 00000000", "02 80 00000000"] {
            let refused = violation(Violation::InterleavedMessage(opcode));
            assert_eq!(server().receive(&format!("{first} {second}")), refused, "{first} {second}");
        }
    }
}

// §5.4: fragments of a sent message

fn sent_in_fragments_of(threshold: usize, kind: MessageKind, payload: &[u8]) -> Hex {
    let mut server = Endpoint::server_with(|config| config.fragmentation_threshold = Some(threshold));
    server.connection.send(kind, payload).unwrap();
    server.sent()
}

#[test]
fn a_message_leaves_in_one_frame_without_a_threshold() {
    let mut server = server();
    let payload = [0x2a; 100_000];
    server.connection.send(MessageKind::Binary, &payload).unwrap();
    assert_eq!(server.sent(), Hex([&bytes("82 7f 00000000000186a0"), &payload[..]].concat()));
}

#[test]
fn a_message_as_long_as_the_threshold_leaves_in_one_frame() {
    assert_eq!(sent_in_fragments_of(4, MessageKind::Text, b"spam"), "81 04 'spam'");
}

#[test]
fn a_longer_message_leaves_in_fragments() {
    assert_eq!(sent_in_fragments_of(4, MessageKind::Text, b"spam!"), "01 04 'spam' 80 01 '!'");
    assert_eq!(sent_in_fragments_of(2, MessageKind::Binary, b"spam!"), "02 02 'sp' 00 02 'am' 80 01 '!'");
}

#[test]
fn a_message_of_twice_the_threshold_has_no_empty_fragment() {
    assert_eq!(sent_in_fragments_of(2, MessageKind::Text, b"spam"), "01 02 'sp' 80 02 'am'");
}

#[test]
fn an_empty_message_leaves_in_one_frame() {
    assert_eq!(sent_in_fragments_of(4, MessageKind::Text, b""), "81 00");
    assert_eq!(sent_in_fragments_of(4, MessageKind::Binary, b""), "82 00");
}

#[test]
fn a_threshold_of_nothing_is_taken_for_one_byte() {
    assert_eq!(sent_in_fragments_of(0, MessageKind::Text, b"abc"), "01 01 'a' 00 01 'b' 80 01 'c'");
    assert_eq!(sent_in_fragments_of(0, MessageKind::Text, b""), "81 00");
}

#[test]
fn a_code_point_may_be_cut_by_the_threshold() {
    assert_eq!(sent_in_fragments_of(1, MessageKind::Text, "é".as_bytes()), "01 01 c3 80 01 a9");
}

#[test]
fn each_frame_is_handed_out_by_itself_with_what_is_to_leave_before_it() {
    let mut server = Endpoint::server_with(|config| config.fragmentation_threshold = Some(2));
    server.connection.ping(b"p", Masking::ByRole).unwrap();
    let frames = server.connection.send_by_frames(MessageKind::Text, b"spam").unwrap();
    assert_eq!(frames.into_iter().map(Hex).collect::<Vec<_>>(), ["89 01 'p' 01 02 'sp'", "80 02 'am'"]);
    assert_eq!(server.sent(), "");
}
