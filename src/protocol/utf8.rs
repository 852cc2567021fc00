//! Streaming UTF-8 validation (RFC 6455 §8.1). It fails at the first byte that can't be part of
//! valid text.

/// Checks text that arrives in pieces. A code point may be split between them.
#[derive(Debug)]
pub struct Utf8Stream {
    /// The first bytes of a code point whose rest has not arrived.
    partial: [u8; 4],
    partial_len: u8,
    ascii: bool,
    /// The text has failed.
    failed: bool,
}

/// The text is not the beginning of valid UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

impl Utf8Stream {
    /// A validator at the beginning of a text.
    pub const fn new() -> Self {
        Self { partial: [0; 4], partial_len: 0, ascii: true, failed: false }
    }

    /// Takes the next piece. Fails at the first byte that no valid text could have here, and from
    /// then on.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), InvalidUtf8> {
        if self.failed {
            return Err(InvalidUtf8);
        }
        let verdict = self.check(bytes);
        self.failed = verdict.is_err();
        verdict
    }

    fn check(&mut self, mut bytes: &[u8]) -> Result<(), InvalidUtf8> {
        if self.partial_len == 0 && bytes.is_ascii() {
            return Ok(());
        }
        self.ascii = false;
        while self.partial_len > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            self.partial[usize::from(self.partial_len)] = next;
            self.partial_len += 1;
            match std::str::from_utf8(&self.partial[..usize::from(self.partial_len)]) {
                Ok(_) => self.partial_len = 0,
                Err(error) if error.error_len().is_some() => return Err(InvalidUtf8),
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            // Without a length, the bytes end inside a code point that is valid so far. There are
            // at most three of its bytes.
            if error.error_len().is_some() {
                return Err(InvalidUtf8);
            }
            let tail = &bytes[error.valid_up_to()..];
            self.partial[..tail.len()].copy_from_slice(tail);
            self.partial_len = tail.len() as u8;
        }
        Ok(())
    }

    /// Ends the text, which must not end inside a code point. Returns whether all of it was ASCII.
    /// The next piece begins a new text.
    pub fn finish(&mut self) -> Result<bool, InvalidUtf8> {
        let complete = self.partial_len == 0 && !self.failed;
        let ascii = self.ascii;
        *self = Self::new();
        if complete { Ok(ascii) } else { Err(InvalidUtf8) }
    }
}

/// Calls `on_unit` with each UTF-16 unit of valid UTF-8. For invalid UTF-8, the units are
/// unspecified.
pub fn for_each_unit(mut text: &[u8], mut on_unit: impl FnMut(u16)) {
    let bits = |byte: u8| u32::from(byte & 0x3f);
    loop {
        text = match *text {
            [] => return,
            [a @ ..0x80, ref rest @ ..] => {
                on_unit(u16::from(a));
                rest
            }
            [a @ ..0xe0, b, ref rest @ ..] => {
                on_unit((u32::from(a & 0x1f) << 6 | bits(b)) as u16);
                rest
            }
            [a @ ..0xf0, b, c, ref rest @ ..] => {
                on_unit((u32::from(a & 0xf) << 12 | bits(b) << 6 | bits(c)) as u16);
                rest
            }
            [a, b, c, d, ref rest @ ..] => {
                let above = (u32::from(a & 0x7) << 18 | bits(b) << 12 | bits(c) << 6 | bits(d)).wrapping_sub(0x1_0000);
                on_unit(0xd800 | (above >> 10 & 0x3ff) as u16);
                on_unit(0xdc00 | (above & 0x3ff) as u16);
                rest
            }
            [_, ref rest @ ..] => rest,
        };
    }
}

impl Default for Utf8Stream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Index of the byte at which a byte-at-a-time validator gives up: the oracle for failing
    /// early.
    fn first_bad_byte(bytes: &[u8]) -> Option<usize> {
        (0..bytes.len())
            .find(|&end| std::str::from_utf8(&bytes[..=end]).is_err_and(|error| error.error_len().is_some()))
    }

    proptest! {
        #[test]
        fn units_are_those_of_the_text(text in prop_oneof![".{0,60}", "[é€😀a]{0,40}"]) {
            let mut units = Vec::new();
            for_each_unit(text.as_bytes(), |unit| units.push(unit));
            prop_assert_eq!(units, text.encode_utf16().collect::<Vec<_>>());
        }

        #[test]
        fn anything_else_makes_no_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut units = 0;
            for_each_unit(&bytes, |_| units += 1);
            prop_assert!(units <= bytes.len());
        }

        #[test]
        fn any_split_gives_the_verdict_of_the_whole(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                ".{0,12}".prop_map(|text| text.into_bytes()),
            ],
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut stream = Utf8Stream::new();
            let mut start = 0;
            let mut failed_in = None;
            for cut in cuts {
                if stream.push(&bytes[start..cut]).is_err() {
                    failed_in = Some(start..cut);
                    break;
                }
                start = cut;
            }
            match (failed_in, first_bad_byte(&bytes)) {
                (Some(piece), Some(bad)) => prop_assert!(piece.contains(&bad)),
                (None, None) => prop_assert_eq!(
                    stream.finish().ok(),
                    std::str::from_utf8(&bytes).ok().map(str::is_ascii)
                ),
                (got, want) => prop_assert!(false, "failed in {got:?}, first bad byte {want:?}"),
            }
        }
    }

    #[test]
    fn fails_at_the_byte_that_makes_a_surrogate() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push(&[0xed]), Ok(()));
        assert_eq!(stream.push(&[0xa0]), Err(InvalidUtf8));
    }

    #[test]
    fn text_that_ends_inside_a_code_point_is_invalid() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push("aé".as_bytes().split_last().unwrap().1), Ok(()));
        assert_eq!(stream.finish(), Err(InvalidUtf8));
    }
}
