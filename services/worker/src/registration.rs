//! Following what CONTROL says of models: which are registered, and with which upstreams. Workers read nothing else of it.

use std::{convert::Infallible, time::Duration};

use tokio::{sync::watch, time::Instant};
use uplion_domain::{Event, ModelName, subject::Filter};
use uplion_log_transport::{
    Log,
    follow::{Follower, News},
    stream::StreamName,
};
use uplion_projections::Catalog;

use crate::served::ServedUpstream;

/// How often it is said that registrations cannot be read yet.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// Tells `changed` what is to be served: first when all that was there has been read, then at every change. For ever.
pub async fn follow(
    log: &Log,
    only: Option<ModelName>,
    mut changed: impl FnMut(&[ServedUpstream]),
) -> Infallible {
    let (publish, mut latest) = watch::channel(Vec::new());
    let mut catalog = Catalog::default();
    let on_news = move |news: News<'_>| match news {
        News::Event(envelope) => {
            catalog.apply(envelope);
            if let Event::Model(..) = envelope.event {
                publish.send_replace(served(&catalog, only.as_ref()));
            }
        }
        // Gateways send it no requests of such a model.
        News::Unread(_) => {}
        News::Anew => {
            catalog = Catalog::default();
            publish.send_replace(Vec::new());
        }
    };
    let follower = Follower::of_part(
        log.streams.clone(),
        StreamName::Control,
        Filter::ControlOfModels,
        on_news,
    );
    loop {
        // Half of what is registered is no reason to let go of the other half.
        while !follower.wait_fresh(Instant::now() + WARN_EVERY).await {
            tracing::warn!("worker.registrations.unavailable");
        }
        let served = latest.borrow_and_update().clone();
        changed(&served);
        // Its sender lies with the follower.
        let _ = latest.changed().await;
    }
}

fn served(catalog: &Catalog, only: Option<&ModelName>) -> Vec<ServedUpstream> {
    let mut all: Vec<ServedUpstream> = Vec::new();
    for model in catalog.models().filter(|model| only.is_none_or(|only| *only == model.name)) {
        for upstream in &model.upstreams {
            let served = ServedUpstream { model: model.name.clone(), upstream: upstream.clone() };
            // Listed twice, it has no more slots than once.
            if !all.contains(&served) {
                all.push(served);
            }
        }
    }
    all
}
