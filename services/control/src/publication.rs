//! When is a write in force? Once CONTROL holds its event, whoever's relay published it.

use std::{sync::Arc, time::Duration};

use uplion_log_store::relay::Relay;

use crate::position::Position;

#[derive(Clone)]
pub struct Publication {
    pub relay: Arc<Relay>,
    /// How long a write waits for it.
    pub patience: Duration,
}

impl Publication {
    /// Where on CONTROL the event at `position` of the event store stands; none if it does not within our patience.
    pub async fn wait_for(&self, position: u64) -> Option<Position> {
        let (epoch, sequence) = self.relay.wait_for(position, self.patience).await?;
        Some(Position { epoch, sequence })
    }

    /// Up to which position of the event store CONTROL has everything; none before the first look at it.
    pub fn published_up_to(&self) -> Option<u64> {
        self.relay.progress().borrow().map(|relayed| relayed.position)
    }
}
