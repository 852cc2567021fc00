//! A listening socket: accepts connections.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use socket2::{SockAddr, SockRef, Socket, TcpKeepalive, Type};

use super::descriptor::Descriptor;

/// What is set on accepted sockets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketOptions {
    /// Small segments leave at once (`TCP_NODELAY`).
    pub no_delay: bool,
    /// The kernel asks a peer for a sign of life after so much silence. Zero leaves that time to
    /// the system.
    pub keep_alive: Option<Duration>,
}

impl SocketOptions {
    /// Sets them. They do not exist for sockets of the Unix domain, which do without.
    fn apply(self, socket: SockRef<'_>) {
        if self.no_delay {
            let _ = socket.set_tcp_nodelay(true);
        }
        if let Some(idle) = self.keep_alive
            && socket.set_keepalive(true).is_ok()
            && !idle.is_zero()
        {
            // The other numbers are libuv's.
            let times = TcpKeepalive::new().with_time(idle).with_interval(Duration::from_secs(1)).with_retries(10);
            let _ = socket.set_tcp_keepalive(&times);
        }
    }
}

/// An accepted connection.
#[derive(Debug)]
pub struct Accepted {
    /// Non-blocking and close-on-exec.
    pub descriptor: Descriptor,
    /// The peer's address, unless the socket is of the Unix domain.
    pub address: Option<SocketAddr>,
}

impl Accepted {
    /// A duplicate of a connection that somebody else has accepted.
    ///
    /// # Safety
    /// `fd` is open until this returns.
    ///
    /// # Errors
    /// When `fd` is no stream socket, or the process has no descriptor left.
    pub unsafe fn duplicate(fd: RawFd, options: SocketOptions) -> io::Result<Self> {
        // SAFETY: by the caller's promise.
        let socket = unsafe { duplicate(fd) }?;
        options.apply(SockRef::from(&socket));
        let address = socket.peer_addr()?.as_socket();
        Ok(Self { descriptor: Descriptor::own(socket)?, address })
    }
}

/// Begins to listen on a bound socket, of which it keeps a duplicate. `options` are those of the
/// accepted sockets: these have them from the listening one.
///
/// # Safety
/// `fd` is open until this returns.
///
/// # Errors
/// When `fd` is no stream socket, the process has no descriptor left, or listening fails.
/// `EADDRINUSE` also if an IP socket is not bound: libuv reports a failed binding only when it is
/// asked to listen, and the kernel would choose a port.
pub unsafe fn listen(fd: RawFd, backlog: i32, options: SocketOptions) -> io::Result<Descriptor> {
    // SAFETY: by the caller's promise.
    let socket = unsafe { duplicate(fd) }?;
    if socket.local_addr()?.as_socket().is_some_and(|address| address.port() == 0) {
        return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
    }
    options.apply(SockRef::from(&socket));
    socket.listen(backlog)?;
    Descriptor::own(socket)
}

/// Accepts a connection.
///
/// # Errors
/// `WouldBlock` when there is none. Others when the process or the system has no descriptor left or
/// no memory, or the listening descriptor is given up.
pub fn accept(listener: &Descriptor) -> io::Result<Accepted> {
    let mut accepted = None;
    listener.with_number(|fd| {
        accepted = Some(accept_from(fd)?);
        Ok(())
    })?;
    let (socket, address) = accepted.ok_or(io::ErrorKind::WouldBlock)?;
    Ok(Accepted { descriptor: Descriptor::accepted(socket), address: address.as_socket() })
}

/// # Safety
/// `fd` is open until this returns.
unsafe fn duplicate(fd: RawFd) -> io::Result<Socket> {
    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: by the caller's promise.
    let own: OwnedFd = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()?;
    let socket = Socket::from(own);
    if socket.r#type()? == Type::STREAM { Ok(socket) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn accept_from(fd: RawFd) -> io::Result<(Socket, SockAddr)> {
    use std::os::fd::FromRawFd as _;

    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the kernel writes an address of at most the length that it is given. The descriptor
    // that it returns is new.
    unsafe {
        SockAddr::try_init(|address, length| match libc::accept4(fd, address.cast(), length, flags) {
            -1 => Err(io::Error::last_os_error()),
            accepted => Ok(Socket::from_raw_fd(accepted)),
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn accept_from(fd: RawFd) -> io::Result<(Socket, SockAddr)> {
    // SAFETY: the caller lends an open descriptor for the time of this call.
    let listener = unsafe { BorrowedFd::borrow_raw(fd) };
    let (socket, address) = SockRef::from(&listener).accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn accepted_sockets_have_the_options_and_do_not_block() -> io::Result<()> {
        let bound = TcpListener::bind(("127.0.0.1", 0))?;
        let options = SocketOptions { no_delay: true, keep_alive: Some(Duration::from_secs(7)) };
        // SAFETY: it is open.
        let listener = unsafe { listen(bound.as_raw_fd(), 5, options) }?;
        assert_eq!(accept(&listener).expect_err("nobody has come").kind(), io::ErrorKind::WouldBlock);
        let peer = TcpStream::connect(bound.local_addr()?)?;
        let accepted = accept(&listener)?;
        assert_eq!(accepted.address, Some(peer.local_addr()?));
        accepted.descriptor.with_number(|fd| {
            // SAFETY: it is open for the time of this call.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            let socket = SockRef::from(&fd);
            assert!(socket.tcp_nodelay()? && socket.keepalive()? && socket.nonblocking()?);
            assert_eq!(socket.tcp_keepalive_time()?, Duration::from_secs(7));
            Ok(())
        })
    }

    #[test]
    fn a_connection_that_somebody_else_has_accepted_is_duplicated() -> io::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let peer = TcpStream::connect(listener.local_addr()?)?;
        let theirs = listener.accept()?.0;
        // SAFETY: it is open.
        let ours = unsafe { Accepted::duplicate(theirs.as_raw_fd(), SocketOptions::default()) }?;
        assert_eq!(ours.address, Some(peer.local_addr()?));
        ours.descriptor.with_number(|fd| {
            assert_ne!(fd, theirs.as_raw_fd());
            Ok(())
        })
    }

    #[test]
    fn a_socket_without_a_port_does_not_listen() -> io::Result<()> {
        let socket = Socket::new(socket2::Domain::IPV4, Type::STREAM, None)?;
        // SAFETY: it is open.
        let error = unsafe { listen(socket.as_raw_fd(), 5, SocketOptions::default()) }.expect_err("it is not bound");
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        Ok(())
    }

    #[test]
    fn only_stream_sockets_can_listen() -> io::Result<()> {
        let other = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
        for fd in [-1, other.as_raw_fd()] {
            // SAFETY: it is open, or a number that is checked.
            assert!(unsafe { listen(fd, 5, SocketOptions::default()) }.is_err());
        }
        Ok(())
    }
}
