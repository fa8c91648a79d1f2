//! The events of workers, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, shape, text::Text};
use crate::{
    Event, ModelName, Timestamp, WorkerId,
    model::UpstreamId,
    worker::{
        self, About,
        Event::{Failed, Ready, Started, Stopped},
        FailureReason,
    },
};

const STARTED_V1: &str = "uplion.worker.started.v1";
const STARTED: &str = "uplion.worker.started.v2";
const READY: &str = "uplion.worker.ready.v1";
const STOPPED: &str = "uplion.worker.stopped.v1";
const FAILED: &str = "uplion.worker.failed.v1";

pub const READERS: Readers = &[
    (STARTED, started),
    (STARTED_V1, started_v1),
    (READY, ready),
    (STOPPED, stopped),
    (FAILED, failed),
];

/// From before it said what it is and where.
#[derive(Deserialize)]
struct StartedV1 {
    worker: Text<WorkerId>,
    models: Vec<Text<ModelName>>,
}

#[derive(Serialize, Deserialize)]
struct StartedV2 {
    worker: Text<WorkerId>,
    models: Vec<Text<ModelName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<AboutV1>,
}

#[derive(Serialize, Deserialize)]
struct AboutV1 {
    places: u32,
    upstreams: Vec<Text<UpstreamId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct ReadyV1 {
    worker: Text<WorkerId>,
    models: Vec<Text<ModelName>>,
}

#[derive(Serialize, Deserialize)]
struct StoppedV1 {
    worker: Text<WorkerId>,
}

#[derive(Serialize, Deserialize)]
struct FailedV1 {
    worker: Text<WorkerId>,
    model: Text<ModelName>,
    reason: Text<FailureReason>,
}

pub fn encode(event: &worker::Event) -> (&'static str, Vec<u8>) {
    let worker = Text(event.worker());
    match event {
        Started { worker: _, models, about, at: _ } => {
            let about = about.as_deref().map(AboutV1::from);
            (STARTED, json(&StartedV2 { worker, models: texts(models), about }))
        }
        Ready { worker: _, models, at: _ } => {
            (READY, json(&ReadyV1 { worker, models: texts(models) }))
        }
        Stopped { worker: _, at: _ } => (STOPPED, json(&StoppedV1 { worker })),
        Failed { worker: _, model, reason, at: _ } => {
            let (model, reason) = (Text(model.clone()), Text(*reason));
            (FAILED, json(&FailedV1 { worker, model, reason }))
        }
    }
}

fn started_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let StartedV1 { worker, models } = shape(payload)?;
    Ok(Event::Worker(Started { worker: worker.0, models: names(models), about: None, at }))
}

fn started(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let StartedV2 { worker, models, about } = shape(payload)?;
    let about = about.map(|about| Box::new(about.into()));
    Ok(Event::Worker(Started { worker: worker.0, models: names(models), about, at }))
}

fn ready(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ReadyV1 { worker, models } = shape(payload)?;
    Ok(Event::Worker(Ready { worker: worker.0, models: names(models), at }))
}

fn stopped(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let StoppedV1 { worker } = shape(payload)?;
    Ok(Event::Worker(Stopped { worker: worker.0, at }))
}

fn failed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let FailedV1 { worker, model, reason } = shape(payload)?;
    let (worker, model, reason) = (worker.0, model.0, reason.0);
    Ok(Event::Worker(Failed { worker, model, reason, at }))
}

fn texts(models: &[ModelName]) -> Vec<Text<ModelName>> {
    models.iter().cloned().map(Text).collect()
}

fn names(models: Vec<Text<ModelName>>) -> Vec<ModelName> {
    models.into_iter().map(|Text(model)| model).collect()
}

impl From<&About> for AboutV1 {
    fn from(About { places, upstreams, zone, version }: &About) -> Self {
        Self {
            places: *places,
            upstreams: upstreams.iter().cloned().map(Text).collect(),
            zone: zone.clone(),
            version: version.clone(),
        }
    }
}

impl From<AboutV1> for About {
    fn from(AboutV1 { places, upstreams, zone, version }: AboutV1) -> Self {
        let upstreams = upstreams.into_iter().map(|Text(upstream)| upstream).collect();
        Self { places, upstreams, zone, version }
    }
}
