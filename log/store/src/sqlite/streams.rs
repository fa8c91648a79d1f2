//! Streams in a file: appended by one thread, read from connections of their own, woken within the process.

mod cursor;
mod message;
mod stream_cache;
mod take_back;
mod writing;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::oneshot;
use uplion_domain::{Timestamp, subject::Subject, wire::Encoded};
use uplion_log_transport::stream::{
    AppendError, Appended, Condition, Cursor, Entry, Identity, ReadError, Storage, StreamName,
    StreamSpec, Streams, WriteTrouble, batch,
    batch_writer::{BatchSink, BatchWriter},
};

use self::{
    cursor::StreamCursor,
    stream_cache::{CachedStream, StreamCache},
    writing::{Append, Job, Message, Writing},
};
use super::{
    connection::{self, AtRisk},
    event,
    folder::Folder,
    readers::Readers,
    schema,
    thread::Thread,
};
use crate::{
    StoreError, clock,
    number::{limit, signed},
};

/// In the data folder.
pub const FILE: &str = "streams.db";
/// Appends that wait for the writing thread, over all callers.
const WAITING: usize = 16_384;
/// Appends of one commit.
const TOGETHER: usize = 1_024;
/// How long an append waits for its commit before its caller is told that it is not known what became of it.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct SqliteStreams {
    appender: Arc<Appender>,
    traffic: BatchWriter,
    workers: BatchWriter,
    cache: Arc<StreamCache>,
    readers: Arc<Readers>,
    folder: Arc<Folder>,
}

impl SqliteStreams {
    /// With the connection to the store's file, for what a loss of power took.
    pub fn open(folder: &Arc<Folder>, store: &Connection) -> Result<Self, StoreError> {
        let path = folder.file(FILE)?;
        let mut connection = connection::open(&path, AtRisk::Recent)?;
        connection::migrate(&mut connection, &schema::streams::migrations::runner())?;
        take_back::from_archive(&mut connection, store)?;
        let cache = Arc::new(StreamCache::load(&connection)?);
        let mut writing = Writing::new(connection, Arc::clone(&cache), Arc::clone(folder));
        let thread = Thread::start("uplion-streams", WAITING, TOGETHER, move |jobs| {
            writing.transact(jobs);
        });
        let appender = Arc::new(Appender(thread));
        // Who can write to this file can read whatever key lies beside it, so nothing in it is signed.
        let sink = || Arc::clone(&appender) as Arc<dyn BatchSink>;
        let writer = |stream| BatchWriter::new(stream, None, sink());
        Ok(Self {
            traffic: writer(StreamName::Traffic),
            workers: writer(StreamName::Workers),
            appender,
            cache,
            readers: Arc::new(Readers::new(path, folder)),
            folder: Arc::clone(folder),
        })
    }

    fn cached(&self, stream: StreamName) -> Result<CachedStream, ReadError> {
        self.cache.of(stream).borrow().clone().ok_or(ReadError::Missing(stream))
    }

    /// None where a message is one event.
    const fn batch_writer(&self, stream: StreamName) -> Option<&BatchWriter> {
        match stream {
            StreamName::Traffic => Some(&self.traffic),
            StreamName::Workers => Some(&self.workers),
            StreamName::Control => None,
        }
    }

