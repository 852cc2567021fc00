//! Tests of sessions: against each other, and against rustls' own buffered connections.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConnection};

use self::certificates::{Identity, Validity};
use super::TlsFailure;
use super::context::{Role, TlsContext, TlsContextOptions};
use super::names::TlsContexts;
use super::session::{MOST_KEPT, Progress, TlsSession, sealed_size};

mod certificates;
mod hostile;
mod trusting;

/// One end with the bytes that it has heard.
struct End {
    session: TlsSession,
    heard: Vec<u8>,
    is_secure: bool,
    has_ended: bool,
    asks: bool,
}

impl End {
    fn new(session: TlsSession) -> Self {
        Self { session, heard: Vec::new(), is_secure: false, has_ended: false, asks: false }
    }

    /// Takes bytes from the network, as the owner of a session does.
    fn take(&mut self, bytes: &[u8]) -> Result<(), TlsFailure> {
        let kept = self.session.kept();
        let mut buffer = vec![0; kept];
        self.session.take_kept(&mut buffer);
        buffer.extend_from_slice(bytes);
        let Progress { is_secure, has_ended, asks } = self.session.receive(&mut buffer, &mut self.heard)?;
        assert!(!is_secure || !self.is_secure, "it is told once");
        assert!(!has_ended || !self.has_ended, "it is told once");
        self.is_secure |= is_secure;
        self.has_ended |= has_ended;
        self.asks = asks;
        Ok(())
    }

    /// What it has to send, at most so many bytes.
    fn sends(&mut self, most: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self.session.pending().iter().copied().take(most).collect();
        self.session.on_sent(bytes.len());
        bytes
    }

    fn says(&mut self, plain: &[u8]) {
        assert!(self.session.is_open());
        let mut sealed = vec![0; sealed_size(plain.len())];
        let length = self.session.seal(plain, &mut sealed).expect("the keys are new");
        self.session.hold(&sealed[..length], plain.len());
    }

    fn ends(&mut self) {
        let mut sealed = vec![0; sealed_size(0)];
        let length = self.session.seal_end(&mut sealed).expect("the keys are new");
        self.session.hold(&sealed[..length], 0);
    }
}

/// Both ends, and the bytes go in pieces of `piece` bytes until there are no more.
fn exchange(client: &mut End, server: &mut End, piece: usize) -> Result<(), TlsFailure> {
    loop {
        let (to_server, to_client) = (client.sends(usize::MAX), server.sends(usize::MAX));
        if to_server.is_empty() && to_client.is_empty() {
            return Ok(());
        }
        for bytes in to_server.chunks(piece) {
            server.take(bytes)?;
        }
        for bytes in to_client.chunks(piece) {
            client.take(bytes)?;
        }
    }
}

fn options(is_server: bool) -> TlsContextOptions {
    TlsContextOptions { is_server, tls12: true, tls13: true, ..TlsContextOptions::default() }
}

fn server_options(identity: &Identity) -> TlsContextOptions {
    TlsContextOptions { chains: vec![vec![identity.certificate.clone()]], keys: vec![identity.key()], ..options(true) }
}

fn context(options: TlsContextOptions) -> Arc<TlsContext> {
    Arc::new(TlsContext::new(options).expect("the options are right"))
}

fn server_of(context: Arc<TlsContext>) -> End {
    End::new(TlsSession::server(Arc::new(TlsContexts::new(context, false))))
}

fn server() -> End {
    server_of(context(server_options(&Identity::new("localhost", None, Validity::Now))))
}

fn client_of(context: Arc<TlsContext>, name: &str) -> End {
    End::new(TlsSession::client(context, Some(name)).expect("the name is one"))
}

fn client() -> End {
    client_of(context(options(false)), "localhost")
}

/// Both ends after their handshake.
fn connected() -> (End, End) {
    let (mut client, mut server) = (client(), server());
    exchange(&mut client, &mut server, usize::MAX).expect("they agree");
    assert!(client.is_secure && server.is_secure);
    (client, server)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 251) as u8).collect()
}

