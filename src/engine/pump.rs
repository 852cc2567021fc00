//! Serves one adopted descriptor on its I/O thread.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, Sleep};

use super::inbox::{Data, Kind};
use super::link::{Core, Flush, Link, Release, Thread};
use crate::transport::descriptor::{Descriptor, Io, Watched};

/// What one read takes at most. One buffer serves all links of a thread, so an idle one owns none.
const READ_SIZE: usize = 64 * 1024;

/// Reads of one link before the others have their turn.
const READS_PER_TURN: usize = 4;

/// How long a dropped connection is read on so that the peer sees the close frame.
const LINGER: Duration = Duration::from_secs(2);

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into_boxed_slice());
}

/// A link's task: reads, and writes when the kernel had no room at first.
pub struct Pump {
    link: Arc<Link>,
    descriptor: AsyncFd<Watched>,
    /// The peer ended, or the connection broke: there is nothing more to read.
    ended: bool,
    linger: Option<Pin<Box<Sleep>>>,
}

impl Pump {
    /// Starts the task on the current I/O thread.
    pub fn start(link: Arc<Link>, descriptor: Arc<Descriptor>) {
        match Watched::register(descriptor) {
            Ok(descriptor) => {
                // What was sent while the descriptor was handed over has nobody else to see to it.
                link.flush(&mut link.core(), Thread::Io);
                tokio::task::spawn_local(Self { link, descriptor, ended: false, linger: None });
            }
            Err(error) => {
                let mut core = link.core();
                core.descriptor = None;
                tell_failure(&link, &core, "epoll_ctl", &error);
            }
        }
    }

    /// Sends what the kernel had no room for.
    fn poll_write(&mut self, cx: &mut Context<'_>) {
        while self.link.core().blocked {
            let Poll::Ready(Ok(mut room)) = self.descriptor.poll_write_ready(cx) else { return };
            let mut core = self.link.core();
            if let Flush::Blocked = self.link.flush(&mut core, Thread::Io) {
                room.clear_ready();
            } else {
                core.blocked = false;
            }
        }
    }

    /// Reads and decodes, as long as there is something and JavaScript keeps up.
    fn poll_read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..READS_PER_TURN {
            if self.ended || !self.link.may_read() {
                if self.ended || self.link.is_paused() {
                    self.report_failed_send();
                }
                return;
            }
            let Poll::Ready(Ok(mut readable)) = self.descriptor.poll_read_ready(cx) else {
                self.report_failed_send();
                return;
            };
            let outcome = SCRATCH.with_borrow_mut(|scratch| {
                let outcome = self.descriptor.get_ref().receive(scratch);
                if let Io::Done(n @ 1..) = outcome {
                    // A short read has emptied the kernel's buffer: tokio need not be asked again to find that out.
                    // (The end of the stream stays visible: tokio never forgets that.)
                    if n < scratch.len() {
                        readable.clear_ready();
                    }
                    self.on_bytes(&mut scratch[..n]);
                }
                outcome
            });
            match outcome {
                Io::Done(0) => self.on_end(),
                Io::Done(_) => {}
                Io::WouldBlock => readable.clear_ready(),
                Io::Failed(error) => {
                    self.ended = true;
                    let mut core = self.link.core();
                    match core.failed.take() {
                        Some(error) => tell_failure(&self.link, &core, "write", &error),
                        None => tell_failure(&self.link, &core, "read", &error),
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
    }

    fn on_bytes(&self, bytes: &mut [u8]) {
        let mut core = self.link.core();
        self.link.receive(&mut core, bytes, Thread::Io, false);
        // An answer to a ping brings the next keepalive before the end of the grace period.
        if core.deadline_moved() {
            self.link.kick();
        }
        if !core.connection.outbox().is_empty() && !core.blocked {
            let flush = self.link.flush(&mut core, Thread::Io);
            if flush != Flush::Done {
                self.link.wake_task();
            }
        }
    }

    fn on_end(&mut self) {
        self.ended = true;
        let mut core = self.link.core();
        core.connection.handle_eof();
        match core.failed.take() {
            Some(error) => tell_failure(&self.link, &core, "write", &error),
            None => self.link.tell(&core, Kind::End, 0, Data::Nothing),
        }
    }

    /// Sending failed, and what had arrived before is read, or nobody wants it: now JavaScript learns of it.
    fn report_failed_send(&mut self) {
        let mut core = self.link.core();
        if let Some(error) = core.failed.take() {
            self.ended = true;
            tell_failure(&self.link, &core, "write", &error);
        }
    }

    /// JavaScript has let go of the connection: says when the descriptor may be closed.
    fn poll_release(&mut self, cx: &mut Context<'_>, release: Release) -> Poll<()> {
        if release == Release::AtOnce {
            return Poll::Ready(());
        }
        let linger = self.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + LINGER)));
        if linger.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        {
            let mut core = self.link.core();
            core.end_wanted = true;
            if self.link.flush(&mut core, Thread::Io) == Flush::Failed {
                return Poll::Ready(());
            }
        }
        self.poll_write(cx);
        loop {
            let Ok(mut readable) = ready!(self.descriptor.poll_read_ready(cx)) else { return Poll::Ready(()) };
            match SCRATCH.with_borrow_mut(|scratch| self.descriptor.get_ref().receive(scratch)) {
                Io::Done(1..) => {}
                Io::WouldBlock => readable.clear_ready(),
                Io::Done(_) | Io::Failed(_) => return Poll::Ready(()),
            }
        }
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.link.set_waker(cx.waker());
        let released = self.link.core().released;
        if let Some(release) = released {
            ready!(self.poll_release(cx, release));
            self.link.core().descriptor = None;
            return Poll::Ready(());
        }
        self.poll_write(cx);
        self.poll_read(cx);
        Poll::Pending
    }
}

fn tell_failure(link: &Link, core: &Core, call: &'static str, error: &io::Error) {
    let errno = error.raw_os_error().unwrap_or(0).unsigned_abs();
    link.tell(core, Kind::Failed, errno, Data::Words(call));
}
