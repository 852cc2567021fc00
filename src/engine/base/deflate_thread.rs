//! The thread that deflates long messages, so that other connections do not wait for them.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::protocol::Work;

/// A message to deflate, and what to do with it then.
type Job = (Work, Box<dyn FnOnce(Work) + Send>);

/// Deflates a message on the thread, which the first message starts, and calls `done` there. The
/// work comes back if the thread can't be started.
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

/// Each connection has one message here at most, so what waits is bounded by what they have.
fn serve(jobs: &Receiver<Job>) {
    for (mut work, done) in jobs {
        work.run();
        done(work);
    }
}
