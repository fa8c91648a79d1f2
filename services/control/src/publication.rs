//! When is a write in force? Once CONTROL holds its event, whoever's relay published it.

use std::{sync::Arc, time::Duration};

use uplion_domain::EventId;
use uplion_log_store::relay::Relay;

use crate::position::Position;

#[derive(Clone)]
pub struct Publication {
    pub relay: Arc<Relay>,
    /// How long a write waits for it.
    pub patience: Duration,
}

impl Publication {
    /// Where on CONTROL the event stands that the event store has at `position`; none if it does not within our patience.
    pub async fn wait_for(&self, event: &EventId, position: u64) -> Option<Position> {
        let (epoch, sequence) = self.relay.wait_for(event, position, self.patience).await?;
        Some(Position { epoch, sequence })
    }

    /// Where CONTROL begins, which holds nothing of what nothing was written for.
    pub fn beginning(&self) -> Option<Position> {
        let relayed = (*self.relay.progress().borrow())?;
        let (epoch, sequence) = relayed.sequence_of(0)?;
        Some(Position { epoch, sequence })
    }

    /// Up to which position of the event store CONTROL has everything; none before the first look at it.
    pub fn published_up_to(&self) -> Option<u64> {
        self.relay.progress().borrow().map(|relayed| relayed.position)
    }
}
