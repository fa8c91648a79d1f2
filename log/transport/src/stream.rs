//! Streams of events: append, read from a cursor, identity, purge.
//!
//! A message of CONTROL is one event, as the relay publishes it. A message of TRAFFIC and WORKERS is a batch: events of
//! one process, appended and acknowledged together. Where an event came from is (stream, epoch, sequence, index).

pub mod batch;
pub mod batch_writer;
pub mod reading;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use uplion_domain::{
    Timestamp,
    subject::{Filter, Subject, TrafficKind},
    wire::Encoded,
};

use self::batch::Seal;
pub use self::reading::{Entry, Foreign, RawMessage};
use crate::log_key::LogKeys;

/// What is kept of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// What gateways do.
    Traffic,
    /// What people and programs change, in the order of the event store.
    Control,
    /// What workers report of themselves.
    Workers,
}

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Ends in the archive, event by event, for ever.
    Archived,
    /// Holds the last value of each subject: what can be made again from archived streams.
    State,
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
    /// For how long an event id that was seen is refused as a duplicate. Of CONTROL: batches have no ids.
    pub dedup_window: Duration,
}

/// Which stream this is, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub created: Timestamp,
    pub epoch: u32,
    /// Of the oldest message still held; `last + 1` if none is.
    pub first: u64,
    /// Of the newest message; 0 if there never was one.
    pub last: u64,
    pub bytes: u64,
    pub max_bytes: u64,
}

/// An event at its place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Of its message.
    pub sequence: u64,
    /// Among the events of its message, from 0.
    pub index: u32,
    /// By the stream's own clock.
    pub appended_at: Timestamp,
    /// What the event is about: its own subject, not its message's.
    pub subject: Subject,
    pub event: Encoded,
}

/// What must be so for an append to CONTROL to be made. Batches are appended without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Condition {
    /// Refuse the event id if it was seen within the dedup window.
    pub unique: bool,
    /// The stream's last sequence.
    pub last: Option<u64>,
    /// When the stream was made, which a signature says beside the sequence. Where changes are signed, both are needed.
    pub created: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Of the message that holds the event; of the original if this is a duplicate.
    pub sequence: u64,
    pub duplicate: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("stream {0} is full")]
    Full(StreamName),
    #[error("stream {stream} takes no event of {bytes} bytes")]
    TooLarge { stream: StreamName, bytes: usize },
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
    /// The server would have to promise more than it has.
    #[error(
        "stream {stream} is to hold up to {bytes} bytes, and the broker has not so much storage to promise ({reason}): give it more, or start every role with a smaller --{}",
        stream.size_setting()
    )]
    TooLarge { stream: StreamName, bytes: u64, reason: String },
    #[error("stream {stream} cannot be reached: {reason}")]
    Unavailable { stream: StreamName, reason: String },
}

/// Where streams are kept, and how much of it there is. What nobody can tell is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Storage {
    pub used: u64,
    /// What all streams together may come to hold.
    pub reserved: u64,
    /// What they may come to hold at most.
    pub max: Option<u64>,
    pub disk: Option<Disk>,
}

/// The file system that holds the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free: u64,
    pub total: u64,
}

/// How a process's own writes to a stream fare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteTrouble {
    /// Since the first write that failed without one that succeeded since.
    pub lasting: Duration,
    pub reason: String,
}

#[async_trait]
pub trait Streams: Send + Sync {
    /// Creates the stream, or brings its settings up to date. Returns what is there then; its epoch and
    /// first sequence are those of the existing stream if there was one.
    async fn ensure(&self, spec: &StreamSpec) -> Result<Identity, ReadError>;

    async fn identity(&self, stream: StreamName) -> Result<Identity, ReadError>;

    /// Returns once the event is durable. On TRAFFIC and WORKERS it goes into the next batch.
    async fn append(
        &self,
        subject: &Subject,
        event: Encoded,
        condition: Condition,
    ) -> Result<Appended, AppendError>;

    /// Appends these as one message, which becomes visible whole. Not of CONTROL.
    async fn append_batch(
        &self,
        stream: StreamName,
        events: &[Encoded],
    ) -> Result<Appended, AppendError>;

    /// Appends off the caller's path, in the order of the calls of one caller, in a batch with what else waits. Failures are counted and logged by
    /// the stream, bounded in memory; for events whose loss harms nobody because a later one says it again.
    fn append_soon(&self, subject: &Subject, event: Encoded);

    /// The events behind `after`, in order, as they come.
    async fn read(&self, stream: StreamName, after: u64) -> Result<Box<dyn Cursor>, ReadError>;

    /// What the stream holds of some subjects, from its beginning, and as it comes; none where all of it is read or
    /// nothing.
    async fn read_part(
        &self,
        _stream: StreamName,
        _filter: &Filter,
    ) -> Result<Option<Box<dyn Part>>, ReadError> {
        Ok(None)
    }

