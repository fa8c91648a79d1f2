//! Version 1 of the events of requests and workers.

use serde::{Deserialize, Serialize};

use super::{
    from_json, json, parsed,
    rates::{RatesV1, UsageV1},
};
use crate::{
    Event, Nanos, Timestamp,
    request::{self, Accepted, Assigned, Cancelled, Failure, Outcome, Settled, Timings, Writer},
    worker::{self, FailureReason},
};

const ACCEPTED: &str = "uplion.request.accepted.v1";
const ASSIGNED: &str = "uplion.task.assigned.v1";
const SETTLED: &str = "uplion.request.settled.v1";
const STARTED: &str = "uplion.worker.started.v1";
const STOPPED: &str = "uplion.worker.stopped.v1";
const FAILED: &str = "uplion.worker.failed.v1";

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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
enum OutcomeV1 {
    Completed,
    Cancelled(CancelledV1),
    Failed(FailureV1),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CancelledV1 {
    ClientGone,
    Deadline,
    GatewayLost,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureV1 {
    Unavailable,
    QueueFull,
    UpstreamRejected { status: u16 },
    UpstreamFailed,
    UpstreamUnreachable,
    WorkerSilent,
    AnswerTooLarge,
    Unsettled,
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
    reason: FailureReasonV1,
}

/// Spelled as Kubernetes spells the reasons of its events.
#[derive(Serialize, Deserialize)]
enum FailureReasonV1 {
    ConfigurationError,
    AuthenticationError,
    MessageQueueConnectionError,
    #[serde(rename = "APIQuotaExceededError")]
    ApiQuotaExceededError,
    GeneralError,
}

pub fn encode_request(event: &request::Event) -> (&'static str, Vec<u8>) {
    match event {
        request::Event::Accepted(accepted) => (ACCEPTED, json(&AcceptedV1::from(accepted))),
        request::Event::Assigned(assigned) => (ASSIGNED, json(&AssignedV1::from(assigned))),
        request::Event::Settled(settled) => (SETTLED, json(&SettledV1::from(settled))),
    }
}

pub fn encode_worker(event: &worker::Event) -> (&'static str, Vec<u8>) {
    match event {
        worker::Event::Started { worker, models, at: _ } => {
            let models = models.iter().map(ToString::to_string).collect();
            (STARTED, json(&StartedV1 { worker: worker.to_string(), models }))
        }
        worker::Event::Stopped { worker, at: _ } => {
            (STOPPED, json(&StoppedV1 { worker: worker.to_string() }))
        }
        worker::Event::Failed { worker, model, reason, at: _ } => {
            let (worker, model) = (worker.to_string(), model.to_string());
            (FAILED, json(&FailedV1 { worker, model, reason: (*reason).into() }))
        }
    }
}

pub fn read(kind: &str, payload: &[u8], at: Timestamp) -> Option<Result<Event, serde_json::Error>> {
    let request = |event| Ok(Event::Request(event));
    match kind {
        ACCEPTED => from_json(payload, |wire: AcceptedV1| {
            wire.read(at).map(request::Event::Accepted).and_then(request)
        }),
        ASSIGNED => from_json(payload, |wire: AssignedV1| {
            wire.read(at).map(request::Event::Assigned).and_then(request)
        }),
        SETTLED => from_json(payload, |wire: SettledV1| {
            wire.read(at).map(request::Event::Settled).and_then(request)
        }),
        STARTED => from_json(payload, |StartedV1 { worker, models }| {
            let models = models.iter().map(|name| parsed(name)).collect::<Result<_, _>>()?;
            Ok(Event::Worker(worker::Event::Started { worker: parsed(&worker)?, models, at }))
        }),
        STOPPED => from_json(payload, |StoppedV1 { worker }| {
            Ok(Event::Worker(worker::Event::Stopped { worker: parsed(&worker)?, at }))
        }),
        FAILED => from_json(payload, |FailedV1 { worker, model, reason }| {
            let (worker, model, reason) = (parsed(&worker)?, parsed(&model)?, reason.into());
            Ok(Event::Worker(worker::Event::Failed { worker, model, reason, at }))
        }),
        _ => None,
    }
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
            outcome: self.outcome.into(),
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
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Cancelled(why) => Self::Cancelled(match why {
                Cancelled::ClientGone => CancelledV1::ClientGone,
                Cancelled::Deadline => CancelledV1::Deadline,
                Cancelled::GatewayLost => CancelledV1::GatewayLost,
            }),
            Outcome::Failed(why) => Self::Failed(match why {
                Failure::Unavailable => FailureV1::Unavailable,
                Failure::QueueFull => FailureV1::QueueFull,
                Failure::UpstreamRejected { status } => {
                    FailureV1::UpstreamRejected { status: *status }
                }
                Failure::UpstreamFailed => FailureV1::UpstreamFailed,
                Failure::UpstreamUnreachable => FailureV1::UpstreamUnreachable,
                Failure::WorkerSilent => FailureV1::WorkerSilent,
                Failure::AnswerTooLarge => FailureV1::AnswerTooLarge,
                Failure::Unsettled => FailureV1::Unsettled,
            }),
        }
    }
}

impl From<OutcomeV1> for Outcome {
    fn from(outcome: OutcomeV1) -> Self {
        match outcome {
            OutcomeV1::Completed => Self::Completed,
            OutcomeV1::Cancelled(why) => Self::Cancelled(match why {
                CancelledV1::ClientGone => Cancelled::ClientGone,
                CancelledV1::Deadline => Cancelled::Deadline,
                CancelledV1::GatewayLost => Cancelled::GatewayLost,
            }),
            OutcomeV1::Failed(why) => Self::Failed(match why {
                FailureV1::Unavailable => Failure::Unavailable,
                FailureV1::QueueFull => Failure::QueueFull,
                FailureV1::UpstreamRejected { status } => Failure::UpstreamRejected { status },
                FailureV1::UpstreamFailed => Failure::UpstreamFailed,
                FailureV1::UpstreamUnreachable => Failure::UpstreamUnreachable,
                FailureV1::WorkerSilent => Failure::WorkerSilent,
                FailureV1::AnswerTooLarge => Failure::AnswerTooLarge,
                FailureV1::Unsettled => Failure::Unsettled,
            }),
        }
    }
}

impl From<FailureReason> for FailureReasonV1 {
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::ConfigurationError => Self::ConfigurationError,
            FailureReason::AuthenticationError => Self::AuthenticationError,
            FailureReason::MessageQueueConnectionError => Self::MessageQueueConnectionError,
            FailureReason::ApiQuotaExceededError => Self::ApiQuotaExceededError,
            FailureReason::GeneralError => Self::GeneralError,
        }
    }
}

impl From<FailureReasonV1> for FailureReason {
    fn from(reason: FailureReasonV1) -> Self {
        match reason {
            FailureReasonV1::ConfigurationError => Self::ConfigurationError,
            FailureReasonV1::AuthenticationError => Self::AuthenticationError,
            FailureReasonV1::MessageQueueConnectionError => Self::MessageQueueConnectionError,
            FailureReasonV1::ApiQuotaExceededError => Self::ApiQuotaExceededError,
            FailureReasonV1::GeneralError => Self::GeneralError,
        }
    }
}
