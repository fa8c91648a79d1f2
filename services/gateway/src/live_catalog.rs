//! The catalog in memory: which keys and models there are, with proof that it is what CONTROL says.

use std::sync::{Arc, PoisonError, RwLock};

use uplion_log_transport::{
    follow::{Follower, News},
    stream::{StreamName, Streams},
};
use uplion_projections::Catalog;

pub struct LiveCatalog {
    catalog: Arc<RwLock<Catalog>>,
    follower: Follower,
}

/// Nobody can tell whether a key was revoked meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

impl LiveCatalog {
    pub fn follow(streams: Arc<dyn Streams>) -> Self {
        let catalog = Arc::new(RwLock::new(Catalog::default()));
        let written = Arc::clone(&catalog);
        let follower = Follower::start(streams, StreamName::Control, move |news| {
            let mut catalog = written.write().unwrap_or_else(PoisonError::into_inner);
            match news {
                News::Event(event) => catalog.apply(event),
                News::Anew => *catalog = Catalog::default(),
            }
        });
        Self { catalog, follower }
    }

    /// Asks the catalog something, quickly: changes wait meanwhile.
    pub fn ask<A>(&self, question: impl FnOnce(&Catalog) -> A) -> Result<A, Stale> {
        if !self.is_fresh() {
            return Err(Stale);
        }
        Ok(question(&self.catalog.read().unwrap_or_else(PoisonError::into_inner)))
    }

    pub fn is_fresh(&self) -> bool {
        self.follower.fresh()
    }
}