    /// The events of one message, from the stream's leader, or the message if it is foreign; none if it is not there.
    async fn get(&self, stream: StreamName, sequence: u64) -> Result<Vec<Entry>, ReadError>;

    /// Drops the messages up to and including `sequence`.
    async fn purge(&self, stream: StreamName, sequence: u64) -> Result<(), ReadError>;

    /// Gives the stream that is there another epoch: the one under which the archive goes on with it.
    async fn set_epoch(&self, stream: StreamName, epoch: u32) -> Result<(), ReadError>;

    /// How much is kept where the streams are.
    async fn storage(&self) -> Result<Storage, ReadError>;

    /// What time it is where the streams are kept; none where that is this process.
    async fn server_time(&self) -> Result<Option<Timestamp>, ReadError> {
        Ok(None)
    }

    /// What time it is by the clock that says when something was appended to the stream.
    async fn time(&self, stream: StreamName) -> Result<Timestamp, ReadError>;

    /// Why nothing that this process writes to the stream arrives there; none if the last write did.
    fn write_trouble(&self, stream: StreamName) -> Option<WriteTrouble>;

    /// Deletes the stream with everything in it. For replacing a stream (`uplion log epoch`) and for tests.
    async fn delete(&self, stream: StreamName) -> Result<(), ReadError>;
}

/// A place in a stream. Sequences within one stream have no gaps unless it was purged.
#[async_trait]
pub trait Cursor: Send {
    /// Whole messages: at least one entry, and no more than `most` but for the rest of the last message; none if
    /// `wait` passed without any. A foreign message is one entry.
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Entry>, ReadError>;
}

/// A place in what a stream holds of some subjects. It ends with its first error; then it is read from the beginning
/// again.
#[async_trait]
pub trait Part: Send {
    /// As a cursor's.
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Entry>, ReadError>;

    /// Whether all that the stream holds of it was handed out.
    async fn is_complete(&mut self) -> Result<bool, ReadError>;
}

impl StreamName {
    pub const ALL: [Self; 3] = [Self::Traffic, Self::Control, Self::Workers];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traffic => "TRAFFIC",
            Self::Control => "CONTROL",
            Self::Workers => "WORKERS",
        }
    }

    /// The setting, of every role, that says how large it may become.
    pub const fn size_setting(self) -> &'static str {
        match self {
            Self::Traffic => "traffic-max-bytes",
            Self::Control => "control-max-bytes",
            Self::Workers => "workers-max-bytes",
        }
    }

    pub const fn kind(self) -> StreamKind {
        match self {
            Self::Traffic | Self::Control | Self::Workers => StreamKind::Archived,
        }
    }

    /// Those that end in the archive.
    pub fn archived() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|stream| stream.kind() == StreamKind::Archived)
    }

    /// Where its batches are published; none if its messages are single events.
    pub const fn batch_subject(self) -> Option<Subject> {
        match self {
            Self::Traffic => Some(Subject::TrafficBatch { part: 0 }),
            Self::Workers => Some(Subject::WorkersBatch { part: 0 }),
            Self::Control => None,
        }
    }

    /// How its batches are signed, by who has keys; none where they are not: workers have none.
    pub fn seal(self, keys: Option<&LogKeys>) -> Option<Seal> {
        match self {
            Self::Traffic => Some(Seal { keys: keys?.clone(), subject: self.batch_subject()? }),
            Self::Control | Self::Workers => None,
        }
    }

    /// Whether an event of this type may be in it, as far as the type's name tells: what a later version writes.
    pub fn may_hold(self, kind: &str) -> bool {
        let Some(kind) = kind.strip_prefix("uplion.") else { return false };
        let of_workers = kind.starts_with("worker.");
        let of_requests = ["request.", "requests.", "task.", "gateway.", "allowance."];
        let of_requests = of_requests.iter().any(|it| kind.starts_with(it));
        match self {
            Self::Traffic => of_requests,
            Self::Workers => of_workers,
            Self::Control => !of_workers && !of_requests,
        }
    }

    /// The stream that holds what is published to `subject`, or events that are about it; none for tasks and core
    /// messages.
    pub const fn of(subject: &Subject) -> Option<Self> {
        match subject {
            Subject::Traffic { shard: _, kind: TrafficKind::Worker }
            | Subject::WorkersBatch { .. } => Some(Self::Workers),
            Subject::Traffic { .. } | Subject::TrafficBatch { .. } => Some(Self::Traffic),
            Subject::Control(_) => Some(Self::Control),
            Subject::Task { .. }
            | Subject::Gateway { .. }
            | Subject::Worker { .. }
            | Subject::Presence(_) => None,
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
