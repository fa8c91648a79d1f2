//! Keeping one projection up to the archive, batch by batch, and setting it going again when it halts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uplion_domain::Event;
use uplion_log_store::{
    StoreError,
    lease::Leases,
    rows::{AdvanceError, Checkpoint, Copy, Projected, Rows},
};
use uplion_projections::{Projection, Recorded};

use crate::{
    feed::{Batch, Feed, FeedError},
    folding::{fold, projected},
    metrics::Metrics,
    readiness::State,
    rebuild::{self, RebuildError},
};

/// Under load a projection writes at most ten times a second: rows that are touched often are written once for all of it.
const PACE: Duration = Duration::from_millis(100);
/// A checkpoint that moves over nothing but requests, which do not touch its rows, moves so often; or as soon as it is
/// [`QUIET`]. Most projections have nothing to do with requests, and would write as often as if they had.
const SAVE_EVERY: Duration = Duration::from_secs(1);
const QUIET: Duration = Duration::from_millis(50);
/// How long a halted projection waits before it tries again.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Job {
    pub projection: &'static dyn Projection,
    pub rows: Arc<dyn Rows>,
    pub leases: Arc<dyn Leases>,
    pub feed: Arc<Feed>,
    pub state: Arc<State>,
    pub metrics: Metrics,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Advance(#[from] AdvanceError),
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(job: Job, stop: CancellationToken) {
    let name = job.projection.name();
    let what = format!("projection {name}");
    while !stop.is_cancelled() {
        let ended = tokio::select! {
            ended = job.follow(&what) => ended,
            () = stop.cancelled() => return,
        };
        // Nothing is wrong: another projector is at it too, or a rebuild took the live copy's place.
        if let Err(RunError::Advance(AdvanceError::Moved(_))) = ended {
            tokio::time::sleep(PACE).await;
            continue;
        }
        if let Err(error) = ended {
            job.state.trouble(&what, &error.to_string());
            // The reason is kept beside the checkpoint too, for whoever asks another process.
            if let Err(error) = job.rows.halt(name, Some(&error.to_string())).await {
                tracing::debug!(%error, "projector.halt.not_recorded");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl Job {
    async fn follow(&self, what: &str) -> Result<(), RunError> {
        let projected = projected(self.projection);
        let mut heads = self.feed.heads();
        let checkpoint = self.brought_up_to_version(projected).await?;
        // Up to where events are folded, and up to where the checkpoint says so.
        let (mut pos, mut saved) = (checkpoint.pos, checkpoint.pos);
        let mut saved_at = Instant::now();
        let mut halted = checkpoint.halted.is_some();
        loop {
            heads.borrow_and_update();
            while let Some(batch) = self.feed.after(pos).await? {
                batch.is_readable_by(self.projection)?;
                pos = batch.to;
                if saved_at.elapsed() < SAVE_EVERY && self.is_of_others(&batch) {
                    continue;
                }
                self.save(saved, &batch).await?;
                (saved, saved_at) = (pos, Instant::now());
                self.goes_on(what, &mut halted).await?;
            }
            self.goes_on(what, &mut halted).await?;
            tokio::time::sleep(PACE).await;
            if saved < pos && timeout(QUIET, heads.changed()).await.is_err() {
                let nothing = Batch::empty(saved, pos);
                self.save(saved, &nothing).await?;
                (saved, saved_at) = (pos, Instant::now());
            }
            if saved == pos && heads.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Only once something was folded, or all is: what halted it is met again at each new try.
    async fn goes_on(&self, what: &str, halted: &mut bool) -> Result<(), RunError> {
        if std::mem::take(halted) {
            self.rows.halt(self.projection.name(), None).await?;
        }
        self.state.well(what);
        Ok(())
    }

    async fn save(&self, from: u64, batch: &Batch) -> Result<(), RunError> {
        fold(self.projection, self.rows.as_ref(), Copy::Live, from, batch).await?;
        self.metrics.projected(self.projection.name(), batch.to);
        Ok(())
    }

    /// Whether it holds nothing but what happened to requests, and nothing of that touches this projection.
    fn is_of_others(&self, batch: &Batch) -> bool {
        let is_others = |event: &Recorded| {
            let traffic = matches!(event.envelope.event, Event::Request(_) | Event::Worker(_));
            traffic && self.projection.key(event).is_none()
        };
        // One that panics is met again by who folds, and halts there.
        catch_unwind(AssertUnwindSafe(|| batch.events.iter().all(is_others))).unwrap_or(false)
    }

    /// The live copy of an older version goes on serving while the new one is built beside it.
    async fn brought_up_to_version(&self, projected: Projected) -> Result<Checkpoint, RunError> {
        let checkpoint = self.rows.ensure(projected).await?;
        if checkpoint.version == projected.version {
            return Ok(checkpoint);
        }
        tracing::info!(
            projection = projected.name,
            from = checkpoint.version,
            to = projected.version,
            "projector.rebuild"
        );
        rebuild::replace(self.projection, self.rows.as_ref(), &self.leases, &self.feed).await?;
        Ok(self.rows.ensure(projected).await?)
    }
}
