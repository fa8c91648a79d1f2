//! What a stream's client is still to be sent, and how much of it has been written.
//!
//! *Written* means: the operating system has taken the bytes into the connection's send buffer. hyper takes parts
//! from here into a buffer of its own and writes from that; only when it has emptied that buffer, which it shows by
//! flushing the socket, everything taken so far counts as delivered. So at most what lies in the kernel, and on the
//! way, is counted although the client never reads it; and at most [`MOST_UNFLUSHED`] bytes that the kernel has
//! taken are not counted yet. An endpoint that is called without our own connections under it (in tests)
//! counts a part once the next is asked for.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, task::AtomicWaker};
use tokio::{sync::Notify, time::Instant};

use uplion_http::{Connection, StreamedBody};

/// Bytes with hyper at which it gets no more before it has written what it has.
const MOST_UNFLUSHED: u64 = 32 << 10;

/// Between the request, which fills it, and the response's body, which empties it. Bounded by the credit that the
/// request gives its worker.
#[derive(Debug, Default)]
pub struct ResponseBody {
    state: Mutex<State>,
    reader: AtomicWaker,
    writer: Notify,
}

#[derive(Debug, Default)]
struct State {
    parts: VecDeque<Part>,
    /// Bytes of the answer, cumulative.
    handed: u64,
    delivered: u64,
    /// Of the answer and of our own, since the last flush.
    unflushed: u64,
    wake_at: u64,
    write_until: Option<Instant>,
    ended: bool,
    gone: bool,
}

#[derive(Debug)]
struct Part {
    bytes: Bytes,
    /// What of it belongs to the answer.
    counted: u64,
}

impl ResponseBody {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self, bytes: Bytes) {
        let counted = bytes.len() as u64;
        self.push(Part { bytes, counted });
    }

    pub fn write_own(&self, bytes: Bytes) {
        self.push(Part { bytes, counted: 0 });
    }

    fn push(&self, part: Part) {
        self.state().parts.push_back(part);
        self.reader.wake();
    }

    pub fn end(&self) {
        self.state().ended = true;
        self.reader.wake();
    }

    /// Nothing is written after `until`.
    pub fn write_until(&self, until: Option<Instant>) {
        self.state().write_until = until;
    }

    /// Bytes of the answer that were written.
    pub fn delivered(&self) -> u64 {
        self.state().delivered
    }

    /// From now on [`changed`](Self::changed) waits for this many bytes to be delivered.
    pub fn wake_at(&self, delivered: u64) {
        let mut state = self.state();
        state.wake_at = delivered;
        if state.delivered >= delivered {
            self.writer.notify_one();
        }
    }

    /// Returns when enough was delivered or the client went away.
    pub async fn changed(&self) {
        self.writer.notified().await;
    }

    pub fn is_gone(&self) -> bool {
        self.state().gone
    }

    fn deliver(&self, state: &mut State) {
        let before = std::mem::replace(&mut state.delivered, state.handed);
        if before < state.wake_at && state.wake_at <= state.delivered {
            self.writer.notify_one();
        }
    }
}

impl StreamedBody for ResponseBody {
    fn flushed(&self) {
        let mut state = self.state();
        if state.unflushed == 0 {
            return;
        }
        let waited = state.unflushed >= MOST_UNFLUSHED;
        state.unflushed = 0;
        self.deliver(&mut state);
        drop(state);
        if waited {
            self.reader.wake();
        }
    }

    fn may_write(&self) -> bool {
        self.state().write_until.is_none_or(|until| Instant::now() < until)
    }
}

/// The response's body.
pub struct BodyStream {
    body: Arc<ResponseBody>,
    connection: Option<Arc<Connection>>,
}

impl BodyStream {
    pub fn new(body: Arc<ResponseBody>, connection: Option<Arc<Connection>>) -> Self {
        if let Some(connection) = &connection {
            connection.watch(Some(Arc::<ResponseBody>::clone(&body)));
        }
        Self { body, connection }
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.reader.register(context.waker());
        let mut state = self.body.state();
        if self.connection.is_none() && state.unflushed > 0 {
            state.unflushed = 0;
            self.body.deliver(&mut state);
        }
        if state.unflushed >= MOST_UNFLUSHED {
            return Poll::Pending;
        }
        match state.parts.pop_front() {
            Some(Part { bytes, counted }) => {
                state.handed += counted;
                state.unflushed += bytes.len() as u64;
                Poll::Ready(Some(Ok(bytes)))
            }
            None if state.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.watch(None);
        }
        self.body.state().gone = true;
        self.body.writer.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;

    #[test]
    fn without_a_connection_a_part_counts_once_the_next_is_asked_for() {
        let body = Arc::new(ResponseBody::default());
        let mut parts = BodyStream::new(Arc::clone(&body), None);
        body.write(Bytes::from_static(b"one"));
        assert_eq!(parts.next().now_or_never().unwrap().unwrap().unwrap(), "one");
        assert_eq!(body.delivered(), 0);
        assert!(parts.next().now_or_never().is_none());
        assert_eq!(body.delivered(), 3);
    }

    #[test]
    fn what_hyper_holds_is_not_delivered_before_it_is_flushed() {
        let body = Arc::new(ResponseBody::default());
        let connection = Arc::new(Connection::default());
        let mut parts = BodyStream::new(Arc::clone(&body), Some(Arc::clone(&connection)));
        body.write(vec![b'x'; 40 << 10].into());
        body.write(Bytes::from_static(b"more"));
        body.write_own(Bytes::from_static(b": keep-alive\n\n"));
        parts.next().now_or_never().unwrap().unwrap().unwrap();
        assert!(parts.next().now_or_never().is_none(), "it has enough");
        assert_eq!(body.delivered(), 0);
        connection.flushed();
        assert_eq!(body.delivered(), 40 << 10);
        assert_eq!(parts.next().now_or_never().unwrap().unwrap().unwrap(), "more");
        parts.next().now_or_never().unwrap().unwrap().unwrap();
        connection.flushed();
        assert_eq!(body.delivered(), (40 << 10) + 4, "comments are nobody's");
    }

    #[test]
    fn a_body_that_is_dropped_shows_as_gone() {
        let body = Arc::new(ResponseBody::default());
        drop(BodyStream::new(Arc::clone(&body), None));
        assert!(body.is_gone());
        assert!(body.changed().now_or_never().is_some());
    }

    #[test]
    fn a_socket_is_not_written_to_later_than_it_may() {
        let body = Arc::new(ResponseBody::default());
        let connection = Arc::new(Connection::default());
        let parts = BodyStream::new(Arc::clone(&body), Some(Arc::clone(&connection)));
        assert!(connection.check_permission().is_ok());
        body.write_until(Some(Instant::now()));
        assert!(connection.check_permission().is_err());
        body.write_until(None);
        assert!(connection.check_permission().is_ok());
        body.write_until(Some(Instant::now()));
        drop(parts);
        assert!(connection.check_permission().is_ok(), "the next answer is another request's");
    }
}
