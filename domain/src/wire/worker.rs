//! The events of workers, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, Timestamp,
    worker::{
        self,
        Event::{Failed, Started, Stopped},
    },
};

const STARTED: &str = "uplion.worker.started.v1";
const STOPPED: &str = "uplion.worker.stopped.v1";
const FAILED: &str = "uplion.worker.failed.v1";

pub const READERS: Readers = &[(STARTED, started), (STOPPED, stopped), (FAILED, failed)];

#[derive(Serialize, Deserialize)]
struct StartedV1 {
    worker: String,
    models: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoppedV1 {
    worker: String,
}

#[derive(Serialize, Deserialize)]
struct FailedV1 {
    worker: String,
    model: String,
    reason: String,
}

pub fn encode(event: &worker::Event) -> (&'static str, Vec<u8>) {
    match event {
        Started { worker, models, at: _ } => {
            let models = models.iter().map(ToString::to_string).collect();
            (STARTED, json(&StartedV1 { worker: worker.to_string(), models }))
        }
        Stopped { worker, at: _ } => (STOPPED, json(&StoppedV1 { worker: worker.to_string() })),
        Failed { worker, model, reason, at: _ } => {
            let (worker, model, reason) =
                (worker.to_string(), model.to_string(), reason.to_string());
            (FAILED, json(&FailedV1 { worker, model, reason }))
        }
    }
}

fn started(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let StartedV1 { worker, models } = shape(payload)?;
    let models = models.iter().map(|name| parsed(name)).collect::<Result<_, _>>()?;
    Ok(Event::Worker(Started { worker: parsed(&worker)?, models, at }))
}

fn stopped(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let StoppedV1 { worker } = shape(payload)?;
    Ok(Event::Worker(Stopped { worker: parsed(&worker)?, at }))
}

fn failed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let FailedV1 { worker, model, reason } = shape(payload)?;
    let (worker, model, reason) = (parsed(&worker)?, parsed(&model)?, parsed(&reason)?);
    Ok(Event::Worker(Failed { worker, model, reason, at }))
}
