use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use sha1::{Digest, Sha1};

use crate::Result;
use crate::connection::Connection;
use crate::echo::Echoes;
use crate::fleet::Fleet;
use crate::frame::broken;
use crate::message::{Exchange, Payload};
use crate::options::Options;
use crate::process::Memory;
use crate::stream::Stream;
use crate::tls;

/// The server for the clients of another process, over TLS with `--certificate FILE --key FILE`. It
/// starts that process, with its port as the last argument, and measures it. It answers every
/// message at once. Latency is the client's time from our answer to its next message.
pub fn run(options: &Options) -> Result<()> {
    let count: usize = options.required("connections")?;
    let in_flight = options.required("in-flight")?;
    let payload = Payload::of_kind(&options.required::<String>("payload")?, options.required("size")?)?;
    let exchange = Rc::new(Exchange::of_server(&payload, in_flight));

    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let tls = options.optional("certificate").map(|file| tls::server_config(file, &options.required::<String>("key")?));
    let tls = tls.transpose()?;
    let client = Client::start(&options.command, listener.local_addr()?.port())?;
    let mut fleet = Fleet::with_room_for(count)?;
    for index in 0..count {
        fleet.add(Connection::new(accept(&listener, tls.as_ref())?, exchange.clone(), index))?;
    }
    let mut echoes = Echoes::new(count, in_flight);
    let resident_before = Memory::of(client.pid())?.resident_kib;
    echoes.run(&mut fleet, options.milliseconds("warm-up-ms")?)?;
    echoes.measure(&mut fleet, client.pid(), options.milliseconds("window-ms")?, resident_before)
}

/// The process under test. It is killed when this value is dropped.
struct Client(Child);

impl Client {
    fn start(command: &[String], port: u16) -> Result<Self> {
        let (program, args) = command.split_first().ok_or("there is no command behind --")?;
        Ok(Self(Command::new(program).args(args).arg(port.to_string()).spawn()?))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long a client may take to connect, and to send its handshake.
const PATIENCE: Duration = Duration::from_secs(20);

fn accept(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>) -> io::Result<Stream> {
    let (mut socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut session = tls.map(tls::server_session).transpose()?;
    match &mut session {
        Some(session) => {
            let mut stream = rustls::Stream::new(session, &mut socket);
            shake_hands(&mut stream)?;
            stream.flush()?;
        }
        None => shake_hands(&mut socket)?,
    }
    socket.set_nonblocking(true)?;
    Ok(Stream::new(mio::net::TcpStream::from_std(socket), session.map(Into::into)))
}

/// The server's side of RFC 6455 §4.2.2. A client sends nothing before it has the answer.
fn shake_hands(socket: &mut (impl Read + Write)) -> io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read(&mut piece)? {
            0 => return Err(broken("the client left during the handshake")),
            count => head.extend(&piece[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("Sec-WebSocket-Key").then(|| value.trim())
    });
    let accept = accept_of(key.ok_or_else(|| broken("the client sent no key"))?);
    write!(
        socket,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn accept_of(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn accepts_the_key_of_section_1_3() {
        assert_eq!(super::accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
