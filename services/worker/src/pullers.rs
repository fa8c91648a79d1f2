//! Which upstreams this worker pulls for: a puller for each, started and stopped as their registration changes.

use std::{collections::HashMap, sync::Arc};

use tokio_util::sync::CancellationToken;
use uplion_domain::ModelName;

use crate::{
    puller::{Puller, PullerParts},
    served::ServedUpstream,
    upstream::Upstream,
    weighted_balancer::WeightedBalancer,
};

pub struct Pullers {
    parts: Arc<PullerParts>,
    stop: CancellationToken,
    running: Vec<(ServedUpstream, CancellationToken)>,
    /// Among the upstreams of each model.
    balancers: HashMap<ModelName, Arc<WeightedBalancer<Upstream>>>,
}

impl Pullers {
    /// They take no more tickets once `stop` says so; what they have taken goes on.
    pub fn new(parts: Arc<PullerParts>, stop: CancellationToken) -> Self {
        Self { parts, stop, running: Vec::new(), balancers: HashMap::new() }
    }

    /// Pulls for these upstreams and for no others. What was taken for one that is gone is finished there.
    pub fn set(&mut self, served: &[ServedUpstream]) {
        self.running.retain(|(running, stop)| {
            let stays = served.contains(running);
            if !stays {
                let ServedUpstream { model, upstream } = running;
                tracing::info!(%model, upstream = %upstream.url, "worker.upstream.removed");
                stop.cancel();
            }
            stays
        });
        self.balancers.retain(|model, _| served.iter().any(|one| one.model == *model));
        for added in served {
            if !self.running.iter().any(|(running, _)| running == added) {
                let ServedUpstream { model, upstream } = added;
                tracing::info!(%model, upstream = %upstream.url, "worker.upstream.added");
                let stop = self.start(added.clone());
                self.running.push((added.clone(), stop));
            }
        }
    }

    fn start(&mut self, served: ServedUpstream) -> CancellationToken {
        let stop = self.stop.child_token();
        let balancer = Arc::clone(self.balancers.entry(served.model.clone()).or_default());
        let place = self.parts.places.take(&served);
        let puller = Puller { parts: Arc::clone(&self.parts), served, balancer, place };
        self.parts.running.spawn(puller.run(stop.clone()));
        stop
    }
}
