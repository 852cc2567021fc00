use super::*;
use crate::message::Payload;

fn exchange(expects_masks: bool) -> Exchange {
    let payload = Payload::of_kind("ascii", 300).unwrap();
    if expects_masks { Exchange::of_server(&payload, 1) } else { Exchange::of_client(&payload, 1) }
}

/// The expectation of an exchange that repeats one message.
fn same(expected: &Exchange) -> (&[u8], &[u8]) {
    match &expected.incoming {
        Incoming::Same { frame, payload } => (frame, payload),
        _ => panic!("it expects different messages"),
    }
}

/// Feeds `stream` in pieces of `step` bytes. Returns the events as text.
fn read(stream: &[u8], step: usize, expected: &Exchange) -> io::Result<Vec<String>> {
    let mut reader = Reader::new(expected, 0);
    let mut events = Vec::new();
    for piece in stream.chunks(step) {
        reader.feed(piece, expected, |event| events.push(format!("{event:?}")))?;
    }
    Ok(events)
}

#[test]
fn encodes_the_examples_of_section_5_7() {
    assert_eq!(encode(TEXT, b"Hello", None), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(encode(TEXT, b"Hello", Some(MASK)), [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    assert_eq!(encode(BINARY, &[0; 256], None)[..4], [0x82, 0x7e, 0x01, 0x00]);
    assert_eq!(encode(BINARY, &[0; 65536], None)[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn reads_the_same_however_the_stream_is_cut() {
    for masked in [false, true] {
        let expected = exchange(masked);
        let mask = masked.then_some(MASK);
        let (frame, payload) = same(&expected);
        let mut stream = frame.repeat(2);
        let (start, end) = payload.split_at(130);
        let mut first = encode(TEXT, start, mask);
        first[0] = TEXT;
        stream.extend(first);
        stream.extend(encode(PING, b"in between", mask));
        stream.extend(encode(0, end, mask));
        stream.extend(encode(CLOSE, &[0x03, 0xe8], mask));

        let whole = read(&stream, stream.len(), &expected).unwrap();
        let ping = format!("{:?}", Event::Ping(b"in between"));
        assert_eq!(whole, ["Message", "Message", &ping, "Message", "Close"]);
        for step in 1..stream.len() {
            assert_eq!(read(&stream, step, &expected).unwrap(), whole, "pieces of {step}");
        }
    }
}

#[test]
fn refuses_what_is_not_the_expected_message() {
    let expected = exchange(false);
    let (frame, payload) = same(&expected);
    let mut changed = frame.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let (shorter, longer) = (&payload[..299], [payload, b"!"].concat());
    let others =
        [encode(BINARY, payload, None), encode(TEXT, payload, Some(MASK)), encode(DEFLATED | TEXT, payload, None)];
    for stream in [changed, encode(TEXT, shorter, None), encode(TEXT, &longer, None)].into_iter().chain(others) {
        for step in [1, 7, stream.len()] {
            assert!(read(&stream, step, &expected).is_err());
        }
    }
}

/// A client's exchange of compressed texts, and the frame of each answer.
fn deflated() -> (Exchange, Vec<Vec<u8>>) {
    let expected = Exchange::of_deflating_client(1000, 1).unwrap();
    let Incoming::Deflated(texts) = &expected.incoming else { panic!("it expects compressed messages") };
    let frames = texts.iter().map(|text| encode(DEFLATED | TEXT, &crate::deflate::compress(text), None)).collect();
    (expected, frames)
}

#[test]
fn reads_compressed_messages_in_the_order_of_the_rotation() {
    let (expected, frames) = deflated();
    let payload = &frames[2][4..];
    let mut start = encode(DEFLATED | TEXT, &payload[..90], None);
    start[0] &= 0x7f;
    let stream = [&frames[0], &frames[1], &start, &encode(PING, b"", None), &encode(0, &payload[90..], None)];
    let stream = stream.map(|frame| &frame[..]).concat();
    for step in [1, 7, stream.len()] {
        assert_eq!(read(&stream, step, &expected).unwrap(), ["Message", "Message", "Ping([])", "Message"]);
    }
    let again = [&frames[0][..], &frames[0]].concat();
    assert!(read(&again, again.len(), &expected).is_err());
}

#[test]
fn refuses_what_is_not_compressed_with_and_without_proof() {
    let (expected, frames) = deflated();
    let as_it_is = encode(TEXT, &crate::json::text(1, 1000).unwrap(), None);
    let other_opcode = encode(DEFLATED | BINARY, &frames[1][4..], None);
    let longer = encode(DEFLATED | TEXT, &[0; 1001], None);
    let empty = encode(DEFLATED | TEXT, &[], None);
    for proven in [true, false] {
        for wrong in [&as_it_is, &other_opcode, &longer, &empty] {
            let mut reader = Reader::new(&expected, 0);
            reader.feed(&frames[0], &expected, |_| {}).unwrap();
            if !proven {
                reader.end_proof().unwrap();
            }
            assert!(reader.feed(wrong, &expected, |_| {}).is_err());
        }
    }
}

#[test]
fn counts_what_compressed_messages_took_and_wants_one_proven() {
    let (expected, frames) = deflated();
    let mut reader = Reader::new(&expected, 0);
    assert!(reader.end_proof().is_err());

    let mut reader = Reader::new(&expected, 0);
    reader.feed(&frames[0], &expected, |_| {}).unwrap();
    reader.end_proof().unwrap();
    let mut messages = 0;
    reader.feed(&frames[1], &expected, |_| messages += 1).unwrap();
    assert_eq!(messages, 1);
    assert_eq!(reader.deflated() as usize, frames[0].len() + frames[1].len() - 8);
}

#[test]
fn reads_the_packets_of_engine_io_between_messages() {
    let expected = Exchange::of_engine_io_client(Payload::of_kind("ascii", 300).unwrap(), 1);
    let (frame, payload) = same(&expected);
    assert_eq!(payload[..4], *b"4abc");
    let (ping, noop) = (encode(TEXT, b"2", None), encode(TEXT, b"6", None));
    let stream = [frame, &ping, &noop, frame].concat();
    for step in [1, 2, 7, stream.len()] {
        assert_eq!(read(&stream, step, &expected).unwrap(), ["Message", "PingPacket", "Message"]);
    }
    for wrong in [&b"1"[..], b"", b"4abc", &payload[..299], &[payload, b"!"].concat()] {
        assert!(read(&encode(TEXT, wrong, None), 1000, &expected).is_err());
    }
    let mut changed = frame.to_vec();
    changed[4] = b'b';
    assert!(read(&changed, 1000, &expected).is_err());
}

#[test]
fn reads_a_byte_stream_in_any_messages() {
    let expected = Exchange::of_byte_stream(Payload::of_kind("binary", 100).unwrap(), 1);
    let Incoming::Bytes(payload) = &expected.incoming else { panic!("it expects messages") };
    let bytes = payload.repeat(5);
    for size in [1, 99, 100, 101, 250, 500] {
        let stream: Vec<u8> = bytes.chunks(size).flat_map(|piece| encode(BINARY, piece, None)).collect();
        for step in [1, 7, stream.len()] {
            assert_eq!(read(&stream, step, &expected).unwrap(), ["Message"; 5], "messages of {size}");
        }
    }
    let mut start = encode(BINARY, &bytes[..130], None);
    start[0] = BINARY;
    let fragmented = [start, encode(0, &bytes[130..], None)].concat();
    assert_eq!(read(&fragmented, 1000, &expected).unwrap(), ["Message"; 5]);
    for wrong in [encode(BINARY, &bytes[1..], None), encode(TEXT, &bytes, None), encode(0, &bytes, None)] {
        assert!(read(&wrong, 1000, &expected).is_err());
    }
}
