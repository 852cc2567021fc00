//! RFC 6455 §5.5.2 and §5.5.3: pings and pongs.

use super::super::{Masking, MessageKind};
use super::*;

fn telling_server() -> Endpoint {
    Endpoint::server_with(|config| config.auto_pong = false)
}

// Received pings, answered here

#[test]
fn a_ping_is_answered_with_its_payload() {
    let mut server = server();
    assert_eq!(server.receive("89 84 00000000 22 66 aa ee"), []);
    assert_eq!(server.sent(), "8a 04 22 66 aa ee");
}

#[test]
fn an_empty_ping_is_answered() {
    let mut server = server();
    assert_eq!(server.receive("89 80 00000000"), []);
    assert_eq!(server.sent(), "8a 00");
}

#[test]
fn a_ping_of_125_bytes_is_answered_whole() {
    let mut server = server();
    assert_eq!(server.receive_bytes(&masked_frame(0x89, &[0x2a; 125])), []);
    assert_eq!(server.sent(), Hex([&[0x8a, 125][..], &[0x2a; 125]].concat()));
}

#[test]
fn a_ping_in_pieces_is_answered_when_it_is_whole() {
    let mut server = server();
    assert_eq!(server.receive("89 82 00000000 'p'"), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.receive("'q'"), []);
    assert_eq!(server.sent(), "8a 02 'pq'");
}

#[test]
fn every_ping_is_answered_in_order() {
    let mut server = server();
    assert_eq!(server.receive("89 81 00000000 'a' 81 81 00000000 'm' 89 81 00000000 'b'"), [text("m")]);
    assert_eq!(server.sent(), "8a 01 'a' 8a 01 'b'");
}

#[test]
fn answers_queue_behind_what_was_sent_before() {
    let mut server = server();
    server.connection.send(MessageKind::Text, b"first").unwrap();
    assert_eq!(server.receive("89 80 00000000"), []);
    server.connection.send(MessageKind::Text, b"third").unwrap();
    assert_eq!(server.sent(), "81 05 'first' 8a 00 81 05 'third'");
}

// Received pings, answered late: §5.5.3 allows an answer to the latest one only

/// A server that got so many pings of 125 bytes that its outbox takes no further answer.
fn swamped_server() -> Endpoint {
    let mut server = server();
    while server.connection.outbox().len() <= 64 * 1024 {
        assert_eq!(server.receive_bytes(&masked_frame(0x89, &[b'p'; 125])), []);
    }
    server
}

#[test]
fn pings_of_a_peer_that_never_reads_are_not_hoarded() {
    let mut server = swamped_server();
    let waiting = server.connection.outbox().len();
    for _ in 0..10_000 {
        assert_eq!(server.receive_bytes(&masked_frame(0x89, &[b'p'; 125])), []);
    }
    assert_eq!(server.connection.outbox().len(), waiting);
}

#[test]
fn the_latest_ping_is_answered_when_the_peer_reads() {
    let mut server = swamped_server();
    let waiting = server.connection.outbox().len();
    assert_eq!(server.receive("89 81 00000000 'x' 89 81 00000000 'y'"), []);
    server.connection.handle_sent(1);
    assert_eq!(server.connection.outbox().len(), waiting - 1);
    server.connection.handle_sent(waiting - 1 - 64 * 1024);
    let rest = server.sent();
    assert!(rest.0.ends_with(&bytes("8a 01 'y'")), "{:?}", &rest.0[rest.0.len() - 6..]);
    assert_eq!(rest.0.len(), 64 * 1024 + 3);
    assert_eq!(server.sent(), "");
}

#[test]
fn the_latest_ping_is_answered_in_the_output_that_takes_all() {
    let mut server = swamped_server();
    assert_eq!(server.receive("89 81 00000000 'x' 89 81 00000000 'y'"), []);
    assert!(server.sent().0.ends_with(&bytes("8a 01 'y'")));
    assert!(server.connection.outbox().is_empty());
}

#[test]
fn a_late_answer_does_not_follow_our_close_frame() {
    let mut server = swamped_server();
    assert_eq!(server.receive("89 81 00000000 'x'"), []);
    server.close(1000, "");
    assert!(server.sent().0.ends_with(&bytes("88 02 03e8")));
    assert_eq!(server.sent(), "");
}

#[test]
fn a_late_answer_is_not_sent_where_nothing_can_be() {
    let mut server = swamped_server();
    assert_eq!(server.receive("89 81 00000000 'x'"), []);
    server.connection.handle_unsendable();
    assert_eq!(server.sent(), "");
}

// Received pings, left to the application

#[test]
fn a_ping_is_told_where_it_is_not_answered() {
    let mut server = telling_server();
    assert_eq!(server.receive("89 81 00000000 'p' 89 80 00000000"), [ping(b"p"), ping(b"")]);
    assert_eq!(server.sent(), "");
}

#[test]
fn the_application_may_answer_by_itself() {
    let mut server = telling_server();
    assert_eq!(server.receive("89 81 00000000 'p'"), [ping(b"p")]);
    server.connection.pong(b"p", Masking::ByRole).unwrap();
    assert_eq!(server.sent(), "8a 01 'p'");
}

#[test]
fn answering_can_be_switched() {
    let mut server = server();
    server.connection.set_auto_pong(false);
    assert_eq!(server.receive("89 81 00000000 'a'"), [ping(b"a")]);
    server.connection.set_auto_pong(true);
    assert_eq!(server.receive("89 81 00000000 'b'"), []);
    assert_eq!(server.sent(), "8a 01 'b'");
}

#[test]
fn the_switch_counts_when_the_ping_is_whole() {
    let mut server = server();
    assert_eq!(server.receive("89 82 00000000 'p'"), []);
    server.connection.set_auto_pong(false);
    assert_eq!(server.receive("'q'"), [ping(b"pq")]);
}

// Pongs

#[test]
fn a_pong_is_told() {
    assert_eq!(server().receive("8a 84 00000000 'eggs'"), [pong(b"eggs")]);
    assert_eq!(client().receive("8a 00"), [pong(b"")]);
}

#[test]
fn a_pong_that_nobody_asked_for_is_told_and_not_answered() {
    let mut server = server();
    assert_eq!(server.receive("8a 80 00000000 8a 81 00000000 'x'"), [pong(b""), pong(b"x")]);
    assert_eq!(server.sent(), "");
}

// Sent pings

#[test]
fn pings_and_pongs_are_sent() {
    let mut server = server();
    server.connection.ping(b"eggs", Masking::ByRole).unwrap();
    server.connection.ping(b"", Masking::ByRole).unwrap();
    server.connection.pong(b"spam", Masking::ByRole).unwrap();
    assert_eq!(server.sent(), "89 04 'eggs' 89 00 8a 04 'spam'");
}
