//! The thread that writes to the streams: whatever waits becomes one commit, then everybody is answered.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;
use uplion_domain::{EventId, Timestamp, subject::Subject, wire::Encoded};
use uplion_log_transport::stream::{
    AppendError, Appended, Condition, ReadError, StreamName, StreamSpec,
};

use super::{
    stream_cache::{CachedStream, StreamCache},
    table,
};
use crate::{
    StoreError, clock,
    number::{signed, unsigned},
    sqlite::{
        connection::{execute, select_one},
        folder::Folder,
    },
};

pub enum Job {
    Append(Append),
    Ensure { spec: StreamSpec, answer: oneshot::Sender<Result<(), ReadError>> },
    SetEpoch { stream: StreamName, epoch: u32, answer: oneshot::Sender<Result<(), ReadError>> },
    Purge { stream: StreamName, sequence: u64, answer: oneshot::Sender<Result<(), ReadError>> },
    Delete { stream: StreamName, answer: oneshot::Sender<Result<(), ReadError>> },
}

pub struct Append {
    pub stream: StreamName,
    pub message: Message,
    pub answer: oneshot::Sender<Result<Appended, AppendError>>,
}

pub enum Message {
    Single { subject: Subject, event: Encoded, condition: Condition },
    Batch { subject: Subject, payload: Bytes },
}

pub struct Writing {
    connection: Connection,
    cache: Arc<StreamCache>,
    _folder: Arc<Folder>,
}

/// The streams as they will be after the commit.
struct Draft {
    traffic: Option<CachedStream>,
    control: Option<CachedStream>,
    workers: Option<CachedStream>,
}

/// Given what went wrong with the commit, if anything did.
type Answer = Box<dyn FnOnce(Option<&StoreError>)>;

impl Writing {
    pub const fn new(connection: Connection, cache: Arc<StreamCache>, folder: Arc<Folder>) -> Self {
        Self { connection, cache, _folder: folder }
    }

    pub fn transact(&mut self, jobs: Vec<Job>) {
        let before = Draft::of(&self.cache);
        let mut draft = Draft::of(&self.cache);
        let mut answers = Vec::with_capacity(jobs.len());
        let failed = self.commit(jobs, &before, &mut draft, &mut answers).err();
        if failed.is_none() {
            for stream in StreamName::ALL {
                if before.cached(stream) != draft.cached(stream) {
                    self.cache.of(stream).send_replace(draft.cached(stream).cloned());
                }
            }
        }
        for answer in answers {
            answer(failed.as_ref());
        }
    }

    fn commit(
        &mut self,
        jobs: Vec<Job>,
        before: &Draft,
        draft: &mut Draft,
        answers: &mut Vec<Answer>,
    ) -> Result<(), StoreError> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A failure calls the whole transaction off, but everybody who takes part in it is told.
        let mut failed = None;
        for job in jobs {
            let (done, answer) = run(&transaction, draft, job);
            answers.push(answer);
            failed = failed.or(done.err());
        }
        for stream in StreamName::ALL {
            if let Some(cached) = draft.cached(stream)
                && before.cached(stream) != Some(cached)
            {
                cached.save(&transaction, stream)?;
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(transaction.commit()?),
        }
    }
}

fn run(connection: &Connection, draft: &mut Draft, job: Job) -> (Result<(), StoreError>, Answer) {
    match job {
        Job::Append(append) => {
            let Append { stream, message, answer } = append;
            let done = write(connection, draft.stream_mut(stream), stream, message);
            let (outcome, done) = done.map_or_else(
                |error| (Err(unacknowledged(stream, &error)), Err(error)),
                |outcome| (outcome, Ok(())),
            );
            (done, answer_append(stream, outcome, answer))
        }
        Job::Ensure { spec, answer } => {
            draft.ensure(&spec);
            (Ok(()), answer_read(spec.name, answer, Ok(())))
        }
        Job::SetEpoch { stream, epoch, answer } => {
            let cached = draft.stream_mut(stream).as_mut();
            let outcome = cached.map(|cached| cached.epoch = epoch);
            (Ok(()), answer_read(stream, answer, outcome.ok_or(ReadError::Missing(stream))))
        }
        Job::Purge { stream, sequence, answer } => {
            let (done, outcome) = match draft.stream_mut(stream) {
                Some(cached) => (purge(connection, cached, stream, sequence), Ok(())),
                None => (Ok(()), Err(ReadError::Missing(stream))),
            };
            (done, answer_read(stream, answer, outcome))
        }
        Job::Delete { stream, answer } => {
            *draft.stream_mut(stream) = None;
            (delete(connection, stream), answer_read(stream, answer, Ok(())))
        }
    }
}

fn answer_append(
    stream: StreamName,
    outcome: Result<Appended, AppendError>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
) -> Answer {
    Box::new(move |failed| {
        let outcome = failed.map_or(outcome, |error| Err(unacknowledged(stream, error)));
        // Nobody listens any more if the caller was dropped.
        drop(answer.send(outcome));
    })
}

fn answer_read(
    stream: StreamName,
    answer: oneshot::Sender<Result<(), ReadError>>,
    outcome: Result<(), ReadError>,
) -> Answer {
    Box::new(move |failed| {
        let _ = answer.send(failed.map_or(outcome, |error| Err(super::unavailable(stream, error))));
    })
}

fn unacknowledged(stream: StreamName, error: &StoreError) -> AppendError {
    AppendError::Unacknowledged { stream, reason: error.to_string() }
}

