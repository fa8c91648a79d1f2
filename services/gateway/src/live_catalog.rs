//! The catalog in memory: which keys and models there are, with proof that it is what CONTROL says.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use tokio::time::Instant;
use uplion_domain::{Envelope, Event, ModelName, model};
use uplion_log_transport::{
    follow::{Follower, News},
    stream::{StreamName, Streams},
};
use uplion_projections::Catalog;

pub struct LiveCatalog {
    held: Arc<RwLock<Held>>,
    follower: Follower,
}

/// CONTROL made anew is filled from the record of all changes, and is worth as much as the one before once it holds as
/// many. If it never will, it is believed after so long.
const REFILLED_WITHIN: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Held {
    catalog: Catalog,
    /// Events that were heard of this CONTROL.
    heard: u64,
    /// Of one that took the place of another.
    refill: Option<Refill>,
    /// When it was heard here that something about a model changed, of those that are not retired.
    changed: HashMap<ModelName, Instant>,
}

/// Of which is not known yet what the one before held: a good key would be turned away.
struct Refill {
    /// Events that were heard of the one before.
    until: u64,
    since: Instant,
}

/// Nobody can tell whether a key was revoked meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

impl LiveCatalog {
    pub fn follow(streams: Arc<dyn Streams>) -> Self {
        let held = Arc::new(RwLock::new(Held::default()));
        let written = Arc::clone(&held);
        let follower = Follower::start(streams, StreamName::Control, move |news| {
            let mut held = written.write().unwrap_or_else(PoisonError::into_inner);
            match news {
                News::Event(event) => held.apply(event),
                News::Unread(subject) => {
                    held.heard += 1;
                    held.catalog.leave_unread(subject);
                }
                News::Anew => *held = Held::anew(&held),
            }
        });
        Self { held, follower }
    }

    /// Asks the catalog something, quickly: changes wait meanwhile.
    pub fn ask<A>(&self, question: impl FnOnce(&Catalog) -> A) -> Result<A, Stale> {
        let held = self.held();
        if !self.follower.fresh() || !held.is_refilled() {
            return Err(Stale);
        }
        Ok(question(&held.catalog))
    }

    /// How long ago it was heard here that something about the model changed.
    pub fn changed_ago(&self, model: &ModelName) -> Option<Duration> {
        self.held().changed.get(model).map(Instant::elapsed)
    }

    pub fn is_fresh(&self) -> bool {
        self.follower.fresh() && self.held().is_refilled()
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn anew(before: &Self) -> Self {
        let until = before.refill.as_ref().map_or(0, |refill| refill.until).max(before.heard);
        let refill = Some(Refill { until, since: Instant::now() });
        Self { refill, ..Self::default() }
    }

    fn is_refilled(&self) -> bool {
        self.refill.as_ref().is_none_or(|Refill { until, since }| {
            self.heard >= *until || since.elapsed() > REFILLED_WITHIN
        })
    }

    fn apply(&mut self, envelope: &Envelope) {
        self.heard += 1;
        self.catalog.apply(envelope);
        match &envelope.event {
            Event::Model(name, model::Event::Retired { .. }) => {
                self.changed.remove(name);
            }
            Event::Model(name, _) => {
                self.changed.insert(name.clone(), Instant::now());
            }
            Event::Installation(..)
            | Event::Project(..)
            | Event::ApiKey(..)
            | Event::Price(..)
            | Event::User(..)
            | Event::Session(..)
            | Event::AdminKey(..)
            | Event::Request(_)
            | Event::Worker(_) => {}
        }
    }
}
