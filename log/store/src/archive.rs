//! The archive: every event of every stream, for ever, under one dense position.
//!
//! The position is the archive's own: after the archive was filled anew from its streams the same events may have
//! others. What is told outside or kept names an event by [`EventCursor`], and "up to here" by [`Cut`].

mod event_cursor;

use async_trait::async_trait;
use uplion_domain::{
    RequestId,
    cut::{Cut, Mark},
    subject::Subject,
    wire::Encoded,
};
use uplion_log_transport::stream::{Foreign, Record, StreamName};

pub use self::event_cursor::{EventCursor, UnknownCursor};
use crate::{
    StoreError,
    event_query::{EventPage, EventQuery, Order},
    lease::Lease,
};

/// Where the archive of one stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    pub epoch: u32,
    /// The stream's creation, µs since 1970: another one under the same name and epoch is recognised by it. 0: not seen yet.
    pub created: i64,
    /// Of the last message.
    pub sequence: u64,
}

/// An event in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// 1 for the first event ever archived.
    pub pos: u64,
    pub stream: StreamName,
    pub epoch: u32,
    /// Of its message.
    pub sequence: u64,
    /// Among the events of its message, from 0.
    pub index: u32,
    /// False for what must not count: a repeated id, a charge that comes too late, the taking back of a settlement that
    /// is not the effective one.
    pub effective: bool,
    pub subject: Subject,
    pub event: Encoded,
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// The `pos` of its last event; those before it are dense.
    pub head: u64,
    /// For each of its events, whether it counts.
    pub effective: Vec<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Another ingest moved the tail, or the lease is gone: start over from the tail.
    #[error("the archive of {stream} no longer ends where this batch begins")]
    Moved { stream: StreamName },
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
pub trait Archive: Send + Sync {
    /// None before the first event of the stream.
    async fn tail(&self, stream: StreamName) -> Result<Option<Tail>, StoreError>;

    /// Appends a batch that begins right behind `from` in one transaction, gives each event its `pos`, marks the
    /// effective ones and moves the tail. The messages between them that are none of ours are set aside in the same one.
    async fn ingest(
        &self,
        lease: &Lease,
        stream: StreamName,
        from: Tail,
        batch: &[Record],
        foreign: &[Foreign],
    ) -> Result<Ingested, IngestError>;

    /// From now on the stream's events come from a replacement, starting behind `first_sequence - 1`.
    async fn begin_epoch(&self, stream: StreamName, tail: Tail) -> Result<(), StoreError>;

    /// The events behind `pos`, in order. `only_effective` leaves out the others.
    async fn read(
        &self,
        pos: u64,
        most: usize,
        only_effective: bool,
    ) -> Result<Vec<Archived>, StoreError>;

    /// Those that somebody wants, behind `place` (or before it, newest first), which is not among them. None: all.
    async fn find(
        &self,
        query: &EventQuery,
        order: Order,
        place: Option<u64>,
        most: usize,
    ) -> Result<EventPage, StoreError>;

    /// All events of one request, by `pos`.
    async fn of_request(&self, request: RequestId) -> Result<Vec<Archived>, StoreError>;

    /// The newest `pos`; 0 if the archive is empty.
    async fn head(&self) -> Result<u64, StoreError>;

    /// Where the archive of the stream ended at that time, µs since 1970: exact to a minute, whenever that was. None
    /// if it had not begun.
    async fn mark_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<Mark>, StoreError>;

    /// Events that were archived of the stream since its epoch began.
    async fn leaves(&self, stream: StreamName) -> Result<u64, StoreError>;

    /// Where the event at `pos` came from; none if the archive does not go so far.
    async fn cursor_at(&self, pos: u64) -> Result<Option<EventCursor>, StoreError>;

    /// The first event of a stream at `pos` or behind it.
    async fn next_of(
        &self,
        stream: StreamName,
        pos: u64,
    ) -> Result<Option<(u64, EventCursor)>, StoreError>;

    /// Where the event lies that came from there; none if there is no such event.
    async fn position_of(&self, cursor: EventCursor) -> Result<Option<u64>, StoreError> {
        // Within one stream the archive is in the stream's order.
        let (mut from, mut to) = (1, self.head().await? + 1);
        while from < to {
            let middle = from + (to - from) / 2;
            match self.next_of(cursor.stream, middle).await? {
                Some((pos, found)) if found == cursor => return Ok(Some(pos)),
                Some((pos, found)) if found < cursor => from = pos + 1,
                Some(_) | None => to = middle,
            }
        }
        Ok(None)
    }

    /// How far every stream is archived. Whoever waits for a cut waits until this one includes it; what was folded up to
    /// the [`head`](Self::head) of then includes it too.
    async fn cut(&self) -> Result<Cut, StoreError> {
        let mark = async |stream| {
            let tail = self.tail(stream).await?;
            let mark = tail.map(|tail| Mark { epoch: tail.epoch, sequence: tail.sequence });
            Ok::<_, StoreError>(mark.unwrap_or_default())
        };
        Ok(Cut {
            traffic: mark(StreamName::Traffic).await?,
            control: mark(StreamName::Control).await?,
            workers: Some(mark(StreamName::Workers).await?),
        })
    }
}

impl Archived {
    pub const fn cursor(&self) -> EventCursor {
        let Self { stream, epoch, sequence, index, .. } = self;
        EventCursor { stream: *stream, epoch: *epoch, sequence: *sequence, index: *index }
    }
}
