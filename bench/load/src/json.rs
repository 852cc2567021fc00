//! Texts as an application sends them: JSON with records that share their keys and a few words.

use std::error::Error;
use std::fmt::Write;

const BEGIN: &str = r#"{"records":["#;
const BEFORE_NOTE: &str = r#"],"note":""#;
const END: &str = r#""}"#;

const GIVEN_NAMES: [&str; 12] =
    ["Ada", "Bogdan", "Chiara", "Dilek", "Emil", "Fatima", "Greta", "Hugo", "Ines", "Jonas", "Kenji", "Lucia"];
const FAMILY_NAMES: [&str; 12] = [
    "Andersen",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksson",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
];
const CITIES: [&str; 8] = ["Lisbon", "Osaka", "Toronto", "Nairobi", "Gdansk", "Valencia", "Auckland", "Lyon"];
const STATES: [&str; 4] = ["open", "pending", "shipped", "returned"];

/// `size` bytes of JSON. The same number gives the same text.
pub fn text(number: usize, size: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let around = BEGIN.len() + BEFORE_NOTE.len() + END.len();
    let room = size.checked_sub(around).ok_or_else(|| format!("a text of JSON has at least {around} bytes"))?;
    let mut random = Random(number as u64);
    let mut records = String::new();
    loop {
        let record = record(&mut random);
        let comma = if records.is_empty() { "" } else { "," };
        if records.len() + comma.len() + record.len() > room {
            break;
        }
        records += comma;
        records += &record;
    }
    let note = note(&mut random, room - records.len());
    Ok([BEGIN, &records, BEFORE_NOTE, &note, END].concat().into_bytes())
}

/// A text of `size` bytes that asks an application for something, and the answer: the same with
/// another `state`.
///
/// No total ends in a zero, which `JSON.stringify()` would leave out.
pub fn request_and_answer(size: usize) -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    const OPEN: &str = r#"{"state":"open","#;
    const DONE: &str = r#"{"state":"done","#;
    let brace = "{".len();
    let size = (size + brace).checked_sub(OPEN.len()).ok_or("no room for a request")?;
    for number in 0..1000 {
        let text = text(number, size)?;
        if !String::from_utf8_lossy(&text).contains(r#"0,"at""#) {
            let rest = &text[brace..];
            return Ok(([OPEN.as_bytes(), rest].concat(), [DONE.as_bytes(), rest].concat()));
        }
    }
    Err(format!("no request of {size} bytes keeps its totals").into())
}

fn record(random: &mut Random) -> String {
    let mut record = String::new();
    let done = write!(
        record,
        r#"{{"id":{},"name":"{} {}","paid":{},"total":{}.{:02},"at":"2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","state":"{}","address":{{"city":"{}","zip":"{:05}"}}}}"#,
        random.below(100_000_000),
        random.one_of(&GIVEN_NAMES),
        random.one_of(&FAMILY_NAMES),
        random.below(2) == 0,
        random.below(2_000),
        random.below(100),
        1 + random.below(12),
        1 + random.below(28),
        random.below(24),
        random.below(60),
        random.below(60),
        random.below(1_000),
        random.one_of(&STATES),
        random.one_of(&CITIES),
        random.below(100_000),
    );
    done.expect("a string takes whatever is written");
    record
}

/// `len` bytes of words, for the room in which no further record fits.
fn note(random: &mut Random, len: usize) -> String {
    let mut note = String::new();
    while note.len() < len {
        note += random.one_of(&CITIES);
        note.push(' ');
    }
    note.truncate(len);
    note
}

/// SplitMix64: good enough for words and numbers, and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::compress;

    #[test]
    fn texts_have_the_size_asked_for() {
        for size in [24, 100, 256, 4096, 65536] {
            for number in 0..64 {
                let text = text(number, size).unwrap();
                assert_eq!(text.len(), size);
                assert!(text.is_ascii());
            }
        }
        assert!(text(0, 23).is_err());
    }

    #[test]
    fn texts_are_the_same_for_the_same_number_only() {
        assert_eq!(text(1, 256).unwrap(), text(1, 256).unwrap());
        assert_ne!(text(1, 256).unwrap(), text(2, 256).unwrap());
        let record = r#"{"records":[{"id":"#;
        assert!((0..256).all(|number| text(number, 256).unwrap().starts_with(record.as_bytes())));
    }

    #[test]
    fn an_answer_is_its_request_with_another_state() {
        let (request, answer) = request_and_answer(1024).unwrap();
        assert_eq!((request.len(), answer.len()), (1024, 1024));
        let [request, answer] = [request, answer].map(|text| String::from_utf8(text).unwrap());
        assert!(request.starts_with(r#"{"state":"open","records":[{"id":"#));
        assert_eq!(request.replacen("open", "done", 1), answer);
        assert!(!request.contains(r#"0,"at""#));
    }

    #[test]
    fn texts_compress_as_json_does() {
        let ratio = |size: usize| {
            let compressed: usize = (0..64).map(|number| compress(&text(number, size).unwrap()).len()).sum();
            (64 * size) as f64 / compressed as f64
        };
        let ratios = [256, 4096, 65536].map(ratio);
        assert!((1.1..2.0).contains(&ratios[0]), "{ratios:?}");
        assert!((3.0..5.0).contains(&ratios[1]), "{ratios:?}");
        assert!((4.0..5.5).contains(&ratios[2]), "{ratios:?}");
    }
}
