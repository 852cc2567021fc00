//! The fastest possible server: tokio, one thread, and every byte is sent back as it is.
//!
//! Prints its port and ends with its standard input, like the other servers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{process, thread};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

const BACKLOG: u32 = 4096;

fn main() -> io::Result<()> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(listen())
}

async fn listen() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}

/// Serves one connection until it ends or fails. The load notices that by itself.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    while let Some(unsent) = poll_fn(|context| poll_echo(&mut stream, context)).await? {
        stream.write_all(&unsent).await?;
    }
    Ok(())
}

thread_local! {
    /// One for all connections, so that an idle connection owns none.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

/// Sends back the bytes that can be read now. Returns those that the kernel did not take; `None` at
/// the end of the stream.
fn poll_echo(stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Result<Option<Vec<u8>>>> {
    BUFFER.with_borrow_mut(|buffer| {
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Ok(None));
        }
        let written = match Pin::new(stream).poll_write(context, read.filled()) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        Poll::Ready(Ok(Some(read.filled()[written..].to_vec())))
    })
}
