//! The I/O threads, as other threads see them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::Waker;
use std::time::Duration;

use super::event_loop::EventLoop;
use super::link::SharedConnection;
use super::lock;
use super::polling::NOBODY;
use crate::transport::descriptor::Descriptor;
use crate::transport::poller::Registrar;

/// Most I/O threads that are started by default.
const MOST_THREADS: usize = 4;

/// The time by which something is due that can't wait.
pub const AT_ONCE: Duration = Duration::ZERO;

/// The handle of one I/O thread: its watch list, and the mailbox by which other threads reach its
/// [`EventLoop`].
pub struct IoThread {
    mailbox: Mutex<Mailbox>,
    registrar: Registrar,
    /// The number of the JavaScript thread that polls, or `NOBODY`.
    polled_by: AtomicUsize,
    /// How many links may get something to inflate.
    inflating: AtomicUsize,
}

/// An I/O thread that runs.
pub struct Running {
    /// How others reach it.
    pub io_thread: Arc<IoThread>,
    /// Locked by the thread while it is awake.
    pub event_loop: Arc<Mutex<EventLoop>>,
}

static RUNNING: OnceLock<Vec<Running>> = OnceLock::new();

/// The I/O threads: none before there was something for them.
pub fn running() -> &'static [Running] {
    RUNNING.get().map_or(&[], Vec::as_slice)
}

#[derive(Default)]
struct Mailbox {
    mail: Mail,
    /// Wakes the thread, if it sleeps.
    waker: Option<Waker>,
    /// When it wakes by itself at the latest.
    sleeps_until: Duration,
    /// Tokens that no link has, of those below `tokens`.
    free: Vec<usize>,
    tokens: usize,
}

/// What other threads want of an I/O thread.
#[derive(Default)]
pub struct Mail {
    pub arrived: Vec<Arrival>,
    /// Tokens of links that have something to send, may be read again, or were let go. A token may have gone to another
    /// link meanwhile: that one is looked at for nothing, and no harm is done.
    pub kicked: Vec<usize>,
    /// Entries for the timer queue: when, the token of the link, and the link's number.
    pub deadlines: Vec<(Duration, usize, u64)>,
}

/// A link to serve, which its thread may know already.
pub struct Arrival {
    pub token: usize,
    pub link: Arc<SharedConnection>,
    /// None while JavaScript moves the bytes.
    pub descriptor: Option<Arc<Descriptor>>,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.kicked.is_empty() && self.deadlines.is_empty()
    }
}

impl Mailbox {
    fn take_token(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.tokens += 1;
            self.tokens - 1
        })
    }
}