fn write(
    connection: &Connection,
    cached: &mut Option<CachedStream>,
    stream: StreamName,
    message: Message,
) -> Result<Result<Appended, AppendError>, StoreError> {
    let Some(cached) = cached else {
        return Ok(Err(AppendError::Unavailable { stream, reason: "it does not exist".into() }));
    };
    let (subject, event, condition) = match message {
        Message::Single { subject, event, condition } => (subject, event, condition),
        Message::Batch { subject, payload } => (subject, batch(payload), Condition::default()),
    };
    // As JetStream does, a duplicate is recognised before anything else is looked at.
    if condition.unique {
        let since = clock::now_micros().saturating_sub(cached.dedup_micros);
        if let Some(sequence) = original(connection, stream, &event, since)? {
            return Ok(Ok(Appended { sequence, duplicate: true }));
        }
    }
    if let Some(expected) = condition.last
        && expected != cached.last
    {
        return Ok(Err(AppendError::WrongLast { stream, expected }));
    }
    let subject = subject.to_string();
    if cached.bytes + size(&subject, &event) > cached.max_bytes {
        return Ok(Err(AppendError::Full(stream)));
    }
    insert(connection, cached, stream, &subject, &event, condition.unique)?;
    Ok(Ok(Appended { sequence: cached.last, duplicate: false }))
}

/// A batch as a row: its attributes are within.
pub fn batch(payload: impl Into<Vec<u8>>) -> Encoded {
    Encoded {
        id: EventId::known(""),
        kind: String::new(),
        at: Timestamp::from_micros(0),
        traceparent: None,
        actor: None,
        request_id: None,
        payload: payload.into(),
    }
}

/// Puts the message at the stream's end.
pub fn insert(
    connection: &Connection,
    cached: &mut CachedStream,
    stream: StreamName,
    subject: &str,
    event: &Encoded,
    unique: bool,
) -> Result<(), StoreError> {
    let (sequence, size) = (cached.last + 1, size(subject, event));
    let sql = format!("INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", table(stream));
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    let row = (
        signed(sequence),
        subject,
        id.as_str(),
        kind,
        at.micros(),
        traceparent,
        actor,
        payload,
        signed(size),
        clock::now_micros(),
        unique,
        request_id,
    );
    execute(connection, &sql, row)?;
    cached.last = sequence;
    cached.bytes += size;
    Ok(())
}

fn original(
    connection: &Connection,
    stream: StreamName,
    event: &Encoded,
    since: i64,
) -> Result<Option<u64>, StoreError> {
    let sql = format!(
        "SELECT sequence FROM {} WHERE is_unique = 1 AND id = ? AND arrived >= ?",
        table(stream)
    );
    select_one(connection, &sql, (event.id.as_str(), since), |row| Ok(unsigned(row.get(0)?)))
}

/// What an event takes, about.
fn size(subject: &str, event: &Encoded) -> u64 {
    const NUMBERS: usize = 40;
    let Encoded { id, kind, at: _, traceparent, actor, request_id, payload } = event;
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let texts = subject.len() + id.as_str().len() + kind.len();
    let optional = optional(traceparent) + optional(actor) + optional(request_id);
    (texts + optional + payload.len() + NUMBERS) as u64
}

fn purge(
    connection: &Connection,
    cached: &mut CachedStream,
    stream: StreamName,
    sequence: u64,
) -> Result<(), StoreError> {
    let sequence = sequence.min(cached.last);
    if sequence < cached.first {
        return Ok(());
    }
    let table = table(stream);
    let sum = format!("SELECT coalesce(sum(size), 0) FROM {table} WHERE sequence <= ?");
    let freed = select_one(connection, &sum, [signed(sequence)], |row| Ok(unsigned(row.get(0)?)))?;
    let delete = format!("DELETE FROM {table} WHERE sequence <= ?");
    execute(connection, &delete, [signed(sequence)])?;
    cached.first = sequence + 1;
    cached.bytes = cached.bytes.saturating_sub(freed.unwrap_or(0));
    Ok(())
}

fn delete(connection: &Connection, stream: StreamName) -> Result<(), StoreError> {
    execute(connection, &format!("DELETE FROM {}", table(stream)), [])?;
    execute(connection, "DELETE FROM streams WHERE name = ?", [stream.as_str()])?;
    Ok(())
}

impl Draft {
    fn of(cache: &StreamCache) -> Self {
        let cached = |stream| cache.of(stream).borrow().clone();
        Self {
            traffic: cached(StreamName::Traffic),
            control: cached(StreamName::Control),
            workers: cached(StreamName::Workers),
        }
    }

    const fn cached(&self, stream: StreamName) -> Option<&CachedStream> {
        match stream {
            StreamName::Traffic => self.traffic.as_ref(),
            StreamName::Control => self.control.as_ref(),
            StreamName::Workers => self.workers.as_ref(),
        }
    }

    const fn stream_mut(&mut self, stream: StreamName) -> &mut Option<CachedStream> {
        match stream {
            StreamName::Traffic => &mut self.traffic,
            StreamName::Control => &mut self.control,
            StreamName::Workers => &mut self.workers,
        }
    }

    fn ensure(&mut self, spec: &StreamSpec) {
        match self.stream_mut(spec.name) {
            Some(cached) => cached.adjust(spec),
            none => *none = Some(CachedStream::new(spec)),
        }
    }
}
