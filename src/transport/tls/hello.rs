//! The server name in a client's first message, before rustls sees it (RFC 6066 §3).

use super::failure::TlsFailure;

/// Type of a record of the handshake.
const HANDSHAKE: u8 = 22;
/// Type of a record with an alert.
const ALERT: u8 = 21;
/// Type of a record of data.
const DATA: u8 = 23;
/// Type of the message that a client sends first.
const CLIENT_HELLO: u8 = 1;
/// The extension with the name.
const SERVER_NAME: u16 = 0;
/// Bytes of a record before its payload.
const RECORD_HEADER: usize = 5;
/// Longest first message that is looked into. OpenSSL takes no longer ones either.
const LONGEST: usize = 16 << 10;

/// The first methods by which OpenSSL knows that a client speaks HTTP.
const METHODS: [&[u8; 5]; 5] = [b"GET /", b"POST ", b"HEAD ", b"PUT /", b"CONNE"];

/// What a client has sent so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Hello<'a> {
    /// Not all of its first message.
    Partial,
    /// Its first message, with the name that it asks for, if any. rustls judges the rest.
    Complete(Option<&'a str>),
}

/// Looks into the bytes of a client. `joined` is memory for a message in several records.
///
/// # Errors
/// When these are not records of TLS.
pub fn look<'a>(bytes: &'a [u8], joined: &'a mut Vec<u8>) -> Result<Hello<'a>, TlsFailure> {
    let Some(&kind) = bytes.first() else { return Ok(Hello::Partial) };
    if ![HANDSHAKE, ALERT, DATA].contains(&kind) {
        return match bytes.first_chunk::<5>() {
            None => Ok(Hello::Partial),
            Some(start) if METHODS.contains(&start) => Err(TlsFailure::http_request()),
            Some(_) => Err(TlsFailure::wrong_version_number()),
        };
    }
    let mut rest = bytes;
    loop {
        let Some((header, after)) = rest.split_at_checked(RECORD_HEADER) else { return Ok(Hello::Partial) };
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if header[0] != HANDSHAKE || header[1] != 3 || length == 0 || length > LONGEST {
            // rustls knows what is wrong with it.
            return Ok(Hello::Complete(None));
        }
        let Some((payload, after)) = after.split_at_checked(length) else { return Ok(Hello::Partial) };
        joined.extend_from_slice(payload);
        rest = after;
        let Some((start, body)) = joined.split_at_checked(4) else { continue };
        let length = usize::from(start[1]) << 16 | usize::from(start[2]) << 8 | usize::from(start[3]);
        if start[0] != CLIENT_HELLO || length > LONGEST {
            return Ok(Hello::Complete(None));
        }
        if body.len() >= length {
            return Ok(Hello::Complete(joined.get(4..4 + length).and_then(server_name)));
        }
    }
}

/// The name in the body of the message.
fn server_name(body: &[u8]) -> Option<&str> {
    // The version and the random bytes.
    let mut rest = body.get(34..)?;
    let _session = vector(&mut rest, 1)?;
    let _suites = vector(&mut rest, 2)?;
    let _compression = vector(&mut rest, 1)?;
    let mut extensions = vector(&mut rest, 2)?;
    loop {
        let kind = number(&mut extensions, 2)?;
        let mut extension = vector(&mut extensions, 2)?;
        if kind != usize::from(SERVER_NAME) {
            continue;
        }
        let mut names = vector(&mut extension, 2)?;
        // There is one type of names: those of DNS. It is 0.
        let kind = number(&mut names, 1)?;
        let name = vector(&mut names, 2)?;
        return std::str::from_utf8(name).ok().filter(|name| kind == 0 && !name.is_empty() && name.is_ascii());
    }
}

/// Takes a number of so many bytes.
fn number(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    let (number, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    Some(number.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
}

/// Takes bytes behind their length, which has so many bytes.
fn vector<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let length = number(rest, bytes)?;
    let (vector, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(vector)
}
