//! Starts the I/O threads and gives them links.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::engine::base::locks::lock;
use crate::engine::io::event_loop::EventLoop;
use crate::engine::link::shared_connection::{Arrival, Deal, IoThread, SharedConnection, SharedListener};
use crate::transport::descriptor::Descriptor;

/// Most I/O threads by default.
const MOST_THREADS: usize = 4;

/// An I/O thread that runs.
pub struct Running {
    /// Its handle.
    pub io_thread: Arc<IoThread>,
    /// The thread holds this lock while it is awake.
    pub event_loop: Arc<Mutex<EventLoop>>,
}

static RUNNING: OnceLock<Vec<Running>> = OnceLock::new();

/// The I/O threads. There are none before the first link needs one.
pub fn running() -> &'static [Running] {
    RUNNING.get().map_or(&[], Vec::as_slice)
}

/// Gives the link and the descriptor to an I/O thread. With `owns`, the link keeps a duplicate.
/// Without it, the descriptor is borrowed until the link is released, or [gives it
/// up](SharedConnection::give_up_descriptor).
///
/// # Errors
/// When no thread can be started, or the descriptor can't be watched or duplicated.
pub fn adopt(link: &Arc<SharedConnection>, descriptor: Descriptor, owns: bool) -> io::Result<()> {
    link.adopt(descriptor, owns, choose)
}

/// Gives a link whose bytes JavaScript moves to an I/O thread, which deflates and inflates.
///
/// # Errors
/// When no thread can be started.
pub fn serve(link: &Arc<SharedConnection>) -> io::Result<()> {
    link.serve(choose)
}

/// Gives a new listener to an I/O thread, which accepts. All threads serve its connections, in turn.
/// `make` gets how they are dealt out.
///
/// # Errors
/// When no thread can be started, or the descriptor can't be watched.
pub fn listen(make: impl FnOnce(Deal) -> SharedListener) -> io::Result<Arc<SharedListener>> {
    let listener = Arc::new(make(Box::new(choose)));
    listener.serve(choose()?, |token| Arrival::Listener { token, listener: listener.clone() })?;
    Ok(listener)
}

/// The thread for the next connection, in turn. Starts the threads at the first call.
///
/// # Errors
/// When no thread can be started.
fn choose() -> io::Result<Arc<IoThread>> {
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

/// `WEBSOCKET_NATIVE_THREADS`, or one thread less than there are cores, so that one is left for
/// JavaScript.
fn thread_count() -> usize {
    std::env::var("WEBSOCKET_NATIVE_THREADS").ok().and_then(|count| count.parse().ok()).map_or_else(
        || std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)).clamp(1, MOST_THREADS),
        |count: usize| count.clamp(1, 64),
    )
}

/// The body of an I/O thread. It never returns.
type Run = Box<dyn FnOnce() + Send>;

/// Starts `count` threads by `spawn`, or fewer if the system has no room for more. Threads can't be
/// stopped, so those that have started are used.
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
    // The watch list is made here, so that its failure is known before the thread gets any link.
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

    /// Starts three threads, but the one at `failing` can't be made. Returns what has started, and
    /// the number of attempts.
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
