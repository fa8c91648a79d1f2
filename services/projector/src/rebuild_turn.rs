//! One process at a time fills a projection anew: rebuilds and comparisons have one place beside the live copy.
//!
//! The turn is a lease, so it is free again some seconds after its holder was killed. A holder that stood still for
//! longer than that finds it taken and gives up; what it would still write is refused, because the other began anew.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use uplion_log_store::{
    StoreError,
    lease::{Lease, Leases},
};
use uuid::Uuid;

use crate::rebuild::RebuildError;

const KEEP: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

pub struct RebuildTurn {
    projection: &'static str,
    leases: Arc<dyn Leases>,
    lease: Lease,
}

impl RebuildTurn {
    /// Waits for as long as another has it, and tells `waits` so, once.
    pub async fn take(
        projection: &'static str,
        leases: &Arc<dyn Leases>,
        waits: impl FnOnce() + Send,
    ) -> Result<Self, StoreError> {
        let job = format!("rebuild of {projection}");
        // Of one holder the lease would be taken over, and this process may have several.
        let holder = Uuid::now_v7().to_string();
        let mut waits = Some(waits);
        loop {
            if let Some(lease) = leases.take(&job, &holder, KEEP).await? {
                return Ok(Self { projection, leases: Arc::clone(leases), lease });
            }
            if let Some(waits) = waits.take() {
                waits();
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Does the work for as long as the turn lasts.
    pub async fn during<T>(
        self,
        work: impl Future<Output = Result<T, RebuildError>>,
    ) -> Result<T, RebuildError> {
        let done = tokio::select! {
            done = work => done,
            () = self.lost() => Err(RebuildError::TakenOver(self.projection)),
        };
        // Only a courtesy to the next one: an unreleased lease expires.
        if let Err(error) = self.leases.release(&self.lease).await {
            tracing::debug!(%error, "projector.rebuild.turn.not_released");
        }
        done
    }

    /// Keeps the lease; returns once it is another's, or not known to be ours.
    async fn lost(&self) {
        let mut renewed = Instant::now();
        loop {
            sleep(KEEP / 4).await;
            match self.leases.renew(&self.lease, KEEP).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(_) if renewed.elapsed() > KEEP => return,
                Err(error) => tracing::debug!(%error, "projector.rebuild.turn.not_renewed"),
            }
        }
    }
}
