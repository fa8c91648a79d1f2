//! The archive: every event of every stream, for ever, under one dense position.

use async_trait::async_trait;
use uplion_domain::{RequestId, subject::Subject, wire::Encoded};
use uplion_log_transport::stream::{Record, StreamName};

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
    pub sequence: u64,
}

/// An event in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// 1 for the first event ever archived.
    pub pos: u64,
    pub stream: StreamName,
    pub epoch: u32,
    pub sequence: u64,
    /// False for what must not count: a repeated id, a second `settled` of a request.
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
    /// effective ones and moves the tail.
    async fn ingest(
        &self,
        lease: &Lease,
        stream: StreamName,
        from: Tail,
        batch: &[Record],
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

    /// When the newest event at or below `sequence` of a stream was archived, µs since 1970: what may be purged.
    async fn archived_before(
        &self,
        stream: StreamName,
        micros: i64,
    ) -> Result<Option<u64>, StoreError>;
}
