//! RFC 6455 §5.1 and §5.3: who masks, and with what.

use std::sync::atomic::{AtomicU8, Ordering};

use super::super::{Masking, MessageKind, Violation};
use super::*;

// §5.7: the examples

#[test]
fn a_single_frame_unmasked_text_message() {
    assert_eq!(client().receive("81 05 48 65 6c 6c 6f"), [text("Hello")]);
    let mut server = server();
    server.connection.send(MessageKind::Text, b"Hello").unwrap();
    assert_eq!(server.sent(), "81 05 48 65 6c 6c 6f");
}

#[test]
fn a_single_frame_masked_text_message() {
    assert_eq!(server().receive("81 85 37 fa 21 3d 7f 9f 4d 51 58"), [text("Hello")]);
    let mut client = client();
    client.connection.send(MessageKind::Text, b"Hello").unwrap();
    assert_eq!(client.sent(), "81 85 37 fa 21 3d 7f 9f 4d 51 58");
}

#[test]
fn a_fragmented_unmasked_text_message() {
    assert_eq!(client().receive("01 03 48 65 6c 80 02 6c 6f"), [text("Hello")]);
}

#[test]
fn an_unmasked_ping_and_the_masked_pong_that_answers_it() {
    let mut client = client();
    assert_eq!(client.receive("89 05 48 65 6c 6c 6f"), []);
    assert_eq!(client.sent(), "8a 85 37 fa 21 3d 7f 9f 4d 51 58");
}

// §5.1: by role

#[test]
fn a_server_refuses_unmasked_frames() {
    for frame in ["81 05 'Hello'", "82 00", "01 00", "88 00", "89 00", "8a 00"] {
        assert_eq!(server().receive(frame), violation(Violation::NotMasked), "{frame}");
    }
}

#[test]
fn a_server_refuses_an_unmasked_continuation() {
    assert_eq!(server().receive("01 81 00000000 'a' 80 01 'b'"), violation(Violation::NotMasked));
}

#[test]
fn a_client_refuses_masked_frames() {
    for frame in ["81 85 00000000 'Hello'", "82 80 00000000", "88 80 00000000", "89 80 00000000", "8a 80 00000000"] {
        assert_eq!(client().receive(frame), violation(Violation::Masked), "{frame}");
    }
}

#[test]
fn a_connection_without_a_role_takes_both() {
    let mut either = Endpoint::server_with(|config| config.require_masking = None);
    assert_eq!(either.receive("81 05 'Hello' 81 85 37fa213d 7f9f4d5158"), [text("Hello"), text("Hello")]);
}

#[test]
fn every_frame_of_a_client_is_masked() {
    let mut client = Endpoint::new(Config { fragmentation_threshold: Some(3), ..client_config() });
    client.connection.send(MessageKind::Text, b"Hello").unwrap();
    assert_eq!(client.sent(), "01 83 37fa213d 7f9f4d 80 82 37fa213d 5b95");
    client.connection.ping(b"", Masking::ByRole).unwrap();
    assert_eq!(client.sent(), "89 80 37fa213d");
    client.connection.pong(b"\0\0", Masking::ByRole).unwrap();
    assert_eq!(client.sent(), "8a 82 37fa213d 37fa");
    client.close(1000, "");
    assert_eq!(client.sent(), "88 82 37fa213d 3412");
}

#[test]
fn each_frame_has_a_key_of_its_own() {
    static KEYS: AtomicU8 = AtomicU8::new(1);
    let mut client =
        Endpoint::new(Config { mask_key: Some(|| [KEYS.fetch_add(1, Ordering::Relaxed); 4]), ..client_config() });
    client.connection.send(MessageKind::Binary, &[0]).unwrap();
    client.connection.send(MessageKind::Binary, &[0]).unwrap();
    assert_eq!(client.sent(), "82 81 01010101 01 82 81 02020202 02");
}

// §5.3: the key runs on across reads, and begins anew in each frame

#[test]
fn a_payload_is_unmasked_alike_at_every_split() {
    let payload: Vec<u8> = (0..=255).collect();
    let mut frame = bytes("82 fe 0100 37fa213d");
    frame.extend(payload.iter().zip(CLIENT_KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    for cut in 0..=frame.len() {
        let mut server = server();
        let mut events = server.receive_bytes(&frame[..cut]);
        events.extend(server.receive_bytes(&frame[cut..]));
        assert_eq!(events, [binary(&payload)], "{cut}");
    }
    assert_eq!(server().receive_slowly(&frame), [binary(&payload)]);
}

#[test]
fn the_key_begins_anew_in_each_fragment() {
    assert_eq!(server().receive("01 83 37fa213d 7f9f4d 00 80 01020304 80 82 37fa213d 5b95"), [text("Hello")]);
}

#[test]
fn a_control_frame_between_the_pieces_has_its_own_key() {
    assert_eq!(
        server().receive("01 83 37fa213d 7f9f4d 8a 81 01020304 'q' 80 82 37fa213d 5b95"),
        [pong(b"p"), text("Hello")]
    );
}
