//! The work of an I/O thread.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::engine::base::activity::note_work;
use crate::engine::base::clock::now;
use crate::engine::base::locks::lock;
use crate::engine::base::mailbox::Mail;
use crate::engine::base::page::Page;
use crate::engine::base::timer_queue::TimerQueue;
use crate::engine::events::sinks::BatchSink;
use crate::engine::io::driver::{ConnectionDriver, TurnResult};
use crate::engine::io::lingering::{LingeringLink, LingeringLinks};
use crate::engine::io::listening::ListenerDriver;
use crate::engine::io::served::Served;
use crate::engine::link::closing::LINGER;
use crate::engine::link::shared_connection::{Arrival, IoThread, SharedConnection};
use crate::transport::descriptor::Descriptor;
use crate::transport::poller::Poller;

mod arriving;
mod polling;
#[cfg(test)]
mod tests;

/// Arrivals and deadlines for which the mail keeps memory.
const MOST_KEPT: usize = 256;

/// Handshakes of TLS on which a turn works. One takes as long as many messages, so with more of
/// them, the links would wait long for their turns, and JavaScript for their events.
const HANDSHAKES_PER_TURN: usize = 8;

/// Serves the links of one I/O thread, in turns. A turn takes events of the kernel, mail of other
/// threads and due timers, lets each link concerned read and write, and delivers their events. The
/// I/O thread holds its lock while it is awake. While it sleeps, JavaScript's thread may
/// [poll](Self::poll_on_js_thread).
pub struct EventLoop {
    io_thread: Arc<IoThread>,
    poller: Poller,
    /// The links, and what may become one, by their tokens.
    drivers: Vec<Option<Served>>,
    /// How many links there are.
    serving: usize,
    /// How many arriving connections there are.
    arriving: usize,
    /// Tokens of those that have a turn.
    queue: VecDeque<usize>,
    mail: Mail<Arrival>,
    /// Links for which there were messages in the mail.
    written: Vec<usize>,
    sink: BatchSink,
    timers: TimerQueue,
    lingering: LingeringLinks,
    sleep: Pin<Box<Sleep>>,
    /// The time that `sleep` is set to.
    wakes_at: Duration,
    /// How many links have input that takes long: to be inflated or decrypted.
    inflating: usize,
    /// The I/O thread sleeps.
    sleeps: bool,
    /// Polled events that are not dispatched yet.
    undispatched: bool,
    /// The watch list was muted after this thread polled it last.
    was_muted: bool,
    /// The end of the lease of JavaScript's thread, while that polls.
    polled_until: Option<Duration>,
}

