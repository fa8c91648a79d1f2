//! When is a write in force? Once CONTROL holds its event, whoever's relay published it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use uplion_log_store::event_store::EventStore;
use uplion_log_transport::stream::{StreamName, Streams};

use crate::position::Position;

/// Between two looks at the end of CONTROL.
const LOOK: Duration = Duration::from_millis(2);
const LOOK_LATER: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub struct Acks {
    events: Arc<dyn EventStore>,
    streams: Arc<dyn Streams>,
    patience: Duration,
    end: Arc<Mutex<Option<End>>>,
}

/// The end of CONTROL, and where its last event stands in the event store.
#[derive(Debug, Clone, Copy)]
struct End {
    on_control: Position,
    in_store: u64,
}

impl Acks {
    pub fn new(events: Arc<dyn EventStore>, streams: Arc<dyn Streams>, patience: Duration) -> Self {
        Self { events, streams, patience, end: Arc::default() }
    }

    /// Where on CONTROL the event at `position` of the event store stands; none if it does not within our patience.
    pub async fn wait(&self, position: u64) -> Option<Position> {
        let deadline = Instant::now() + self.patience;
        let mut pause = LOOK;
        loop {
            let look = self.look();
            let end = tokio::time::timeout_at(deadline, look).await.ok().flatten();
            if let Some(found) = end.and_then(|end| end.of(position)) {
                return Some(found);
            }
            if Instant::now() + pause >= deadline {
                return None;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_LATER);
        }
    }

    /// Up to which position of the event store CONTROL has everything; none if it cannot be told.
    pub async fn published(&self) -> Option<u64> {
        self.look().await.map(|end| end.in_store)
    }

    /// None if it cannot be told now: the log or the database is away, or the stream was replaced.
    async fn look(&self) -> Option<End> {
        let identity = self.streams.identity(StreamName::Control).await.ok()?;
        let on_control = Position { epoch: identity.epoch, sequence: identity.last };
        let known = *self.end.lock().expect("no holder of this lock panics");
        if let Some(known) = known.filter(|known| known.on_control == on_control) {
            return Some(known);
        }
        let last = self.streams.get(StreamName::Control, on_control.sequence).await.ok()??;
        let in_store = self.events.position_of(&last.event.id).await.ok()??;
        let end = End { on_control, in_store };
        *self.end.lock().expect("no holder of this lock panics") = Some(end);
        Some(end)
    }
}

impl End {
    /// CONTROL holds the store's events in the store's order and without gaps.
    fn of(self, position: u64) -> Option<Position> {
        let behind = self.in_store.checked_sub(position)?;
        let sequence = self.on_control.sequence.checked_sub(behind)?;
        Some(Position { sequence, ..self.on_control })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_by_its_distance_from_the_end() {
        let end = End { on_control: Position { epoch: 1, sequence: 12 }, in_store: 10 };
        assert_eq!(end.of(10), Some(Position { epoch: 1, sequence: 12 }));
        assert_eq!(end.of(7), Some(Position { epoch: 1, sequence: 9 }));
        assert_eq!(end.of(11), None);
    }
}
