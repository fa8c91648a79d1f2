//! The events of requests, as they are written.

use serde::{Deserialize, Serialize};

use super::{
    Readers, json, parsed,
    rates::{RatesV1, UsageV1},
    shape,
};
use crate::{
    Event, Nanos, Timestamp,
    request::{self, Accepted, Assigned, Outcome, Settled, Timings, Writer},
};

const ACCEPTED: &str = "uplion.request.accepted.v1";
const ASSIGNED: &str = "uplion.task.assigned.v1";
const SETTLED: &str = "uplion.request.settled.v1";

pub const READERS: Readers = &[(SETTLED, settled), (ACCEPTED, accepted), (ASSIGNED, assigned)];

#[derive(Serialize, Deserialize)]
struct AcceptedV1 {
    request: String,
    project: String,
    key: String,
    model: String,
    class: String,
    streamed: bool,
    gateway: String,
    rates: RatesV1,
    /// Microseconds since 1970.
    deadline: i64,
}

#[derive(Serialize, Deserialize)]
struct AssignedV1 {
    request: String,
    project: String,
    worker: String,
    claim: String,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
struct SettledV1 {
    request: String,
    project: String,
    key: String,
    model: String,
    class: String,
    streamed: bool,
    outcome: OutcomeV1,
    usage: UsageV1,
    rates: RatesV1,
    /// Nano-units of the currency.
    charge: i64,
    timings: TimingsV1,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
    writer: WriterV1,
}

/// Words of [`crate::outcome`].
#[derive(Serialize, Deserialize)]
struct OutcomeV1 {
    is: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// Microseconds since the request was accepted.
#[derive(Serialize, Deserialize)]
struct TimingsV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_chunk: Option<u64>,
    total: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WriterV1 {
    Gateway(String),
    Worker(String),
    Sweeper,
}

pub fn encode(event: &request::Event) -> (&'static str, Vec<u8>) {
    match event {
        request::Event::Accepted(accepted) => (ACCEPTED, json(&AcceptedV1::from(accepted))),
        request::Event::Assigned(assigned) => (ASSIGNED, json(&AssignedV1::from(assigned))),
        request::Event::Settled(settled) => (SETTLED, json(&SettledV1::from(settled))),
    }
}

fn accepted(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let wire: AcceptedV1 = shape(payload)?;
    wire.read(at).map(request::Event::Accepted).map(Event::Request)
}

fn assigned(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let wire: AssignedV1 = shape(payload)?;
    wire.read(at).map(request::Event::Assigned).map(Event::Request)
}

fn settled(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let wire: SettledV1 = shape(payload)?;
    wire.read(at).map(request::Event::Settled).map(Event::Request)
}

impl From<&Accepted> for AcceptedV1 {
    fn from(accepted: &Accepted) -> Self {
        let Accepted {
            request,
            project,
            key,
            model,
            class,
            streamed,
            gateway,
            rates,
            deadline,
            at: _,
        } = accepted;
        Self {
            request: request.to_string(),
            project: project.to_string(),
            key: key.to_string(),
            model: model.to_string(),
            class: class.as_str().to_owned(),
            streamed: *streamed,
            gateway: gateway.to_string(),
            rates: rates.into(),
            deadline: deadline.micros(),
        }
    }
}

impl AcceptedV1 {
    fn read(self, at: Timestamp) -> Result<Accepted, serde_json::Error> {
        Ok(Accepted {
            request: parsed(&self.request)?,
            project: parsed(&self.project)?,
            key: parsed(&self.key)?,
            model: parsed(&self.model)?,
            class: parsed(&self.class)?,
            streamed: self.streamed,
            gateway: parsed(&self.gateway)?,
            rates: self.rates.into(),
            deadline: Timestamp::from_micros(self.deadline),
            at,
        })
    }
}

impl From<&Assigned> for AssignedV1 {
    fn from(assigned: &Assigned) -> Self {
        let Assigned { request, project, worker, claim, attempt, at: _ } = assigned;
        Self {
            request: request.to_string(),
            project: project.to_string(),
            worker: worker.to_string(),
            claim: claim.to_string(),
            attempt: *attempt,
        }
    }
}

impl AssignedV1 {
    fn read(self, at: Timestamp) -> Result<Assigned, serde_json::Error> {
        Ok(Assigned {
            request: parsed(&self.request)?,
            project: parsed(&self.project)?,
            worker: parsed(&self.worker)?,
            claim: parsed(&self.claim)?,
            attempt: self.attempt,
            at,
        })
    }
}

impl From<&Settled> for SettledV1 {
    fn from(settled: &Settled) -> Self {
        let Settled {
            request,
            project,
            key,
            model,
            class,
            streamed,
            outcome,
            usage,
            rates,
            charge,
            timings,
            worker,
            writer,
            at: _,
        } = settled;
        Self {
            request: request.to_string(),
            project: project.to_string(),
            key: key.to_string(),
            model: model.to_string(),
            class: class.as_str().to_owned(),
            streamed: *streamed,
            outcome: outcome.into(),
            usage: usage.into(),
            rates: rates.into(),
            charge: charge.to_i64().unwrap_or(i64::MAX),
            timings: TimingsV1 {
                assigned: timings.assigned,
                first_chunk: timings.first_chunk,
                total: timings.total,
            },
            worker: worker.map(|worker| worker.to_string()),
            writer: match writer {
                Writer::Gateway(gateway) => WriterV1::Gateway(gateway.to_string()),
                Writer::Worker(worker) => WriterV1::Worker(worker.to_string()),
                Writer::Sweeper => WriterV1::Sweeper,
            },
        }
    }
}

impl SettledV1 {
    fn read(self, at: Timestamp) -> Result<Settled, serde_json::Error> {
        let TimingsV1 { assigned, first_chunk, total } = self.timings;
        Ok(Settled {
            request: parsed(&self.request)?,
            project: parsed(&self.project)?,
            key: parsed(&self.key)?,
            model: parsed(&self.model)?,
            class: parsed(&self.class)?,
            streamed: self.streamed,
            outcome: self.outcome.read()?,
            usage: self.usage.into(),
            rates: self.rates.into(),
            charge: Nanos::new(self.charge.into()),
            timings: Timings { assigned, first_chunk, total },
            worker: self.worker.as_deref().map(parsed).transpose()?,
            writer: match self.writer {
                WriterV1::Gateway(gateway) => Writer::Gateway(parsed(&gateway)?),
                WriterV1::Worker(worker) => Writer::Worker(parsed(&worker)?),
                WriterV1::Sweeper => Writer::Sweeper,
            },
            at,
        })
    }
}

impl From<&Outcome> for OutcomeV1 {
    fn from(outcome: &Outcome) -> Self {
        Self {
            is: outcome.as_str().to_owned(),
            why: outcome.code().map(str::to_owned),
            status: outcome.upstream_status(),
        }
    }
}

impl OutcomeV1 {
    fn read(&self) -> Result<Outcome, serde_json::Error> {
        let Self { is, why, status } = self;
        Outcome::parse(is, why.as_deref(), *status).map_err(serde::de::Error::custom)
    }
}
