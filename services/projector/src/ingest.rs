//! Ingest: from a stream into the archive, each event once, in order, with nothing left out.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use uplion_log_store::{
    StoreError,
    archive::{Archive, IngestError, Tail},
    lease::Lease,
};
use uplion_log_transport::{
    message::Link,
    stream::{Cursor, Identity, ReadError, Record, StreamName, Streams},
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
    #[error(
        "stream {stream} is not the one that was archived up to {archived} (it was made anew, and ends at {last}): run `uplion log epoch` to go on with it"
    )]
    Replaced { stream: StreamName, archived: u64, last: u64 },
    #[error(
        "stream {stream} lacks events {from} to {to}, which were never archived: run `uplion log epoch` to go on without them"
    )]
    Gap { stream: StreamName, from: u64, to: u64 },
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
                Ok(()) => self.state.well(&job),
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
        let mut tail = check(self.stream, self.archive.tail(self.stream).await?, &identity)?;
        let mut cursor = self.streams.read(self.stream, tail.sequence).await?;
        // The last batch may have been archived although nobody could say so.
        self.feed.announce(self.archive.head().await?);
        self.state.well(job);
        while !stop.is_cancelled() && *self.link.borrow() == session {
            let batch = gather(cursor.as_mut()).await?;
            let Some(last) = batch.last() else { continue };
            continues(self.stream, tail.sequence, &batch)?;
            let ingested = self.archive.ingest(&self.lease, self.stream, tail, &batch).await?;
            self.metrics.archived(self.stream, batch.len(), last.sequence);
            tail = Tail { sequence: last.sequence, ..tail };
            self.feed.archived(batch, &ingested);
        }
        Ok(())
    }
}

/// Whether the stream continues what is archived of it.
fn check(stream: StreamName, tail: Option<Tail>, identity: &Identity) -> Result<Tail, Halt> {
    let created = identity.created.micros();
    let Some(tail) = tail else {
        let (epoch, sequence) = (identity.epoch, identity.first.saturating_sub(1));
        return if identity.first <= 1 {
            Ok(Tail { epoch, created, sequence: 0 })
        } else {
            Err(Halt::Gap { stream, from: 1, to: sequence })
        };
    };
    if (tail.created != 0 && tail.created != created) || identity.last < tail.sequence {
        return Err(Halt::Replaced { stream, archived: tail.sequence, last: identity.last });
    }
    if identity.first > tail.sequence + 1 {
        let (from, to) = (tail.sequence + 1, identity.first - 1);
        return Err(Halt::Gap { stream, from, to });
    }
    Ok(Tail { created, ..tail })
}

async fn gather(cursor: &mut dyn Cursor) -> Result<Vec<Record>, ReadError> {
    let mut batch = cursor.next(MOST_EVENTS, IDLE).await?;
    let started = Instant::now();
    while !batch.is_empty() && batch.len() < MOST_EVENTS && bytes(&batch) < MOST_BYTES {
        let Some(left) = GATHER.checked_sub(started.elapsed()) else { break };
        batch.extend(cursor.next(MOST_EVENTS - batch.len(), left).await?);
    }
    Ok(batch)
}

fn bytes(batch: &[Record]) -> usize {
    batch.iter().map(|record| record.event.payload.len()).sum()
}

fn continues(stream: StreamName, after: u64, batch: &[Record]) -> Result<(), Halt> {
    let messages = batch.chunk_by(|one, next| one.sequence == next.sequence);
    for (expected, message) in (after + 1..).zip(messages) {
        let found = message[0].sequence;
        if found != expected {
            return Err(Halt::Gap { stream, from: expected, to: found - 1 });
        }
    }
    Ok(())
}

/// Goes on with a stream that took the place of the one that was archived, from its oldest event on.
/// What the old one held beyond the archive is lost, and nobody else can decide that it is: hence a command.
pub async fn adopt_stream(
    stream: StreamName,
    streams: &dyn Streams,
    archive: &dyn Archive,
) -> Result<Option<Tail>, Halt> {
    let identity = streams.identity(stream).await?;
    let known = archive.tail(stream).await?;
    if check(stream, known, &identity).is_ok() {
        return Ok(None);
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
    Ok(Some(tail))
}

#[cfg(test)]
mod tests {
    use uplion_domain::Timestamp;

    use super::*;

    const STREAM: StreamName = StreamName::Traffic;

    #[test]
    fn an_empty_archive_begins_at_the_stream_s_first_event() {
        let tail = check(STREAM, None, &identity(7, 1, 9)).expect("nothing is missing");
        assert_eq!(tail, Tail { epoch: 1, created: 7, sequence: 0 });
    }

    #[test]
    fn the_same_stream_goes_on_where_the_archive_ends() {
        let archived = Tail { epoch: 1, created: 7, sequence: 5 };
        assert_eq!(check(STREAM, Some(archived), &identity(7, 3, 9)).ok(), Some(archived));
    }

    #[test]
    fn another_stream_under_the_same_name_is_noticed() {
        let archived = Some(Tail { epoch: 1, created: 7, sequence: 5 });
        assert!(matches!(check(STREAM, archived, &identity(8, 1, 9)), Err(Halt::Replaced { .. })));
        assert!(matches!(check(STREAM, archived, &identity(7, 1, 4)), Err(Halt::Replaced { .. })));
    }

    #[test]
    fn events_that_were_purged_before_they_were_archived_are_missed() {
        let archived = Some(Tail { epoch: 1, created: 7, sequence: 5 });
        let halt = check(STREAM, archived, &identity(7, 8, 9));
        assert!(matches!(halt, Err(Halt::Gap { from: 6, to: 7, .. })));
        assert!(matches!(check(STREAM, None, &identity(7, 8, 9)), Err(Halt::Gap { from: 1, .. })));
    }

    fn identity(created: i64, first: u64, last: u64) -> Identity {
        let created = Timestamp::from_micros(created);
        Identity { created, epoch: 1, first, last, bytes: 0, max_bytes: 0 }
    }
}
