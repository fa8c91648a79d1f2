//! Events of requests from when there were chat completions, four kinds of tokens and one set of rates.

use serde::Deserialize;

use super::parts::{OutcomeV1, TimingsV1, WriterV1};
use crate::{
    Event, GatewayId, KeyId, ModelName, Nanos, Operation, ProjectId, RequestId, Timestamp,
    WorkerId,
    price::{Pinned, Rule},
    request::{self, Accepted, Class, Labels, Settled, Size, Timings, Writer},
    wire::{
        rates::{RatesV1, UsageV1},
        shape,
        text::Text,
    },
};

#[derive(Deserialize)]
struct AcceptedV1 {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    class: Text<Class>,
    streamed: bool,
    gateway: Text<GatewayId>,
    rates: RatesV1,
    /// Microseconds since 1970.
    deadline: i64,
}

#[derive(Deserialize)]
struct SettledV1<'a> {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    class: Text<Class>,
    streamed: bool,
    #[serde(borrow)]
    outcome: OutcomeV1<'a>,
    usage: UsageV1,
    rates: RatesV1,
    /// Nano-units of the currency.
    charge: i64,
    timings: TimingsV1,
    worker: Option<Text<WorkerId>>,
    writer: WriterV1,
}

/// Hours were those of UTC.
pub fn accepted(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let accepted: AcceptedV1 = shape(payload)?;
    let rules = vec![Rule::always(accepted.rates.into())];
    let accepted = Accepted {
        request: accepted.request.0,
        project: accepted.project.0,
        key: accepted.key.0,
        model: accepted.model.0,
        operation: Operation::CHAT_COMPLETION,
        class: accepted.class.0,
        streamed: accepted.streamed,
        gateway: accepted.gateway.0,
        price: Pinned { price: None, currency: None, rules },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: at.hour(),
        deadline: Timestamp::from_micros(accepted.deadline),
        at,
    };
    Ok(Event::Request(request::Event::Accepted(Box::new(accepted))))
}

/// A request was billed in the hour in which it ended.
pub fn settled(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let settled: SettledV1 = shape(payload)?;
    let outcome = settled.outcome.read()?;
    let (timings, writer) = (Timings::from(settled.timings), Writer::from(settled.writer));
    let settled = Settled {
        request: settled.request.0,
        project: settled.project.0,
        key: settled.key.0,
        model: settled.model.0,
        operation: Operation::CHAT_COMPLETION,
        class: settled.class.0,
        streamed: settled.streamed,
        usage: settled.usage.read(&outcome),
        doubt: None,
        outcome,
        price: None,
        currency: None,
        rates: settled.rates.into(),
        charge: Nanos::new(settled.charge.into()),
        service_tier: None,
        accepted_at: Timestamp::from_micros(at.micros().saturating_sub_unsigned(timings.total)),
        hour: at.hour(),
        deadline: None,
        reservation: None,
        timings,
        gateway: match writer {
            Writer::Gateway(gateway) => Some(gateway),
            Writer::Worker(_) | Writer::Sweeper => None,
        },
        worker: settled.worker.map(|Text(worker)| worker),
        attempts: vec![],
        labels: Labels::default(),
        end_user: None,
        writer,
        at,
    };
    Ok(Event::Request(request::Event::Settled(Box::new(settled))))
}
