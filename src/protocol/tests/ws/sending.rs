//! Fragments over several calls, masking against the role, and chosen masking keys.

use super::*;
use crate::protocol::{Decompressor, Masking, MessageKind, SendOptions};

const MORE: SendOptions = SendOptions { more: true, masking: Masking::ByRole };
const LAST: SendOptions = SendOptions { more: false, masking: Masking::ByRole };

fn send(endpoint: &mut Endpoint, payload: &[u8], options: SendOptions) {
    endpoint.connection.send_deflated(MessageKind::Text, payload.to_vec(), options).expect("an open connection");
}

/// Deflates all that waits for it.
fn work(endpoint: &mut Endpoint) {
    while let Some(mut work) = endpoint.connection.take_work() {
        work.run();
        endpoint.connection.finish_work(work, |_| ());
    }
}

fn compressing(change: impl FnOnce(&mut Compression)) -> Endpoint {
    let mut compression = compression();
    change(&mut compression);
    ws_server_with(|config| config.compression = Some(compression))
}

// Fragments

#[test]
fn fragments_of_several_calls_are_one_message() {
    let mut server = ws_server();
    send(&mut server, b"a", MORE);
    send(&mut server, b"", MORE);
    server.connection.ping(b"p", Masking::ByRole).unwrap();
    server.connection.send_raw(&bytes("8a 00"));
    send(&mut server, b"c", LAST);
    send(&mut server, b"d", LAST);
    assert_eq!(server.sent(), "01 01 'a' 00 00 89 01 'p' 8a 00 80 01 'c' 81 01 'd'");
}

#[test]
fn the_first_fragment_gives_the_kind() {
    let mut server = ws_server();
    server.connection.send_piece(MessageKind::Binary, b"a", MORE).unwrap();
    server.connection.send_piece(MessageKind::Text, b"b", LAST).unwrap();
    assert_eq!(server.sent(), "02 01 'a' 80 01 'b'");
}

#[test]
fn a_fragment_above_the_threshold_is_fragmented_itself() {
    let mut server = ws_server_with(|config| config.fragmentation_threshold = Some(2));
    send(&mut server, b"abc", MORE);
    send(&mut server, b"def", LAST);
    assert_eq!(server.sent(), "01 02 'ab' 00 01 'c' 00 02 'de' 80 01 'f'");
}

#[test]
fn a_fragment_after_our_close_frame_is_refused() {
    let mut server = ws_server();
    send(&mut server, b"a", MORE);
    server.connection.send_close(&[], server.now).unwrap();
    assert!(server.connection.send_piece(MessageKind::Text, b"b", LAST).is_err());
    assert_eq!(server.sent(), "01 01 'a' 88 00");
}

// Compressed fragments

/// The message in the frames of a server, and how many frames there are.
fn inflated(wire: &[u8], connection: &mut Decompressor) -> (usize, Event<'static>) {
    let mut frames = 0;
    let mut payload = Vec::new();
    let mut rest = wire;
    while let [first, len @ ..126, ref body @ ..] = *rest {
        let expected = if frames == 0 { 0x41 } else { 0 };
        assert_eq!(first & 0x7f, expected, "RSV1 and the opcode are in the first frame");
        frames += 1;
        payload.extend_from_slice(&body[..usize::from(len)]);
        rest = &body[usize::from(len)..];
        assert_eq!(first & 0x80 != 0, rest.is_empty(), "FIN is in the last frame");
    }
    let mut memory = Vec::new();
    (frames, connection.inflate(MessageKind::Text, &payload, &mut memory).map(owned).expect("one stream"))
}

#[test]
fn compressed_fragments_are_one_stream() {
    for keeps_context in [true, false] {
        let mut server = compressing(|compression| compression.deflater_keeps_context = keeps_context);
        let compression = Compression { inflater_keeps_context: keeps_context, ..compression() };
        let mut decompressor = Decompressor::new(&compression, u64::MAX, server.connection.text_rules());
        for pieces in [&["Hello", " ", "Hello"][..], &["", "Hello", ""], &["", ""], &["Hello"]] {
            for (i, piece) in pieces.iter().enumerate() {
                send(&mut server, piece.as_bytes(), if i + 1 < pieces.len() { MORE } else { LAST });
            }
            work(&mut server);
            let Hex(wire) = server.sent();
            let expected = (pieces.len(), text(&pieces.concat()));
            assert_eq!(inflated(&wire, &mut decompressor), expected, "{pieces:?}, {keeps_context}");
        }
    }
}

