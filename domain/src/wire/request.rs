//! The events of requests, as they are written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Readers, json, parsed,
    rates::{RatesV1, UsageV1},
    shape,
    text::Text,
};
use crate::{
    ClaimId, Event, GatewayId, KeyId, ModelName, Nanos, ProjectId, RequestId, Timestamp, WorkerId,
    request::{self, Accepted, Assigned, Outcome, Settled, Timings, Writer},
};

const ACCEPTED: &str = "uplion.request.accepted.v1";
const ASSIGNED: &str = "uplion.task.assigned.v1";
const SETTLED: &str = "uplion.request.settled.v1";

pub const READERS: Readers = &[(SETTLED, settled), (ACCEPTED, accepted), (ASSIGNED, assigned)];

#[derive(Serialize, Deserialize)]
struct AcceptedV1<'a> {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    #[serde(borrow)]
    class: Cow<'a, str>,
    streamed: bool,
    gateway: Text<GatewayId>,
    rates: RatesV1,
    /// Microseconds since 1970.
    deadline: i64,
}

#[derive(Serialize, Deserialize)]
struct AssignedV1 {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    worker: Text<WorkerId>,
    claim: Text<ClaimId>,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
struct SettledV1<'a> {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    #[serde(borrow)]
    class: Cow<'a, str>,
    streamed: bool,
    #[serde(borrow)]
    outcome: OutcomeV1<'a>,
    usage: UsageV1,
    rates: RatesV1,
    /// Nano-units of the currency.
    charge: i64,
    timings: TimingsV1,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Text<WorkerId>>,
    writer: WriterV1,
}

/// Words of [`crate::outcome`].
#[derive(Serialize, Deserialize)]
struct OutcomeV1<'a> {
    #[serde(borrow)]
    is: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
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
    Gateway(Text<GatewayId>),
    Worker(Text<WorkerId>),
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
    Ok(Event::Request(request::Event::Assigned(wire.read(at))))
}

fn settled(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let wire: SettledV1 = shape(payload)?;
    wire.read(at).map(request::Event::Settled).map(Event::Request)
}

impl From<&Accepted> for AcceptedV1<'_> {
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
            request: Text(*request),
            project: Text(*project),
            key: Text(*key),
            model: Text(model.clone()),
            class: class.as_str().into(),
            streamed: *streamed,
            gateway: Text(*gateway),
            rates: rates.into(),
            deadline: deadline.micros(),
        }
    }
}

impl AcceptedV1<'_> {
    fn read(self, at: Timestamp) -> Result<Accepted, serde_json::Error> {
        Ok(Accepted {
            request: self.request.0,
            project: self.project.0,
            key: self.key.0,
            model: self.model.0,
            class: parsed(&self.class)?,
            streamed: self.streamed,
            gateway: self.gateway.0,
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
            request: Text(*request),
            project: Text(*project),
            worker: Text(*worker),
            claim: Text(*claim),
            attempt: *attempt,
        }
    }
}

impl AssignedV1 {
    fn read(self, at: Timestamp) -> Assigned {
        Assigned {
            request: self.request.0,
            project: self.project.0,
            worker: self.worker.0,
            claim: self.claim.0,
            attempt: self.attempt,
            at,
        }
    }
}

impl From<&Settled> for SettledV1<'_> {
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
            request: Text(*request),
            project: Text(*project),
            key: Text(*key),
            model: Text(model.clone()),
            class: class.as_str().into(),
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
            worker: worker.map(Text),
            writer: match writer {
                Writer::Gateway(gateway) => WriterV1::Gateway(Text(*gateway)),
                Writer::Worker(worker) => WriterV1::Worker(Text(*worker)),
                Writer::Sweeper => WriterV1::Sweeper,
            },
        }
    }
}

impl SettledV1<'_> {
    fn read(self, at: Timestamp) -> Result<Settled, serde_json::Error> {
        let TimingsV1 { assigned, first_chunk, total } = self.timings;
        Ok(Settled {
            request: self.request.0,
            project: self.project.0,
            key: self.key.0,
            model: self.model.0,
            class: parsed(&self.class)?,
            streamed: self.streamed,
            outcome: self.outcome.read()?,
            usage: self.usage.into(),
            rates: self.rates.into(),
            charge: Nanos::new(self.charge.into()),
            timings: Timings { assigned, first_chunk, total },
            worker: self.worker.map(|Text(worker)| worker),
            writer: match self.writer {
                WriterV1::Gateway(Text(gateway)) => Writer::Gateway(gateway),
                WriterV1::Worker(Text(worker)) => Writer::Worker(worker),
                WriterV1::Sweeper => Writer::Sweeper,
            },
            at,
        })
    }
}

impl From<&Outcome> for OutcomeV1<'_> {
    fn from(outcome: &Outcome) -> Self {
        Self {
            is: outcome.as_str().into(),
            why: outcome.code().map(Cow::Borrowed),
            status: outcome.upstream_status(),
        }
    }
}

impl OutcomeV1<'_> {
    fn read(&self) -> Result<Outcome, serde_json::Error> {
        let Self { is, why, status } = self;
        Outcome::parse(is, why.as_deref(), *status).map_err(serde::de::Error::custom)
    }
}
