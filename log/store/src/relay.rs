//! The relay: what was committed goes onto CONTROL, in commit order, each event once.
//!
//! CONTROL itself says where it goes on: behind its own last event. Every append names the end that it expects, so
//! of several relays one gets through and the others look where CONTROL ends now. Nothing is kept anywhere else,
//! so a relay may be killed at any point.

use std::{
    convert::Infallible,
    sync::{Arc, RwLock},
    time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uplion_domain::{EventId, Timestamp};
use uplion_log_transport::stream::{
    AppendError, Appended, Condition, Entry, Identity, ReadError, Record, StreamName, Streams,
};

use crate::{
    StoreError,
    event_store::{EventStore, Stored},
};

/// Appends under way at once. The first that fails makes all behind it fail: their ends are not what they expect.
const TOGETHER: usize = 64;
/// Foreign messages on CONTROL that may lie between an event and its end, when its place is looked for.
const FOREIGN_BETWEEN: u64 = 64;
/// How long what CONTROL holds may take to be read once more.
const REREAD: Duration = Duration::from_secs(10);
/// Entries read at once.
const BATCH: usize = 1_000;
/// After so long without a commit it looks whether CONTROL is still what it was.
const IDLE_MS: u64 = 1_000;
/// Between attempts when something is away.
const PATIENCE: Duration = Duration::from_millis(250);

pub struct Relay {
    events: Arc<dyn EventStore>,
    streams: Arc<dyn Streams>,
    relayed: watch::Sender<Option<Relayed>>,
    trouble: RwLock<Option<String>>,
}

/// CONTROL's last event, and where it stands in the event store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relayed {
    pub position: u64,
    pub epoch: u32,
    pub sequence: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database went back in time. Going on would publish other events under positions that were published.
    #[error(
        "CONTROL holds event {0}, which the database does not know: run `uplion log restore` to take in what CONTROL holds"
    )]
    Forgotten(EventId),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Where the relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RelayPosition {
    relayed: Relayed,
    /// Tells CONTROL from others of its name; what is published is signed for this one alone.
    created: Timestamp,
    /// CONTROL's last event; none if it has none.
    last: Option<LastEvent>,
}

/// CONTROL's last event that is one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastEvent {
    pub event: EventId,
    pub sequence: u64,
}

impl Relay {
    pub fn new(events: Arc<dyn EventStore>, streams: Arc<dyn Streams>) -> Self {
        let trouble = RwLock::new(Some("it has not begun".to_owned()));
        Self { events, streams, relayed: watch::Sender::new(None), trouble }
    }

