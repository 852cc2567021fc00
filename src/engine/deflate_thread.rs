//! The thread that deflates long messages, so that other connections do not wait for them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};

use super::link::SharedConnection;
use crate::protocol::Work;

type Order = (Arc<SharedConnection>, Work);

/// Has a thread of its own deflate a message, started for the first one. The work comes back if there can't be one.
pub fn deflate(link: &Arc<SharedConnection>, work: Work) -> Result<(), Work> {
    static ORDERS: OnceLock<Option<Sender<Order>>> = OnceLock::new();
    match ORDERS.get_or_init(start) {
        Some(orders) => orders.send((link.clone(), work)).map_err(|refused| refused.0.1),
        None => Err(work),
    }
}

fn start() -> Option<Sender<Order>> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("websocket-deflate".to_owned());
    thread.spawn(move || serve(&receiver)).ok().map(|_| sender)
}

/// Each connection has one message here at most, so what waits is bounded by what they have.
fn serve(orders: &Receiver<Order>) {
    for (link, mut work) in orders {
        work.run();
        link.finish(work);
    }
}