#[test]
fn each_fragment_but_the_last_ends_with_the_tail() {
    let mut server = compressing(|_| ());
    send(&mut server, b"Hello", MORE);
    send(&mut server, b"Hello", LAST);
    work(&mut server);
    assert_eq!(server.sent(), "41 0b f248cdc9c90700 0000ffff 80 05 f200110000");
}

#[test]
fn without_context_fragments_refer_to_earlier_ones_and_not_to_another_message() {
    let mut server = compressing(|compression| compression.deflater_keeps_context = false);
    for _ in 0..2 {
        send(&mut server, b"Hello", MORE);
        send(&mut server, b"Hello", LAST);
        work(&mut server);
        assert_eq!(server.sent(), "41 0b f248cdc9c90700 0000ffff 80 05 f200110000");
    }
}

#[test]
fn the_first_fragment_decides_on_compression() {
    let mut server = compressing(|compression| compression.threshold = 3);
    assert!(!server.connection.deflates(2));
    send(&mut server, b"ab", MORE);
    assert!(!server.connection.deflates(100));
    send(&mut server, b"Hello", LAST);
    assert_eq!(server.sent(), "01 02 'ab' 80 05 'Hello'");
    send(&mut server, b"Hello", MORE);
    assert!(server.connection.deflates(0));
    server.connection.send(MessageKind::Text, b"Hello").unwrap();
    work(&mut server);
    assert_eq!(server.sent(), "41 0b f248cdc9c90700 0000ffff 80 05 f200110000");
}

#[test]
fn a_message_is_deflated_even_if_that_makes_it_longer() {
    let mut server = compressing(|compression| compression.deflater_keeps_context = false);
    send(&mut server, b"", LAST);
    work(&mut server);
    assert_eq!(server.sent(), "c1 01 00");
}

// Masks

#[test]
fn a_frame_can_be_masked_against_the_role() {
    let mut server = ws_server();
    let masked = Masking::Always(|| [1, 2, 3, 4]);
    server.connection.send_piece(MessageKind::Binary, &[0; 4], SendOptions { more: true, masking: masked }).unwrap();
    server.connection.send_piece(MessageKind::Binary, &[0; 4], LAST).unwrap();
    server.connection.ping(&[0], masked).unwrap();
    assert_eq!(server.sent(), "02 84 01020304 01020304 80 04 00000000 89 81 01020304 01");
    let mut client = ws_client();
    let unmasked = SendOptions { more: false, masking: Masking::Never };
    client.connection.send_piece(MessageKind::Binary, b"a", unmasked).unwrap();
    client.connection.pong(b"b", Masking::Never).unwrap();
    assert_eq!(client.sent(), "82 01 'a' 8a 01 'b'");
}

#[test]
fn a_chosen_key_is_that_of_the_next_frame_only() {
    let mut client = ws_client();
    let sends: [fn(&mut Endpoint); 4] = [
        |client| client.connection.send(MessageKind::Binary, &[0]).unwrap(),
        |client| client.connection.ping(&[0], Masking::ByRole).unwrap(),
        |client| client.connection.pong(&[0], Masking::ByRole).unwrap(),
        |client| client.connection.send_close(&[0, 0], client.now).unwrap(),
    ];
    for (send, sent) in
        sends.iter().zip(["82 81 09080706 09", "89 81 09080706 09", "8a 81 09080706 09", "88 82 09080706 0908"])
    {
        client.connection.set_mask_key([9, 8, 7, 6]);
        send(&mut client);
        assert_eq!(client.sent(), sent);
    }
    let mut client = ws_client();
    client.connection.set_mask_key([9, 8, 7, 6]);
    client
        .connection
        .send_piece(MessageKind::Binary, &[0], SendOptions { more: false, masking: Masking::Never })
        .unwrap();
    client.connection.send(MessageKind::Binary, &[0]).unwrap();
    assert_eq!(client.sent(), "82 01 00 82 81 37fa213d 37", "an unmasked frame uses it up");
}

#[test]
fn a_message_that_waits_to_be_deflated_keeps_its_key() {
    let mut client = ws_client();
    client.connection = super::super::Connection::new(
        Config { compression: Some(compression()), ..client.connection.config().clone() },
        client.now,
    );
    client.connection.set_mask_key([0; 4]);
    send(&mut client, b"Hello", LAST);
    client.connection.ping(b"", Masking::ByRole).unwrap();
    work(&mut client);
    assert_eq!(client.sent(), "c1 87 00000000 f248cdc9c90700 89 80 37fa213d");
}
