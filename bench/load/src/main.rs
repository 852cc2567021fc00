//! Keeps an echo server busy with pipelined text messages and measures what it spends on them.
//!
//! Every connection has a fixed number of messages in flight; each echo that comes back whole is
//! answered with the next message. Messages are the same masked frame throughout, so what comes back
//! must be the same unmasked frame over and over: it is compared byte by byte, which costs less than
//! parsing and proves more.
//!
//! Prints one JSON object with the messages echoed within the window, its length, the CPU time that
//! each thread of the server spent in it, and the share of one core that this program itself used.

// The rule keeps the clock out of the addon's protocol core; measuring time is what this is for.
#![allow(clippy::disallowed_methods)]

mod connection;
mod cpu;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use connection::Connection;
use cpu::Threads;
use mio::{Events, Interest, Poll, Token};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Options {
    port: u16,
    pid: u32,
    connections: usize,
    in_flight: usize,
    size: usize,
    warm_up: Duration,
    window: Duration,
}

impl Options {
    fn parse() -> Result<Self> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let [port, pid, connections, in_flight, size, warm_up, window] = args.as_slice() else {
            return Err("usage: load PORT PID CONNECTIONS IN_FLIGHT SIZE WARM_UP_MS WINDOW_MS".into());
        };
        Ok(Self {
            port: port.parse()?,
            pid: pid.parse()?,
            connections: connections.parse()?,
            in_flight: in_flight.parse()?,
            size: size.parse()?,
            warm_up: Duration::from_millis(warm_up.parse()?),
            window: Duration::from_millis(window.parse()?),
        })
    }
}

fn main() {
    if let Err(error) = Options::parse().and_then(|options| run(&options)) {
        eprintln!("load: {error}");
        std::process::exit(1);
    }
}

fn run(options: &Options) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], options.port));
    let mut poll = Poll::new()?;
    let mut connections = Vec::with_capacity(options.connections);
    for index in 0..options.connections {
        let mut connection = Connection::open(address, options.in_flight, options.size)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(connection.source(), Token(index), interest)?;
        connections.push(connection);
    }
    for connection in &mut connections {
        connection.start()?;
    }

    echo(&mut poll, &mut connections, options.warm_up)?;

    let (server, own) = (Threads::of(options.pid)?, Threads::of(std::process::id())?);
    let start = Instant::now();
    let messages = echo(&mut poll, &mut connections, options.window)?;
    let elapsed = start.elapsed();
    let server = Threads::of(options.pid)?.since(&server);
    let own = Threads::of(std::process::id())?.since(&own);

    println!(
        "{{\"messages\":{messages},\"seconds\":{:.6},\"mainNs\":{},\"allNs\":{},\"loadBusy\":{:.3}}}",
        elapsed.as_secs_f64(),
        server.of_thread(options.pid),
        server.total(),
        Duration::from_nanos(own.total()).as_secs_f64() / elapsed.as_secs_f64(),
    );
    Ok(())
}

/// Echoes for as long as `period` and returns how many messages came back whole.
fn echo(poll: &mut Poll, connections: &mut [Connection], period: Duration) -> Result<u64> {
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let deadline = Instant::now() + period;
    let mut messages = 0;
    loop {
        let Some(left) = deadline.checked_duration_since(Instant::now()) else { return Ok(messages) };
        match poll.poll(&mut events, Some(left)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            messages += connections[event.token().0].handle_ready(&mut buffer)?;
        }
    }
}