#[test]
fn bytes_may_come_in_any_pieces() {
    for (tls12, tls13) in [(true, false), (false, true)] {
        for piece in [1, 2, 3, 7, 100, 16_389, usize::MAX] {
            let identity = Identity::new("localhost", None, Validity::Now);
            let mut client = client_of(context(TlsContextOptions { tls12, tls13, ..options(false) }), "localhost");
            let mut server = server_of(context(TlsContextOptions { tls12, tls13, ..server_options(&identity) }));
            exchange(&mut client, &mut server, piece).expect("they agree");
            assert!(client.is_secure && server.is_secure);
            let said = bytes(if piece == 1 { 20_000 } else { 50_000 });
            client.says(&said);
            server.says(&said[..1000]);
            exchange(&mut client, &mut server, piece).expect("they agree");
            assert_eq!((server.heard == said, client.heard == said[..1000]), (true, true));
            client.ends();
            exchange(&mut client, &mut server, piece).expect("they agree");
            assert!(server.has_ended && !client.has_ended);
            server.says(b"after the peer's end");
            server.ends();
            exchange(&mut client, &mut server, piece).expect("they agree");
            assert!(client.has_ended && client.heard.ends_with(b"after the peer's end"));
        }
    }
}

#[test]
fn an_idle_session_keeps_no_buffers() {
    let (mut client, mut server) = connected();
    client.says(&bytes(30_000));
    let sealed = client.sends(usize::MAX);
    let (first, rest) = sealed.split_at(20_000);
    server.take(first).expect("it is a part");
    assert!(server.session.kept() > 0);
    server.take(rest).expect("it is the rest");
    assert_eq!((server.session.kept(), server.heard.len()), (0, 30_000));
    assert!(server.session.pending().is_empty() && client.session.pending().is_empty());
}

#[test]
fn rustls_own_ends_understand_it() {
    let identity = Identity::new("localhost", None, Validity::Now);
    let server = context(server_options(&identity));
    let client = context(options(false));
    let (Role::Server(server_config), Role::Client(client_config)) = (&server.role, &client.role) else {
        panic!("these are the roles")
    };
    let name = ServerName::try_from("localhost").expect("it is a name");
    let mut their_client = ClientConnection::new(client_config.clone(), name).expect("the config is right");
    let mut our_server = server_of(server.clone());
    for round in 0..6 {
        let mut sent = Vec::new();
        while their_client.wants_write() {
            their_client.write_tls(&mut sent).expect("it is memory");
        }
        sent.chunks(1).for_each(|byte| our_server.take(byte).expect("it is right"));
        let mut answer = our_server.sends(usize::MAX);
        if our_server.is_secure && round < 5 {
            our_server.says(b"abc");
            answer.extend(our_server.sends(usize::MAX));
            // Our server answers by a key of its own before its next data.
            their_client.refresh_traffic_keys().ok();
            their_client.writer().write_all(b"def").expect("there is room");
        }
        their_client.read_tls(&mut &answer[..]).expect("it is memory");
        their_client.process_new_packets().expect("it is right");
    }
    let mut heard = vec![0; 6];
    their_client.reader().read_exact(&mut heard).expect("it has come");
    assert_eq!((&heard[..], &our_server.heard[..6]), (&b"abcabc"[..], &b"defdef"[..]));

    let mut their_server = ServerConnection::new(server_config.clone()).expect("the config is right");
    let mut our_client = client_of(client.clone(), "localhost");
    while !our_client.is_secure {
        their_server.read_tls(&mut &our_client.sends(usize::MAX)[..]).expect("it is memory");
        their_server.process_new_packets().expect("it is right");
        let mut answer = Vec::new();
        while their_server.wants_write() {
            their_server.write_tls(&mut answer).expect("it is memory");
        }
        answer.chunks(1).for_each(|byte| our_client.take(byte).expect("it is right"));
    }
    our_client.says(b"ghi");
    their_server.read_tls(&mut &our_client.sends(usize::MAX)[..]).expect("it is memory");
    their_server.process_new_packets().expect("it is right");
    their_server.reader().read_exact(&mut heard[..3]).expect("it has come");
    assert_eq!(&heard[..3], b"ghi");
}

