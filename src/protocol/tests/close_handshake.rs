//! RFC 6455 §7, closing the connection: the two orders of the handshake, and what goes wrong in it.

use super::super::{MessageKind, Misuse, Violation};
use super::*;

// §7.1.5, the peer begins

#[test]
fn the_peer_closes_and_is_answered() {
    let mut server = server();
    assert_eq!(server.receive("88 85 00000000 03e9 'bye'"), [close_requested(1001, "bye")]);
    assert_eq!(server.state(), State::PeerRequestedClose);
    assert_eq!(server.sent(), "");
    server.acknowledge();
    assert_eq!(server.state(), State::Closed);
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn a_client_masks_its_answer() {
    let mut client = client();
    assert_eq!(client.receive("88 02 03e8"), [close_requested(1000, "")]);
    client.acknowledge();
    assert_eq!(client.sent(), "88 82 37fa213d 3412");
}

#[test]
fn what_came_before_the_close_frame_is_delivered() {
    assert_eq!(
        server().receive("81 81 00000000 'a' 8a 80 00000000 88 80 00000000"),
        [text("a"), pong(b""), close_requested(None, "")]
    );
}

#[test]
fn pings_before_the_close_frame_are_answered_before_it_is() {
    let mut server = server();
    assert_eq!(server.receive("89 81 00000000 'p' 88 80 00000000"), [close_requested(None, "")]);
    server.acknowledge();
    assert_eq!(server.sent(), "8a 01 'p' 88 02 03e8");
}

#[test]
fn what_comes_after_the_close_frame_is_ignored() {
    let mut server = server();
    assert_eq!(
        server.receive("88 80 00000000 81 81 00000000 'a' 89 80 00000000 88 80 00000000 ffff"),
        [close_requested(None, "")]
    );
    assert_eq!(server.receive("81 81 00000000 'b' 89 80 00000000 83 80 00000000"), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.connection.buffered(), 0);
    assert_eq!(server.state(), State::PeerRequestedClose);
}

#[test]
fn an_answer_can_be_preceded_by_what_was_still_to_say() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    server.connection.send(MessageKind::Text, b"last").unwrap();
    server.acknowledge();
    assert_eq!(server.sent(), "81 04 'last' 88 02 03e8");
}

#[test]
fn a_close_of_ours_answers_the_peers() {
    let mut server = server();
    assert_eq!(server.receive("88 82 00000000 03e8"), [close_requested(1000, "")]);
    server.close(1001, "me too");
    assert_eq!(server.state(), State::Closed);
    server.acknowledge();
    assert_eq!(server.sent(), "88 08 03e9 'me too'");
    assert_eq!(server.next_deadline(), Some(seconds(5)));
}

#[test]
fn the_peer_is_answered_once() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    server.acknowledge();
    server.acknowledge();
    assert_eq!(server.sent(), "88 02 03e8");
}

// §7.1.2, we begin

#[test]
fn we_close_and_are_answered() {
    let mut server = server();
    server.close(1000, "bye");
    assert_eq!(server.state(), State::Ending);
    assert_eq!(server.sent(), "88 05 03e8 'bye'");
    assert_eq!(server.receive("88 82 00000000 03e8"), [Event::CloseReplied]);
    assert_eq!(server.state(), State::Closed);
    assert_eq!(server.sent(), "");
}

#[test]
fn an_answer_may_say_anything() {
    for answer in
        ["88 80 00000000", "88 81 00000000 03", "88 82 00000000 03e9", "88 82 00000000 03ed", "88 83 00000000 03e8 ff"]
    {
        let mut server = server();
        server.close(1000, "");
        assert_eq!(server.receive(answer), [Event::CloseReplied], "{answer}");
        assert_eq!(server.state(), State::Closed, "{answer}");
        assert_eq!(server.sent(), "88 02 03e8", "{answer}");
    }
}

#[test]
fn what_was_sent_before_our_close_frame_leaves_before_it() {
    let mut server = server();
    server.connection.send(MessageKind::Text, b"a").unwrap();
    server.close(1000, "");
    assert_eq!(server.connection.send(MessageKind::Text, b"b"), Err(Misuse::NotOpen));
    assert_eq!(server.sent(), "81 01 'a' 88 02 03e8");
}

#[test]
fn messages_that_cross_our_close_frame_are_ignored() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.receive("81 81 00000000 'a' 82 80 00000000 8a 80 00000000 01 81 00000000 'b'"), []);
    assert_eq!(server.state(), State::Ending);
    assert_eq!(server.receive("88 82 00000000 03e8"), [Event::CloseReplied]);
}

#[test]
fn pings_that_cross_our_close_frame_are_not_answered() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.receive("89 80 00000000"), []);
    assert_eq!(server.sent(), "88 02 03e8");
}

