//! One end of one TLS connection, without I/O.

use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus};
use rustls::{CommonState, Error};

use super::context::{Role, TlsContext};
use super::failure::TlsFailure;
use super::hello::{Hello, look};
use super::names::{Choice, TlsContexts};
use crate::protocol::pool;

/// Most bytes of an incomplete record or message of the handshake that a session keeps. rustls
/// takes messages of 64 KiB.
pub const MOST_KEPT: usize = (64 << 10) + (18 << 10);

/// Bytes of plaintext in a record at most (RFC 8446 §5.1).
pub const RECORD_PAYLOAD: usize = 16 << 10;

/// Bytes that a record adds to its plaintext at most, and a key update or alert before it.
const OVERHEAD: usize = 64;

/// Kept memory up to this capacity need not go back to the pool.
const SMALL: usize = 512;

/// Bytes that are enough for the ciphertext of `plain` bytes, and the end behind them.
pub const fn sealed_size(plain: usize) -> usize {
    plain + (plain / RECORD_PAYLOAD + 4) * OVERHEAD
}

/// See the module.
pub struct TlsSession {
    side: Side,
    /// Received bytes of a record or message that is not complete. rustls may have changed them.
    kept: Vec<u8>,
    /// Ciphertext to be sent before anything else, and how much of it is sent.
    pending: Vec<u8>,
    pending_start: usize,
    /// How many bytes of plaintext are sent when `pending` is.
    covered: usize,
    phase: Phase,
    /// Our end is sent or pending.
    has_ended: bool,
    /// A client's last message of the handshake waits for JavaScript, which decides about trust.
    awaits_trust: bool,
    details: Box<Details>,
}

/// What is asked for rarely.
#[derive(Default)]
struct Details {
    context: Option<Arc<TlsContext>>,
    server_name: Option<Box<str>>,
    verdict: Option<Box<str>>,
    /// Why it can't go on, until the owner asks.
    failure: Option<TlsFailure>,
}

enum Side {
    Server(UnbufferedServerConnection),
    Client(UnbufferedClientConnection),
    /// A server that has not seen the client's first message.
    Choosing(Arc<TlsContexts>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// JavaScript has to choose a context.
    Asking,
    Handshaking,
    Open,
    /// The peer has sent its end.
    PeerEnded,
    /// It can't go on.
    Failed,
}

/// What bytes of the peer have led to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The handshake is over since these bytes. Their plaintext comes after that.
    pub is_secure: bool,
    /// The peer has sent its end. No plaintext follows.
    pub has_ended: bool,
    /// JavaScript has to choose a context by [`server_name`](TlsSession::server_name).
    pub asks: bool,
}

/// What the handshake has led to.
#[derive(Debug)]
pub struct TlsDetails {
    /// `TLSv1.3` or `TLSv1.2`.
    pub protocol: &'static str,
    /// The cipher suite's name in the standard.
    pub suite: String,
    /// The application protocol, if one was agreed on.
    pub alpn: Option<String>,
    /// The name that the client asked for.
    pub server_name: Option<String>,
    /// An earlier session was resumed.
    pub is_resumed: bool,
    /// The peer's certificates (DER), its own first.
    pub chain: Vec<Vec<u8>>,
    /// Why its chain does not lead to the context's roots, in webpki's words.
    pub verdict: Option<Box<str>>,
}

/// What follows a step of rustls.
enum Step {
    Again,
    /// It needs more bytes. The first is whether data can be sent.
    Wait(bool),
}

/// Lets rustls take steps until it needs more bytes. Returns how many bytes it is done with, and
/// whether data can be sent.
macro_rules! advance {
    ($connection:expr, $input:expr, $outcome:expr) => {{
        let input: &mut [u8] = $input;
        let mut done = 0;
        loop {
            let UnbufferedStatus { discard, state, .. } = $connection.process_tls_records(&mut input[done..]);
            let step = state.and_then(|state| take_step(state, $outcome));
            done += discard;
            match step {
                Ok(Step::Again) => {}
                Ok(Step::Wait(can_send)) => break (done, Ok(can_send)),
                Err(error) => break (done, Err(error)),
            }
        }
    }};
}

/// Takes what rustls has to say after an error.
macro_rules! take_alert {
    ($connection:expr, $rest:expr, $outcome:expr) => {
        // With nothing left to say, rustls would go on with input behind the error.
        while $connection.wants_write()
            && let Ok(state) = $connection.process_tls_records($rest).state
            && take_step(state, $outcome).is_ok()
        {}
    };
}

