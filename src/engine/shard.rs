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
    mail: Vec<Mail>,
    /// Wakes the thread, if it sleeps.
    waker: Option<Waker>,
}

/// What other threads want of an I/O thread.
pub enum Mail {
    /// Serve this link and its descriptor.
    Adopt(Arc<Link>, Arc<Descriptor>),
    /// The link has something to send, may be read again, or was let go.
    Kick(Arc<Link>),
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

    /// Has the thread serve a link.
    pub fn adopt(&self, link: Arc<Link>, descriptor: Arc<Descriptor>) {
        self.post([Mail::Adopt(link, descriptor)]);
    }

    /// Has the thread look at a link that it serves.
    pub fn kick(&self, link: Arc<Link>) {
        self.post([Mail::Kick(link)]);
    }

    /// [`kick`](Self::kick) for many.
    pub fn kick_all(&self, links: impl IntoIterator<Item = Arc<Link>>) {
        self.post(links.into_iter().map(Mail::Kick));
    }

    fn post(&self, mail: impl IntoIterator<Item = Mail>) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.mail.extend(mail);
        let waker = if mailbox.mail.is_empty() { None } else { mailbox.waker.take() };
        drop(mailbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Swaps the mail into the empty `mail`.
    pub fn take_mail(&self, mail: &mut Vec<Mail>) {
        std::mem::swap(mail, &mut lock(&self.mailbox).mail);
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