#[test]
fn an_answer_inside_an_unfinished_message_counts() {
    let mut server = server();
    assert_eq!(server.receive("01 81 00000000 'a'"), []);
    server.close(1000, "");
    assert_eq!(server.receive("88 82 00000000 03e8"), [Event::CloseReplied]);
    assert_eq!(server.connection.buffered(), 0);
}

#[test]
fn nothing_is_read_after_the_answer() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.receive("88 80 00000000 88 80 00000000 81 80 00000000"), [Event::CloseReplied]);
    assert_eq!(server.receive("88 80 00000000 83 80 00000000"), []);
}

#[test]
fn a_violation_after_our_close_frame_ends_in_silence() {
    for broken in ["83 80 00000000", "81 81 00000000 ff", "82 ff 8000000000000000 00000000"] {
        let mut server = server();
        server.close(1000, "");
        assert_eq!(server.receive(broken), [], "{broken}");
        assert_eq!(server.state(), State::Ending, "{broken}");
        assert_eq!(server.sent(), "88 02 03e8", "{broken}");
        // After a violation nothing is decoded, so no answer can come. The close timer decides.
        assert_eq!(server.receive("88 80 00000000"), [], "{broken}");
        assert_eq!(server.wait(seconds(5)), [Event::CloseTimedOut], "{broken}");
    }
}

// §7.1.3: both begin at once

#[test]
fn close_frames_that_cross_each_other_end_it_on_both_sides() {
    let (mut server, mut client) = (server(), client());
    server.close(1000, "s");
    client.close(1001, "c");
    let (from_server, from_client) = (server.sent(), client.sent());
    assert_eq!(server.receive_bytes(&from_client.0), [Event::CloseReplied]);
    assert_eq!(client.receive_bytes(&from_server.0), [Event::CloseReplied]);
    assert_eq!((server.state(), client.state()), (State::Closed, State::Closed));
    assert_eq!((server.sent(), client.sent()), (Hex(vec![]), Hex(vec![])));
}

// §7.1.7: failing the connection

#[test]
fn a_drop_tells_the_peer_why() {
    let mut server = server();
    server.connection.drop(Some(&CloseReason::new(1011, "oops")));
    assert_eq!(server.state(), State::Closed);
    assert_eq!(server.sent(), "88 06 03f3 'oops'");
}

#[test]
fn a_drop_leaves_what_was_sent_before() {
    let mut server = server();
    server.connection.send(MessageKind::Text, b"a").unwrap();
    server.connection.drop(None);
    assert_eq!(server.sent(), "81 01 'a'");
}

#[test]
fn nothing_follows_a_drop() {
    let mut server = Endpoint::server_with(|config| {
        config.keepalive_interval = Some(seconds(1));
        config.keepalive_grace = Some(seconds(1));
    });
    assert_eq!(server.receive("01 81 00000000 'a' 8a 82 00000000 'p'"), []);
    server.connection.drop(None);
    assert_eq!((server.connection.buffered(), server.connection.capacity()), (0, 0));
    assert_eq!(server.receive("'q' 80 81 00000000 'b' 89 80 00000000 88 80 00000000"), []);
    assert_eq!(server.next_deadline(), None);
    assert_eq!(server.wait(seconds(3600)), []);
    assert_eq!(server.sent(), "");
}

#[test]
fn a_second_drop_says_nothing() {
    let mut server = server();
    server.connection.drop(None);
    server.connection.drop(Some(&CloseReason::new(1011, "")));
    assert_eq!(server.sent(), "");
}

#[test]
fn a_drop_between_the_peers_close_frame_and_the_answer_replaces_the_answer() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    server.connection.drop(Some(&CloseReason::new(1011, "")));
    server.acknowledge();
    assert_eq!(server.sent(), "88 02 03f3");
}

// §7.1.1: the end of TCP

#[test]
fn an_unfinished_message_is_gone_with_the_end_of_tcp() {
    let mut server = server();
    assert_eq!(server.receive("01 81 00000000 'a'"), []);
    server.connection.handle_eof();
    assert_eq!(server.connection.buffered(), 0);
    assert_eq!(server.receive("80 81 00000000 'b'"), []);
}

#[test]
fn an_answer_can_go_out_after_the_peer_ended_its_side() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    server.connection.handle_eof();
    server.acknowledge();
    assert_eq!(server.sent(), "88 02 03e8");
    assert_eq!(server.state(), State::Closed);
}

#[test]
fn a_violation_can_be_told_after_the_peer_ended_its_side() {
    let mut server = server();
    assert_eq!(server.receive("83 80 00000000"), violation(Violation::ReservedOpcode(3)));
    server.connection.handle_eof();
    server.drop_for(1002, "Unrecognized Opcode: 0x3");
    assert_eq!(server.sent(), "88 1a 03ea 'Unrecognized Opcode: 0x3'");
}