/// Encrypts data, or our end if there is none, behind what rustls has to say before. `kept` is the
/// input that is not complete.
macro_rules! write {
    ($connection:expr, $kept:expr, $plain:expr, $sealed:expr) => {{
        let mut length = 0;
        loop {
            let UnbufferedStatus { discard, state, .. } = $connection.process_tls_records($kept);
            debug_assert_eq!(discard, 0, "what is kept was looked at before");
            match state? {
                ConnectionState::EncodeTlsData(mut data) => match data.encode(&mut $sealed[length..]) {
                    Ok(encoded) => length += encoded,
                    Err(error) => break Err(Error::General(error.to_string()).into()),
                },
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::WriteTraffic(mut traffic) => {
                    let sealed = &mut $sealed[length..];
                    let result = match $plain {
                        Some(plain) => traffic.encrypt(plain, sealed),
                        None => traffic.queue_close_notify(sealed),
                    };
                    break result
                        .map(|sealed| length + sealed)
                        .map_err(|error| Error::General(error.to_string()).into());
                }
                _ => break Ok(length),
            }
        }
    }};
}

/// Where the results of steps go.
struct Outcome<'a> {
    plain: &'a mut Vec<u8>,
    pending: &'a mut Vec<u8>,
    peer_ended: bool,
}

fn take_step<D>(state: ConnectionState<'_, '_, D>, outcome: &mut Outcome<'_>) -> Result<Step, Error> {
    match state {
        ConnectionState::ReadTraffic(mut traffic) => {
            while let Some(record) = traffic.next_record() {
                outcome.plain.extend_from_slice(record?.payload);
            }
        }
        ConnectionState::EncodeTlsData(mut data) => {
            let start = outcome.pending.len();
            let mut room = 0;
            loop {
                outcome.pending.resize(start + room, 0);
                match data.encode(&mut outcome.pending[start..]) {
                    Ok(length) => break outcome.pending.truncate(start + length),
                    Err(EncodeError::InsufficientSize(size)) => room = size.required_size,
                    Err(EncodeError::AlreadyEncoded) => break outcome.pending.truncate(start),
                }
            }
        }
        ConnectionState::TransmitTlsData(data) => data.done(),
        ConnectionState::PeerClosed => outcome.peer_ended = true,
        ConnectionState::Closed => {
            outcome.peer_ended = true;
            return Ok(Step::Wait(true));
        }
        ConnectionState::WriteTraffic(_) => return Ok(Step::Wait(true)),
        ConnectionState::BlockedHandshake => return Ok(Step::Wait(false)),
        // No early data is taken (RFC 8446 §2.3).
        state => return Err(Error::General(format!("unexpected state {state:?}"))),
    }
    Ok(Step::Again)
}

impl TlsSession {
    /// The end of a server, before the client has sent anything.
    pub fn server(contexts: Arc<TlsContexts>) -> Self {
        Self::new(Side::Choosing(contexts), Details::default())
    }

