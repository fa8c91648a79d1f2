//! Which upstreams this worker pulls for: a puller for each, started and stopped as their registration changes.

use std::{collections::HashMap, sync::Arc};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{ModelName, model::Upstream};

use crate::{context::Context, puller::Puller, shares::Shares, upstream};

/// A model at one of its upstreams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub model: ModelName,
    pub upstream: Upstream,
}

pub struct Roster {
    context: Arc<Context>,
    tracker: TaskTracker,
    stop: CancellationToken,
    hand_back: CancellationToken,
    pulling: Vec<(Place, CancellationToken)>,
    /// Among the upstreams of each model.
    shares: HashMap<ModelName, Arc<Shares<upstream::Upstream>>>,
}

impl Roster {
    /// Its pullers end with `stop`; what they have taken goes on until `hand_back`. `tracker` knows when all is over.
    pub fn new(
        context: Arc<Context>,
        tracker: TaskTracker,
        stop: CancellationToken,
        hand_back: CancellationToken,
    ) -> Self {
        Self { context, tracker, stop, hand_back, pulling: Vec::new(), shares: HashMap::new() }
    }

    /// Pulls for these places and for no others. What was taken for a place that is gone is finished there.
    pub fn set(&mut self, places: &[Place]) {
        self.pulling.retain(|(place, stop)| {
            let stays = places.contains(place);
            if !stays {
                tracing::info!(model = %place.model, upstream = %place.upstream.url, "no longer served");
                stop.cancel();
            }
            stays
        });
        self.shares.retain(|model, _| places.iter().any(|place| place.model == *model));
        for place in places {
            if !self.pulling.iter().any(|(pulling, _)| pulling == place) {
                tracing::info!(model = %place.model, upstream = %place.upstream.url, "served");
                let stop = self.start(place.clone());
                self.pulling.push((place.clone(), stop));
            }
        }
    }

    fn start(&mut self, Place { model, upstream }: Place) -> CancellationToken {
        let stop = self.stop.child_token();
        let shares = Arc::clone(self.shares.entry(model.clone()).or_default());
        let puller = Puller {
            context: Arc::clone(&self.context),
            model,
            upstream,
            shares,
            stop: stop.clone(),
            hand_back: self.hand_back.clone(),
            tracker: self.tracker.clone(),
        };
        self.tracker.spawn(puller.run());
        stop
    }
}
