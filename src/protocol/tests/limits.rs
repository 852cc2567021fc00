//! Sizes that a peer must not exceed. They are judged at the header of a frame, and by the running
//! total of its message (RFC 6455 §10.4).

use super::super::Violation;
use super::*;

/// Most empty fragments of a message if `max_fragments` is not set.
const EMPTY_FRAGMENTS: usize = 1024;

// The frame

#[test]
fn a_frame_of_the_greatest_size_is_taken() {
    let payload = vec![b'a'; 64 * 1024];
    assert_eq!(server().receive_bytes(&masked_frame(0x82, &payload)), [binary(&payload)]);
}

#[test]
fn a_larger_frame_is_refused_at_its_header() {
    assert_eq!(server().receive("82 ff 0000000000010001 00000000"), violation(Violation::FrameTooLarge(64 * KIB + 1)));
    assert_eq!(client().receive("82 7f 0000000000100001"), violation(Violation::FrameTooLarge(MIB + 1)));
}

#[test]
fn every_kind_of_frame_has_the_limit() {
    let tiny = || Endpoint::server_with(|config| config.max_frame_size = 3);
    for opcode in [0x81, 0x82, 0x01, 0x02, 0x88, 0x89, 0x8a] {
        let refused = violation(Violation::FrameTooLarge(4));
        assert_eq!(tiny().receive_bytes(&[opcode, 0x84, 0, 0, 0, 0]), refused, "{opcode:02x}");
    }
    let mut continued = tiny();
    assert_eq!(continued.receive("01 83 00000000 'abc'"), []);
    assert_eq!(continued.receive("80 84 00000000"), violation(Violation::FrameTooLarge(4)));
}

#[test]
fn a_frame_larger_than_the_message_limit_is_a_whole_message_still() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 3);
    assert_eq!(server.receive("81 84 00000000 'spam'"), [text("spam")]);
}

// The message

#[test]
fn fragments_to_the_greatest_size_are_taken() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("01 82 00000000 'sp' 80 82 00000000 'am'"), [text("spam")]);
    assert_eq!(server.receive("01 84 00000000 'eggs' 80 80 00000000"), [text("eggs")]);
}

#[test]
fn the_fragment_that_exceeds_the_message_size_is_refused_at_its_header() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("01 82 00000000 'sp' 00 82 00000000 'am'"), []);
    assert_eq!(server.receive("80 81 00000000"), violation(Violation::MessageTooLarge));
}

#[test]
fn a_first_fragment_that_exceeds_the_message_size_is_refused_at_its_header() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 4);
    assert_eq!(server.receive("02 85 00000000"), violation(Violation::MessageTooLarge));
}

#[test]
fn control_frames_do_not_count_into_the_message() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 4);
    assert_eq!(
        server.receive("01 82 00000000 'sp' 8a 84 00000000 'eggs' 80 82 00000000 'am'"),
        [pong(b"eggs"), text("spam")]
    );
}

#[test]
fn each_message_is_counted_by_itself() {
    let mut server = Endpoint::server_with(|config| config.max_message_size = 4);
    for _ in 0..3 {
        assert_eq!(server.receive("01 82 00000000 'sp' 80 82 00000000 'am'"), [text("spam")]);
    }
}

#[test]
fn the_greatest_limits_can_be_had() {
    let mut server = Endpoint::server_with(|config| {
        config.max_frame_size = u64::MAX;
        config.max_message_size = u64::MAX;
        config.max_fragments = Some(u32::MAX);
    });
    assert_eq!(server.receive("02 82 00000000 'sp' 00 ff 00000000ffffffff 00000000 'am'"), []);
    assert_eq!(server.connection.buffered(), 4);
}

// The number of fragments

#[test]
fn as_many_fragments_as_allowed_are_taken() {
    let mut server = Endpoint::server_with(|config| config.max_fragments = Some(3));
    for _ in 0..2 {
        assert_eq!(server.receive("01 81 00000000 'a' 00 81 00000000 'b' 80 81 00000000 'c'"), [text("abc")]);
    }
}

#[test]
fn one_fragment_more_is_refused_at_its_header() {
    let mut server = Endpoint::server_with(|config| config.max_fragments = Some(3));
    assert_eq!(server.receive("01 81 00000000 'a' 00 81 00000000 'b' 00 81 00000000 'c'"), []);
    assert_eq!(server.receive("80 81 00000000"), violation(Violation::TooManyFragments));
}

