use super::*;
use crate::message::Payload;

fn exchange(expects_masks: bool) -> Exchange {
    let payload = Payload::of_kind("ascii", 300).unwrap();
    if expects_masks { Exchange::of_server(&payload, 1) } else { Exchange::of_client(&payload, 1) }
}

/// Feeds `stream` in pieces of `step` bytes and returns what came of it, in words.
fn read(stream: &[u8], step: usize, expected: &Exchange) -> io::Result<Vec<String>> {
    let mut reader = Reader::default();
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
        let mut stream = expected.incoming.repeat(2);
        let (start, end) = expected.payload.split_at(130);
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
    let mut changed = expected.incoming.clone();
    *changed.last_mut().unwrap() ^= 1;
    let (shorter, longer) = (&expected.payload[..299], [&expected.payload[..], b"!"].concat());
    let other_opcode = encode(BINARY, &expected.payload, None);
    let other_mask = encode(TEXT, &expected.payload, Some(MASK));
    for stream in [changed, encode(TEXT, shorter, None), encode(TEXT, &longer, None), other_opcode, other_mask] {
        for step in [1, 7, stream.len()] {
            assert!(read(&stream, step, &expected).is_err());
        }
    }
}
