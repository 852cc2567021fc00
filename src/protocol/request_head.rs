//! Request heads: which of them are surely a WebSocket handshake (RFC 6455 §4.1).
//!
//! Node's HTTP parser decides about every other one, so these rules are stricter than any parser's.
//! A head that breaks one of them is *foreign*. What is taken for a handshake must be one for
//! Node's parser, too, with the same URL, headers and length.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};

/// Most headers of a handshake.
const MOST_HEADERS: usize = 100;

/// What every handshake begins with. Lines end with CRLF, and nothing precedes the first one.
const START: &[u8] = b"GET ";

/// The end of the last header's line and the empty line.
const END: &[u8] = b"\r\n\r\n";

/// Headers that must not come twice, in lower case. Node joins some and drops others.
const SINGLE: [&str; 5] = ["connection", "host", "sec-websocket-key", "sec-websocket-version", "upgrade"];

/// Headers of requests that Node treats in a special way, in lower case.
const FOREIGN: [&str; 4] = ["content-length", "expect", "proxy-connection", "transfer-encoding"];

/// How far a head has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadProgress {
    /// More is to come. So far it may be a handshake.
    Partial,
    /// It is no handshake, or one that only Node's parser can judge.
    Foreign,
    /// The head is complete and has so many bytes. [`write_handshake`] judges it.
    Complete(usize),
}

/// Looks for the end of a head in bytes that arrive in pieces. Each byte is looked at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeadScan {
    /// How many bytes are scanned.
    at: usize,
}

impl HeadScan {
    /// Scans what is new in `bytes`, which begin with those of the last call. A head has at most
    /// `limit` bytes.
    pub fn advance(&mut self, bytes: &[u8], limit: usize) -> HeadProgress {
        let start = bytes.len().min(START.len());
        if bytes[..start] != START[..start] {
            return HeadProgress::Foreign;
        }
        let from = self.at;
        self.at = bytes.len();
        for at in from..bytes.len() {
            let follows_cr = at > 0 && bytes[at - 1] == b'\r';
            let fits = match bytes[at] {
                b'\n' => follows_cr,
                b'\t' | b'\r' | b' '..=b'~' | 0x80.. => !follows_cr,
                _ => false,
            };
            if !fits || at >= limit {
                return HeadProgress::Foreign;
            }
            if bytes[at] == b'\n' && bytes[..=at].ends_with(END) {
                return HeadProgress::Complete(at + 1);
            }
        }
        HeadProgress::Partial
    }
}

/// Appends the parts of a complete `head` to `out` if it is a handshake: method, URL, and names and
/// values of the headers, each after a NUL. Names are as they were sent, and values without the
/// spaces around them. Returns `false` for a foreign head. Then nothing is appended.
pub fn write_handshake(head: &[u8], out: &mut Vec<u8>) -> bool {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_HEADERS];
    let mut request = Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(head, &mut headers);
    let (Ok(Status::Complete(length)), Some(url)) = (parsed, request.path) else { return false };
    let is_exact = length == head.len() && stands_exactly(head, url, request.headers).is_some();
    if !is_exact || !is_plain(url) || !asks_for_websocket(request.headers) {
        return false;
    }
    let parts = request.headers.iter().flat_map(|header| [header.name.as_bytes(), header.value]);
    for part in [&b"GET"[..], url.as_bytes()].into_iter().chain(parts) {
        out.push(0);
        out.extend_from_slice(part);
    }
    true
}

