//! What an I/O thread does.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::leading::{LEASE, Look, MOST_LED, NOBODY};
use super::patience::note_work;
use super::pending::Pending;
use super::served::{Next, Served};
use super::shard::{Arrival, Mail, Shard};
use super::timers::TimerQueue;
use super::{lock, now};
use crate::transport::poller::Poller;

/// How long a dropped connection is read on so that the peer sees the close frame. What is still to be deflated before that
/// takes its own time: twice as long may pass behind that.
const LINGER: Duration = Duration::from_secs(2);

/// Most connections of a thread that are seen off at a time. JavaScript and the HTTP server's `maxConnections` know nothing
/// of them any more, so it is here that a peer must not be able to use up the descriptors of the process.
const MOST_LINGERING: usize = 256;

/// Arrivals and deadlines for which memory is kept.
const MOST_KEPT: usize = 256;

/// Serves the adopted descriptors of one I/O thread, in turns: takes what the kernel, other threads and the clock say, lets
/// each connection that is concerned read and write, and hands over what came of it. The I/O thread has it locked while it is
/// awake; while it sleeps, JavaScript's may [`lead`](super::leading).
pub struct Server {
    shard: Arc<Shard>,
    poller: Poller,
    /// By their tokens.
    served: Vec<Option<Served>>,
    /// How many they are.
    serving: usize,
    /// Tokens of those that have a turn.
    queue: VecDeque<usize>,
    mail: Mail,
    pending: Pending,
    timers: TimerQueue,
    /// Until when, the token and the number of the links that are seen off, in order.
    lingering: VecDeque<(Duration, usize, u64)>,
    /// How many of them are still there.
    leaving: usize,
    sleep: Pin<Box<Sleep>>,
    /// What `sleep` is set to.
    wakes_at: Duration,
    /// How many links may get something to inflate.
    inflating: usize,
    /// The I/O thread sleeps.
    sleeps: bool,
    /// What the watch list has told is still to be noted.
    unnoted: bool,
    /// The gate was shut since this thread has looked at the watch list.
    unlooked: bool,
    /// JavaScript's thread leads, and would be done or have looked again by then.
    led_until: Option<Duration>,
}

