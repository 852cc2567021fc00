//! Which of a thread's descriptors are ready.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Registry, Token};
use tokio::io::unix::AsyncFd;

use super::descriptor::Descriptor;

/// Most events that one poll takes. The next poll takes the others.
const MOST_EVENTS: usize = 256;

/// The only entry of the outer list.
#[cfg(any(target_os = "linux", target_os = "android"))]
const THE_LIST: Token = Token(0);

/// Urgent data makes a read short although more bytes follow.
#[cfg(any(target_os = "linux", target_os = "android"))]
const TO_READ: Interest = Interest::READABLE.add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const TO_READ: Interest = Interest::READABLE;
const TO_READ_OR_WRITE: Interest = TO_READ.add(Interest::WRITABLE);

/// The readiness of a descriptor. An event is reported once, when something changes. After it, read
/// or write until the kernel has nothing more.
#[derive(Debug, Clone, Copy)]
pub struct Readiness {
    /// The number that the descriptor was registered with.
    pub token: usize,
    /// There is something to read: bytes, the end, or an error.
    pub readable: bool,
    /// There is room to write, or writing fails.
    pub writable: bool,
    /// The end, or urgent data, is among the input. A short read is not the last one then.
    pub ending: bool,
}

/// The watch list of an I/O thread.
///
/// It is a list of its own, and one entry of tokio's list. So an event costs a look at its
/// connection, but no task, no waker and none of their memory. On Linux there is an outer list
/// between the two. Its only entry is this list. While that entry is muted, events wake no thread.
pub struct Poller {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    list: mio::Poll,
    /// The entry of tokio's list: the outer list on Linux, and the list itself on other systems.
    outer: AsyncFd<mio::Poll>,
    events: Events,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    heard: Events,
}

impl Poller {
    /// An empty list, registered with the current runtime.
    ///
    /// # Errors
    /// When the process has no descriptor left for it.
    pub fn new() -> io::Result<Self> {
        let outer = mio::Poll::new()?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let list = mio::Poll::new()?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        outer.registry().register(&mut SourceFd(&list.as_raw_fd()), THE_LIST, Interest::READABLE)?;
        // SAFETY: `mio::Poll` owns its descriptor, and neither closes nor replaces it while it
        // lives. AsyncFd removes it from tokio's list before it drops it.
        let outer = unsafe { AsyncFd::register_with_interest(outer, tokio::io::Interest::READABLE) }?;
        Ok(Self {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            list,
            outer,
            events: Events::with_capacity(MOST_EVENTS),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            heard: Events::with_capacity(1),
        })
    }

    /// A handle that puts descriptors on the list.
    ///
    /// # Errors
    /// When the process has no descriptor left for it.
    pub fn registrar(&self) -> io::Result<Registrar> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let list = &self.list;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let list = self.outer.get_ref();
        list.registry().try_clone().map(Registrar)
    }

    /// Takes events. Ready when there is at least one. A muted list is never ready.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            // Events need not be taken out of the outer list: Linux goes by the inner list.
            let mut guard = ready!(self.outer.poll_read_ready_mut(cx))?;
            #[cfg(any(target_os = "linux", target_os = "android"))]
            take(&mut self.list, &mut self.events)?;
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            take(guard.get_inner_mut(), &mut self.events)?;
            let count = self.events.iter().count();
            if count < MOST_EVENTS {
                guard.clear_ready();
            }
            if count > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Takes the events that there are now, if any.
    ///
    /// # Errors
    /// When the system has no memory for it.
    pub fn take_ready(&mut self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let list = &mut self.list;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let list = self.outer.get_mut();
        take(list, &mut self.events)
    }

    /// Keeps events from waking the thread. [`take_ready`](Self::take_ready) still takes them.
    /// Returns whether that is possible.
    pub fn mute(&self) -> bool {
        // A list is never writable. Changing an entry needs no memory of the system's; removing it
        // and adding it again would.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let is_muted = self.watch_list(Interest::WRITABLE).is_ok();
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let is_muted = false;
        is_muted
    }

    /// Lets events wake the thread again, also those of the time in between. Returns whether that
    /// worked.
    pub fn unmute(&mut self) -> bool {
        // Events from before the muting must be taken first: a change is reported only to an empty
        // list.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let is_unmuted = take(self.outer.get_mut(), &mut self.heard).and(self.watch_list(Interest::READABLE)).is_ok();
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let is_unmuted = true;
        is_unmuted
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn watch_list(&self, interest: Interest) -> io::Result<()> {
        self.outer.get_ref().registry().reregister(&mut SourceFd(&self.list.as_raw_fd()), THE_LIST, interest)
    }

    /// The events that were taken last.
    pub fn events(&self) -> impl Iterator<Item = Readiness> {
        self.events.iter().map(|event| {
            let ending = event.is_read_closed() || event.is_error() || event.is_priority();
            Readiness {
                token: event.token().0,
                readable: event.is_readable() || ending,
                writable: event.is_writable() || event.is_write_closed() || event.is_error(),
                ending,
            }
        })
    }

    /// Drops the events that were taken last.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }
}