/// `Some` if `head` is these parts with nothing but the necessary around them. Parsers differ in
/// what else they take: empty lines, tabs, folded lines, bare line feeds.
fn stands_exactly(head: &[u8], url: &str, headers: &[Header<'_>]) -> Option<()> {
    let mut rest = head.strip_prefix(START)?.strip_prefix(url.as_bytes())?.strip_prefix(b" HTTP/1.1\r\n")?;
    for header in headers {
        rest = rest.strip_prefix(header.name.as_bytes())?.strip_prefix(b":")?;
        rest = skip_spaces(rest).strip_prefix(header.value)?;
        rest = skip_spaces(rest).strip_prefix(b"\r\n")?;
    }
    (rest == b"\r\n").then_some(())
}

fn skip_spaces(bytes: &[u8]) -> &[u8] {
    let spaces = bytes.iter().take_while(|&&byte| byte == b' ').count();
    &bytes[spaces..]
}

/// Whether a URL is a path and a query of RFC 3986 (§3.3, §3.4).
fn is_plain(url: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(&byte);
    url.starts_with('/') && url.bytes().all(is_allowed)
}

/// Whether the headers make the request an upgrade to WebSocket, and nothing else.
fn asks_for_websocket(headers: &[Header<'_>]) -> bool {
    let mut counts = [0; SINGLE.len()];
    let mut upgrades = [false; 2];
    for header in headers {
        let is = |name: &&str| header.name.eq_ignore_ascii_case(name);
        if FOREIGN.iter().any(is) {
            return false;
        }
        if let Some(at) = SINGLE.iter().position(is) {
            counts[at] += 1;
        }
        if is(&"connection") {
            upgrades[0] = is_upgrade(header.value);
        } else if is(&"upgrade") {
            upgrades[1] = header.value.eq_ignore_ascii_case(b"websocket");
        }
    }
    counts.iter().all(|&count| count <= 1) && upgrades == [true; 2]
}

/// Whether a value of `Connection` has the token `upgrade`, and no others but `keep-alive`.
fn is_upgrade(value: &[u8]) -> bool {
    let mut upgrades = false;
    for token in value.split(|&byte| byte == b',') {
        let token = token.trim_ascii();
        if token.eq_ignore_ascii_case(b"upgrade") {
            upgrades = true;
        } else if !token.eq_ignore_ascii_case(b"keep-alive") {
            return false;
        }
    }
    upgrades && !value.contains(&b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &str = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";

    /// The parts of a head, or `None` if it is foreign. It is scanned in pieces of every size.
    fn parts(head: &str) -> Option<Vec<String>> {
        let mut results = (1..=head.len()).map(|size| {
            let mut scan = HeadScan::default();
            let ends = (size..head.len()).step_by(size).chain([head.len()]);
            let mut progress = ends.map(|end| scan.advance(&head.as_bytes()[..end], 16384));
            progress.find(|progress| *progress != HeadProgress::Partial).unwrap_or(HeadProgress::Partial)
        });
        let progress = results.next().expect("there is a byte");
        assert!(results.all(|other| other == progress), "the pieces make no difference");
        let HeadProgress::Complete(length) = progress else { return None };
        let mut out = b"before".to_vec();
        let is_handshake = write_handshake(&head.as_bytes()[..length], &mut out);
        let text = String::from_utf8(out).expect("the heads here are ASCII");
        if !is_handshake {
            assert_eq!(text, "before");
            return None;
        }
        Some(text.split('\0').skip(1).map(str::to_owned).collect())
    }

    #[test]
    fn a_handshake_comes_as_its_parts() {
        let head = format!("GET /chat?a=%20 HTTP/1.1\r\n{HEADERS}X-Blank:\r\nx-Long:   a\t b  \r\n\r\n");
        let expected = [
            "GET",
            "/chat?a=%20",
            "Host",
            "a",
            "Connection",
            "Upgrade",
            "Upgrade",
            "websocket",
            "X-Blank",
            "",
            "x-Long",
            "a\t b",
        ];
        assert_eq!(parts(&head).expect("it is a handshake"), expected);
    }

    #[test]
    fn bytes_behind_the_head_do_not_count() {
        let head = format!("GET / HTTP/1.1\r\n{HEADERS}\r\n");
        let length = head.len();
        let mut scan = HeadScan::default();
        assert_eq!(scan.advance(format!("{head}\0\x01\n").as_bytes(), length), HeadProgress::Complete(length));
    }

    #[test]
    fn a_head_has_a_limit() {
        let head = format!("GET / HTTP/1.1\r\n{HEADERS}\r\n");
        let scan = |limit| HeadScan::default().advance(head.as_bytes(), limit);
        assert_eq!(scan(head.len()), HeadProgress::Complete(head.len()));
        assert_eq!(scan(head.len() - 1), HeadProgress::Foreign);
        assert_eq!(HeadScan::default().advance(&head.as_bytes()[..20], 20), HeadProgress::Partial);
    }

    #[test]
    fn connection_may_say_keep_alive_in_any_case() {
        for value in ["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,Keep-Alive", "upgrade , keep-alive"] {
            let head = format!("GET / HTTP/1.1\r\nConnection: {value}\r\nUPGRADE: WebSocket\r\n\r\n");
            assert!(parts(&head).is_some(), "{value}");
        }
        for value in ["", "keep-alive", "close, Upgrade", "Upgrade;a", "Upgrade, ", "Upgrade,\tkeep-alive", "upgrades"]
        {
            let head = format!("GET / HTTP/1.1\r\nConnection: {value}\r\nUpgrade: websocket\r\n\r\n");
            assert_eq!(parts(&head), None, "{value}");
        }
    }

    #[test]
    fn lines_that_parsers_read_differently_are_foreign() {
        let lines = [
            "GET / HTTP/1.0",
            "GET / HTTP/1.2",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            "get / HTTP/1.1",
            "\r\nGET / HTTP/1.1",
            "POST / HTTP/1.1",
            "GET a HTTP/1.1",
            "GET * HTTP/1.1",
            "GET http://a/ HTTP/1.1",
            "GET /# HTTP/1.1",
            "GET /\" HTTP/1.1",
            "GET /\t HTTP/1.1",
            "GET /",
        ];
        for line in lines {
            assert_eq!(parts(&format!("{line}\r\n{HEADERS}\r\n")), None, "{line}");
        }
        let more = [
            "Host: b",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Content-Length: 0",
            "transfer-encoding: chunked",
            "Expect: 100-continue",
            "Proxy-Connection: Upgrade",
            "A : b",
            " A: b",
            "A",
            ": b",
            "A: \x7f",
            "A: \x01",
            "A\t: b",
            "A:\tb",
            "A: b\t",
            "A: b\r\n c",
            "A(: b",
            "A: b\nB: c",
            "A: b\rB: c",
        ];
        for header in more {
            assert_eq!(parts(&format!("GET / HTTP/1.1\r\n{HEADERS}{header}\r\n\r\n")), None, "{header}");
        }
    }

    #[test]
    fn what_is_no_handshake_is_foreign_as_soon_as_that_is_certain() {
        for start in ["P", "GEX", "GET\t", "GET /\n", "GET /\r ", "GET /\0", "\x16\x03\x01"] {
            assert_eq!(HeadScan::default().advance(start.as_bytes(), 100), HeadProgress::Foreign, "{start:?}");
        }
        for start in ["", "G", "GET ", "GET /\r", "GET / HTTP/1.1\r\nA: b\r\n\r"] {
            assert_eq!(HeadScan::default().advance(start.as_bytes(), 100), HeadProgress::Partial, "{start:?}");
        }
    }

    #[test]
    fn a_handshake_has_a_hundred_headers_at_most() {
        for (count, fits) in [(97, true), (98, false)] {
            let head = format!("GET / HTTP/1.1\r\n{HEADERS}{}\r\n", "a: b\r\n".repeat(count));
            assert_eq!(parts(&head).is_some(), fits);
        }
    }
}
