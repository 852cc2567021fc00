//! A frame header's length is known before all of it is there. A minimal header is written as it
//! was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native::protocol::{FrameHeader, HeaderParse, MAX_HEADER_LEN};

fuzz_target!(|bytes: &[u8]| {
    let (header, taken) = match FrameHeader::parse(bytes) {
        HeaderParse::Incomplete(need) => {
            assert!(bytes.len() < need && need <= MAX_HEADER_LEN, "{need} needed with {} there", bytes.len());
            return;
        }
        HeaderParse::Complete(header, taken) => (header, taken),
    };
    assert!(taken <= bytes.len() && taken <= MAX_HEADER_LEN, "{taken} taken");
    for end in 0..taken {
        let need = if end < 2 { 2 } else { taken };
        assert_eq!(FrameHeader::parse(&bytes[..end]), HeaderParse::Incomplete(need));
    }
    let mut out = [0; MAX_HEADER_LEN];
    let written = header.encode(&mut out);
    if header.minimal {
        assert_eq!(out[..written], bytes[..taken]);
    } else {
        assert!(written < taken, "{written} written for {taken}");
    }
});
