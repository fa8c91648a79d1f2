//! A connection that tells the answer written to it when everything has been written, and that writes nothing
//! without that answer's permission.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer that is streamed, and decides itself for how long it may be written.
pub trait StreamedBody: Send + Sync {
    /// All of it that was handed over so far has been written.
    fn flushed(&self);

    fn may_write(&self) -> bool;
}

/// An extension of each request: the connection that its answer will be written to.
#[derive(Default)]
pub struct Connection {
    streaming: Mutex<Option<Arc<dyn StreamedBody>>>,
}

impl Connection {
    /// The answer that is being written; one at a time, as HTTP/1.1 has it.
    pub fn watch(&self, body: Option<Arc<dyn StreamedBody>>) {
        *self.streaming.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }

    /// Everything that was handed over has been written.
    pub fn flushed(&self) {
        if let Some(body) = &*self.streaming.lock().unwrap_or_else(PoisonError::into_inner) {
            body.flushed();
        }
    }

    /// Whether the answer may go on.
    pub fn check_permission(&self) -> io::Result<()> {
        match &*self.streaming.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(body) if !body.may_write() => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "this answer may not go on"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

pub struct Socket {
    pub io: TokioIo<TcpStream>,
    pub connection: Arc<Connection>,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.check_permission()?;
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.check_permission()?;
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes once its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        self.connection.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
