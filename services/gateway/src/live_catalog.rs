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

#[derive(Default)]
struct Held {
    catalog: Catalog,
    /// When it was heard here that something about a model changed, of those that are not retired.
    changed: HashMap<ModelName, Instant>,
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
                News::Anew => *held = Held::default(),
            }
        });
        Self { held, follower }
    }

    /// Asks the catalog something, quickly: changes wait meanwhile.
    pub fn ask<A>(&self, question: impl FnOnce(&Catalog) -> A) -> Result<A, Stale> {
        if !self.is_fresh() {
            return Err(Stale);
        }
        Ok(question(&self.held().catalog))
    }

    /// How long ago it was heard here that something about the model changed.
    pub fn changed_ago(&self, model: &ModelName) -> Option<Duration> {
        self.held().changed.get(model).map(Instant::elapsed)
    }

    pub fn is_fresh(&self) -> bool {
        self.follower.fresh()
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn apply(&mut self, envelope: &Envelope) {
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
