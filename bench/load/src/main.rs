//! The other side of what is measured: clients that keep a server busy, or the server that clients
//! talk to.
//!
//! It is to be cheap enough never to be what limits a peer, and to prove that the peer did its
//! work. So messages are the same bytes throughout, encoded once; what comes back is compared byte
//! by byte; and between the first message and the last nothing is allocated. To inflate every
//! answer would not be cheap: where messages are compressed, all are inflated and compared during
//! the warm-up, and in the window those of one connection.
//!
//! Prints one JSON object: what was counted within the window and what the watched process spent on
//! it.

// The rule keeps the clock out of the addon's protocol core; measuring time is what this is for.
#![allow(clippy::disallowed_methods)]

mod broadcast;
mod churn;
mod connection;
mod deflate;
mod echo;
mod fleet;
mod frame;
mod histogram;
mod idle;
mod json;
mod message;
mod options;
mod process;
mod serve;
mod stream;
mod window;

use std::error::Error;
use std::net::SocketAddr;
use std::rc::Rc;

use message::{Exchange, Payload};
use options::Options;
use stream::Target;

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
        _ => Err("usage: load broadcast|churn|echo|idle|serve --name value ...".into()),
    }
}

/// `--port`, over TLS with `--certificate FILE`, without a handshake with `--bare yes`, compressed
/// with `--deflate yes`.
fn target_of(options: &Options) -> Result<Target> {
    Ok(Target {
        address: SocketAddr::from(([127, 0, 0, 1], options.required("port")?)),
        tls: options.optional("certificate").map(stream::tls_config).transpose()?,
        shakes_hands: options.optional("bare").is_none(),
        deflates: options.optional("deflate").is_some(),
    })
}

/// `--payload` of `--size` bytes; with `--deflate yes` JSON, compressed.
fn exchange_of(options: &Options, in_flight: usize) -> Result<Rc<Exchange>> {
    if options.optional("deflate").is_some() {
        return Ok(Rc::new(Exchange::of_deflating_client(options.required("size")?, in_flight)?));
    }
    let payload = Payload::of_kind(&options.required::<String>("payload")?, options.required("size")?)?;
    Ok(Rc::new(match options.optional("bare") {
        Some(_) => Exchange::with_bare_echo(&payload, in_flight),
        None => Exchange::of_client(&payload, in_flight),
    }))
}
