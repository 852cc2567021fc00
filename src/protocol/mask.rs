//! Masking (RFC 6455 §5.3).

/// XORs `data` with the repeating masking key `key`, starting `offset` bytes into the masked
/// payload.
///
/// Masking and unmasking are the same operation. With `offset`, a payload that arrives in pieces is
/// unmasked piece by piece.
pub fn apply_mask(data: &mut [u8], key: [u8; 4], offset: usize) {
    let mut key = key;
    key.rotate_left(offset % 4);
    let word = u32::from_ne_bytes(key);
    let wide = u64::from(word) << 32 | u64::from(word);
    // Eight words a turn: the compiler turns the inner loop into vector instructions of the target.
    let mut blocks = data.chunks_exact_mut(64);
    for block in &mut blocks {
        for lane in block.as_chunks_mut::<8>().0 {
            *lane = (u64::from_ne_bytes(*lane) ^ wide).to_ne_bytes();
        }
    }
    let (lanes, rest) = blocks.into_remainder().as_chunks_mut::<8>();
    for lane in lanes {
        *lane = (u64::from_ne_bytes(*lane) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition of RFC 6455 §5.3, byte by byte. The fast path is compared with it.
    fn apply_mask_slowly(data: &mut [u8], key: [u8; 4], offset: usize) {
        for (i, byte) in data.iter_mut().enumerate() {
            *byte ^= key[(i + offset) % 4];
        }
    }

    #[test]
    fn masks_the_example_of_rfc_6455_section_5_7() {
        let mut hello = *b"Hello";
        apply_mask(&mut hello, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(hello, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    proptest! {
        #[test]
        fn fast_path_equals_slow_twin(
            data in proptest::collection::vec(any::<u8>(), 0..400),
            key in any::<[u8; 4]>(),
            offset in 0usize..9,
            start in 0usize..9,
        ) {
            let start = start.min(data.len());
            let mut fast = data.clone();
            let mut slow = data;
            apply_mask(&mut fast[start..], key, offset);
            apply_mask_slowly(&mut slow[start..], key, offset);
            prop_assert_eq!(fast, slow);
        }
    }
}
