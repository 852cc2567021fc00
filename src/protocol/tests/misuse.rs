//! Errors of the caller. It gets an error, and the connection does not change.

use super::super::{Masking, MessageKind, Misuse};
use super::*;

fn assert_untouched(endpoint: &mut Endpoint) {
    assert_eq!((endpoint.state(), endpoint.sent(), endpoint.next_deadline()), (State::Open, Hex(vec![]), None));
    assert_eq!(endpoint.receive("81 81 00000000 'a'"), [text("a")]);
}

#[test]
fn pings_and_pongs_of_more_than_125_bytes_are_refused() {
    let mut server = server();
    assert_eq!(server.connection.ping(&[0; 126], Masking::ByRole), Err(Misuse::ControlTooLong));
    assert_eq!(server.connection.pong(&[0; 126], Masking::ByRole), Err(Misuse::ControlTooLong));
    assert_untouched(&mut server);
}

#[test]
fn pings_and_pongs_of_125_bytes_are_sent() {
    let mut server = server();
    server.connection.ping(&[7; 125], Masking::ByRole).unwrap();
    server.connection.pong(&[8; 125], Masking::ByRole).unwrap();
    assert_eq!(server.sent(), Hex([&[0x89, 125][..], &[7; 125], &[0x8a, 125], &[8; 125]].concat()));
}

#[test]
fn close_codes_that_must_not_be_sent_are_refused() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        let mut server = server();
        assert_eq!(server.connection.close(code, "", server.now), Err(Misuse::CloseCode), "{code}");
        assert_untouched(&mut server);
    }
}

#[test]
fn a_second_close_is_refused() {
    let mut server = server();
    server.close(1000, "first");
    assert_eq!(server.connection.close(1001, "second", server.now), Err(Misuse::NotOpen));
    assert_eq!(server.sent(), "88 07 03e8 'first'");
    assert_eq!(server.next_deadline(), Some(seconds(5)));
}

#[test]
fn nothing_can_be_sent_after_our_close_frame() {
    for mut endpoint in [server(), client()] {
        endpoint.close(1000, "");
        endpoint.sent();
        assert_eq!(endpoint.connection.send(MessageKind::Text, b"a"), Err(Misuse::NotOpen));
        assert_eq!(endpoint.connection.send(MessageKind::Binary, &[]), Err(Misuse::NotOpen));
        assert_eq!(endpoint.connection.ping(b"", Masking::ByRole), Err(Misuse::NotOpen));
        assert_eq!(endpoint.connection.pong(b"", Masking::ByRole), Err(Misuse::NotOpen));
        assert_eq!(endpoint.sent(), "");
    }
}

#[test]
fn no_fragment_of_a_refused_message_is_sent() {
    let mut server = Endpoint::server_with(|config| config.fragmentation_threshold = Some(2));
    server.close(1000, "");
    assert_eq!(server.connection.send(MessageKind::Text, b"spam"), Err(Misuse::NotOpen));
    assert_eq!(server.connection.send_by_frames(MessageKind::Text, b"spam"), Err(Misuse::NotOpen));
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn an_answer_to_a_close_that_never_came_is_ignored() {
    let mut server = server();
    server.acknowledge();
    assert_untouched(&mut server);
}
