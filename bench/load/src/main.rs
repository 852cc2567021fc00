//! The peer of the program under test: clients that keep a server busy, or a server for clients.
//!
//! It must be so cheap that it never limits a peer, and it must prove that the peer did its work.
//! So messages are the same bytes throughout, encoded once. Answers are compared byte by byte.
//! Nothing is allocated between the first message and the last. Inflating every answer would not be
//! cheap. So compressed answers are all inflated and compared during the warm-up, and in the window
//! only those of one connection. The same goes for the signatures of TLS handshakes.
//!
//! Prints one JSON object: the counts of the window, and the cost for the watched process.

// The rule keeps clocks out of the addon's protocol core. This program measures time.
#![allow(clippy::disallowed_methods)]

mod broadcast;
mod churn;
mod connection;
mod deflate;
mod echo;
mod engine_io;
mod fleet;
mod frame;
mod histogram;
mod idle;
mod json;
mod message;
mod options;
mod process;
mod serve;
mod storm;
mod stream;
mod tls;
mod visit;
mod window;

use std::error::Error;
use std::net::SocketAddr;
use std::rc::Rc;

use message::{Exchange, Payload};
use options::Options;
use stream::Target;
use tls::Trust;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() {
    if let Err(error) = run() {
        eprintln!("load: {error}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    let options = Options::parse(args)?;
    match mode.as_str() {
        "broadcast" => broadcast::run(&options),
        "churn" => churn::run(&options),
        "echo" => echo::run(&options),
        "idle" => idle::run(&options),
        "serve" => serve::run(&options),
        "storm" => storm::run(&options),
        _ => Err("usage: load broadcast|churn|echo|idle|serve|storm --name value ...".into()),
    }
}

/// `--port`, over TLS with `--certificate FILE`, without a handshake with `--bare yes`, compressed
/// with `--deflate yes`, by engine.io's protocol with `--engine-io yes`.
fn target_of(options: &Options) -> Result<Target> {
    let trust = options.optional("certificate").map(Trust::in_file).transpose()?;
    Ok(Target {
        address: address_of(options)?,
        tls: trust.map(|trust| tls::client_config(trust, false)).transpose()?,
        shakes_hands: options.optional("bare").is_none(),
        deflates: options.optional("deflate").is_some(),
        speaks_engine_io: options.optional("engine-io").is_some(),
    })
}

/// `--port` of this machine.
fn address_of(options: &Options) -> Result<SocketAddr> {
    Ok(SocketAddr::from(([127, 0, 0, 1], options.required("port")?)))
}

/// `--payload` of `--size` bytes; with `--deflate yes` JSON, compressed. With `--engine-io yes` a
/// message is a packet. With `--byte-stream yes` answers may begin and end anywhere.
fn exchange_of(options: &Options, in_flight: usize) -> Result<Rc<Exchange>> {
    if options.optional("deflate").is_some() {
        return Ok(Rc::new(Exchange::of_deflating_client(options.required("size")?, in_flight)?));
    }
    let payload = Payload::of_kind(&options.required::<String>("payload")?, options.required("size")?)?;
    let has = |name| options.optional(name).is_some();
    Ok(Rc::new(if has("bare") {
        Exchange::with_bare_echo(&payload, in_flight)
    } else if has("engine-io") {
        Exchange::of_engine_io_client(payload, in_flight)
    } else if has("byte-stream") {
        Exchange::of_byte_stream(payload, in_flight)
    } else {
        Exchange::of_client(&payload, in_flight)
    }))
}
