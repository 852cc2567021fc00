//! RFC 6455 §5.2, the base framing protocol, and §5.5, what control frames may not be.

use super::super::Violation;
use super::*;

// §5.2: payload lengths

#[test]
fn lengths_to_125_take_seven_bits() {
    assert_eq!(server().receive("82 80 00000000"), [binary(&[])]);
    assert_eq!(server().receive("82 81 00000000 2a"), [binary(&[0x2a])]);
    let payload = [0x2a; 125];
    assert_eq!(server().receive_bytes(&[&bytes("82 fd 00000000"), &payload[..]].concat()), [binary(&payload)]);
}

#[test]
fn lengths_to_65535_take_sixteen_bits() {
    for (header, len) in [("82 fe 007e 00000000", 126), ("82 fe ffff 00000000", 0xffff)] {
        let payload = vec![0x2a; len];
        assert_eq!(server().receive_bytes(&[bytes(header), payload.clone()].concat()), [binary(&payload)], "{len}");
    }
}

#[test]
fn greater_lengths_take_sixty_four_bits() {
    let payload = vec![0x2a; 0x1_0000];
    let frame = [bytes("82 ff 0000000000010000 00000000"), payload.clone()].concat();
    assert_eq!(server().receive_bytes(&frame), [binary(&payload)]);
}

#[test]
fn lengths_go_out_in_the_fewest_bytes() {
    for (len, header) in [
        (0, "82 00"),
        (125, "82 7d"),
        (126, "82 7e 007e"),
        (0xffff, "82 7e ffff"),
        (0x1_0000, "82 7f 0000000000010000"),
    ] {
        let mut server = server();
        let payload = vec![0x2a; len];
        server.connection.send(super::super::MessageKind::Binary, &payload).unwrap();
        assert_eq!(server.sent(), Hex([bytes(header), payload].concat()), "{len}");
    }
}

#[test]
fn a_length_in_more_bytes_than_needed_is_refused() {
    for frame in [
        "82 fe 0000 00000000",
        "82 fe 007d 00000000",
        "82 ff 0000000000000000 00000000",
        "82 ff 000000000000007e 00000000",
        "82 ff 000000000000ffff 00000000",
    ] {
        assert_eq!(server().receive(frame), violation(Violation::LengthNotMinimal), "{frame}");
    }
}

#[test]
fn a_length_of_32_bits_is_only_too_large() {
    assert_eq!(server().receive("82 ff 00000000ffffffff 00000000"), violation(Violation::FrameTooLarge(0xffff_ffff)));
}

#[test]
fn a_length_beyond_32_bits_is_refused() {
    for frame in ["82 ff 0000000100000000 00000000", "82 ff 7fffffffffffffff 00000000"] {
        assert_eq!(server().receive(frame), violation(Violation::LengthUnsupported), "{frame}");
    }
}

#[test]
fn the_most_significant_bit_of_a_length_must_be_clear() {
    for frame in [
        "82 ff 8000000000000000 00000000",
        "82 ff 8000000000000005 00000000 'Hello'",
        "82 ff ffffffffffffffff 00000000",
    ] {
        assert_eq!(server().receive(frame), violation(Violation::LengthForbidden), "{frame}");
    }
}

#[test]
fn a_length_is_judged_as_soon_as_its_header_is_there() {
    let mut server = server();
    assert_eq!(server.receive("82 ff 8000000000000000 000000"), []);
    assert_eq!(server.receive("00"), violation(Violation::LengthForbidden));
}

#[test]
fn a_header_may_arrive_byte_by_byte() {
    for len in [0, 5, 125, 126, 300] {
        let payload = vec![b'a'; len];
        assert_eq!(
            server().receive_slowly(&masked_frame(0x81, &payload)),
            [text(std::str::from_utf8(&payload).unwrap())],
            "{len}"
        );
    }
    assert_eq!(client().receive_slowly(&bytes("81 05 'Hello'")), [text("Hello")]);
}

#[test]
fn a_header_may_end_anywhere_between_two_reads() {
    let frame = masked_frame(0x82, &[0x2a; 300]);
    for cut in 0..=8 {
        let mut server = server();
        assert_eq!(server.receive_bytes(&frame[..cut]), [], "{cut}");
        assert_eq!(server.receive_bytes(&frame[cut..]), [binary(&[0x2a; 300])], "{cut}");
    }
}

// §5.2: RSV bits

#[test]
fn reserved_bits_are_refused_without_an_extension() {
    for rsv in 1..8_u8 {
        for opcode in [0x1, 0x2, 0x8, 0x9, 0xa] {
            let frame = [0x80 | rsv << 4 | opcode, 0x80, 0, 0, 0, 0];
            let refused = violation(if rsv == 0b100 { Violation::Rsv1 } else { Violation::Rsv2Or3 });
            assert_eq!(server().receive_bytes(&frame), refused, "{frame:02x?}");
        }
    }
}