impl Server {
    /// A server without connections, in the current runtime.
    ///
    /// # Errors
    /// When the process has no descriptor left for the watch list.
    pub fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        Ok(Self {
            shard: Arc::new(Shard::new(poller.registrar()?)),
            poller,
            served: Vec::new(),
            serving: 0,
            queue: VecDeque::new(),
            mail: Mail::default(),
            pending: Pending::default(),
            timers: TimerQueue::default(),
            lingering: VecDeque::new(),
            leaving: 0,
            sleep: Box::pin(tokio::time::sleep_until(Instant::now())),
            wakes_at: Duration::ZERO,
            inflating: 0,
            sleeps: true,
            unnoted: false,
            unlooked: false,
            led_until: None,
        })
    }

    /// How other threads reach it.
    pub fn shard(&self) -> &Arc<Shard> {
        &self.shard
    }

    /// Serves until the process ends.
    pub async fn run(server: Arc<Mutex<Self>>) {
        loop {
            poll_fn(|cx| {
                let mut server = lock(&server);
                let wake = server.poll_wake(cx);
                server.set_sleeps(wake.is_pending());
                if wake.is_ready() {
                    server.rise();
                    server.work(now());
                }
                wake
            })
            .await;
        }
    }

    /// Serves by itself from now on, what has come while JavaScript's thread led included: a deadline must not pass for it.
    fn rise(&mut self) {
        self.hand_back();
        if std::mem::take(&mut self.unlooked) && self.poller.events().next().is_none() {
            self.take_ready();
        }
    }

    fn set_sleeps(&mut self, sleeps: bool) {
        if sleeps != std::mem::replace(&mut self.sleeps, sleeps) {
            note_work(!sleeps);
        }
    }

    /// Looks for JavaScript's thread whether there is something to do, and does it if it is little.
    pub fn lead(&mut self, leader: usize, now: Duration) -> Look {
        if !self.sleeps || self.serving == 0 || self.shard.is_led_by_other_than(leader) {
            return Look::Nothing;
        }
        if self.inflating > 0 || self.unnoted || !self.queue.is_empty() || !self.shut_gate(leader, now) {
            return Look::Much;
        }
        self.take_ready();
        let ready = self.poller.events().count();
        // Mail may bring those whom the events concern, and work for many: it is the I/O thread's.
        if ready > MOST_LED || (ready > 0 && (self.shard.holds_mail() || self.has_long_news())) {
            self.unnoted = true;
        } else if ready > 0 {
            self.note_ready();
            self.take_turns(now);
            self.pending.deliver();
        }
        if !self.unnoted && self.queue.is_empty() {
            return if ready > 0 { Look::Little } else { Look::Nothing };
        }
        self.hand_back();
        self.shard.wake();
        Look::Much
    }

    /// Whether there is more of a long frame among what the watch list has told.
    fn has_long_news(&self) -> bool {
        let mut told = self.poller.events().filter_map(|readiness| self.served.get(readiness.token)?.as_ref());
        told.any(Served::is_landing)
    }

    /// Keeps the I/O thread asleep for a lease. It is told of the first one, for it has to see to the end of that should
    /// JavaScript not come back.
    fn shut_gate(&mut self, leader: usize, now: Duration) -> bool {
        let until = now + LEASE;
        if self.led_until.is_none() {
            if !self.poller.shut_gate() {
                return false;
            }
            self.shard.set_leader(leader);
            self.shard.wake_by(until);
        }
        self.led_until = Some(until);
        true
    }

    /// From now on the I/O thread is woken by what happens.
    pub fn hand_back(&mut self) {
        if self.led_until.is_some() {
            self.shard.set_leader(NOBODY);
            self.unlooked = true;
            // Should the gate stay shut, the I/O thread looks and tries again after as long as a lease.
            self.led_until = if self.poller.open_gate() { None } else { Some(now() + LEASE) };
        }
    }

    /// Sleeps until there is something to do.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.unnoted) {
            return Poll::Ready(());
        }
        if !self.queue.is_empty() {
            self.take_ready();
            return Poll::Ready(());
        }
        // A watch list that fails has no memory: the kernel may have some the next time.
        let ready = self.poller.poll_ready(cx).is_ready();
        let deadline = self.next_deadline();
        let has_mail = self.shard.has_mail(cx.waker(), deadline.unwrap_or(Duration::MAX));
        let is_due = deadline.is_some_and(|deadline| self.poll_deadline(deadline, cx));
        if ready || has_mail || is_due { Poll::Ready(()) } else { Poll::Pending }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let lingers_until = self.lingering.front().map(|(deadline, ..)| *deadline);
        self.timers.next().into_iter().chain(lingers_until).chain(self.led_until).min()
    }

    fn poll_deadline(&mut self, deadline: Duration, cx: &mut Context<'_>) -> bool {
        if deadline != self.wakes_at {
            self.wakes_at = deadline;
            self.sleep.as_mut().reset(Instant::now() + deadline.saturating_sub(now()));
        }
        self.sleep.as_mut().poll(cx).is_ready()
    }

    /// Sees to what other threads, the kernel and the clock have said.
    fn work(&mut self, now: Duration) {
        // Mail is read after events are taken, and before they are noted: it may bring those whom they concern.
        if self.read_mail(now) {
            self.note_ready();
            // Sending took long enough for answers to have come: JavaScript is woken once for these and what was ready.
            self.take_ready();
            self.read_mail(now);
        }
        self.note_ready();
        self.take_turns(now);
        self.fire_timers(now);
        self.pending.deliver();
    }

    /// Those that want another turn have it after the others, and after another look at what is new.
    fn take_turns(&mut self, now: Duration) {
        for _ in 0..self.queue.len() {
            if let Some(token) = self.queue.pop_front() {
                self.turn(token, now);
                self.pending.deliver_if_much();
            }
        }
    }

    fn take_ready(&mut self) {
        if self.poller.take_ready().is_err() {
            self.poller.forget_events();
        }
    }

    fn note_ready(&mut self) {
        for readiness in self.poller.events() {
            if let Some(Some(served)) = self.served.get_mut(readiness.token) {
                served.on_ready(readiness);
                if !std::mem::replace(&mut served.queued, true) {
                    self.queue.push_back(readiness.token);
                }
            }
        }
        self.poller.forget_events();
    }

    /// Says whether there was something to look at.
    fn read_mail(&mut self, now: Duration) -> bool {
        let mut mail = std::mem::take(&mut self.mail);
        self.shard.take_mail(&mut mail);
        let has_mail = !mail.kicked.is_empty() || !mail.arrived.is_empty();
        for arrival in mail.arrived.drain(..) {
            self.serve(arrival, now);
        }
        for token in mail.kicked.drain(..) {
            self.look(token, now);
            self.pending.deliver_if_much();
        }
        for (deadline, token, number) in mail.deadlines.drain(..) {
            self.timers.push(deadline, token, number);
        }
        // Many may have come while the thread slept.
        mail.arrived.shrink_to(MOST_KEPT);
        mail.deadlines.shrink_to(MOST_KEPT);
        self.mail = mail;
        has_mail
    }

    fn serve(&mut self, arrival: Arrival, now: Duration) {
        let Arrival { token, link, descriptor } = arrival;
        if self.served.len() <= token {
            self.served.resize_with(token + 1, || None);
        }
        // It is known already if it had work before its descriptor was adopted.
        let served = self.served[token].get_or_insert_with(|| {
            self.serving += 1;
            let served = Served::new(link);
            self.inflating += usize::from(served.inflates());
            self.shard.set_inflating(self.inflating);
            served
        });
        if descriptor.is_some() {
            served.descriptor = descriptor;
        }
        // What was sent while the descriptor was handed over has nobody else to see to it.
        self.look(token, now);
    }

    /// Looks at a link at JavaScript's request.
    fn look(&mut self, token: usize, now: Duration) {
        let Some(Some(served)) = self.served.get_mut(token) else { return };
        let link = &served.link;
        link.take_kick();
        let mut core = link.core();
        if !core.blocked && core.released.is_none() {
            link.flush(&mut core, now, &mut self.pending);
        }
        // The timers of the others are JavaScript's.
        if served.descriptor.is_some()
            && let Some(deadline) = core.rearm()
        {
            self.timers.push(deadline, token, link.number);
        }
        // With room in the kernel and nothing else to see to, that was all: the common case.
        if served.needs_turn(&core) && !std::mem::replace(&mut served.queued, true) {
            self.queue.push_back(token);
        }
    }

    fn turn(&mut self, token: usize, now: Duration) {
        let Some(Some(served)) = self.served.get_mut(token) else { return };
        let was_leaving = served.farewell;
        let mut next = served.turn(now, &mut self.pending);
        if next != Next::Done && !served.await_room(&self.shard, token) {
            next = Next::Again;
        }
        if let Some(deadline) = served.take_rearm() {
            self.timers.push(deadline, token, served.link.number);
        }
        served.queued = next == Next::Again;
        if next == Next::Again {
            self.queue.push_back(token);
        }
        if next == Next::Done {
            self.forget(token);
        } else if served.farewell && !was_leaving {
            let number = served.link.number;
            served.lingers = true;
            self.lingering.push_back((now + LINGER, token, number));
            self.leaving += 1;
            while self.leaving > MOST_LINGERING {
                self.end_lingering();
            }
        }
    }

    fn fire_timers(&mut self, now: Duration) {
        while let Some((token, number, deadline)) = self.timers.take_due(now) {
            if let Some(Some(served)) = self.served.get_mut(token)
                && served.link.number == number
            {
                let queued = served.fire(deadline, now, &mut self.pending);
                if let Some(deadline) = served.take_rearm() {
                    self.timers.push(deadline, token, number);
                }
                if queued && !std::mem::replace(&mut served.queued, true) {
                    self.queue.push_back(token);
                }
                self.pending.deliver_if_much();
            }
        }
        while let Some((deadline, token, number)) = self.lingering.front().copied()
            && deadline <= now
        {
            if self.was_busy_since(now.saturating_sub(LINGER), token, number) {
                self.lingering.pop_front();
                self.lingering.push_back((now + LINGER, token, number));
            } else {
                self.end_lingering();
            }
        }
        let served = &self.served;
        self.timers.tidy(self.serving, |token, number, deadline| {
            let served = served.get(token).and_then(Option::as_ref);
            served.is_some_and(|served| served.link.number == number && served.is_armed_for(deadline))
        });
    }

    /// Whether the link with this token and number, which is seen off, had something to deflate after that time.
    fn was_busy_since(&self, since: Duration, token: usize, number: u64) -> bool {
        let served = self.served.get(token).and_then(Option::as_ref).filter(|served| served.link.number == number);
        served.is_some_and(|served| {
            served.busy_at.is_some_and(|at| at > since) || served.link.core().connection.is_deflating()
        })
    }

    /// Ends the one that is seen off longest, unless it is gone already.
    fn end_lingering(&mut self) {
        if let Some((_, token, number)) = self.lingering.pop_front()
            && let Some(Some(served)) = self.served.get(token)
            && served.link.number == number
        {
            self.forget(token);
        }
    }

    /// Gives the descriptor up.
    fn forget(&mut self, token: usize) {
        let Some(served) = self.served.get_mut(token).and_then(Option::take) else { return };
        self.serving -= 1;
        self.leaving -= usize::from(served.lingers);
        self.inflating -= usize::from(served.inflates());
        self.shard.set_inflating(self.inflating);
        self.shard.forget(token, served.descriptor.as_deref());
        let mut core = served.link.core();
        core.descriptor = None;
        if std::mem::take(&mut core.awaits_marks) {
            // What was not sent never will be.
            served.tell_last(&mut self.pending);
        }
    }
}

#[cfg(test)]
mod tests;
