//! The I/O thread of a link: giving it the link, waking it, and its deadlines.

use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::Ordering;
#[cfg(unix)]
use std::time::Duration;
#[cfg(unix)]
use std::{io, ptr};

#[cfg(unix)]
use super::{Arrival, IoThread, UNKNOWN};
use super::{Home, SharedConnection};
#[cfg(unix)]
use crate::engine::base::mailbox::AT_ONCE;
#[cfg(unix)]
use crate::engine::link::listener::Taken;
use crate::engine::link::state::ConnectionState;
#[cfg(unix)]
use crate::transport::descriptor::Descriptor;

impl SharedConnection {
    /// Tells the I/O thread the next deadline, if it is earlier than the one that the thread knows.
    /// JavaScript has the timers of links whose bytes it moves.
    #[cfg(unix)]
    pub fn rearm(&self, state: &mut ConnectionState) {
        if state.descriptor.is_some()
            && !state.closing.is_released()
            && let Some(io_thread) = self.io_thread.get()
            && let Some(token) = self.token()
            && let Some(deadline) = state.rearm()
        {
            io_thread.arm(deadline, token, self.number);
        }
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    pub fn rearm(&self, _state: &mut ConnectionState) {}

    /// Asks the I/O thread to look at this link, if a thread serves it.
    pub fn kick(&self) {
        #[cfg(unix)]
        if let Some(io_thread) = self.io_thread.get()
            && let Some(token) = self.wanted_kick()
        {
            io_thread.kick(token);
        }
    }

    /// [`kick`](Self::kick) for many, with one mail for each I/O thread.
    #[cfg(unix)]
    pub fn kick_all<'a>(links: impl Iterator<Item = &'a Arc<Self>>) {
        let mut kicks: Vec<(&IoThread, Vec<usize>)> = Vec::new();
        for link in links {
            let (Some(io_thread), Some(token)) = (link.io_thread.get(), link.wanted_kick()) else { continue };
            match kicks.iter_mut().find(|(known, _)| ptr::eq(*known, &**io_thread)) {
                Some((_, tokens)) => tokens.push(token),
                None => kicks.push((io_thread, vec![token])),
            }
        }
        for (io_thread, tokens) in kicks {
            io_thread.kick_all(tokens);
        }
    }

