//! Frames for an application that assembles them by itself (`assemble_fragments: false`). Each
//! frame is an event. Control frames have their usual effect after that.

use super::super::{RawFrame, Violation};
use super::*;

fn raw_server() -> Endpoint {
    Endpoint::server_with(|config| config.assemble_fragments = false)
}

fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Event<'static> {
    Event::Frame(RawFrame { fin, rsv: 0, opcode, mask: Some([0; 4]), payload: payload.to_vec() })
}

#[test]
fn a_message_is_a_frame() {
    assert_eq!(
        raw_server().receive("81 81 00000000 'a' 82 81 00000000 'b'"),
        [frame(true, 1, b"a"), frame(true, 2, b"b")]
    );
}

#[test]
fn fragments_are_frames_of_their_own() {
    assert_eq!(
        raw_server().receive("01 82 00000000 'sp' 00 80 00000000 80 82 00000000 'am'"),
        [frame(false, 1, b"sp"), frame(false, 0, b""), frame(true, 0, b"am")]
    );
}

#[test]
fn a_frame_says_the_key_it_came_with_and_is_unmasked() {
    let hello = |mask| Event::Frame(RawFrame { fin: true, rsv: 0, opcode: 1, mask, payload: b"Hello".to_vec() });
    assert_eq!(raw_server().receive("81 85 37fa213d 7f9f4d5158"), [hello(Some(CLIENT_KEY))]);
    let mut client = Endpoint::new(Config { assemble_fragments: false, ..client_config() });
    assert_eq!(client.receive("81 05 'Hello'"), [hello(None)]);
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    let payload = [0x2a; 300];
    assert_eq!(raw_server().receive_slowly(&masked_frame(0x02, &payload)), [frame(false, 2, &payload)]);
    assert_eq!(raw_server().receive_slowly(&masked_frame(0x81, b"")), [frame(true, 1, b"")]);
}

#[test]
fn nothing_is_held_between_frames() {
    let mut server = raw_server();
    assert_eq!(server.receive("01 82 00000000 'sp'"), [frame(false, 1, b"sp")]);
    assert_eq!((server.connection.buffered(), server.connection.capacity()), (0, 0));
    assert_eq!(server.receive("80 82 00000000 'a'"), []);
    assert_eq!(server.connection.buffered(), 1);
}

// Control frames are events, then have their effect

#[test]
fn a_ping_is_shown_and_answered() {
    let mut server = raw_server();
    assert_eq!(server.receive("89 81 00000000 'p'"), [frame(true, 9, b"p")]);
    assert_eq!(server.sent(), "8a 01 'p'");
}

#[test]
fn a_ping_is_shown_and_told_where_it_is_not_answered() {
    let mut server = Endpoint::server_with(|config| {
        config.assemble_fragments = false;
        config.auto_pong = false;
    });
    assert_eq!(
        server.receive("89 81 00000000 'p' 81 81 00000000 'a'"),
        [frame(true, 9, b"p"), ping(b"p"), frame(true, 1, b"a")]
    );
    assert_eq!(server.sent(), "");
}

#[test]
fn a_pong_is_shown_and_told() {
    assert_eq!(raw_server().receive("8a 81 00000000 'p'"), [frame(true, 10, b"p"), pong(b"p")]);
}

#[test]
fn a_close_frame_is_shown_and_told() {
    let mut server = raw_server();
    assert_eq!(
        server.receive("88 84 00000000 03e8 'OK' 81 80 00000000"),
        [frame(true, 8, b"\x03\xe8OK"), close_requested(1000, "OK")]
    );
    assert_eq!(server.state(), State::PeerRequestedClose);
    server.acknowledge();
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn a_close_frame_whose_reason_is_no_text_is_shown_and_refused() {
    assert_eq!(
        raw_server().receive("88 83 00000000 03e8 ff"),
        [frame(true, 8, b"\x03\xe8\xff"), Event::Violation(Violation::InvalidUtf8)]
    );
}

#[test]
fn control_frames_may_stand_between_fragments() {
    assert_eq!(
        raw_server().receive("01 81 00000000 'a' 8a 80 00000000 80 81 00000000 'b'"),
        [frame(false, 1, b"a"), frame(true, 10, b""), pong(b""), frame(true, 0, b"b")]
    );
}

#[test]
fn after_our_close_frame_nothing_is_shown_but_the_answer_counts() {
    let mut server = raw_server();
    server.close(1000, "");
    assert_eq!(server.receive("81 81 00000000 'a' 89 80 00000000 8a 80 00000000"), []);
    assert_eq!(server.receive("88 82 00000000 03e8"), [Event::CloseReplied]);
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn a_drop_where_a_control_frame_is_shown_leaves_it_untold() {
    let mut server = raw_server();
    let mut read = bytes("8a 81 00000000 'p' 81 80 00000000");
    assert_eq!(server.connection.handle_data(&mut read, server.now).next(), Some(frame(true, 10, b"p")));
    server.connection.drop(None);
    assert_eq!(server.receive("81 80 00000000"), []);
}

// The rules of framing hold; those of messages are the application's

#[test]
fn framing_is_checked() {
    for (frames, refused) in [
        ("83 80", Violation::ReservedOpcode(3)),
        ("c1 80", Violation::Rsv1),
        ("81 00", Violation::NotMasked),
        ("89 fe", Violation::ControlLength(126)),
        ("08 80", Violation::ControlFragmented),
        ("80 80", Violation::UnexpectedContinuation),
        ("82 ff 8000000000000000 00000000", Violation::LengthForbidden),
        ("82 ff 0000000100000000 00000000", Violation::LengthUnsupported),
        ("82 fe 0001 00000000", Violation::LengthNotMinimal),
        ("82 ff 0000000000010001 00000000", Violation::FrameTooLarge(64 * KIB + 1)),
    ] {
        assert_eq!(raw_server().receive(frames), violation(refused), "{frames}");
    }
}

#[test]
fn the_sequence_of_fragments_is_checked() {
    let mut interleaved = raw_server();
    assert_eq!(interleaved.receive("01 80 00000000"), [frame(false, 1, b"")]);
    assert_eq!(interleaved.receive("82 80"), violation(Violation::InterleavedMessage(2)));
    let mut continued = raw_server();
    assert_eq!(
        continued.receive("01 80 00000000 80 80 00000000 80 80 00000000"),
        [frame(false, 1, b""), frame(true, 0, b""), Event::Violation(Violation::UnexpectedContinuation)]
    );
}

#[test]
fn text_is_not_checked() {
    assert_eq!(raw_server().receive("81 81 00000000 ff"), [frame(true, 1, &[0xff])]);
}

#[test]
fn messages_have_no_size_and_no_count() {
    let mut server = Endpoint::server_with(|config| {
        config.assemble_fragments = false;
        config.max_message_size = 1;
        config.max_fragments = Some(1);
    });
    assert_eq!(server.receive("02 82 00000000 'ab'"), [frame(false, 2, b"ab")]);
    for _ in 0..5000 {
        assert_eq!(server.receive("00 80 00000000"), [frame(false, 0, b"")]);
    }
    assert_eq!(server.receive("80 82 00000000 'yz'"), [frame(true, 0, b"yz")]);
}
