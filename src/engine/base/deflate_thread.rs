//! The thread that deflates long messages, so that other connections do not wait for them.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::protocol::Work;

/// A message to deflate, and what to call with it when that is done.
type Job = (Work, Box<dyn FnOnce(Work) + Send>);

/// Deflates a message on the thread and calls `done` there. The first message starts the thread.
/// Returns the work if the thread can't be started.
pub fn deflate(work: Work, done: impl FnOnce(Work) + Send + 'static) -> Result<(), Work> {
    static JOBS: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    match JOBS.get_or_init(start) {
        Some(jobs) => jobs.send((work, Box::new(done))).map_err(|refused| refused.0.0),
        None => Err(work),
    }
}

fn start() -> Option<Sender<Job>> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("websocket-deflate".to_owned());
    thread.spawn(move || serve(&receiver)).ok().map(|_| sender)
}

/// Each connection has at most one message here. The queue is bounded by the number of connections
/// and their longest messages.
fn serve(jobs: &Receiver<Job>) {
    for (mut work, done) in jobs {
        work.run();
        done(work);
    }
}
