//! Following CONTROL, for which models are registered and with which upstreams.

use std::{convert::Infallible, time::Duration};

use tokio::{sync::watch, time::Instant};
use uplion_domain::{Event, ModelName};
use uplion_log_transport::{
    Log,
    follow::{Follower, News},
    stream::StreamName,
};
use uplion_projections::Catalog;

use crate::roster::Place;

/// How often it is said that registrations cannot be read yet.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Tells `changed` what is to be served: first when all that was there has been read, then at every change. For ever.
pub async fn follow(
    log: &Log,
    only: Option<ModelName>,
    mut changed: impl FnMut(&[Place]),
) -> Infallible {
    let (places, mut seen) = watch::channel(Vec::new());
    let mut catalog = Catalog::default();
    let hear = move |news: News<'_>| match news {
        News::Event(envelope) => {
            catalog.apply(envelope);
            if let Event::Model(..) = envelope.event {
                places.send_replace(served(&catalog, only.as_ref()));
            }
        }
        News::Anew => {
            catalog = Catalog::default();
            places.send_replace(Vec::new());
        }
    };
    let follower = Follower::start(log.streams.clone(), StreamName::Control, hear);
    loop {
        // Half of what is registered is no reason to let go of the other half.
        while !follower.wait_fresh(Instant::now() + SAY_EVERY).await {
            tracing::warn!("registrations cannot be read: what was served is served on");
        }
        let places = seen.borrow_and_update().clone();
        changed(&places);
        // Its sender lies with the follower.
        let _ = seen.changed().await;
    }
}

fn served(catalog: &Catalog, only: Option<&ModelName>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for model in catalog.models().filter(|model| only.is_none_or(|only| *only == model.name)) {
        for upstream in &model.upstreams {
            let place = Place { model: model.name.clone(), upstream: upstream.clone() };
            // Listed twice, it has no more room than once.
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}
