//! Ingest: from a stream into the archive, each event once, in order, with nothing left out.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use uplion_log_store::{
    StoreError,
    archive::{Archive, IngestError, Tail},
    continuity::{self, Discontinuity},
    lease::Lease,
};
use uplion_log_transport::{
    message::Link,
    stream::{Cursor, Entry, Foreign, Identity, ReadError, Record, StreamName, Streams},
};

use crate::{feed::Feed, metrics::Metrics, readiness::State};

const MOST_EVENTS: usize = 5_000;
const MOST_BYTES: usize = 4 << 20;
/// A batch that is not full waits so long for more.
const GATHER: Duration = Duration::from_millis(20);
/// How long a read waits before it looks whether to stop.
const IDLE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Ingest {
    pub stream: StreamName,
    pub streams: Arc<dyn Streams>,
    pub archive: Arc<dyn Archive>,
    pub link: watch::Receiver<Link>,
    pub lease: Lease,
    pub feed: Arc<Feed>,
    pub state: Arc<State>,
    pub metrics: Metrics,
}

/// Why ingest cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    #[error(transparent)]
    Discontinuity(#[from] Discontinuity),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ingest {
    pub async fn run(mut self, stop: CancellationToken) {
        let job = format!("ingest of {}", self.stream);
        while !stop.is_cancelled() {
            match self.follow(&stop, &job).await {
                Ok(()) => {}
                Err(halt) => self.state.trouble(&job, &halt.to_string()),
            }
            tokio::select! {
                () = tokio::time::sleep(PATIENCE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Archives from the archive's end on, until told to stop, or until the broker was away: then it might be another stream.
    async fn follow(&mut self, stop: &CancellationToken, job: &str) -> Result<(), Halt> {
        let session = *self.link.borrow_and_update();
        let identity = self.streams.identity(self.stream).await?;
        let archived = self.archive.tail(self.stream).await?;
        let mut tail = continuity::check(self.stream, archived, &identity)?;
        number(self.streams.as_ref(), self.stream, &identity, tail).await?;
        let mut cursor = self.streams.read(self.stream, tail.sequence).await?;
        // The last batch may have been archived although nobody could say so.
        self.feed.announce(self.archive.head().await?);
        while !stop.is_cancelled() && *self.link.borrow() == session {
            let batch = gather(cursor.as_mut()).await?;
            let Some(sequence) = batch.last().map(Entry::sequence) else {
                self.state.well(job);
                continue;
            };
            continues(self.stream, tail.sequence, &batch)?;
            let (events, foreign) = parted(batch);
            let ingest = self.archive.ingest(&self.lease, self.stream, tail, &events, &foreign);
            let ingested = ingest.await?;
            self.metrics.archived(self.stream, events.len(), sequence);
            self.set_aside(&foreign);
            tail = Tail { sequence, ..tail };
            self.feed.archived(events, &ingested);
            // Not before: what halted it once would be called well at each new try.
            self.state.well(job);
        }
        Ok(())
    }

    fn set_aside(&self, foreign: &[Foreign]) {
        let Some(Foreign { sequence, reason, .. }) = foreign.first() else { return };
        self.metrics.set_aside(self.stream, foreign.len());
        let (stream, messages) = (self.stream, foreign.len());
        tracing::error!(%stream, messages, sequence, reason, "projector.quarantine");
    }
}

/// The events of a batch, and the messages of others between them.
fn parted(batch: Vec<Entry>) -> (Vec<Record>, Vec<Foreign>) {
    let (mut events, mut foreign) = (Vec::with_capacity(batch.len()), Vec::new());
    for entry in batch {
        match entry {
            Entry::Event(record) => events.push(record),
            Entry::Foreign(message) => foreign.push(message),
        }
    }
    (events, foreign)
}

async fn gather(cursor: &mut dyn Cursor) -> Result<Vec<Entry>, ReadError> {
    let mut batch = cursor.next(MOST_EVENTS, IDLE).await?;
    let started = Instant::now();
    while !batch.is_empty() && batch.len() < MOST_EVENTS && bytes(&batch) < MOST_BYTES {
        let Some(left) = GATHER.checked_sub(started.elapsed()) else { break };
        batch.extend(cursor.next(MOST_EVENTS - batch.len(), left).await?);
    }
    Ok(batch)
}

fn bytes(batch: &[Entry]) -> usize {
    let payload = |entry: &Entry| match entry {
        Entry::Event(record) => record.event.payload.len(),
        Entry::Foreign(foreign) => foreign.message.payload.len(),
    };
    batch.iter().map(payload).sum()
}

fn continues(stream: StreamName, after: u64, batch: &[Entry]) -> Result<(), Halt> {
    let messages = batch.chunk_by(|one, next| one.sequence() == next.sequence());
    for (expected, message) in (after + 1..).zip(messages) {
        let found = message[0].sequence();
        if found != expected {
            return Err(Discontinuity::Gap { stream, from: expected, to: found - 1 }.into());
        }
    }
    Ok(())
}

/// What became of a stream that the archive is to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It is the one that is archived.
    Same,
    /// It has not been made yet, and nothing of it was archived.
    Unknown,
    /// It has not been made yet: the archive goes on with the one that is made next, in this epoch.
    Next(u32),
    /// The archive goes on with it behind here.
    From(Tail),
}

/// Goes on with a stream that took the place of the one that was archived, from its oldest event on.
/// What the old one held beyond the archive is lost, and only a person can decide that it is: hence a command. `dev`, which
/// has no other place where it could be, does it by itself.
pub async fn adopt_stream(
    stream: StreamName,
    streams: &dyn Streams,
    archive: &dyn Archive,
) -> Result<Adopted, Halt> {
    let known = archive.tail(stream).await?;
    let identity = match streams.identity(stream).await {
        Err(ReadError::Missing(_)) => return adopt_next(stream, known, archive).await,
        identity => identity?,
    };
    if let Ok(tail) = continuity::check(stream, known, &identity) {
        number(streams, stream, &identity, tail).await?;
        return Ok(Adopted::Same);
    }
    let epoch = known.map_or(identity.epoch, |tail| tail.epoch + 1);
    let created = identity.created.micros();
    let same = known.is_some_and(|tail| tail.created == created && identity.last >= tail.sequence);
    let sequence = match known {
        // The same stream with a hole: the events before it keep their place.
        Some(tail) if same => identity.first.saturating_sub(1).max(tail.sequence),
        Some(_) | None => identity.first.saturating_sub(1),
    };
    let tail = Tail { epoch, created, sequence };
    archive.begin_epoch(stream, tail).await?;
    number(streams, stream, &identity, tail).await?;
    Ok(Adopted::From(tail))
}

async fn adopt_next(
    stream: StreamName,
    known: Option<Tail>,
    archive: &dyn Archive,
) -> Result<Adopted, Halt> {
    let Some(known) = known else { return Ok(Adopted::Unknown) };
    if known.created == 0 {
        return Ok(Adopted::Next(known.epoch));
    }
    let tail = Tail { epoch: known.epoch + 1, created: 0, sequence: 0 };
    archive.begin_epoch(stream, tail).await?;
    Ok(Adopted::Next(tail.epoch))
}

/// The stream's own epoch is the archive's. Otherwise a position of one would be compared with those of the other.
async fn number(
    streams: &dyn Streams,
    stream: StreamName,
    identity: &Identity,
    tail: Tail,
) -> Result<(), Halt> {
    if identity.epoch != tail.epoch {
        streams.set_epoch(stream, tail.epoch).await?;
    }
    Ok(())
}