    /// Relays until told to stop. An append that is cut off by that may arrive or not: CONTROL tells the next one.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let failed = tokio::select! {
                failed = self.follow() => failed,
                () = stop.cancelled() => return,
            };
            let Err(error) = failed;
            if let RelayError::Forgotten(_) = error {
                // What was known of positions is of another past.
                self.relayed.send_replace(None);
            }
            self.note(Some(error.to_string()));
            tokio::select! {
                () = sleep(PATIENCE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Why nothing is relayed, if so.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.read().expect("no holder of this lock panics").clone()
    }

    /// How far CONTROL has come; none before the first look at it.
    pub fn progress(&self) -> watch::Receiver<Option<Relayed>> {
        self.relayed.subscribe()
    }

    /// Epoch and sequence on CONTROL of the event, once it is there; none if that takes too long. `position` is where the
    /// event store has it, as far as the caller knows.
    pub async fn wait_for(
        &self,
        event: &EventId,
        position: u64,
        patience: Duration,
    ) -> Option<(u32, u64)> {
        timeout(patience, self.found(event, position)).await.ok()?
    }

    async fn found(&self, event: &EventId, position: u64) -> Option<(u32, u64)> {
        let mut progress = self.progress();
        let mut position = position;
        loop {
            let there =
                |relayed: &Option<Relayed>| relayed.is_some_and(|it| it.position >= position);
            let relayed = progress.wait_for(there).await.ok().and_then(|relayed| *relayed)?;
            if let Some((epoch, at_most)) = relayed.sequence_of(position)
                && let Some(sequence) = self.place_of(event, at_most).await
            {
                return Some((epoch, sequence));
            }
            // The database was set back, so another event stands there: it is published once that is mended, and then
            // at another position.
            match self.events.position_of(event).await {
                Ok(Some(now)) if now != position => position = now,
                _ => progress.changed().await.ok()?,
            }
        }
    }

    /// Where CONTROL has this event: there, or before it if foreign messages came behind it.
    async fn place_of(&self, event: &EventId, at_most: u64) -> Option<u64> {
        for sequence in (at_most.saturating_sub(FOREIGN_BETWEEN)..=at_most).rev() {
            let there = self.streams.get(StreamName::Control, sequence).await.ok()?;
            if there.iter().filter_map(Entry::as_event).any(|found| found.event.id == *event) {
                return Some(sequence);
            }
        }
        None
    }

    /// Returns only when something is wrong.
    async fn follow(&self) -> Result<Infallible, RelayError> {
        let mut end = self.position(None).await?;
        loop {
            self.note(None);
            self.relayed.send_if_modified(|known| {
                let news = Some(end.relayed);
                std::mem::replace(known, news) != news
            });
            let committed = self.events.after(end.relayed.position, TOGETHER).await?;
            if committed.is_empty() {
                self.events.changed(end.relayed.position, IDLE_MS).await?;
                end = self.position_unless(end).await?;
            } else {
                end = self.publish(&end, committed).await?;
            }
        }
    }

    /// Publishes what it can, and says where CONTROL ends then.
    async fn publish(
        &self,
        end: &RelayPosition,
        committed: Vec<Stored>,
    ) -> Result<RelayPosition, RelayError> {
        // Asked after the events were read: a database that went back in time in between does not know it.
        if let Some(LastEvent { event, .. }) = &end.last
            && self.events.position_of(event).await? != Some(end.relayed.position)
        {
            return self.position(Some(end)).await;
        }
        // Behind foreign messages an event may stand there already, not signed as it should be: its id must not count.
        let unique = end.ends_with_ours();
        let created = Some(end.created);
        let appends = (end.relayed.sequence..).zip(&committed).map(|(last, stored)| {
            let condition = Condition { unique, last: Some(last), created };
            self.streams.append(&stored.subject, stored.event.clone(), condition)
        });
        for (appended, sequence) in join_all(appends).await.into_iter().zip(end.next()..) {
            match appended {
                Ok(Appended { sequence: given, duplicate: false }) if given == sequence => {}
                // It arrived before, or another relay was quicker, or nobody knows.
                Ok(_) | Err(AppendError::WrongLast { .. } | AppendError::Unacknowledged { .. }) => {
                    return self.position(Some(end)).await;
                }
                Err(
                    error @ (AppendError::Full(_)
                    | AppendError::TooLarge { .. }
                    | AppendError::Unavailable { .. }),
                ) => {
                    return Err(error.into());
                }
            }
        }
        Ok(end.behind(committed))
    }

    /// The same position, unless CONTROL has moved or is another stream, or the database is of another time.
    async fn position_unless(&self, known: RelayPosition) -> Result<RelayPosition, RelayError> {
        let identity = self.streams.identity(StreamName::Control).await?;
        let Relayed { epoch, sequence, .. } = known.relayed;
        let known_to_store = match &known.last {
            Some(LastEvent { event, .. }) => {
                self.events.position_of(event).await? == Some(known.relayed.position)
            }
            None => true,
        };
        let same =
            (identity.epoch, identity.last, identity.created) == (epoch, sequence, known.created);
        if same && known_to_store { Ok(known) } else { self.position(Some(&known)).await }
    }

    /// Behind CONTROL's own last event, and what else came behind that. A CONTROL without events of ours is filled from
    /// the first event on: whoever reads it wants all of them.
    async fn position(&self, known: Option<&RelayPosition>) -> Result<RelayPosition, RelayError> {
        let identity = self.streams.identity(StreamName::Control).await?;
        let Identity { created, epoch, last: sequence, .. } = identity;
        let same = known.filter(|known| known.created == created);
        let after = same.and_then(|known| known.last.as_ref()).map_or(0, |last| last.sequence - 1);
        let last = last_event(self.streams.as_ref(), &identity, after).await?;
        let position = match &last {
            Some(LastEvent { event, .. }) => {
                let position = self.events.position_of(event).await?;
                position.ok_or_else(|| RelayError::Forgotten(event.clone()))?
            }
            None => 0,
        };
        Ok(RelayPosition { relayed: Relayed { position, epoch, sequence }, created, last })
    }

    fn note(&self, trouble: Option<String>) {
        let mut noted = self.trouble.write().expect("no holder of this lock panics");
        if *noted == trouble {
            return;
        }
        if let Some(trouble) = &trouble {
            tracing::error!(trouble, "relay.halted");
        } else {
            tracing::info!("relay.running");
        }
        *noted = trouble;
    }
}

