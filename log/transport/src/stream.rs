//! Streams of events: append, read from a cursor, identity, purge.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use uplion_domain::{Timestamp, subject::Subject, wire::Encoded};

/// The streams that are archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    Traffic,
    Control,
}

/// What a stream should be. Creating one that exists under other settings changes its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    pub name: StreamName,
    /// Counts the streams that have had this name; a replacement has the next.
    pub epoch: u32,
    /// Of a stream that is made anew. A replacement starts behind what is archived.
    pub first_sequence: u64,
    pub max_bytes: u64,
    pub replicas: u8,
    /// For how long an event id that was seen is refused as a duplicate.
    pub dedup_window: Duration,
}

/// Which stream this is, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub created: Timestamp,
    pub epoch: u32,
    /// Of the oldest event still held; `last + 1` if none is.
    pub first: u64,
    /// Of the newest event; 0 if there never was one.
    pub last: u64,
    pub bytes: u64,
    pub max_bytes: u64,
}

/// An event at its place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub sequence: u64,
    pub subject: Subject,
    pub event: Encoded,
}

/// What must be so for an append to be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Condition {
    /// Refuse the event id if it was seen within the dedup window.
    pub unique: bool,
    /// The stream's last sequence.
    pub last: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Of the event; of the original if this is a duplicate.
    pub sequence: u64,
    pub duplicate: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("stream {0} is full")]
    Full(StreamName),
    #[error("stream {stream} does not end at {expected}: somebody else writes to it")]
    WrongLast { stream: StreamName, expected: u64 },
    /// It may have been appended all the same.
    #[error("stream {stream} did not acknowledge: {reason}")]
    Unacknowledged { stream: StreamName, reason: String },
    #[error("stream {stream} cannot be reached: {reason}")]
    Unavailable { stream: StreamName, reason: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("stream {0} does not exist")]
    Missing(StreamName),
    /// Its reader must forget what it read, or halt.
    #[error("stream {0} is another one than was read so far")]
    Replaced(StreamName),
    #[error("stream {stream} no longer holds event {wanted}: it starts at {first}")]
    Purged { stream: StreamName, wanted: u64, first: u64 },
    #[error("stream {stream} holds an event that is none of ours at {sequence}: {reason}")]
    Foreign { stream: StreamName, sequence: u64, reason: String },
    #[error("stream {stream} cannot be reached: {reason}")]
    Unavailable { stream: StreamName, reason: String },
}

#[async_trait]
pub trait Streams: Send + Sync {
    /// Creates the stream, or brings its settings up to date. Returns what is there then; its epoch and
    /// first sequence are those of the existing stream if there was one.
    async fn ensure(&self, spec: &StreamSpec) -> Result<Identity, ReadError>;

    async fn identity(&self, stream: StreamName) -> Result<Identity, ReadError>;

    /// Returns once the event is durable.
    async fn append(
        &self,
        subject: &Subject,
        event: Encoded,
        condition: Condition,
    ) -> Result<Appended, AppendError>;

    /// Appends off the caller's path, in the order of the calls of one caller. Failures are counted and logged by
    /// the stream, bounded in memory; for events whose loss harms nobody because a later one says it again.
    fn append_soon(&self, subject: &Subject, event: Encoded);

    /// The events behind `after`, in order, as they come.
    async fn read(&self, stream: StreamName, after: u64) -> Result<Box<dyn Cursor>, ReadError>;

    /// One event, from the stream's leader.
    async fn get(&self, stream: StreamName, sequence: u64) -> Result<Option<Record>, ReadError>;

    /// Drops the events up to and including `sequence`.
    async fn purge(&self, stream: StreamName, sequence: u64) -> Result<(), ReadError>;

    /// Deletes the stream with everything in it. For replacing a stream (`uplion log epoch`) and for tests.
    async fn delete(&self, stream: StreamName) -> Result<(), ReadError>;
}

/// A place in a stream. Sequences within one stream have no gaps unless it was purged.
#[async_trait]
pub trait Cursor: Send {
    /// At least one event, at most `most`; none if `wait` passed without any.
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Record>, ReadError>;
}

impl StreamName {
    pub const ALL: [Self; 2] = [Self::Traffic, Self::Control];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traffic => "TRAFFIC",
            Self::Control => "CONTROL",
        }
    }

    /// The stream that holds what is published to `subject`; none for tasks and core messages.
    pub const fn of(subject: &Subject) -> Option<Self> {
        match subject {
            Subject::Traffic { .. } | Subject::TrafficBatch { .. } => Some(Self::Traffic),
            Subject::Control(_) => Some(Self::Control),
            Subject::WorkersBatch { .. }
            | Subject::Task { .. }
            | Subject::Gateway { .. }
            | Subject::Worker { .. } => None,
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