/// Gives the mailbox back, and wakes the thread if it sleeps and does not wake by itself by that time.
fn close(mut mailbox: MutexGuard<'_, Mailbox>, by: Duration) {
    let waker = if by < mailbox.sleeps_until { mailbox.waker.take() } else { None };
    drop(mailbox);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl IoThread {
    /// The mailbox of the thread with that watch list.
    pub fn new(registrar: Registrar) -> Self {
        Self {
            mailbox: Mutex::default(),
            registrar,
            polled_by: AtomicUsize::new(NOBODY),
            inflating: AtomicUsize::new(0),
        }
    }

    /// The thread for the next connection, in turn. Starts the threads at the first call.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn choose() -> io::Result<Arc<Self>> {
        static STARTING: Mutex<()> = Mutex::new(());
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let running = match RUNNING.get() {
            Some(running) => running,
            None => {
                let _starting = lock(&STARTING);
                match RUNNING.get() {
                    Some(running) => running,
                    None => {
                        let started = start_threads(thread_count(), spawn_thread)?;
                        RUNNING.get_or_init(|| started)
                    }
                }
            }
        };
        Ok(running[NEXT.fetch_add(1, Ordering::Relaxed) % running.len()].io_thread.clone())
    }

    /// Has the thread serve a link, and says by which token. It need not know before the peer does something, or before that
    /// time: it is not woken for that.
    ///
    /// # Errors
    /// When the descriptor can't be watched.
    pub fn serve(
        &self,
        link: &Arc<SharedConnection>,
        descriptor: Option<Arc<Descriptor>>,
        by: Duration,
    ) -> io::Result<usize> {
        let mut mailbox = lock(&self.mailbox);
        let known = link.token();
        let token = known.unwrap_or_else(|| mailbox.take_token());
        // What happens to the descriptor wakes the thread, which reads its mail before it looks whom that concerns.
        if let Some(descriptor) = &descriptor
            && let Err(error) = self.registrar.register(descriptor, token)
        {
            if known.is_none() {
                mailbox.free.push(token);
            }
            return Err(error);
        }
        mailbox.mail.arrived.push(Arrival { token, link: link.clone(), descriptor });
        close(mailbox, by);
        Ok(token)
    }

    /// Has the thread told of room to write.
    ///
    /// # Errors
    /// When the descriptor can't be watched for that.
    pub fn await_room(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        self.registrar.await_room(descriptor, token)
    }

    /// Gives up a descriptor that the thread serves. Nothing uses it any more when this returns.
    pub fn give_up(&self, descriptor: &Descriptor) {
        self.registrar.give_up(descriptor);
    }

    /// Has a duplicate take the place of a borrowed descriptor that the thread serves by that token.
    ///
    /// # Errors
    /// When there can be none. Then nothing has changed.
    pub fn duplicate(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        self.registrar.duplicate(descriptor, token)
    }

    /// The thread serves that link no more.
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

    /// Has the thread look at the link with this token.
    pub fn kick(&self, token: usize) {
        self.post(AT_ONCE, |mail| mail.kicked.push(token));
    }

    /// [`kick`](Self::kick) for many.
    pub fn kick_all(&self, tokens: impl IntoIterator<Item = usize>) {
        self.post(AT_ONCE, |mail| mail.kicked.extend(tokens));
    }

    /// Has the thread see to a deadline of the link with this token and number.
    pub fn arm(&self, deadline: Duration, token: usize, number: u64) {
        self.post(deadline, |mail| mail.deadlines.push((deadline, token, number)));
    }

    fn post(&self, by: Duration, add: impl FnOnce(&mut Mail)) {
        let mut mailbox = lock(&self.mailbox);
        add(&mut mailbox.mail);
        close(mailbox, by);
    }

    /// Wakes the thread if it sleeps.
    pub fn wake(&self) {
        self.wake_by(AT_ONCE);
    }

    /// Wakes the thread if it sleeps, and does not wake by itself by that time.
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

    /// Whether a link of the thread's may get something to inflate.
    pub fn inflates(&self) -> bool {
        self.inflating.load(Ordering::SeqCst) > 0
    }

    /// Says how many such links there are.
    pub fn set_inflating(&self, count: usize) {
        self.inflating.store(count, Ordering::SeqCst);
    }

    /// Whether there is mail that concerns more than the clock.
    pub fn holds_mail(&self) -> bool {
        let mailbox = lock(&self.mailbox);
        !mailbox.mail.arrived.is_empty() || !mailbox.mail.kicked.is_empty()
    }

    /// Swaps the mail into the empty `mail`.
    pub fn take_mail(&self, mail: &mut Mail) {
        let mut mailbox = lock(&self.mailbox);
        std::mem::swap(mail, &mut mailbox.mail);
        // The thread is awake, and looks again before it sleeps.
        mailbox.waker = None;
    }

    /// Whether there is mail. If not, `waker` is woken when some comes that can't wait until `sleeps_until`.
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

/// `WEBSOCKET_NATIVE_THREADS`, or one thread less than there are cores, so that JavaScript keeps one.
fn thread_count() -> usize {
    std::env::var("WEBSOCKET_NATIVE_THREADS").ok().and_then(|count| count.parse().ok()).map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)).clamp(1, MOST_THREADS),
        |count: usize| count.clamp(1, 64),
    )
}

/// What an I/O thread does, for ever.
type Run = Box<dyn FnOnce() + Send>;

/// Starts so many threads by `spawn`, or as many as there can be: each of them would run on, so those that have started are
/// the ones to be used.
///
/// # Errors
/// When not even one can be started.
fn start_threads(count: usize, mut spawn: impl FnMut(usize, Run) -> io::Result<()>) -> io::Result<Vec<Running>> {
    let mut running = Vec::new();
    for index in 0..count {
        match start_thread(|run| spawn(index, run)) {
            Ok(thread) => running.push(thread),
            Err(error) if running.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(running)
}

fn start_thread(spawn: impl FnOnce(Run) -> io::Result<()>) -> io::Result<Running> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // The watch list is made here, so that its failure is known before anything is entrusted to the thread.
    let event_loop = {
        let _entered = runtime.enter();
        EventLoop::new()?
    };
    let io_thread = event_loop.io_thread().clone();
    let event_loop = Arc::new(Mutex::new(event_loop));
    let run = EventLoop::run(event_loop.clone());
    spawn(Box::new(move || runtime.block_on(run)))?;
    Ok(Running { io_thread, event_loop })
}

fn spawn_thread(index: usize, run: Run) -> io::Result<()> {
    std::thread::Builder::new().name(format!("websocket-io-{index}")).spawn(run).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts three threads, of which the one at `failing` can't be made. Gives what has started, and the number of those that
    /// were asked for.
    fn start_but(failing: usize) -> (io::Result<Vec<Running>>, usize) {
        let mut asked = 0;
        let started = start_threads(3, |index, run| {
            asked += 1;
            if index == failing { Err(io::ErrorKind::OutOfMemory.into()) } else { spawn_thread(index, run) }
        });
        (started, asked)
    }

    #[test]
    fn the_threads_that_have_started_are_used_if_others_cannot() -> io::Result<()> {
        for failing in [1, 2] {
            let (started, asked) = start_but(failing);
            assert_eq!((started?.len(), asked), (failing, failing + 1));
        }
        assert_eq!(start_but(3).0?.len(), 3);
        Ok(())
    }

    #[test]
    fn nothing_is_left_where_not_even_one_can() {
        let (started, asked) = start_but(0);
        let error = started.err().expect("there is none");
        assert_eq!((error.kind(), asked), (io::ErrorKind::OutOfMemory, 1));
    }
}
