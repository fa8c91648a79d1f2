//! Blue/green: a projection is filled anew from the archive beside the live one, then compared with it or put in its place.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uplion_log_store::{
    Store, StoreError,
    archive::Archive,
    lease::Leases,
    rows::{AdvanceError, Copy, Rows},
};
use uplion_projections::{Projection, table::Key};

use crate::{
    feed::{self, Batch, Feed, FeedError},
    folding::{fold, projected},
    rebuild_turn::RebuildTurn,
};

/// How long the rebuild runs after a live copy that never stands still, before it gives up.
const CHASE: Duration = Duration::from_mins(1);
/// Differing keys that are named.
const NAMED: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("projection {0} has no live copy: start the projector first")]
    NoLive(&'static str),
    #[error(
        "the live copy of projection {0} never stood still long enough to be met: try again with less traffic"
    )]
    NeverMet(&'static str),
    #[error(
        "another process took over projection {0} while this one stood still, so its work is lost: run it again"
    )]
    TakenOver(&'static str),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the rebuild of projection {name} failed")]
    Fold { name: &'static str, source: AdvanceError },
}

/// What comparing a projection with its rebuild showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub projection: &'static str,
    pub pos: u64,
    /// Keys whose rows differ; empty if the live copy equals the rebuilt one.
    pub differing: Vec<Key>,
}

/// Fills a projection anew while the old copy serves, and swaps them. `waits` is told if another process is at it.
pub async fn rebuild(
    projection: &'static dyn Projection,
    store: &Store,
    waits: impl FnOnce() + Send,
) -> Result<u64, RebuildError> {
    let turn = RebuildTurn::take(projection.name(), &store.leases, waits).await?;
    let filling = Filling::from_archive(projection, store);
    let filled = async {
        filling.start().await?;
        filling.met(Purpose::Swap).await.map(|(pos, _)| pos)
    };
    turn.during(filled).await
}

/// Fills a projection anew beside the live one, compares both in one snapshot, and drops the new copy.
pub async fn verify(
    projection: &'static dyn Projection,
    store: &Store,
    waits: impl FnOnce() + Send,
) -> Result<Verification, RebuildError> {
    let name = projection.name();
    let turn = RebuildTurn::take(name, &store.leases, waits).await?;
    let filling = Filling::from_archive(projection, store);
    let compared = async {
        filling.start().await?;
        let met = filling.met(Purpose::Compare).await;
        store.rows.drop_rebuild(name).await?;
        let (pos, differing) = met?;
        Ok(Verification { projection: name, pos, differing })
    };
    turn.during(compared).await
}

/// As [`rebuild`], for the projector itself, whose live copy of an older version stands still.
pub(crate) async fn replace(
    projection: &'static dyn Projection,
    rows: &dyn Rows,
    leases: &Arc<dyn Leases>,
    feed: &Feed,
) -> Result<(), RebuildError> {
    let name = projection.name();
    let waits = || tracing::info!(projection = name, "projector.rebuild.waits");
    let turn = RebuildTurn::take(name, leases, waits).await?;
    let replaced = async {
        let live = rows.checkpoint(name, Copy::Live).await?;
        if live.is_some_and(|live| live.version == projection.version()) {
            // Whoever was waited for has done it.
            return Ok(());
        }
        let filling = Filling { projection, rows, source: Source::Feed(feed) };
        filling.start().await?;
        filling.met(Purpose::Swap).await.map(|_| ())
    };
    turn.during(replaced).await
}

struct Filling<'a> {
    projection: &'static dyn Projection,
    rows: &'a dyn Rows,
    source: Source<'a>,
}

/// What is done once both copies are at one pos.
#[derive(Clone, Copy)]
enum Purpose {
    Swap,
    Compare,
}

enum Source<'a> {
    Archive(&'a dyn Archive),
    Feed(&'a Feed),
}

impl<'a> Filling<'a> {
    fn from_archive(projection: &'static dyn Projection, store: &'a Store) -> Self {
        let source = Source::Archive(store.archive.as_ref());
        Self { projection, rows: store.rows.as_ref(), source }
    }

    async fn start(&self) -> Result<(), RebuildError> {
        Ok(self.rows.start_rebuild(projected(self.projection)).await?)
    }

    /// Fills up to where the live copy is, again and again, until both are at one pos and the purpose is met.
    async fn met(&self, purpose: Purpose) -> Result<(u64, Vec<Key>), RebuildError> {
        let started = Instant::now();
        let mut pos = 0;
        loop {
            let live = self.live_pos().await?;
            while pos < live {
                pos = self.step(pos, live).await?;
            }
            if let Some(differing) = self.meet(purpose).await? {
                return Ok((pos, differing));
            }
            if started.elapsed() > CHASE && pos >= live {
                return Err(RebuildError::NeverMet(self.projection.name()));
            }
        }
    }

    /// `None` if the live copy has moved on meanwhile.
    async fn meet(&self, purpose: Purpose) -> Result<Option<Vec<Key>>, RebuildError> {
        let projected = projected(self.projection);
        Ok(match purpose {
            Purpose::Swap => self.rows.swap(projected).await?.then(Vec::new),
            Purpose::Compare => self.rows.differences(projected, NAMED).await?,
        })
    }

    async fn live_pos(&self) -> Result<u64, RebuildError> {
        let name = self.projection.name();
        let live = self.rows.checkpoint(name, Copy::Live).await?;
        live.map(|live| live.pos).ok_or(RebuildError::NoLive(name))
    }

    /// Folds the next batch, but nothing behind `to`.
    async fn step(&self, after: u64, to: u64) -> Result<u64, RebuildError> {
        let batch = match &self.source {
            Source::Archive(archive) => feed::read(*archive, after).await?,
            Source::Feed(feed) => feed.after(after).await?.map(|batch| batch.up_to(u64::MAX)),
        };
        let batch = batch.map_or(Batch::empty(after, to), |batch| batch.up_to(to));
        batch.is_readable_by(self.projection)?;
        let name = self.projection.name();
        match fold(self.projection, self.rows, Copy::Rebuild, after, &batch).await {
            Ok(()) => Ok(batch.to),
            Err(AdvanceError::Store(error)) => Err(error.into()),
            // Whoever has the turn since began anew.
            Err(AdvanceError::Moved(name)) => Err(RebuildError::TakenOver(name)),
            Err(source @ AdvanceError::CalledOff(_)) => Err(RebuildError::Fold { name, source }),
        }
    }
}

impl Batch {
    /// The part of this batch that does not lie behind `to`.
    fn up_to(&self, to: u64) -> Self {
        let to = self.to.min(to);
        let events = self.events.iter().filter(|event| event.pos <= to).cloned().collect();
        let unread = self.unread.iter().filter(|unread| unread.pos <= to).cloned().collect();
        Self { after: self.after, to, events, unread }
    }
}