#[test]
fn whole_messages_are_no_fragments() {
    let mut server = Endpoint::server_with(|config| config.max_fragments = Some(0));
    assert_eq!(server.receive("81 81 00000000 'a' 82 81 00000000 'b'"), [text("a"), binary(b"b")]);
    assert_eq!(server.receive("01 81 00000000"), violation(Violation::TooManyFragments));
}

#[test]
fn any_number_of_fragments_is_taken_without_a_bound() {
    let mut server = server();
    assert_eq!(server.receive("02 80 00000000"), []);
    for _ in 0..5000 {
        assert_eq!(server.receive("00 81 00000000 'x'"), []);
    }
    assert_eq!(server.receive("80 80 00000000"), [binary(&[b'x'; 5000])]);
}

#[test]
fn empty_fragments_are_bounded_always() {
    let mut server = server();
    assert_eq!(server.receive("02 80 00000000"), []);
    for _ in 1..EMPTY_FRAGMENTS {
        assert_eq!(server.receive("00 80 00000000"), []);
    }
    assert_eq!(server.receive("00 80 00000000"), violation(Violation::TooManyFragments));
}

#[test]
fn as_many_empty_fragments_as_allowed_make_a_message() {
    let mut server = server();
    for _ in 0..2 {
        assert_eq!(server.receive("02 80 00000000"), []);
        for _ in 2..EMPTY_FRAGMENTS {
            assert_eq!(server.receive("00 80 00000000"), []);
        }
        assert_eq!(server.receive("80 80 00000000"), [binary(b"")]);
    }
}

#[test]
fn fragments_with_bytes_between_empty_ones_do_not_reset_the_bound() {
    let mut server = server();
    assert_eq!(server.receive("02 80 00000000"), []);
    for _ in 1..EMPTY_FRAGMENTS {
        assert_eq!(server.receive("00 81 00000000 'x' 00 80 00000000"), []);
    }
    assert_eq!(server.receive("00 80 00000000"), violation(Violation::TooManyFragments));
}

// What is held

#[test]
fn a_header_reserves_nothing() {
    let mut server = server();
    assert_eq!(server.receive("82 ff 0000000000010000 00000000"), []);
    assert_eq!(server.connection.capacity(), 0);
    assert_eq!(server.receive("00"), []);
    assert!(server.connection.capacity() <= 2, "{}", server.connection.capacity());
}

#[test]
fn no_more_than_twice_the_received_bytes_is_reserved() {
    let mut server = server();
    server.receive("82 ff 0000000000010000 00000000");
    for received in 1..0x1_0000 {
        assert_eq!(server.receive("00"), []);
        assert!(server.connection.capacity() <= 2 * received, "{} for {received}", server.connection.capacity());
    }
    assert!(server.connection.capacity() <= 0x1_0000, "{}", server.connection.capacity());
}

#[test]
fn short_reads_into_a_long_frame_do_not_move_it_each() {
    let mut server = Endpoint::server_with(|config| config.max_frame_size = 16 * MIB);
    let (least, len) = (1024, 6 * MIB as usize);
    server.receive_bytes(&masked_frame(0x82, &vec![0; len])[..14 + least]);
    let (mut moves, mut capacity, mut received) = (0, server.connection.capacity(), least);
    while let Some(direct_read) = server.connection.direct_read(least) {
        assert!(direct_read.room >= least / 2);
        direct_read.payload.extend_from_slice(&[0; 100]);
        assert_eq!(server.connection.handle_direct_read(100, server.now), None);
        received += 100;
        moves += u32::from(std::mem::replace(&mut capacity, server.connection.capacity()) != capacity);
        assert!(capacity <= 2 * received, "{capacity} for {received}");
    }
    assert!(received > len - 2 * least);
    assert!(moves <= 20, "{moves} moves for one frame");
}

#[test]
fn tiny_fragments_do_not_move_the_message_each() {
    let mut server = server();
    server.receive("02 81 00000000 00");
    let (mut moves, mut capacity) = (0, server.connection.capacity());
    for received in 2..=100_000 {
        server.receive("00 81 00000000 00");
        moves += u32::from(std::mem::replace(&mut capacity, server.connection.capacity()) != capacity);
        assert!(capacity <= 2 * received, "{capacity} for {received}");
    }
    assert!(moves <= 20, "{moves} moves for a message of 100000 fragments");
}

#[test]
fn nothing_is_held_when_a_message_was_delivered() {
    let mut server = server();
    assert_eq!(server.receive("01 82 00000000 'sp' 89 83 00000000 'e'"), []);
    assert_eq!(server.receive("'gg' 80 82 00000000 'am'"), [text("spam")]);
    assert_eq!((server.connection.buffered(), server.connection.capacity()), (0, 0));
}