#[test]
fn reserved_bits_are_refused_on_a_continuation() {
    let mut server = server();
    assert_eq!(server.receive("01 81 00000000 'a'"), []);
    assert_eq!(server.receive("c0 81 00000000 'b'"), violation(Violation::Rsv1));
}

// §5.2: opcodes

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        let refused = violation(Violation::ReservedOpcode(opcode));
        assert_eq!(server().receive_bytes(&[0x80 | opcode, 0x80, 0, 0, 0, 0]), refused, "server, {opcode:x}");
        assert_eq!(client().receive_bytes(&[0x80 | opcode, 0x00]), refused, "client, {opcode:x}");
    }
}

#[test]
fn reserved_data_opcodes_are_refused_within_a_message_too() {
    for opcode in 0x3..=0x7 {
        let mut server = server();
        assert_eq!(server.receive("01 81 00000000 'a'"), []);
        let refused = violation(Violation::InterleavedMessage(opcode));
        assert_eq!(server.receive_bytes(&[0x80 | opcode, 0x80]), refused, "{opcode:x}");
    }
}

// §5.5: control frames

#[test]
fn control_frames_may_have_125_bytes() {
    let payload = [b'p'; 125];
    let mut server = server();
    assert_eq!(server.receive_bytes(&masked_frame(0x8a, &payload)), [pong(&payload)]);
}

#[test]
fn control_frames_of_more_than_125_bytes_are_refused() {
    for opcode in [0x88, 0x89, 0x8a] {
        for length in [0xfe, 0xff] {
            let refused = violation(Violation::ControlLength(length & 0x7f));
            assert_eq!(server().receive_bytes(&[opcode, length]), refused, "{opcode:02x} {length:02x}");
        }
    }
}

#[test]
fn control_frames_must_not_be_fragmented() {
    for frame in ["08 80", "09 80", "0a 80"] {
        assert_eq!(server().receive(frame), violation(Violation::ControlFragmented), "{frame}");
    }
}

// §7.1.7: what fails the connection

#[test]
fn two_bytes_are_enough_to_refuse_a_frame() {
    for (start, refused) in [
        ("83 ff", Violation::ReservedOpcode(3)),
        ("c1 ff", Violation::Rsv1),
        ("89 fe", Violation::ControlLength(126)),
        ("09 80", Violation::ControlFragmented),
        ("80 ff", Violation::UnexpectedContinuation),
        ("81 7f", Violation::NotMasked),
    ] {
        assert_eq!(server().receive(start), violation(refused), "{start} at once");
        let mut server = server();
        assert_eq!(server.receive(&start[..2]), [], "{start} in two pieces");
        assert_eq!(server.receive(&start[3..]), violation(refused), "{start} in two pieces");
    }
}

#[test]
fn nothing_is_read_after_a_violation() {
    let mut server = server();
    assert_eq!(server.receive("83 80 00000000 81 81 00000000 'a'"), violation(Violation::ReservedOpcode(3)));
    assert_eq!(server.receive("81 81 00000000 'b' 89 80 00000000 88 80 00000000"), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.connection.buffered(), 0);
}

#[test]
fn what_came_before_a_violation_is_delivered() {
    assert_eq!(
        server().receive("81 81 00000000 'a' 89 81 00000000 'p' 8a 80 00000000 83 80 00000000"),
        [text("a"), pong(b""), Event::Violation(Violation::ReservedOpcode(3))]
    );
}

#[test]
fn a_violation_has_at_most_one_detail() {
    use super::super::ViolationDetail::{Nothing, Number, Words};
    for (violation, detail) in [
        (Violation::ControlLength(126), Number(126)),
        (Violation::ReservedOpcode(0xb), Number(0xb)),
        (Violation::InterleavedMessage(2), Number(2)),
        (Violation::InvalidCloseCode(1005), Number(1005)),
        (Violation::FrameTooLarge(70_000), Number(70_000)),
        (Violation::InvalidCompression("invalid block type"), Words("invalid block type")),
        (Violation::MessageTooLarge, Nothing),
    ] {
        assert_eq!(violation.detail(), detail, "{violation:?}");
    }
}

#[test]
fn a_violation_is_answered_by_a_close_frame() {
    let mut server = server();
    assert_eq!(server.receive("83 80 00000000"), violation(Violation::ReservedOpcode(3)));
    server.drop_for(1002, "Unrecognized Opcode: 0x3");
    assert_eq!(server.sent(), "88 1a 03ea 'Unrecognized Opcode: 0x3'");
    assert_eq!(server.state(), State::Closed);
}
