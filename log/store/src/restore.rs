//! After the database went back in time: takes in what CONTROL holds and the event store does not.

use std::time::Duration;

use uplion_domain::{subject::Subject, wire::Encoded};
use uplion_log_transport::stream::{Entry, ReadError, StreamName, Streams};

use crate::{StoreError, event_store::EventStore, relay::last_event};

const BATCH: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("CONTROL should hold events up to {end}, but none came after {sequence}")]
    Silent { sequence: u64, end: u64 },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether CONTROL ends with an event that the store does not know. The relay halts then.
pub async fn is_needed(
    events: &dyn EventStore,
    streams: &dyn Streams,
) -> Result<bool, RestoreError> {
    let identity = streams.identity(StreamName::Control).await?;
    match last_event(streams, &identity, 0).await? {
        Some(last) => Ok(events.position_of(&last.event).await?.is_none()),
        None => Ok(false),
    }
}

/// Returns how many events were new to the store. The relay goes on by itself afterwards.
pub async fn restore(events: &dyn EventStore, streams: &dyn Streams) -> Result<u64, RestoreError> {
    let identity = streams.identity(StreamName::Control).await?;
    let mut sequence = identity.first.saturating_sub(1);
    let mut cursor = streams.read(StreamName::Control, sequence).await?;
    // Each batch begins with the last event of the one before, which says where the batch belongs.
    let mut batch: Vec<(Subject, Encoded)> = Vec::new();
    let mut new = 0;
    while sequence < identity.last {
        let entries = cursor.next(BATCH, PATIENCE).await?;
        let Some(last) = entries.last() else {
            return Err(RestoreError::Silent { sequence, end: identity.last });
        };
        sequence = last.sequence();
        // What is foreign is nothing that the store could have lost.
        let records = entries.into_iter().filter_map(Entry::event);
        batch.extend(records.map(|record| (record.subject, record.event)));
        if batch.is_empty() {
            continue;
        }
        new += events.import(&batch).await?;
        batch.drain(..batch.len() - 1);
    }
    Ok(new)
}
