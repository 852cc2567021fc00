//! A duplicate of a socket's file descriptor.

use std::io;

#[cfg(not(unix))]
pub use elsewhere::Descriptor;
#[cfg(unix)]
pub use unix::Descriptor;

/// What a non-blocking operation came to.
#[derive(Debug)]
pub enum Io {
    /// So many bytes went through; none means the end of the stream when reading.
    Done(usize),
    /// The kernel has no bytes, or no room, at the moment.
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
    use std::net::Shutdown;
    use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

    use socket2::{Socket, Type};

    use super::{Io, retry};

    /// Tells the kernel that more follows.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const MORE: libc::c_int = libc::MSG_MORE;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const MORE: libc::c_int = 0;

    /// An owned, close-on-exec, non-blocking duplicate of a connected stream socket.
    #[derive(Debug)]
    pub struct Descriptor(Socket);

    impl Descriptor {
        /// Duplicates `fd`. The number itself is never kept: the kernel may give it to another connection as soon as its
        /// owner closes it.
        ///
        /// # Errors
        /// When `fd` is not an open stream socket, or the process has no descriptor left.
        pub fn duplicate(fd: RawFd) -> io::Result<Self> {
            if fd < 0 {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            // SAFETY: the borrow ends in this function, which runs on the thread that owns the descriptor (JavaScript's):
            // nobody can close it meanwhile. Should it not be open, the duplication fails with EBADF.
            let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
            let socket = Socket::from(borrowed.try_clone_to_owned()?);
            if socket.r#type()? != Type::STREAM {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        }

        /// Receives into `buffer`.
        pub fn receive(&self, buffer: &mut [u8]) -> Io {
            retry(|| (&self.0).read(buffer))
        }

        /// Receives at most `most` bytes to the end of `buffer`, which has capacity for them.
        pub fn append(&self, buffer: &mut Vec<u8>, most: usize) -> Io {
            let spare = buffer.spare_capacity_mut();
            let most = most.min(spare.len());
            let received = retry(|| self.0.recv(&mut spare[..most]));
            if let Io::Done(n) = received {
                // SAFETY: the kernel has written `n` bytes, at most `most`, behind those that there were.
                unsafe { buffer.set_len(buffer.len() + n) };
            }
            received
        }

        /// Sends from `slices`. Where `end_follows`, the kernel may keep it back until [`end`](Self::end) is called, so that
        /// both leave in one segment.
        pub fn send(&self, slices: &[IoSlice<'_>], end_follows: bool) -> Io {
            let flags = if end_follows { MORE } else { 0 };
            // The kernel is quicker with one piece than with a list of one.
            match slices {
                [slice] => retry(|| self.0.send_with_flags(slice, flags)),
                _ => retry(|| self.0.send_vectored_with_flags(slices, flags)),
            }
        }

        /// Tells the peer that nothing more will be sent.
        pub fn end(&self) {
            // It fails only where the connection is gone already, which the reading side reports.
            let _ = self.0.shutdown(Shutdown::Write);
        }
    }

    impl AsRawFd for Descriptor {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
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
        pub fn duplicate(_fd: i32) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Never called.
        pub fn receive(&self, _buffer: &mut [u8]) -> Io {
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
    use std::io::{self, IoSlice, Read as _};
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

    /// How many segments the peer of a connection receives over which three bytes and the end are sent.
    fn segments_of(end_follows: bool) -> io::Result<u32> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let mut peer = TcpStream::connect(listener.local_addr()?)?;
        let descriptor = Descriptor::duplicate(listener.accept()?.0.as_raw_fd())?;
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
}
