//! The events of requests, as they are written.

mod accepted;
mod parts;
mod settled;
mod v1;

use serde::{Deserialize, Serialize};

use self::{
    accepted::AcceptedV2,
    parts::OutcomeV1,
    settled::{ReversedV1, SettledV2},
};
use super::{Readers, json, shape, text::Text, units::UsageV2};
use crate::{
    ClaimId, Event, GatewayId, KeyId, ModelName, ProjectId, RequestId, Timestamp, WorkerId,
    request::{self, Assigned, Probed, Rejected, RejectionReason},
};

const ACCEPTED_V1: &str = "uplion.request.accepted.v1";
const ACCEPTED: &str = "uplion.request.accepted.v2";
const ASSIGNED: &str = "uplion.task.assigned.v1";
const SETTLED_V1: &str = "uplion.request.settled.v1";
const SETTLED: &str = "uplion.request.settled.v2";
const REVERSED: &str = "uplion.request.reversed.v1";
const REJECTED: &str = "uplion.requests.rejected.v1";
const PROBED: &str = "uplion.gateway.probed.v1";

pub const READERS: Readers = &[
    (SETTLED, settled),
    (ACCEPTED, accepted),
    (ASSIGNED, assigned),
    (SETTLED_V1, v1::settled),
    (ACCEPTED_V1, v1::accepted),
    (REVERSED, reversed),
    (REJECTED, rejected),
    (PROBED, probed),
];

#[derive(Serialize, Deserialize)]
struct AssignedV1 {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    worker: Text<WorkerId>,
    claim: Text<ClaimId>,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
struct RejectedV1 {
    gateway: Text<GatewayId>,
    /// Microseconds since 1970.
    minute: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Text<KeyId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<Text<ModelName>>,
    reason: Text<RejectionReason>,
    count: u64,
    estimated_tokens: u64,
}

#[derive(Serialize, Deserialize)]
struct ProbedV1 {
    gateway: Text<GatewayId>,
}

pub fn encode(event: &request::Event) -> (&'static str, Vec<u8>) {
    match event {
        request::Event::Accepted(accepted) => (ACCEPTED, json(&AcceptedV2::from(&**accepted))),
        request::Event::Assigned(assigned) => (ASSIGNED, json(&AssignedV1::from(assigned))),
        request::Event::Settled(settled) => (SETTLED, json(&SettledV2::from(&**settled))),
        request::Event::Reversed(reversed) => (REVERSED, json(&ReversedV1::from(&**reversed))),
        request::Event::Rejected(rejected) => (REJECTED, json(&RejectedV1::from(rejected))),
        request::Event::Probed(Probed { gateway, at: _ }) => {
            (PROBED, json(&ProbedV1 { gateway: Text(*gateway) }))
        }
    }
}

fn accepted(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let accepted = shape::<AcceptedV2>(payload)?.read(at)?;
    Ok(Event::Request(request::Event::Accepted(Box::new(accepted))))
}

fn assigned(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AssignedV1 { request, project, worker, claim, attempt } = shape(payload)?;
    let (request, project, worker, claim) = (request.0, project.0, worker.0, claim.0);
    let assigned = Assigned { request, project, worker, claim, attempt, at };
    Ok(Event::Request(request::Event::Assigned(assigned)))
}

fn settled(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let settled = shape::<SettledV2>(payload)?.read(at)?;
    Ok(Event::Request(request::Event::Settled(Box::new(settled))))
}

fn reversed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let reversed = shape::<ReversedV1>(payload)?.read(at)?;
    Ok(Event::Request(request::Event::Reversed(Box::new(reversed))))
}

fn rejected(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RejectedV1 { gateway, minute, key, model, reason, count, estimated_tokens } =
        shape(payload)?;
    let rejected = Rejected {
        gateway: gateway.0,
        minute: Timestamp::from_micros(minute),
        key: key.map(|Text(key)| key),
        model: model.map(|Text(model)| model),
        reason: reason.0,
        count,
        estimated_tokens,
        at,
    };
    Ok(Event::Request(request::Event::Rejected(rejected)))
}

fn probed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ProbedV1 { gateway: Text(gateway) } = shape(payload)?;
    Ok(Event::Request(request::Event::Probed(Probed { gateway, at })))
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

impl From<&Rejected> for RejectedV1 {
    fn from(rejected: &Rejected) -> Self {
        let Rejected { gateway, minute, key, model, reason, count, estimated_tokens, at: _ } =
            rejected;
        Self {
            gateway: Text(*gateway),
            minute: minute.micros(),
            key: key.map(Text),
            model: model.clone().map(Text),
            reason: Text(reason.clone()),
            count: *count,
            estimated_tokens: *estimated_tokens,
        }
    }
}