#[test]
fn what_is_no_tls_has_openssls_words() {
    let cases: [(&[u8], &str); 5] = [
        (b"GET / HTTP/1.1\r\n\r\n", "ERR_SSL_HTTP_REQUEST:http request"),
        (b"POST /", "ERR_SSL_HTTP_REQUEST:http request"),
        (b"SSH-2.0-x\r\n", "ERR_SSL_WRONG_VERSION_NUMBER:wrong version number"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "ALERT_RECEIVED:HandshakeFailure"),
        (b"\x16\x03\x01\xff\xff\x01\x00", "ALERT_SENT:InvalidMessage(MessageTooLarge)"),
    ];
    for (sent, words) in cases {
        for piece in [1, usize::MAX] {
            let mut server = server();
            let failure = sent.chunks(piece.min(sent.len())).find_map(|bytes| server.take(bytes).err());
            assert_eq!(failure.expect("it is no TLS").words(), words);
            assert!(!server.session.is_open());
        }
    }
    let mut client = client();
    let failure = client.take(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect_err("it is no TLS");
    assert_eq!(failure.words(), "ALERT_SENT:InvalidMessage(InvalidContentType)");
}

#[test]
fn a_broken_record_ends_both_sides_by_an_alert() {
    let (mut client, mut server) = connected();
    client.says(b"some words");
    let mut sealed = client.sends(usize::MAX);
    *sealed.last_mut().expect("there are bytes") ^= 1;
    assert_eq!(server.take(&sealed).expect_err("it is broken").words(), "ALERT_SENT:DecryptError");
    assert!(!server.session.is_open() && server.heard.is_empty());
    let alert = server.sends(usize::MAX);
    assert_eq!(client.take(&alert).expect_err("it is an alert").words(), "ALERT_RECEIVED:BadRecordMac");
}

#[test]
fn versions_and_protocols_have_to_agree() {
    let identity = Identity::new("localhost", None, Validity::Now);
    let mut client = client_of(context(TlsContextOptions { tls12: false, ..options(false) }), "localhost");
    let mut server = server_of(context(TlsContextOptions { tls13: false, ..server_options(&identity) }));
    let failure = exchange(&mut client, &mut server, usize::MAX).expect_err("there is no common version");
    assert_eq!(failure.words(), "ALERT_SENT:PeerIncompatible(Tls12NotOfferedOrEnabled)");
    let alert = server.sends(usize::MAX);
    assert_eq!(client.take(&alert).expect_err("it is an alert").words(), "ALERT_RECEIVED:ProtocolVersion at the hello");

    let alpn = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
    for (offered, expected) in [(alpn(&["h2", "http/1.1"]), Some("http/1.1")), (alpn(&["h2"]), None)] {
        let mut client = client_of(context(TlsContextOptions { alpn: offered, ..options(false) }), "localhost");
        let mut server =
            server_of(context(TlsContextOptions { alpn: alpn(&["http/1.1"]), ..server_options(&identity) }));
        let result = exchange(&mut client, &mut server, usize::MAX);
        match expected {
            None => assert_eq!(result.expect_err("none is common").words(), "ALERT_SENT:NoApplicationProtocol"),
            Some(name) => {
                assert_eq!(server.session.details().expect("it is over").alpn.as_deref(), Some(name));
                assert_eq!(client.session.details().expect("it is over").alpn.as_deref(), Some(name));
            }
        }
    }
}

#[test]
fn names_choose_among_the_contexts() {
    let certified = |name| Identity::new(name, None, Validity::Now);
    let (standard, named) = (certified("standard"), certified("named"));
    let contexts = Arc::new(TlsContexts::new(context(server_options(&standard)), false));
    contexts.add("*.example.com", context(server_options(&named)));
    let cases = [("a.example.com", &named), ("A.EXAMPLE.COM", &named), ("example.com", &standard)];
    for (name, expected) in cases {
        let mut client = client_of(context(options(false)), name);
        let mut server = End::new(TlsSession::server(contexts.clone()));
        exchange(&mut client, &mut server, 1).expect("they agree");
        let details = client.session.details().expect("it is over");
        assert_eq!(details.chain, std::slice::from_ref(&expected.certificate), "{name}");
        assert_eq!(server.session.server_name().map(str::to_lowercase), Some(name.to_lowercase()));
    }
}

#[test]
fn javascript_may_choose_the_context() {
    let identity = Identity::new("chosen", None, Validity::Now);
    let standard = context(server_options(&Identity::new("standard", None, Validity::Now)));
    let mut server = End::new(TlsSession::server(Arc::new(TlsContexts::new(standard, true))));
    let mut client = client_of(context(options(false)), "chosen.example.com");
    server.take(&client.sends(usize::MAX)).expect("it is a hello");
    assert!(server.asks && server.session.is_handshaking());
    assert_eq!(server.session.server_name(), Some("chosen.example.com"));
    server.session.answer(context(server_options(&identity))).expect("it is a server's");
    server.take(&[]).expect("it is a hello");
    exchange(&mut client, &mut server, usize::MAX).expect("they agree");
    assert_eq!(client.session.details().expect("it is over").chain, std::slice::from_ref(&identity.certificate));
}

#[test]
fn sessions_are_resumed_under_the_same_keys() {
    let identity = Identity::new("localhost", None, Validity::Now);
    for (tls12, tls13) in [(true, false), (false, true)] {
        let keyed = |keys: &[u8]| TlsContextOptions {
            tls12,
            tls13,
            ticket_keys: Some(keys.to_vec()),
            ..server_options(&identity)
        };
        let client_context = context(TlsContextOptions { shares_sessions: true, ..options(false) });
        let mut resumed = Vec::new();
        // Each server has a context of its own.
        for keys in [[1; 48], [1; 48], [2; 48], [2; 48]] {
            let mut client = client_of(client_context.clone(), "localhost");
            let mut server = server_of(context(keyed(&keys)));
            exchange(&mut client, &mut server, usize::MAX).expect("they agree");
            client.says(b"x");
            exchange(&mut client, &mut server, usize::MAX).expect("they agree");
            let details = [&client, &server].map(|end| end.session.details().expect("it is over"));
            assert_eq!(details[0].is_resumed, details[1].is_resumed);
            assert_eq!(details[0].chain, std::slice::from_ref(&identity.certificate));
            resumed.push(details[0].is_resumed);
        }
        assert_eq!(resumed, [false, true, false, true]);
    }
}

#[test]
fn what_is_held_covers_its_plaintext_when_all_of_it_is_sent() {
    let (mut client, _server) = connected();
    client.session.hold(&[1; 1000], 600);
    client.session.hold(&[2; 10], 4);
    assert_eq!(client.session.on_sent(1009), 0);
    assert_eq!(client.session.pending(), [2]);
    assert_eq!(client.session.on_sent(1), 604);
    assert_eq!(client.session.on_sent(0), 0);
}

#[test]
fn output_leaves_while_a_message_of_the_handshake_is_incomplete() {
    let context_of_server = context(server_options(&Identity::new("localhost", None, Validity::Now)));
    let Role::Server(config) = &context_of_server.role else { panic!("this is the role") };
    let mut config = rustls::ServerConfig::clone(config);
    // So its tickets, which follow the handshake, are in several records.
    config.max_fragment_size = Some(50);
    let mut server = ServerConnection::new(Arc::new(config)).expect("the config is right");
    let mut client = client_of(context(TlsContextOptions { shares_sessions: true, ..options(false) }), "localhost");
    let mut said = 0;
    for _ in 0..4 {
        let sent = client.sends(usize::MAX);
        let mut rest = &sent[..];
        // No bytes would be the end.
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("it is memory");
            server.process_new_packets().expect("it is right");
        }
        let mut answer = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answer).expect("it is memory");
        }
        for byte in answer {
            client.take(&[byte]).expect("it is right");
            // Each kept byte may belong to an incomplete message, or only to an incomplete record.
            if client.session.is_open() && client.session.kept() > 0 {
                client.says(b"x");
                said += 1;
            }
        }
    }
    let mut heard = vec![0; said];
    assert!(said > 100);
    server.reader().read_exact(&mut heard).expect("it has come");
    assert!(heard.iter().all(|&byte| byte == b'x'));
}

#[test]
fn endless_messages_of_the_handshake_are_bounded() {
    let mut server = server();
    // A hello of 16 MiB in full records.
    let mut record = vec![22, 3, 1, 0x40, 0];
    record.extend_from_slice(&[1, 0xff, 0xff, 0xff]);
    record.resize(5 + 0x4000, 0);
    let failed = (0..20).any(|_| {
        let failed = server.take(&record).is_err();
        assert!(server.session.kept() <= MOST_KEPT);
        failed
    });
    assert!(failed);
}
