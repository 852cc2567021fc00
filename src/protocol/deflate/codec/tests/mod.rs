mod examples;
mod hostile;
mod properties;
mod reference;

use super::tail::TAIL;
use super::{Deflater, DeflaterOptions, InflateError, Inflater};

fn hex(digits: &str) -> Vec<u8> {
    digits.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex digits")).collect()
}

fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    inflater.inflate(payload, 1 << 20, &mut output).map(|()| output)
}

fn is_corrupt(result: Result<Vec<u8>, InflateError>) -> bool {
    matches!(result, Err(InflateError::Corrupt(_)))
}

fn deflate(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    deflater.deflate(message, &mut output);
    output
}

/// Text like JSON, with many repetitions.
fn records(count: usize, seed: usize) -> Vec<u8> {
    let record = |i: usize| {
        let id = (i + seed).wrapping_mul(2_654_435_761) % 1_000_003;
        format!("{{\"id\":{id},\"name\":\"user-{}\",\"score\":{}.{}}},", id % 97, id % 13, id % 1009)
    };
    (0..count).map(record).collect::<String>().into_bytes()
}