    async fn ask(
        &self,
        stream: StreamName,
        job: impl FnOnce(oneshot::Sender<Result<(), ReadError>>) -> Job,
    ) -> Result<(), ReadError> {
        let (answer, answered) = oneshot::channel();
        let gone = || ReadError::Unavailable { stream, reason: ENDED.into() };
        self.appender.0.jobs().send(job(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

const ENDED: &str = "its writer has ended";

/// Hands messages to the writing thread.
struct Appender(Thread<Job>);

impl Appender {
    async fn append(&self, stream: StreamName, message: Message) -> Result<Appended, AppendError> {
        let unacknowledged =
            |reason: &str| AppendError::Unacknowledged { stream, reason: reason.into() };
        let (answer, answered) = oneshot::channel();
        let appended = async {
            let sent = self.0.jobs().send(Job::Append(Append { stream, message, answer })).await;
            sent.map_err(|_| AppendError::Unavailable { stream, reason: ENDED.into() })?;
            answered.await.map_err(|_| unacknowledged(ENDED))?
        };
        let appended = tokio::time::timeout(PATIENCE, appended).await;
        appended.unwrap_or_else(|_| Err(unacknowledged("its writer is busy")))
    }
}

#[async_trait]
impl BatchSink for Appender {
    async fn append_message(&self, stream: StreamName, batch: Bytes) -> Result<u64, AppendError> {
        let subject = stream.batch_subject().ok_or_else(|| AppendError::Unavailable {
            stream,
            reason: "it takes single events only".into(),
        })?;
        let appended = self.append(stream, Message::Batch { subject, payload: batch }).await?;
        Ok(appended.sequence)
    }
}

#[async_trait]
impl Streams for SqliteStreams {
    async fn ensure(&self, spec: &StreamSpec) -> Result<Identity, ReadError> {
        let spec = spec.clone();
        let stream = spec.name;
        self.ask(stream, |answer| Job::Ensure { spec, answer }).await?;
        self.identity(stream).await
    }

    async fn identity(&self, stream: StreamName) -> Result<Identity, ReadError> {
        Ok(self.cached(stream)?.identity())
    }

    async fn append(
        &self,
        subject: &Subject,
        event: Encoded,
        condition: Condition,
    ) -> Result<Appended, AppendError> {
        let stream = stream_of(subject)?;
        if let Some(writer) = self.batch_writer(stream) {
            return writer.append(&event).await;
        }
        let message = Message::Single { subject: subject.clone(), event, condition };
        self.appender.append(stream, message).await
    }

    async fn append_batch(
        &self,
        stream: StreamName,
        events: &[Encoded],
    ) -> Result<Appended, AppendError> {
        let sequence = self.appender.append_message(stream, batch::encode(events, None)).await?;
        Ok(Appended { sequence, duplicate: false })
    }

    fn append_soon(&self, subject: &Subject, event: Encoded) {
        let stream = stream_of(subject).ok();
        if let Some(writer) = stream.and_then(|stream| self.batch_writer(stream)) {
            writer.append_soon(&event);
        } else {
            tracing::error!(%subject, "stream.append.lost");
        }
    }

    async fn read(&self, stream: StreamName, after: u64) -> Result<Box<dyn Cursor>, ReadError> {
        let cached = self.cached(stream)?;
        if after > cached.last {
            return Err(ReadError::Replaced(stream));
        }
        cached.still_holds(stream, after + 1)?;
        let changes = self.cache.of(stream).subscribe();
        let readers = Arc::clone(&self.readers);
        Ok(Box::new(StreamCursor { stream, created: cached.created, after, changes, readers }))
    }

    async fn get(&self, stream: StreamName, sequence: u64) -> Result<Vec<Entry>, ReadError> {
        self.cached(stream)?;
        let mut found = messages(&self.readers, stream, sequence.saturating_sub(1), 1).await?;
        found.retain(|entry| entry.sequence() == sequence);
        Ok(found)
    }

    async fn purge(&self, stream: StreamName, sequence: u64) -> Result<(), ReadError> {
        self.ask(stream, |answer| Job::Purge { stream, sequence, answer }).await
    }

    async fn set_epoch(&self, stream: StreamName, epoch: u32) -> Result<(), ReadError> {
        self.ask(stream, |answer| Job::SetEpoch { stream, epoch, answer }).await
    }

    async fn storage(&self) -> Result<Storage, ReadError> {
        let cached = StreamName::ALL.into_iter().filter_map(|name| self.cached(name).ok());
        let (used, reserved) = cached.fold((0, 0), |(used, reserved), stream| {
            (used + stream.bytes, reserved + stream.max_bytes)
        });
        Ok(Storage { used, reserved, max: None, disk: self.folder.disk() })
    }

    async fn time(&self, _: StreamName) -> Result<Timestamp, ReadError> {
        Ok(Timestamp::from_micros(clock::now_micros()))
    }

    fn write_trouble(&self, stream: StreamName) -> Option<WriteTrouble> {
        self.batch_writer(stream)?.trouble()
    }

    async fn delete(&self, stream: StreamName) -> Result<(), ReadError> {
        self.ask(stream, |answer| Job::Delete { stream, answer }).await
    }
}

fn stream_of(subject: &Subject) -> Result<StreamName, AppendError> {
    StreamName::of(subject).ok_or_else(|| AppendError::Unavailable {
        stream: StreamName::Traffic,
        reason: format!("{subject} belongs to no stream"),
    })
}

const fn table(stream: StreamName) -> &'static str {
    match stream {
        StreamName::Traffic => "traffic",
        StreamName::Control => "control",
        StreamName::Workers => "workers",
    }
}

/// Messages read at once: each may have many events.
const MESSAGES: usize = 256;

/// What whole messages behind `after` hold: `most`, and the rest of the last message.
async fn messages(
    readers: &Arc<Readers>,
    stream: StreamName,
    after: u64,
    most: usize,
) -> Result<Vec<Entry>, ReadError> {
    let sql = format!(
        "SELECT {}, sequence, arrived FROM {} WHERE sequence > ? ORDER BY sequence LIMIT ?",
        event::COLUMNS,
        table(stream)
    );
    let found = readers.read(move |connection| {
        let behind = (signed(after), limit(most.min(MESSAGES)));
        connection::select(connection, &sql, behind, |row| message::entries(stream, row))
    });
    let found = found.await.map_err(|error| unavailable(stream, &error))?;
    let mut entries = Vec::with_capacity(found.len());
    for message in found {
        if entries.len() >= most {
            break;
        }
        entries.extend(message);
    }
    Ok(entries)
}

fn unavailable(stream: StreamName, error: &StoreError) -> ReadError {
    ReadError::Unavailable { stream, reason: error.to_string() }
}