    /// The end of a client. Its first message is pending. Without a `name`, it asks for none.
    ///
    /// # Errors
    /// When the name is not one of DNS, or the context is a server's.
    pub fn client(context: Arc<TlsContext>, name: Option<&str>) -> Result<Self, TlsFailure> {
        let Role::Client(config) = &context.role else {
            return Err(Error::General("the context is a server's".into()).into());
        };
        let server_name = match name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(|_| Error::UnsupportedNameType)?,
            // rustls sends no address as a name (RFC 6066 §3).
            None => ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()),
        };
        let connection = UnbufferedClientConnection::new(config.clone(), server_name)?;
        let details = Details { server_name: name.map(Into::into), context: Some(context), ..Details::default() };
        let mut session = Self::new(Side::Client(connection), details);
        session.receive(&mut [], &mut Vec::new())?;
        Ok(session)
    }

    fn new(side: Side, details: Details) -> Self {
        Self {
            side,
            kept: Vec::new(),
            pending: Vec::new(),
            pending_start: 0,
            covered: 0,
            phase: Phase::Handshaking,
            has_ended: false,
            awaits_trust: false,
            details: Box::new(details),
        }
    }

    /// How many bytes of earlier input are to come again before the next input.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Moves those bytes to `target`, which has their length.
    pub fn take_kept(&mut self, target: &mut [u8]) {
        target.copy_from_slice(&self.kept);
        self.forget_kept();
    }

    fn forget_kept(&mut self) {
        if self.kept.capacity() > SMALL {
            pool::give(std::mem::take(&mut self.kept));
        } else {
            self.kept = Vec::new();
        }
    }

    /// Takes `input`: the bytes of [`take_kept`](Self::take_kept) and those that have come since. It
    /// is changed. Appends what it says to `plain`.
    ///
    /// # Errors
    /// When the session can't go on. An alert for the peer may be [pending](Self::pending), and
    /// `plain` may have what came before.
    pub fn receive(&mut self, input: &mut [u8], plain: &mut Vec<u8>) -> Result<Progress, TlsFailure> {
        if matches!(self.phase, Phase::PeerEnded | Phase::Failed) {
            return Ok(Progress::default());
        }
        if matches!(self.side, Side::Choosing(_)) && !self.choose(input)? {
            self.keep(input)?;
            return Ok(Progress { asks: self.phase == Phase::Asking, ..Progress::default() });
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut outcome = Outcome { plain, pending: &mut pending, peer_ended: false };
        let (done, result) = match &mut self.side {
            Side::Server(connection) => advance!(connection, input, &mut outcome),
            Side::Client(connection) => advance!(connection, input, &mut outcome),
            Side::Choosing(_) => (0, Ok(false)),
        };
        let peer_ended = outcome.peer_ended;
        if result.is_err() {
            match &mut self.side {
                Side::Server(connection) => take_alert!(connection, &mut input[done..], &mut outcome),
                Side::Client(connection) => take_alert!(connection, &mut input[done..], &mut outcome),
                Side::Choosing(_) => {}
            }
        }
        self.pending = pending;
        let can_send = result.map_err(|error| self.fail(error.into()))?;
        if peer_ended {
            self.phase = Phase::PeerEnded;
            return Ok(Progress { has_ended: true, ..Progress::default() });
        }
        self.keep(&input[done..])?;
        let is_secure =
            self.phase == Phase::Handshaking && can_send && !self.common().is_some_and(CommonState::is_handshaking);
        if is_secure {
            self.phase = Phase::Open;
            self.awaits_trust = matches!(self.side, Side::Client(_));
            self.judge();
        }
        Ok(Progress { is_secure, ..Progress::default() })
    }

    fn fail(&mut self, failure: TlsFailure) -> TlsFailure {
        self.phase = Phase::Failed;
        let answered = self.common().is_none_or(|common| common.protocol_version().is_some());
        if matches!(self.side, Side::Client(_)) && !answered { failure.at_hello() } else { failure }
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), TlsFailure> {
        if rest.len() > MOST_KEPT {
            self.phase = Phase::Failed;
            return Err(TlsFailure::excessive_message_size());
        }
        if !rest.is_empty() {
            self.kept = if rest.len() > SMALL { pool::copy(rest) } else { rest.to_vec() };
        }
        Ok(())
    }

    /// Chooses a context if the client's first message is complete. Returns whether there is one.
    fn choose(&mut self, input: &[u8]) -> Result<bool, TlsFailure> {
        let Side::Choosing(contexts) = &self.side else { return Ok(true) };
        let mut joined = Vec::new();
        let Hello::Complete(name) = look(input, &mut joined).inspect_err(|_| self.phase = Phase::Failed)? else {
            return Ok(false);
        };
        self.details.server_name = name.map(Into::into);
        match contexts.choose(name) {
            Choice::Context(context) => self.answer(context).map(|()| true),
            Choice::Ask => {
                self.phase = Phase::Asking;
                Ok(false)
            }
        }
    }

    /// The context for the client, as JavaScript has chosen it. The owner then calls
    /// [`receive`](Self::receive) with the kept bytes.
    ///
    /// # Errors
    /// When the context is a client's.
    pub fn answer(&mut self, context: Arc<TlsContext>) -> Result<(), TlsFailure> {
        let Role::Server(config) = &context.role else {
            return Err(Error::General("the context is a client's".into()).into());
        };
        self.side = Side::Server(UnbufferedServerConnection::new(config.clone())?);
        self.phase = Phase::Handshaking;
        self.details.context = Some(context);
        Ok(())
    }

    /// Judges the peer's certificates.
    fn judge(&mut self) {
        let Some(context) = &self.details.context else { return };
        if let (Some(roots), Some(common)) = (&context.roots, self.common()) {
            let chain = common.peer_certificates().unwrap_or_default();
            let algorithms = &context.provider.signature_verification_algorithms;
            self.details.verdict = roots.verdict(chain, !context.is_server(), algorithms);
        }
    }

    fn common(&self) -> Option<&CommonState> {
        match &self.side {
            Side::Server(connection) => Some(connection),
            Side::Client(connection) => Some(connection),
            Side::Choosing(_) => None,
        }
    }

    /// Whether plaintext can be encrypted.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::PeerEnded) && !self.has_ended
    }

    /// Whether the handshake is not over.
    pub fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Asking | Phase::Handshaking)
    }

    /// Whether the peer has sent its end.
    pub fn has_peer_ended(&self) -> bool {
        self.phase == Phase::PeerEnded
    }

    /// Keeps the failure of [`receive`](Self::receive) for the next owner.
    pub fn keep_failure(&mut self, failure: TlsFailure) {
        self.details.failure = Some(failure);
    }

    /// Takes the failure that an earlier owner has kept.
    pub fn take_failure(&mut self) -> Option<TlsFailure> {
        self.details.failure.take()
    }

    /// Whether nothing may be sent before [`trust`](Self::trust). OpenSSL's clients in Node do not
    /// finish a handshake with a server that they do not trust, either.
    pub fn awaits_trust(&self) -> bool {
        self.awaits_trust
    }

    /// The client trusts the server.
    pub fn trust(&mut self) {
        self.awaits_trust = false;
    }

    /// Whether our end is sent or pending.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Ciphertext that is to be sent before anything else.
    pub fn pending(&self) -> &[u8] {
        &self.pending[self.pending_start..]
    }

    /// The first `n` bytes of it are sent. Returns how many bytes of plaintext are sent by that.
    pub fn on_sent(&mut self, n: usize) -> usize {
        self.pending_start += n;
        if self.pending_start < self.pending.len() {
            return 0;
        }
        self.pending_start = 0;
        if self.pending.capacity() > SMALL {
            pool::give(std::mem::take(&mut self.pending));
        } else {
            self.pending = Vec::new();
        }
        std::mem::take(&mut self.covered)
    }

    /// Whether what is pending has at most so many bytes, and no plaintext in it.
    pub fn can_join(&self, most: usize) -> bool {
        self.covered == 0 && self.pending().len() <= most
    }

    /// Moves what is pending to the beginning of `target`, which has room for it. Returns its length.
    pub fn take_pending(&mut self, target: &mut [u8]) -> usize {
        let length = self.pending().len();
        target[..length].copy_from_slice(self.pending());
        self.on_sent(length);
        length
    }

    /// Keeps ciphertext that can't be sent now. `plain` bytes of plaintext are sent when it is.
    pub fn hold(&mut self, sealed: &[u8], plain: usize) {
        if self.pending.is_empty() && sealed.len() > SMALL {
            self.pending = pool::copy(sealed);
        } else {
            self.pending.extend_from_slice(sealed);
        }
        self.covered += plain;
    }

    /// Encrypts `plain` into `sealed`, which has [`sealed_size`] of it. Returns the length of the
    /// ciphertext. Called only while [open](Self::is_open).
    ///
    /// # Errors
    /// When the keys are used up, which takes more than a connection's life.
    pub fn seal(&mut self, plain: &[u8], sealed: &mut [u8]) -> Result<usize, TlsFailure> {
        self.write(Some(plain), sealed)
    }

    /// Encrypts our end (RFC 8446 §6.1) into `sealed`. Returns its length.
    ///
    /// # Errors
    /// When the keys are used up.
    pub fn seal_end(&mut self, sealed: &mut [u8]) -> Result<usize, TlsFailure> {
        let length = self.write(None, sealed)?;
        self.has_ended = true;
        Ok(length)
    }

    fn write(&mut self, plain: Option<&[u8]>, sealed: &mut [u8]) -> Result<usize, TlsFailure> {
        match &mut self.side {
            Side::Server(connection) => write!(connection, &mut self.kept, plain, sealed),
            Side::Client(connection) => write!(connection, &mut self.kept, plain, sealed),
            Side::Choosing(_) => Ok(0),
        }
    }

    /// The name that the client asks for.
    pub fn server_name(&self) -> Option<&str> {
        self.details.server_name.as_deref()
    }

    /// What the handshake has led to. `None` before its end.
    pub fn details(&self) -> Option<TlsDetails> {
        let common = self.common().filter(|_| !self.is_handshaking())?;
        let suite = common.negotiated_cipher_suite()?.suite();
        let chain = common.peer_certificates().unwrap_or_default();
        let is_tls13 = common.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        Some(TlsDetails {
            protocol: if is_tls13 { "TLSv1.3" } else { "TLSv1.2" },
            suite: format!("{suite:?}").replacen("TLS13_", "TLS_", 1),
            alpn: common.alpn_protocol().map(|name| name.iter().map(|&byte| char::from(byte)).collect()),
            server_name: self.server_name().map(str::to_owned),
            is_resumed: common.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            chain: chain.iter().map(|certificate: &CertificateDer<'_>| certificate.to_vec()).collect(),
            verdict: self.details.verdict.clone(),
        })
    }
}