impl RelayPosition {
    const fn next(&self) -> u64 {
        self.relayed.sequence + 1
    }

    /// Whether nothing foreign stands behind CONTROL's last event.
    fn ends_with_ours(&self) -> bool {
        self.last.as_ref().map_or(0, |last| last.sequence) == self.relayed.sequence
    }

    /// The position once all of `published` follow it.
    fn behind(&self, published: Vec<Stored>) -> Self {
        let sequence = self.relayed.sequence + published.len() as u64;
        let Some(last) = published.into_iter().next_back() else { return self.clone() };
        let relayed = Relayed { position: last.position, sequence, ..self.relayed };
        let last = Some(LastEvent { event: last.event.id, sequence });
        Self { relayed, created: self.created, last }
    }
}

impl Relayed {
    /// CONTROL and the event store are in one order and have no gaps, but need not begin with the same number.
    pub fn sequence_of(&self, position: u64) -> Option<(u32, u64)> {
        let behind = self.position.checked_sub(position)?;
        Some((self.epoch, self.sequence.checked_sub(behind)?))
    }
}

/// Of CONTROL, whose identity this is, behind `after`; none while it has none.
pub(crate) async fn last_event(
    streams: &dyn Streams,
    identity: &Identity,
    after: u64,
) -> Result<Option<LastEvent>, ReadError> {
    if identity.last < identity.first {
        return Ok(None);
    }
    let stream = StreamName::Control;
    let end = streams.get(stream, identity.last).await?;
    if let Some(Entry::Event(Record { sequence, event, .. })) = end.into_iter().next_back() {
        return Ok(Some(LastEvent { event: event.id, sequence }));
    }
    // The end is foreign. Such ends are rare, and an honest one is put behind it at once.
    let mut sequence = after.max(identity.first.saturating_sub(1));
    let mut cursor = streams.read(stream, sequence).await?;
    let mut last = None;
    while sequence < identity.last {
        let entries = cursor.next(BATCH, REREAD).await?;
        let Some(end) = entries.last() else {
            let reason = format!("nothing came behind {sequence}, and there is more");
            return Err(ReadError::Unavailable { stream, reason });
        };
        sequence = end.sequence();
        let events = entries.into_iter().filter_map(Entry::event);
        let newest =
            events.last().map(|it| LastEvent { event: it.event.id, sequence: it.sequence });
        last = newest.or(last);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_by_its_distance_from_the_end() {
        let relayed = Relayed { position: 10, epoch: 3, sequence: 107 };
        assert_eq!(relayed.sequence_of(10), Some((3, 107)));
        assert_eq!(relayed.sequence_of(8), Some((3, 105)));
        assert_eq!(relayed.sequence_of(11), None);
    }
}
