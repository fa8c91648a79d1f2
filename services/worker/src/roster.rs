//! Which upstreams this worker pulls for: a puller for each, started and stopped as their registration changes.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uplion_domain::{ModelName, model::Upstream};

use crate::{context::Context, puller::Puller};

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
}

impl Roster {
    /// Its pullers end with `stop`; what they have taken goes on until `hand_back`. `tracker` knows when all is over.
    pub const fn new(
        context: Arc<Context>,
        tracker: TaskTracker,
        stop: CancellationToken,
        hand_back: CancellationToken,
    ) -> Self {
        Self { context, tracker, stop, hand_back, pulling: Vec::new() }
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
        for place in places {
            if !self.pulling.iter().any(|(pulling, _)| pulling == place) {
                tracing::info!(model = %place.model, upstream = %place.upstream.url, "served");
                let stop = self.start(place.clone());
                self.pulling.push((place.clone(), stop));
            }
        }
    }

    fn start(&self, Place { model, upstream }: Place) -> CancellationToken {
        let stop = self.stop.child_token();
        let puller = Puller {
            context: Arc::clone(&self.context),
            model,
            upstream,
            stop: stop.clone(),
            hand_back: self.hand_back.clone(),
            tracker: self.tracker.clone(),
        };
        self.tracker.spawn(puller.run());
        stop
    }
}