impl EventLoop {
    /// An event loop without connections, in the current runtime.
    ///
    /// # Errors
    /// When the process has no descriptor left for the watch list.
    pub fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        Ok(Self {
            io_thread: Arc::new(IoThread::new(poller.registrar()?)),
            poller,
            drivers: Vec::new(),
            serving: 0,
            arriving: 0,
            queue: VecDeque::new(),
            mail: Mail::default(),
            written: Vec::new(),
            sink: BatchSink::default(),
            timers: TimerQueue::default(),
            lingering: LingeringLinks::default(),
            sleep: Box::pin(tokio::time::sleep_until(Instant::now())),
            wakes_at: Duration::ZERO,
            inflating: 0,
            sleeps: true,
            undispatched: false,
            was_muted: false,
            polled_until: None,
        })
    }

    /// Its handle for other threads.
    pub fn io_thread(&self) -> &Arc<IoThread> {
        &self.io_thread
    }

    /// Serves until the process ends.
    pub async fn run(event_loop: Arc<Mutex<Self>>) {
        loop {
            poll_fn(|cx| {
                let mut event_loop = lock(&event_loop);
                let wake = event_loop.poll_wake(cx);
                event_loop.set_sleeps(wake.is_pending());
                if wake.is_ready() {
                    event_loop.take_over();
                    event_loop.work(now());
                }
                wake
            })
            .await;
        }
    }

    fn set_sleeps(&mut self, sleeps: bool) {
        if sleeps != std::mem::replace(&mut self.sleeps, sleeps) {
            note_work(!sleeps);
        }
    }

    /// Ready when there is something to do.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.undispatched) {
            return Poll::Ready(());
        }
        if !self.queue.is_empty() {
            self.take_ready();
            return Poll::Ready(());
        }
        // Polling fails if the kernel has no memory. It may have some the next time.
        let ready = self.poller.poll_ready(cx).is_ready();
        let deadline = self.next_deadline();
        let has_mail = self.io_thread.has_mail(cx.waker(), deadline.unwrap_or(Duration::MAX));
        let is_due = deadline.is_some_and(|deadline| self.poll_deadline(deadline, cx));
        if ready || has_mail || is_due { Poll::Ready(()) } else { Poll::Pending }
    }

    fn next_deadline(&self) -> Option<Duration> {
        self.timers.next().into_iter().chain(self.lingering.next_deadline()).chain(self.polled_until).min()
    }

    fn poll_deadline(&mut self, deadline: Duration, cx: &mut Context<'_>) -> bool {
        if deadline != self.wakes_at {
            self.wakes_at = deadline;
            self.sleep.as_mut().reset(Instant::now() + deadline.saturating_sub(now()));
        }
        self.sleep.as_mut().poll(cx).is_ready()
    }

    /// Does one turn.
    fn work(&mut self, now: Duration) {
        // Mail is read after events are taken, and before they are dispatched. It may bring the
        // links that they concern.
        if self.read_mail(now) {
            self.dispatch_events();
            // Sending took long enough for answers to arrive. JavaScript is woken once for these
            // and the input that was ready before.
            self.take_ready();
            self.read_mail(now);
        }
        self.dispatch_events();
        self.take_turns(now);
        self.fire_timers(now);
        self.sink.deliver();
    }

    /// Gives each queued link a turn. Links that need another turn have it after the others, and
    /// after another look at mail and events. So do handshakes of TLS, if there are many.
    fn take_turns(&mut self, now: Duration) {
        let mut handshakes = 0;
        for _ in 0..self.queue.len() {
            let Some(token) = self.queue.pop_front() else { break };
            if self.is_handshaking(token) {
                handshakes += 1;
                if handshakes > HANDSHAKES_PER_TURN {
                    self.queue.push_back(token);
                    continue;
                }
            }
            self.turn(token, now);
            self.sink.deliver_if_much();
        }
    }

    fn take_ready(&mut self) {
        if self.poller.take_ready().is_err() {
            self.poller.forget_events();
        }
    }

    /// Dispatches the polled events.
    fn dispatch_events(&mut self) {
        for readiness in self.poller.events() {
            if let Some(Some(served)) = self.drivers.get_mut(readiness.token) {
                served.on_ready(readiness);
                if !std::mem::replace(served.queued(), true) {
                    self.queue.push_back(readiness.token);
                }
            }
        }
        self.poller.forget_events();
    }

    /// Reads the mail. Returns whether it had more than deadlines.
    fn read_mail(&mut self, now: Duration) -> bool {
        let mut mail = std::mem::take(&mut self.mail);
        self.io_thread.take_mail(&mut mail);
        let has_mail = mail.has_work();
        for arrival in mail.arrived.drain(..) {
            self.serve(arrival, now);
        }
        for page in mail.pages.drain(..) {
            self.put(&page, now);
        }
        for token in mail.kicked.drain(..) {
            self.look(token, now);
            self.sink.deliver_if_much();
        }
        for (deadline, token, number) in mail.deadlines.drain(..) {
            self.timers.push(deadline, token, number);
        }
        // A long sleep may have brought much mail.
        mail.arrived.shrink_to(MOST_KEPT);
        mail.deadlines.shrink_to(MOST_KEPT);
        self.mail = mail;
        has_mail
    }

    fn serve(&mut self, arrival: Arrival, now: Duration) {
        match arrival {
            Arrival::Link { token, link, descriptor } => self.serve_link(token, link, descriptor, now),
            Arrival::Arriving { token, arriving, listener } => self.serve_arriving(token, arriving, listener),
            Arrival::Listener { token, listener } => self.place(token, Served::Listener(ListenerDriver::new(listener))),
        }
    }

    /// Gives the token to `served`.
    fn place(&mut self, token: usize, served: Served) {
        if self.drivers.len() <= token {
            self.drivers.resize_with(token + 1, || None);
        }
        self.drivers[token] = Some(served);
    }

    fn serve_link(
        &mut self,
        token: usize,
        link: Arc<SharedConnection>,
        descriptor: Option<Arc<Descriptor>>,
        now: Duration,
    ) {
        // The link is known already if it had work before its descriptor was adopted.
        if self.link(token).is_none() {
            let mut driver = ConnectionDriver::new(link);
            self.serving += 1;
            self.inflating += usize::from(driver.inflates());
            self.io_thread.set_inflating(self.inflating);
            self.take_place(token, &mut driver);
            self.place(token, Served::Link(driver));
        }
        // JavaScript kicks other links when they have work.
        if let Some(descriptor) = descriptor
            && let Some(driver) = self.link_mut(token)
        {
            let inflated = driver.inflates();
            driver.take_descriptor(descriptor);
            if driver.inflates() && !inflated {
                self.inflating += 1;
                self.io_thread.set_inflating(self.inflating);
            }
            // Output of the time of the adoption is still to be flushed.
            self.look(token, now);
        }
    }

    fn link(&self, token: usize) -> Option<&ConnectionDriver> {
        self.drivers.get(token)?.as_ref()?.as_link()
    }

    fn link_mut(&mut self, token: usize) -> Option<&mut ConnectionDriver> {
        self.drivers.get_mut(token)?.as_mut()?.as_link_mut()
    }

    /// Gives what has this token a turn, unless it is to have one already.
    fn enqueue(&mut self, token: usize) {
        if let Some(Some(served)) = self.drivers.get_mut(token)
            && !std::mem::replace(served.queued(), true)
        {
            self.queue.push_back(token);
        }
    }

    /// Sends the messages of a page. All of them are put first: JavaScript's thread may wait for
    /// that.
    fn put(&mut self, page: &Page, now: Duration) {
        let Self { drivers, sink, written, .. } = self;
        page.put_all(|head, payload| {
            let Some(Some(Served::Link(driver))) = drivers.get(head.token) else { return };
            let link = &driver.link;
            let mut state = link.state();
            let (_, reached) =
                link.put(&mut state, payload.len(), head.mark, sink, |state| state.connection.send(head.kind, payload));
            link.tell_flushed(&mut state, reached, sink);
            drop(state);
            // The messages of one link often follow each other.
            if written.last() != Some(&head.token) {
                written.push(head.token);
            }
        });
        let mut written = std::mem::take(&mut self.written);
        for token in written.drain(..) {
            self.look(token, now);
            self.sink.deliver_if_much();
        }
        self.written = written;
    }

    /// Looks at a link at JavaScript's request. Others have a turn.
    fn look(&mut self, token: usize, now: Duration) {
        let Some(Some(Served::Link(driver))) = self.drivers.get_mut(token) else { return self.enqueue(token) };
        let link = &driver.link;
        link.take_kick();
        let mut state = link.state();
        if !state.blocked && !state.closing.is_released() {
            link.flush(&mut state, now, &mut self.sink);
        }
        // JavaScript has the timers of other links.
        if driver.descriptor.is_some()
            && let Some(deadline) = state.rearm()
        {
            self.timers.push(deadline, token, link.number);
        }
        // In the common case, the flush was all there was to do.
        if driver.needs_turn(&state) && !std::mem::replace(&mut driver.queued, true) {
            self.queue.push_back(token);
        }
    }

    fn turn(&mut self, token: usize, now: Duration) {
        let Some(Some(Served::Link(driver))) = self.drivers.get_mut(token) else {
            return self.turn_of_other(token, now);
        };
        let was_lingering = driver.lingering.is_some();
        let inflated = driver.inflates();
        let mut next = driver.turn(now, &mut self.sink);
        if driver.inflates() && !inflated {
            self.inflating += 1;
            self.io_thread.set_inflating(self.inflating);
        }
        if next != TurnResult::Done && !driver.await_room(&self.io_thread, token) {
            next = TurnResult::Again;
        }
        if let Some(deadline) = driver.take_rearm() {
            self.timers.push(deadline, token, driver.link.number);
        }
        driver.queued = next == TurnResult::Again;
        if next == TurnResult::Again {
            self.queue.push_back(token);
        }
        if next == TurnResult::Done {
            self.forget(token);
        } else if driver.lingering.is_some() && !was_lingering {
            self.lingering.begin(token, driver.link.number, now);
            while let Some(oldest) = self.lingering.take_surplus() {
                self.end_lingering(oldest);
            }
        }
    }

    fn fire_timers(&mut self, now: Duration) {
        while let Some((token, number, deadline)) = self.timers.take_due(now) {
            if self.drivers.get(token).and_then(Option::as_ref).is_some_and(|served| served.number() == number) {
                self.fire(token, deadline, now);
                self.sink.deliver_if_much();
            }
        }
        while let Some(due) = self.lingering.take_due(now) {
            if self.was_busy_since(now.saturating_sub(LINGER), due) {
                self.lingering.again(due, now);
            } else {
                self.end_lingering(due);
            }
        }
        let drivers = &self.drivers;
        self.timers.tidy(self.serving + self.arriving, |token, number, deadline| {
            let served = drivers.get(token).and_then(Option::as_ref);
            served.is_some_and(|served| served.number() == number && served.is_armed_for(deadline))
        });
    }

    /// The entry of the timer queue for `deadline` is due.
    fn fire(&mut self, token: usize, deadline: Duration, now: Duration) {
        let Some(Some(Served::Link(driver))) = self.drivers.get_mut(token) else {
            return self.fire_other(token, deadline, now);
        };
        let needs_turn = driver.fire(deadline, now, &mut self.sink);
        if let Some(deadline) = driver.take_rearm() {
            self.timers.push(deadline, token, driver.link.number);
        }
        if needs_turn {
            self.enqueue(token);
        }
    }

    /// Whether a lingering link had something to deflate after that time.
    fn was_busy_since(&self, since: Duration, link: LingeringLink) -> bool {
        self.link(link.token).filter(|driver| driver.link.number == link.number).is_some_and(|driver| {
            let busy_at = driver.lingering.as_ref().and_then(|lingering| lingering.busy_at);
            busy_at.is_some_and(|at| at > since) || driver.link.state().connection.is_deflating()
        })
    }

    /// Cuts a lingering link off, unless it is gone already.
    fn end_lingering(&mut self, link: LingeringLink) {
        if let Some(driver) = self.link(link.token)
            && driver.link.number == link.number
        {
            self.forget(link.token);
        }
    }

    /// Ends a link and gives its descriptor up.
    fn forget(&mut self, token: usize) {
        let Some(driver) = self.drivers.get_mut(token).and_then(|served| served.take_if(|it| it.as_link().is_some()))
        else {
            return;
        };
        let Served::Link(driver) = driver else { return };
        self.serving -= 1;
        if driver.lingering.is_some() {
            self.lingering.on_gone();
        }
        self.inflating -= usize::from(driver.inflates());
        self.io_thread.set_inflating(self.inflating);
        self.io_thread.forget(token, driver.descriptor.as_deref());
        driver.finish(&mut self.sink);
    }
}