/// Puts descriptors on a watch list, from any thread.
#[derive(Debug)]
pub struct Registrar(Registry);

impl Registrar {
    /// Registers a descriptor for readable events. It is writable at first, so an event for that
    /// would wake the thread at once.
    ///
    /// # Errors
    /// When the system's list has no room.
    pub fn register(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        descriptor.with_number(|fd| self.0.register(&mut SourceFd(&fd), Token(token), TO_READ))
    }

    /// Registers a descriptor for writable events too. If it is writable or readable already, that
    /// is an event.
    ///
    /// # Errors
    /// When the system's list has no room, or the descriptor was given up.
    pub fn await_room(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        descriptor.with_number(|fd| self.0.reregister(&mut SourceFd(&fd), Token(token), TO_READ_OR_WRITE))
    }

    /// Removes a descriptor from the list, and gives it up. The owner's closing would not remove
    /// it: there may be duplicates, and the number may belong to another connection by then.
    pub fn give_up(&self, descriptor: &Descriptor) {
        // This fails only for a descriptor that is not on the list.
        descriptor.give_up(|fd| drop(self.0.deregister(&mut SourceFd(&fd))));
    }

    /// Removes a descriptor of our own from the list, and gives it to the caller.
    pub fn hand_out(&self, descriptor: &Descriptor) -> Option<OwnedFd> {
        // As above.
        descriptor.hand_out(|fd| drop(self.0.deregister(&mut SourceFd(&fd))))
    }

    /// Replaces a borrowed descriptor by a duplicate, which is registered for writable events too.
    ///
    /// # Errors
    /// When the process has no descriptor left, or the system's list has no room. Then nothing has
    /// changed.
    pub fn duplicate(&self, descriptor: &Descriptor, token: usize) -> io::Result<()> {
        descriptor.duplicate(|borrowed, own| {
            self.0.register(&mut SourceFd(&own), Token(token), TO_READ_OR_WRITE)?;
            // As above.
            let _ = self.0.deregister(&mut SourceFd(&borrowed));
            Ok(())
        })
    }
}

fn take(list: &mut mio::Poll, events: &mut Events) -> io::Result<()> {
    match list.poll(events, Some(Duration::ZERO)) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    use socket2::SockRef;

    use super::*;

    /// The two ends of a connection.
    fn pair() -> io::Result<(TcpStream, TcpStream)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let peer = TcpStream::connect(listener.local_addr()?)?;
        Ok((listener.accept()?.0, peer))
    }

    fn on_a_runtime(test: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test)
    }

    /// The readiness of the one descriptor on the list, once it fits.
    async fn until(poller: &mut Poller, fits: impl Fn(Readiness) -> bool) -> Readiness {
        let fitting = async {
            loop {
                poll_fn(|cx| poller.poll_ready(cx)).await.expect("the list can be asked");
                if let Some(readiness) = poller.events().find(|readiness| fits(*readiness)) {
                    return readiness;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), fitting).await.expect("the kernel says so")
    }

    /// A watch list with one descriptor, and its peer.
    fn watched(token: usize) -> io::Result<(Poller, Descriptor, TcpStream)> {
        let (ours, peer) = pair()?;
        let poller = Poller::new()?;
        let descriptor = Descriptor::own(ours)?;
        poller.registrar()?.register(&descriptor, token)?;
        Ok((poller, descriptor, peer))
    }

    /// The descriptor of a new connection wakes no thread.
    #[test]
    fn tells_of_room_only_where_that_is_awaited() -> io::Result<()> {
        on_a_runtime(async {
            let (mut poller, watched, _peer) = watched(7)?;
            poller.take_ready()?;
            assert_eq!(poller.events().count(), 0);
            poller.registrar()?.await_room(&watched, 7)?;
            poller.take_ready()?;
            assert!(poller.events().any(|readiness| readiness.token == 7 && readiness.writable));
            Ok(())
        })
    }

    #[test]
    fn tells_of_bytes_without_an_end_and_of_the_end() -> io::Result<()> {
        on_a_runtime(async {
            let (mut poller, _watched, mut peer) = watched(7)?;
            peer.write_all(b"a")?;
            let readiness = until(&mut poller, |readiness| readiness.readable).await;
            assert_eq!((readiness.token, readiness.ending), (7, false));
            drop(peer);
            until(&mut poller, |readiness| readiness.readable && readiness.ending).await;
            Ok(())
        })
    }

    /// TCP's urgent mark makes a read short although more is there.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn tells_that_a_short_read_is_not_the_last_one_where_urgent_data_is() -> io::Result<()> {
        on_a_runtime(async {
            let (mut poller, _watched, mut peer) = watched(7)?;
            peer.write_all(b"a")?;
            SockRef::from(&peer).send_out_of_band(b"!")?;
            peer.write_all(b"b")?;
            until(&mut poller, |readiness| readiness.readable && readiness.ending).await;
            Ok(())
        })
    }
}
