//! Requests that no worker has taken yet: how many of each model, and for how long the oldest has waited.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uplion_domain::{ModelName, RequestId};

#[derive(Debug, Clone, Default)]
pub struct Waiting(Arc<Mutex<HashMap<RequestId, (ModelName, Instant)>>>);

/// Held by a request while it waits.
#[derive(Debug)]
pub struct WaitingPlace {
    waiting: Waiting,
    request: RequestId,
}

/// Of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queued {
    pub requests: u64,
    pub oldest: Duration,
}

impl Waiting {
    pub fn enter(&self, request: RequestId, model: ModelName) -> WaitingPlace {
        self.places().insert(request, (model, Instant::now()));
        WaitingPlace { waiting: self.clone(), request }
    }

    pub fn by_model(&self) -> BTreeMap<ModelName, Queued> {
        let mut queued: BTreeMap<ModelName, Queued> = BTreeMap::new();
        for (model, since) in self.places().values() {
            let of = queued.entry(model.clone()).or_default();
            of.requests += 1;
            of.oldest = of.oldest.max(since.elapsed());
        }
        queued
    }

    fn places(&self) -> MutexGuard<'_, HashMap<RequestId, (ModelName, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        self.waiting.places().remove(&self.request);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_of_each_model_counts_until_it_leaves() {
        let (waiting, model) =
            (Waiting::default(), |name: &str| name.parse::<ModelName>().unwrap());
        let enter =
            |number, name| waiting.enter(RequestId::new(Uuid::from_u128(number)), model(name));
        let first = enter(1, "llama");
        tokio::time::advance(Duration::from_secs(3)).await;
        let _others = [enter(2, "llama"), enter(3, "mistral")];
        tokio::time::advance(Duration::from_secs(2)).await;
        let of = |requests, oldest| Queued { requests, oldest: Duration::from_secs(oldest) };
        let expected = [(model("llama"), of(2, 5)), (model("mistral"), of(1, 2))];
        assert_eq!(waiting.by_model(), BTreeMap::from(expected));
        drop(first);
        assert_eq!(waiting.by_model()[&model("llama")], of(1, 2));
    }
}
