//! A request head is scanned alike in any pieces. What is taken for a handshake is a head that can
//! be written again from its parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native::protocol::{HeadProgress, HeadScan, write_handshake};
use websocket_native_fuzz::Choices;

const LIMIT: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::new(input);
    let cuts = choices.bytes().unwrap_or_default();
    let bytes = choices.rest();
    let whole = HeadScan::default().advance(bytes, LIMIT);
    let mut scan = HeadScan::default();
    let mut end = 0;
    let mut pieces = HeadProgress::Partial;
    for cut in cuts.iter().map(|&cut| usize::from(cut)).chain([bytes.len()]) {
        end = (end + cut).min(bytes.len());
        pieces = scan.advance(&bytes[..end], LIMIT);
        if pieces != HeadProgress::Partial {
            break;
        }
    }
    assert_eq!(pieces, whole);
    let HeadProgress::Complete(length) = whole else { return };
    assert!(length <= LIMIT && bytes[..length].ends_with(b"\r\n\r\n"));
    let mut out = Vec::new();
    if !write_handshake(&bytes[..length], &mut out) {
        assert!(out.is_empty());
        return;
    }
    let parts: Vec<_> = out[1..].split(|&byte| byte == 0).collect();
    assert_eq!((parts[0], parts.len() % 2), (&b"GET"[..], 0));
    let mut again = [b"GET ", parts[1], b" HTTP/1.1\r\n"].concat();
    for header in parts[2..].chunks(2) {
        again.extend([header[0], b":", header[1], b"\r\n"].concat());
    }
    again.extend(b"\r\n");
    assert_eq!(HeadScan::default().advance(&again, LIMIT), HeadProgress::Complete(again.len()));
    let mut same = Vec::new();
    assert!(again.len() <= length && write_handshake(&again, &mut same));
    assert_eq!(same, out);
});
