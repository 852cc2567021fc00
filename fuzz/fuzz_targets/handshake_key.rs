//! Any header value can be checked for a key, and answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native::protocol::{accept_key, encode_key, is_key};

fuzz_target!(|input: &[u8]| {
    if let Ok(key) = std::str::from_utf8(input) {
        if is_key(key) {
            let digits = key.strip_suffix("==").expect("sixteen bytes end in two pads");
            assert_eq!(digits.len(), 22);
            assert!(digits.bytes().all(|digit| digit.is_ascii_alphanumeric() || b"+/".contains(&digit)), "{key:?}");
        }
        // 20 bytes of SHA-1 are 28 characters, none of which ends a header line.
        let accept = accept_key(key);
        assert!(accept.len() == 28 && accept.is_ascii() && !accept.contains(['\r', '\n']), "{accept:?}");
    }
    if let Some(nonce) = input.first_chunk::<16>() {
        assert!(is_key(&encode_key(*nonce)));
    }
});
