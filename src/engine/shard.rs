//! The I/O threads, as other threads see them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Waker;

use super::link::Link;
use super::lock;
use super::server::Server;
use crate::transport::descriptor::Descriptor;

/// Most I/O threads that are started by default.
const MOST_THREADS: usize = 4;

/// One I/O thread: the mailbox by which other threads reach its [`Server`].
pub struct Shard {
    mailbox: Mutex<Mailbox>,
}

#[derive(Default)]
struct Mailbox {
    mail: Mail,
    /// Wakes the thread, if it sleeps.
    waker: Option<Waker>,
}

/// What other threads want of an I/O thread.
#[derive(Default)]
pub struct Mail {
    /// Links to serve, with their descriptors unless JavaScript moves their bytes.
    pub arrived: Vec<(Arc<Link>, Option<Arc<Descriptor>>)>,
    /// Tokens of links that have something to send, may be read again, or were let go. A token may have gone to another
    /// link meanwhile: that one is looked at for nothing, and no harm is done.
    pub kicked: Vec<usize>,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.kicked.is_empty()
    }
}

impl Shard {
    /// The thread for the next connection, in turn. Starts the threads at the first call.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn choose() -> io::Result<Arc<Self>> {
        static SHARDS: OnceLock<Vec<Arc<Shard>>> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let shards = match SHARDS.get() {
            Some(shards) => shards,
            None => {
                let _starting = lock(&STARTING);
                match SHARDS.get() {
                    Some(shards) => shards,
                    None => {
                        let started = start_threads(thread_count())?;
                        SHARDS.get_or_init(|| started)
                    }
                }
            }
        };
        Ok(shards[NEXT.fetch_add(1, Ordering::Relaxed) % shards.len()].clone())
    }

    /// A mailbox to which no thread belongs.
    #[cfg(test)]
    pub fn alone() -> Arc<Self> {
        Arc::new(Self { mailbox: Mutex::default() })
    }

    /// Has the thread serve a link.
    pub fn serve(&self, link: Arc<Link>, descriptor: Option<Arc<Descriptor>>) {
        self.post(|mail| mail.arrived.push((link, descriptor)));
    }

    /// Has the thread look at the link with this token.
    pub fn kick(&self, token: usize) {
        self.post(|mail| mail.kicked.push(token));
    }

    /// [`kick`](Self::kick) for many.
    pub fn kick_all(&self, tokens: impl IntoIterator<Item = usize>) {
        self.post(|mail| mail.kicked.extend(tokens));
    }

    fn post(&self, add: impl FnOnce(&mut Mail)) {
        let mut mailbox = lock(&self.mailbox);
        add(&mut mailbox.mail);
        let waker = mailbox.waker.take();
        drop(mailbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Swaps the mail into the empty `mail`.
    pub fn take_mail(&self, mail: &mut Mail) {
        let mut mailbox = lock(&self.mailbox);
        std::mem::swap(mail, &mut mailbox.mail);
        // The thread is awake, and looks again before it sleeps.
        mailbox.waker = None;
    }

    /// Whether there is mail. If not, `waker` is woken when some comes.
    pub fn has_mail(&self, waker: &Waker) -> bool {
        let mut mailbox = lock(&self.mailbox);
        if !mailbox.mail.is_empty() {
            return true;
        }
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

fn start_threads(count: usize) -> io::Result<Vec<Arc<Shard>>> {
    let shards: Vec<_> = (0..count).map(|_| Arc::new(Shard { mailbox: Mutex::default() })).collect();
    let mut started = Vec::new();
    for (index, shard) in shards.iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        // The watch list is made here, so that its failure is known before anything is entrusted to the thread.
        let server = {
            let _entered = runtime.enter();
            Server::new(shard.clone())?
        };
        started.push((index, runtime, server));
    }
    for (index, runtime, server) in started {
        std::thread::Builder::new()
            .name(format!("websocket-io-{index}"))
            .spawn(move || runtime.block_on(server.run()))?;
    }
    Ok(shards)
}
