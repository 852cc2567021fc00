//! A socket's file descriptor: Node's while Node has it open, or a duplicate.

use std::io;

#[cfg(not(unix))]
pub use elsewhere::Descriptor;
#[cfg(unix)]
pub use unix::Descriptor;

/// The result of a non-blocking operation.
#[derive(Debug)]
pub enum Io {
    /// The number of bytes that went through. When reading, 0 is the end of the stream.
    Done(usize),
    /// The kernel has no bytes, or no room.
    WouldBlock,
    /// The connection is broken.
    Failed(io::Error),
}

impl From<io::Result<usize>> for Io {
    fn from(result: io::Result<usize>) -> Self {
        match result {
            Ok(n) => Self::Done(n),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Self::WouldBlock,
            Err(error) => Self::Failed(error),
        }
    }
}

/// Repeats `operation` while signals interrupt it.
#[cfg(unix)]
fn retry(mut operation: impl FnMut() -> io::Result<usize>) -> Io {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.into(),
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{self, IoSlice, Read as _};
    use std::mem::{ManuallyDrop, MaybeUninit};
    use std::net::Shutdown;
    use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
    use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
    use std::time::Duration;

    use socket2::{SockAddr, Socket, TcpKeepalive, Type};

    use super::{Io, retry};

    /// Tells the kernel that more follows.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const MORE: libc::c_int = libc::MSG_MORE;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const MORE: libc::c_int = 0;

    /// A connected, non-blocking stream socket.
    ///
    /// When its owner closes a descriptor, the kernel gives the number to another connection at
    /// once. So each system call is made under this lock. [`give_up`](Self::give_up) waits for the
    /// calls that are under way. No call is made after it.
    #[derive(Debug)]
    pub struct Descriptor(RwLock<Held>);

    #[derive(Debug)]
    enum Held {
        /// A descriptor that its owner closes.
        Borrowed(ManuallyDrop<Socket>),
        /// A close-on-exec duplicate.
        Own(Socket),
        /// Given up.
        Nothing,
    }

    impl Held {
        fn socket(&self) -> io::Result<&Socket> {
            match self {
                Self::Borrowed(socket) => Ok(socket),
                Self::Own(socket) => Ok(socket),
                // The kernel's error for a closed descriptor.
                Self::Nothing => Err(io::Error::from_raw_os_error(libc::EBADF)),
            }
        }
    }

    impl Descriptor {
        /// Borrows `fd`. This takes no other descriptor of the process.
        ///
        /// # Safety
        /// `fd` stays open until [`give_up`](Self::give_up) or [`duplicate`](Self::duplicate) has
        /// returned.
        ///
        /// # Errors
        /// When `fd` is not an open stream socket.
        pub unsafe fn borrow(fd: RawFd) -> io::Result<Self> {
            if fd < 0 {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            // SAFETY: by the caller's promise it is open. This value is never dropped, so it does
            // not close it.
            let socket = ManuallyDrop::new(unsafe { Socket::from_raw_fd(fd) });
            if socket.r#type()? != Type::STREAM {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            socket.set_nonblocking(true)?;
            Ok(Self(RwLock::new(Held::Borrowed(socket))))
        }

        /// A socket without another owner. It is closed when it is given up.
        ///
        /// # Errors
        /// When it can't be made non-blocking.
        pub fn own(socket: impl Into<Socket>) -> io::Result<Self> {
            let socket = socket.into();
            socket.set_nonblocking(true)?;
            Ok(Self(RwLock::new(Held::Own(socket))))
        }

        /// A socket that was accepted as a non-blocking one.
        pub(in crate::transport) fn accepted(socket: Socket) -> Self {
            Self(RwLock::new(Held::Own(socket)))
        }

        /// Gives the descriptor up without closing it: the caller has it from now on. `before` gets
        /// the number. `None` for one that is borrowed or given up.
        pub fn hand_out(&self, before: impl FnOnce(RawFd)) -> Option<OwnedFd> {
            let mut held = self.write();
            match std::mem::replace(&mut *held, Held::Nothing) {
                Held::Own(socket) => {
                    before(socket.as_raw_fd());
                    Some(socket.into())
                }
                other => {
                    *held = other;
                    None
                }
            }
        }

        /// Replaces what is borrowed by a duplicate. `replace` gets the numbers of both.
        ///
        /// # Errors
        /// When the process has no descriptor left, `replace` fails, or the descriptor is given up.
        /// Then nothing has changed.
        pub fn duplicate(&self, replace: impl FnOnce(RawFd, RawFd) -> io::Result<()>) -> io::Result<()> {
            let mut held = self.write();
            if let Held::Own(_) = *held {
                return Ok(());
            }
            let borrowed = held.socket()?;
            let own = borrowed.try_clone()?;
            replace(borrowed.as_raw_fd(), own.as_raw_fd())?;
            *held = Held::Own(own);
            Ok(())
        }

        /// Gives the descriptor up: closes a duplicate, and does not use a borrowed one any more.
        /// `before` gets the number.
        pub fn give_up(&self, before: impl FnOnce(RawFd)) {
            let mut held = self.write();
            if let Ok(socket) = held.socket() {
                before(socket.as_raw_fd());
            }
            *held = Held::Nothing;
        }

        /// Calls `work` with the number, which is the socket's for that time.
        ///
        /// # Errors
        /// When the descriptor is given up, or `work` fails.
        pub fn with_number<T>(&self, work: impl FnOnce(RawFd) -> io::Result<T>) -> io::Result<T> {
            work(self.read().socket()?.as_raw_fd())
        }

        /// The address of this side, or of the peer.
        ///
        /// # Errors
        /// When the connection is gone, or the descriptor is given up.
        pub fn address(&self, of_peer: bool) -> io::Result<SockAddr> {
            let held = self.read();
            let socket = held.socket()?;
            if of_peer { socket.peer_addr() } else { socket.local_addr() }
        }

        /// Sets whether small segments leave at once (`TCP_NODELAY`).
        ///
        /// # Errors
        /// When this is no TCP socket, or the descriptor is given up.
        pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
            self.read().socket()?.set_tcp_nodelay(on)
        }

        /// Sets whether the kernel asks a silent peer for a sign of life, after `idle`; `None` keeps
        /// the system's time. The later intervals are those of libuv: one second, ten times.
        ///
        /// # Errors
        /// When this is no TCP socket, or the descriptor is given up.
        pub fn set_keep_alive(&self, on: bool, idle: Option<Duration>) -> io::Result<()> {
            let held = self.read();
            let socket = held.socket()?;
            socket.set_keepalive(on)?;
            let Some(idle) = idle.filter(|_| on) else { return Ok(()) };
            let times = TcpKeepalive::new().with_time(idle).with_interval(Duration::from_secs(1)).with_retries(10);
            socket.set_tcp_keepalive(&times)
        }

        /// Makes closing reset the connection: the peer gets nothing more, not even the end.
        ///
        /// # Errors
        /// When the descriptor is given up.
        pub fn reset_on_close(&self) -> io::Result<()> {
            self.read().socket()?.set_linger(Some(Duration::ZERO))
        }

        /// Receives into `buffer`.
        pub fn receive(&self, buffer: &mut [u8]) -> Io {
            let held = self.read();
            let Ok(mut socket) = held.socket() else { return Io::WouldBlock };
            retry(|| socket.read(buffer))
        }

        /// Looks at the next byte, and leaves it to the next call of [`receive`](Self::receive).
        pub fn peek(&self) -> Io {
            let held = self.read();
            let Ok(socket) = held.socket() else { return Io::WouldBlock };
            retry(|| socket.peek(&mut [MaybeUninit::uninit()]))
        }

        /// Receives at most `most` bytes to the end of `buffer`, which has capacity for them.
        pub fn append(&self, buffer: &mut Vec<u8>, most: usize) -> Io {
            let held = self.read();
            let Ok(socket) = held.socket() else { return Io::WouldBlock };
            let spare = buffer.spare_capacity_mut();
            let most = most.min(spare.len());
            let received = retry(|| socket.recv(&mut spare[..most]));
            if let Io::Done(n) = received {
                // SAFETY: the kernel has written `n` bytes, at most `most`, behind the old ones.
                unsafe { buffer.set_len(buffer.len() + n) };
            }
            received
        }

        /// Sends from `slices`. With `end_follows`, the kernel may hold the bytes until
        /// [`end`](Self::end) is called, so that both leave in one segment.
        pub fn send(&self, slices: &[IoSlice<'_>], end_follows: bool) -> Io {
            let held = self.read();
            let socket = match held.socket() {
                Ok(socket) => socket,
                Err(error) => return Io::Failed(error),
            };
            let flags = if end_follows { MORE } else { 0 };
            // The kernel is quicker with one piece than with a list of one.
            match slices {
                [slice] => retry(|| socket.send_with_flags(slice, flags)),
                _ => retry(|| socket.send_vectored_with_flags(slices, flags)),
            }
        }

        /// Tells the peer that nothing more will be sent.
        pub fn end(&self) {
            // This fails only if the connection is gone, which reading reports.
            let _ = self.read().socket().and_then(|socket| socket.shutdown(Shutdown::Write));
        }

        // A panic under the lock can't leave a number that is not open.
        fn read(&self) -> RwLockReadGuard<'_, Held> {
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        fn write(&self) -> RwLockWriteGuard<'_, Held> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io::{self, IoSlice};

    use super::Io;

    /// Descriptors are adopted on Unix only: there is no value of this type here.
    #[derive(Debug)]
    pub enum Descriptor {}

    impl Descriptor {
        /// Always fails.
        ///
        /// # Safety
        /// None is needed.
        pub unsafe fn borrow(_fd: i32) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Never called.
        pub fn receive(&self, _buffer: &mut [u8]) -> Io {
            match *self {}
        }

        /// Never called.
        pub fn peek(&self) -> Io {
            match *self {}
        }

        /// Never called.
        pub fn append(&self, _buffer: &mut Vec<u8>, _most: usize) -> Io {
            match *self {}
        }

        /// Never called.
        pub fn send(&self, _slices: &[IoSlice<'_>], _end_follows: bool) -> Io {
            match *self {}
        }

        /// Never called.
        pub fn end(&self) {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{self, IoSlice, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;
    use std::ptr;

    use super::*;

    /// How many segments `stream` has received.
    fn segments_in(stream: &TcpStream) -> io::Result<u32> {
        // SAFETY: all of its fields are numbers.
        let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
        let mut length = size_of_val(&info) as libc::socklen_t;
        let (level, name) = (libc::IPPROTO_TCP, libc::TCP_INFO);
        // SAFETY: the descriptor is open, and the kernel writes at most `length` bytes to `info`.
        let failed =
            unsafe { libc::getsockopt(stream.as_raw_fd(), level, name, ptr::from_mut(&mut info).cast(), &mut length) };
        if failed == 0 { Ok(info.tcpi_segs_in) } else { Err(io::Error::last_os_error()) }
    }

    /// How many segments the peer of a connection receives over which three bytes and the end are
    /// sent.
    fn segments_of(end_follows: bool) -> io::Result<u32> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let mut peer = TcpStream::connect(listener.local_addr()?)?;
        let descriptor = Descriptor::own(listener.accept()?.0)?;
        let before = segments_in(&peer)?;
        assert!(matches!(descriptor.send(&[IoSlice::new(b"bye")], end_follows), Io::Done(3)));
        descriptor.end();
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes)?;
        assert_eq!(bytes, b"bye");
        Ok(segments_in(&peer)? - before)
    }

    #[test]
    fn the_end_leaves_with_what_it_follows() -> io::Result<()> {
        assert_eq!(segments_of(false)?, 2);
        assert_eq!(segments_of(true)?, 1);
        Ok(())
    }

    /// A borrowed descriptor with its owner, and the peer.
    fn lend() -> io::Result<(Descriptor, TcpStream, TcpStream)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let peer = TcpStream::connect(listener.local_addr()?)?;
        let owner = listener.accept()?.0;
        // SAFETY: the tests close the owner last.
        Ok((unsafe { Descriptor::borrow(owner.as_raw_fd()) }?, owner, peer))
    }

    #[test]
    fn what_is_borrowed_takes_no_descriptor_and_is_not_closed() -> io::Result<()> {
        let (descriptor, owner, mut peer) = lend()?;
        assert!(matches!(descriptor.send(&[IoSlice::new(b"a")], false), Io::Done(1)));
        descriptor.with_number(|fd| {
            assert_eq!(fd, owner.as_raw_fd());
            Ok(())
        })?;
        drop(descriptor);
        (&owner).write_all(b"b")?;
        drop(owner);
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes)?;
        assert_eq!(bytes, b"ab");
        Ok(())
    }

    #[test]
    fn options_and_addresses_are_those_of_the_socket() -> io::Result<()> {
        let (descriptor, owner, peer) = lend()?;
        let socket = socket2::SockRef::from(&owner);
        descriptor.set_no_delay(true)?;
        assert!(socket.tcp_nodelay()?);
        descriptor.set_keep_alive(true, Some(std::time::Duration::from_secs(7)))?;
        assert!(socket.keepalive()?);
        assert_eq!(socket.tcp_keepalive_time()?.as_secs(), 7);
        descriptor.set_keep_alive(false, None)?;
        assert!(!socket.keepalive()?);
        assert_eq!(descriptor.address(true)?.as_socket(), Some(peer.local_addr()?));
        assert_eq!(descriptor.address(false)?.as_socket(), Some(peer.peer_addr()?));
        descriptor.give_up(|_| {});
        assert!(descriptor.set_no_delay(true).is_err() && descriptor.address(true).is_err());
        Ok(())
    }

    #[test]
    fn a_connection_that_is_to_be_reset_on_close_is() -> io::Result<()> {
        let (descriptor, owner, mut peer) = lend()?;
        descriptor.reset_on_close()?;
        drop(descriptor);
        drop(owner);
        let error = peer.read(&mut [0; 8]).expect_err("it is reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        Ok(())
    }

    #[test]
    fn nothing_is_done_with_what_is_given_up() -> io::Result<()> {
        let (descriptor, owner, mut peer) = lend()?;
        peer.write_all(b"unread")?;
        let mut given = None;
        descriptor.give_up(|fd| given = Some(fd));
        assert_eq!(given, Some(owner.as_raw_fd()));
        assert!(matches!(descriptor.receive(&mut [0; 8]), Io::WouldBlock));
        assert!(matches!(descriptor.peek(), Io::WouldBlock));
        assert!(matches!(descriptor.append(&mut Vec::with_capacity(8), 8), Io::WouldBlock));
        descriptor.end();
        let Io::Failed(error) = descriptor.send(&[IoSlice::new(b"a")], false) else { panic!("it was sent") };
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        assert!(descriptor.with_number(|_| Ok(())).is_err());
        assert!(descriptor.duplicate(|_, _| Ok(())).is_err());
        descriptor.give_up(|_| panic!("it has been already"));
        Ok(())
    }

    #[test]
    fn a_duplicate_outlives_what_was_borrowed() -> io::Result<()> {
        let (descriptor, owner, mut peer) = lend()?;
        descriptor.duplicate(|_, _| Err(io::ErrorKind::OutOfMemory.into())).expect_err("there is no room for it");
        descriptor.with_number(|fd| {
            assert_eq!(fd, owner.as_raw_fd());
            Ok(())
        })?;
        descriptor.duplicate(|borrowed, own| {
            assert_eq!(borrowed, owner.as_raw_fd());
            assert_ne!(borrowed, own);
            Ok(())
        })?;
        drop(owner);
        assert!(matches!(descriptor.send(&[IoSlice::new(b"a")], false), Io::Done(1)));
        drop(descriptor);
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes)?;
        assert_eq!(bytes, b"a");
        Ok(())
    }
}
