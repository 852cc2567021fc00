//! One I/O thread, as other threads see it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use crate::engine::base::lease::NOBODY;
use crate::engine::base::locks::lock;
use crate::engine::base::mailbox::{AT_ONCE, Mail, Mailbox, close};
use crate::engine::base::page::Page;
use crate::transport::descriptor::Descriptor;
use crate::transport::poller::Registrar;

/// The handle of one I/O thread: its watch list, and the mailbox by which other threads reach it.
pub struct IoThread<A> {
    mailbox: Mutex<Mailbox<A>>,
    registrar: Registrar,
    /// The number of the JavaScript thread that polls, or `NOBODY`.
    polled_by: AtomicUsize,
    /// How many links have input that takes long: to be inflated or decrypted.
    inflating: AtomicUsize,
}

impl<A> IoThread<A> {
    /// The handle of the thread with this watch list.
    pub fn new(registrar: Registrar) -> Self {
        Self {
            mailbox: Mutex::default(),
            registrar,
            polled_by: AtomicUsize::new(NOBODY),
            inflating: AtomicUsize::new(0),
        }
    }

    /// Gives the link of `arrival` to the thread, and returns its token. The token is `known` if
    /// the thread serves the link already. The thread is not woken before the peer does something
    /// or the time `by` comes.
    ///
    /// # Errors
    /// When the descriptor can't be watched.
    pub fn serve(
        &self,
        known: Option<usize>,
        descriptor: Option<&Descriptor>,
        by: Duration,
        arrival: impl FnOnce(usize) -> A,
    ) -> io::Result<usize> {
        let mut mailbox = lock(&self.mailbox);
        let token = known.unwrap_or_else(|| mailbox.take_token());
        // Events of the descriptor wake the thread. It reads its mail before it looks up the
        // connections of events.
        if let Some(descriptor) = descriptor
            && let Err(error) = self.registrar.register(descriptor, token)
        {
            if known.is_none() {
                mailbox.free.push(token);
            }
            return Err(error);
        }
        mailbox.mail.arrived.push(arrival(token));
        close(mailbox, by);
        Ok(token)
    }

    /// Gives what has the known `token` another owner, which `arrival` brings. Its descriptor stays
    /// on the watch list. The thread is not woken.
    pub fn replace(&self, arrival: A) {
        lock(&self.mailbox).mail.arrived.push(arrival);
    }

    /// Registers for writable events.
    ///
    /// # Errors
    /// When the registration fails.
    pub fn await_room(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        self.registrar.await_room(descriptor, token)
    }

    /// Gives up a descriptor that the thread serves. Nothing uses it when this returns.
    pub fn give_up(&self, descriptor: &Descriptor) {
        self.registrar.give_up(descriptor);
    }

    /// Gives the caller a descriptor of our own that the thread serves. Nothing else uses it when
    /// this returns.
    pub fn hand_out(&self, descriptor: &Descriptor) -> Option<OwnedFd> {
        self.registrar.hand_out(descriptor)
    }

    /// Replaces a borrowed descriptor, which the thread serves by this token, by a duplicate.
    ///
    /// # Errors
    /// When there can be no duplicate. Then nothing has changed.
    pub fn duplicate(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        self.registrar.duplicate(descriptor, token)
    }

    /// The thread does not serve that link any more. Its token is free.
    pub fn forget(&self, token: usize, descriptor: Option<&Descriptor>) {
        if let Some(descriptor) = descriptor {
            self.give_up(descriptor);
        }
        let mut mailbox = lock(&self.mailbox);
        debug_assert!(!mailbox.free.contains(&token), "a token has one owner");
        mailbox.free.push(token);
    }

    #[cfg(test)]
    pub fn free_tokens(&self) -> Vec<usize> {
        lock(&self.mailbox).free.clone()
    }

    /// Asks the thread to look at the link with this token.
    pub fn kick(&self, token: usize) {
        self.post(AT_ONCE, |mail| mail.kicked.push(token));
    }

    /// [`kick`](Self::kick) for many.
    pub fn kick_all(&self, tokens: impl IntoIterator<Item = usize>) {
        self.post(AT_ONCE, |mail| mail.kicked.extend(tokens));
    }

    /// Gives the thread messages of links that it serves.
    pub fn send(&self, page: Arc<Page>) {
        self.post(AT_ONCE, |mail| mail.pages.push(page));
    }

    /// Adds a deadline of the link with this token and number to the thread's timer queue.
    pub fn arm(&self, deadline: Duration, token: usize, number: u64) {
        self.post(deadline, |mail| mail.deadlines.push((deadline, token, number)));
    }

    fn post(&self, by: Duration, add: impl FnOnce(&mut Mail<A>)) {
        let mut mailbox = lock(&self.mailbox);
        add(&mut mailbox.mail);
        close(mailbox, by);
    }

    /// Wakes the thread if it sleeps.
    pub fn wake(&self) {
        self.wake_by(AT_ONCE);
    }

    /// Wakes the thread if it sleeps and would not wake by itself by that time.
    pub fn wake_by(&self, by: Duration) {
        close(lock(&self.mailbox), by);
    }

    /// Whether `js_thread` polls.
    pub fn is_polled_by(&self, js_thread: usize) -> bool {
        self.polled_by.load(Ordering::SeqCst) == js_thread
    }

    /// Whether another JavaScript thread polls.
    pub fn is_polled_by_other_than(&self, js_thread: usize) -> bool {
        ![js_thread, NOBODY].contains(&self.polled_by.load(Ordering::SeqCst))
    }

    /// Sets the number of the JavaScript thread that polls.
    pub fn set_polled_by(&self, js_thread: usize) {
        self.polled_by.store(js_thread, Ordering::SeqCst);
    }

    /// Whether any link of the thread has input to inflate or decrypt.
    pub fn inflates(&self) -> bool {
        self.inflating.load(Ordering::SeqCst) > 0
    }

    /// Sets how many such links there are.
    pub fn set_inflating(&self, count: usize) {
        self.inflating.store(count, Ordering::SeqCst);
    }

    /// Whether there is mail other than deadlines.
    pub fn holds_mail(&self) -> bool {
        lock(&self.mailbox).mail.has_work()
    }

    /// Swaps the mail into the empty `mail`.
    pub fn take_mail(&self, mail: &mut Mail<A>) {
        let mut mailbox = lock(&self.mailbox);
        std::mem::swap(mail, &mut mailbox.mail);
        // The thread is awake, and looks again before it sleeps.
        mailbox.waker = None;
    }

    /// Whether there is mail. If not, `waker` is woken by mail that can't wait until
    /// `sleeps_until`.
    pub fn has_mail(&self, waker: &Waker, sleeps_until: Duration) -> bool {
        let mut mailbox = lock(&self.mailbox);
        if !mailbox.mail.is_empty() {
            return true;
        }
        mailbox.sleeps_until = sleeps_until;
        if !mailbox.waker.as_ref().is_some_and(|own| own.will_wake(waker)) {
            mailbox.waker = Some(waker.clone());
        }
        false
    }
}
