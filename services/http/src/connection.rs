//! A connection that tells the answer written to it when everything has been written, and that writes nothing
//! without that answer's permission.

use std::{
    fmt, io,
    net::TcpStream as StdStream,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Notify};

use crate::{half_closed, refusal::ErrorShape};

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
    /// A request has arrived, and nothing of its answer was written yet.
    waiting: AtomicBool,
    /// The client has ended its side meanwhile: a handle to the socket, to find out whether it still reads.
    half_closed: OnceLock<Arc<StdStream>>,
    noticed: Notify,
}

impl Connection {
    /// The answer that is being written; one at a time, as HTTP/1.1 has it.
    pub fn watch(&self, body: Option<Arc<dyn StreamedBody>>) {
        *self.streaming.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }

    /// A request has arrived.
    pub(crate) fn asked(&self) {
        self.waiting.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn is_half_closed(&self) -> bool {
        self.half_closed.get().is_some()
    }

    /// Returns once the client has ended its side and waits for its answer.
    pub(crate) async fn half_closed(&self) -> Arc<StdStream> {
        loop {
            let noticed = self.noticed.notified();
            if let Some(handle) = self.half_closed.get() {
                return Arc::clone(handle);
            }
            noticed.await;
        }
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
    io: TokioIo<TcpStream>,
    connection: Arc<Connection>,
    errors: ErrorShape,
    /// What is left to write of an answer in the place of one that hyper gave.
    instead: Vec<u8>,
}

impl Socket {
    pub const fn new(
        io: TokioIo<TcpStream>,
        connection: Arc<Connection>,
        errors: ErrorShape,
    ) -> Self {
        Self { io, connection, errors, instead: Vec::new() }
    }

    /// Returns once nothing is left of an answer that takes another's place.
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the end that the client has put to its side is kept from the server, which would take the client for
    /// gone: it may still read.
    fn holds_back_end(&self) -> bool {
        if self.connection.is_half_closed() {
            return true;
        }
        let stream = self.io.inner();
        let handle = half_closed::has_ended(stream).then(|| half_closed::handle(stream));
        let Some(Ok(handle)) = handle else { return false };
        let _ = self.connection.half_closed.set(Arc::new(handle));
        self.connection.noticed.notify_waiters();
        true
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.connection.is_waiting() || self.connection.is_half_closed() {
            ready!(self.io.inner().poll_read_ready(context))?;
            if self.holds_back_end() {
                return Poll::Pending;
            }
        }
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
        self.connection.waiting.store(false, Ordering::Relaxed);
        ready!(self.poll_instead(context))?;
        if let Some(instead) = self.errors.instead_of(bytes) {
            self.instead = instead;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.check_permission()?;
        self.connection.waiting.store(false, Ordering::Relaxed);
        ready!(self.poll_instead(context))?;
        if let [head] = slices
            && let Some(instead) = self.errors.instead_of(head)
        {
            self.instead = instead;
            return Poll::Ready(Ok(head.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes once its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        self.connection.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
