//! Streams in a file: appended by one thread, read from connections of their own, woken within the process.

mod cursor;
mod stream_cache;
mod take_back;
mod writing;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{mpsc::error::TrySendError, oneshot};
use uplion_domain::{subject::Subject, wire::Encoded};
use uplion_log_transport::stream::{
    AppendError, Appended, Condition, Cursor, Identity, ReadError, Record, StreamName, StreamSpec,
    Streams,
};

use self::{
    cursor::StreamCursor,
    stream_cache::{CachedStream, StreamCache},
    writing::{Append, Job, Writing},
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
    StoreError,
    number::{limit, signed, unsigned},
};

/// Appends that wait for the writing thread, over all callers.
const WAITING: usize = 16_384;
/// Appends of one commit.
const TOGETHER: usize = 1_024;
/// How long an append waits for its commit before its caller is told that it is not known what became of it.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct SqliteStreams {
    thread: Thread<Job>,
    cache: Arc<StreamCache>,
    readers: Arc<Readers>,
}

impl SqliteStreams {
    /// With the connection to the store's file, for what a loss of power took.
    pub fn open(folder: &Arc<Folder>, store: &Connection) -> Result<Self, StoreError> {
        let path = folder.file("streams.db")?;
        let mut connection = connection::open(&path, AtRisk::Recent)?;
        connection::migrate(&mut connection, &schema::streams::migrations::runner())?;
        take_back::from_archive(&mut connection, store)?;
        let cache = Arc::new(StreamCache::load(&connection)?);
        let mut writing = Writing::new(connection, Arc::clone(&cache), Arc::clone(folder));
        Ok(Self {
            thread: Thread::start("uplion-streams", WAITING, TOGETHER, move |jobs| {
                writing.transact(jobs);
            }),
            cache,
            readers: Arc::new(Readers::new(path, folder)),
        })
    }

    fn cached(&self, stream: StreamName) -> Result<CachedStream, ReadError> {
        self.cache.of(stream).borrow().clone().ok_or(ReadError::Missing(stream))
    }

    async fn ask(
        &self,
        stream: StreamName,
        job: impl FnOnce(oneshot::Sender<Result<(), ReadError>>) -> Job,
    ) -> Result<(), ReadError> {
        let (answer, answered) = oneshot::channel();
        let gone = || ReadError::Unavailable { stream, reason: ENDED.into() };
        self.thread.jobs().send(job(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

const ENDED: &str = "its writer has ended";

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
        let unacknowledged =
            |reason: &str| AppendError::Unacknowledged { stream, reason: reason.into() };
        let (answer, answered) = oneshot::channel();
        let append =
            Append { stream, subject: subject.clone(), event, condition, answer: Some(answer) };
        let appended = async {
            let sent = self.thread.jobs().send(Job::Append(append)).await;
            sent.map_err(|_| AppendError::Unavailable { stream, reason: ENDED.into() })?;
            answered.await.map_err(|_| unacknowledged(ENDED))?
        };
        let appended = tokio::time::timeout(PATIENCE, appended).await;
        appended.unwrap_or_else(|_| Err(unacknowledged("its writer is busy")))
    }

    fn append_soon(&self, subject: &Subject, event: Encoded) {
        let Ok(stream) = stream_of(subject) else {
            return tracing::error!(%subject, "stream.append.lost");
        };
        let condition = Condition::default();
        let append = Append { stream, subject: subject.clone(), event, condition, answer: None };
        match self.thread.jobs().try_send(Job::Append(append)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.cache.lost(stream, "too many appends wait"),
            Err(TrySendError::Closed(_)) => self.cache.lost(stream, ENDED),
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

    async fn get(&self, stream: StreamName, sequence: u64) -> Result<Option<Record>, ReadError> {
        self.cached(stream)?;
        let found = records(&self.readers, stream, sequence.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|record| record.sequence == sequence))
    }

    async fn purge(&self, stream: StreamName, sequence: u64) -> Result<(), ReadError> {
        self.ask(stream, |answer| Job::Purge { stream, sequence, answer }).await
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
    }
}

async fn records(
    readers: &Arc<Readers>,
    stream: StreamName,
    after: u64,
    most: usize,
) -> Result<Vec<Record>, ReadError> {
    let sql = format!(
        "SELECT {}, sequence FROM {} WHERE sequence > ? ORDER BY sequence LIMIT ?",
        event::COLUMNS,
        table(stream)
    );
    let found = readers.read(move |connection| {
        connection::select(connection, &sql, (signed(after), limit(most)), |row| {
            let (subject, event) = event::read(row, 0)?;
            Ok(Record { sequence: unsigned(row.get(event::NEXT)?), subject, event })
        })
    });
    found.await.map_err(|error| unavailable(stream, &error))
}

fn unavailable(stream: StreamName, error: &StoreError) -> ReadError {
    ReadError::Unavailable { stream, reason: error.to_string() }
}