    /// [`kick`](Self::kick) for many.
    #[cfg(not(unix))]
    pub fn kick_all<'a>(_links: impl Iterator<Item = &'a Arc<Self>>) {}

    /// The token to kick by, if no kick is in the I/O thread's mail. A link without a token is
    /// kicked when it gets one.
    #[cfg(unix)]
    fn wanted_kick(&self) -> Option<usize> {
        if self.kicked.swap(true, Ordering::SeqCst) {
            return None;
        }
        self.token()
    }

    /// The number by which its I/O thread knows it, if it does.
    #[cfg(unix)]
    pub fn token(&self) -> Option<usize> {
        Some(self.token.load(Ordering::SeqCst)).filter(|&token| token != UNKNOWN)
    }

    /// Its I/O thread, and the number by which that knows it.
    #[cfg(unix)]
    pub fn home(&self) -> Option<Home> {
        Some((self.io_thread.get()?.clone(), self.token()?))
    }

    /// There are no I/O threads here.
    #[cfg(not(unix))]
    pub fn home(&self) -> Option<Home> {
        None
    }

    /// Sets the number by which its I/O thread knows it.
    #[cfg(unix)]
    pub fn set_token(&self, token: usize) {
        self.token.store(token, Ordering::SeqCst);
    }

    /// The I/O thread is about to look at this link. Later kicks need another look.
    #[cfg(unix)]
    pub fn take_kick(&self) {
        self.kicked.store(false, Ordering::SeqCst);
    }

    /// Gives the link and the descriptor to the I/O thread that `choose` returns, if it has none
    /// yet. With `owns`, the link keeps a duplicate. Without it, the descriptor is borrowed until
    /// the link is released, or [gives it up](Self::give_up_descriptor).
    #[cfg(unix)]
    pub fn adopt(
        self: &Arc<Self>,
        descriptor: Descriptor,
        owns: bool,
        choose: impl FnOnce() -> io::Result<Arc<IoThread>>,
    ) -> io::Result<()> {
        if owns {
            descriptor.duplicate(|_, _| Ok(()))?;
        }
        let descriptor = Arc::new(descriptor);
        let io_thread = self.io_thread(choose)?;
        // The lock hides the descriptor until it is registered.
        let mut state = self.state();
        let deadline = state.connection.poll_timeout().unwrap_or(Duration::MAX);
        let by = if state.has_output() { AT_ONCE } else { deadline };
        self.serve_by(io_thread, Some(descriptor.clone()), by)?;
        state.descriptor = Some(descriptor);
        state.follow_clock();
        // JavaScript's timer is gone. The I/O thread's queue has no entry yet.
        state.armed = None;
        Ok(())
    }

    /// Takes the place of a connection of a listener, with its descriptor, on its I/O thread. A raw
    /// link then holds what is behind the head, and what comes, unless JavaScript has taken
    /// everything that was read.
    #[cfg(unix)]
    pub fn succeed(self: &Arc<Self>, taken: Taken<Arrival>) {
        let Taken { arriving, mut bytes, head, received, tls } = taken;
        if bytes.is_empty() {
            self.state().received = received;
        } else {
            bytes.drain(..head);
            self.hold_from_start(bytes, received);
        }
        let token = arriving.token();
        let io_thread = self.io_thread.get_or_init(|| arriving.io_thread.clone());
        let mut state = self.state();
        state.descriptor = Some(arriving.descriptor.clone());
        state.tls = tls;
        state.follow_clock();
        drop(state);
        self.set_token(token);
        let descriptor = Some(arriving.descriptor.clone());
        io_thread.replace(Arrival::Link { token, link: self.clone(), descriptor });
        // Events from now on wake the thread, which reads its mail first. Earlier ones do not come
        // again.
        if arriving.has_news() {
            io_thread.wake();
        }
    }

    /// Gives a link whose bytes JavaScript moves to the I/O thread that `choose` returns, if it has
    /// none yet. The thread deflates and inflates, after it is kicked.
    #[cfg(unix)]
    pub fn serve(self: &Arc<Self>, choose: impl FnOnce() -> io::Result<Arc<IoThread>>) -> io::Result<()> {
        self.serve_by(self.io_thread(choose)?, None, Duration::MAX)
    }

    /// Gives the link to its I/O thread, which looks at it by that time.
    #[cfg(unix)]
    fn serve_by(
        self: &Arc<Self>,
        io_thread: &IoThread,
        descriptor: Option<Arc<Descriptor>>,
        by: Duration,
    ) -> io::Result<()> {
        let token = self.arrive_at(io_thread, descriptor, by)?;
        self.set_token(token);
        // Earlier kicks found no token.
        if self.kicked.load(Ordering::SeqCst) {
            io_thread.kick(token);
        }
        Ok(())
    }

    /// Puts the link into the mail of an I/O thread. Returns its token there.
    #[cfg(unix)]
    pub fn arrive_at(
        self: &Arc<Self>,
        io_thread: &IoThread,
        descriptor: Option<Arc<Descriptor>>,
        by: Duration,
    ) -> io::Result<usize> {
        let watched = descriptor.clone();
        let arrival = |token| Arrival::Link { token, link: self.clone(), descriptor };
        io_thread.serve(self.token(), watched.as_deref(), by, arrival)
    }

    #[cfg(unix)]
    fn io_thread(&self, choose: impl FnOnce() -> io::Result<Arc<IoThread>>) -> io::Result<&Arc<IoThread>> {
        if let Some(io_thread) = self.io_thread.get() {
            return Ok(io_thread);
        }
        let io_thread = choose()?;
        Ok(self.io_thread.get_or_init(|| io_thread))
    }
}
