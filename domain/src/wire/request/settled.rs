//! `request.settled` and `request.reversed`, as they are written.

use serde::{Deserialize, Serialize};

use super::{
    OutcomeV1, UsageV2,
    parts::{LabelsV1, ReservationV1, TimingsV1, WriterV1, labels, narrow, read_labels},
};
use crate::{
    EndUserDigest, GatewayId, KeyId, ModelName, Nanos, Operation, PriceId, ProjectId, RequestId,
    Timestamp, WorkerId,
    installation::Currency,
    model::UpstreamId,
    request::{Attempt, AttemptOutcome, Class, Doubt, Mark, Reversed, ServiceTier, Settled},
    wire::{
        text::Text,
        units::{RatesV2, UnitsV1},
    },
};

#[derive(Serialize, Deserialize)]
pub struct SettledV2<'a> {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    operation: Text<Operation>,
    class: Text<Class>,
    streamed: bool,
    #[serde(borrow)]
    outcome: OutcomeV1<'a>,
    usage: UsageV2,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<DoubtV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<Text<PriceId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Text<Currency>>,
    rates: RatesV2,
    /// Nano-units of the currency.
    charge: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_tier: Option<Text<ServiceTier>>,
    /// Microseconds since 1970, as all times here.
    accepted_at: i64,
    hour: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reservation: Option<ReservationV1>,
    timings: TimingsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<Text<GatewayId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker: Option<Text<WorkerId>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptV1>,
    #[serde(default, skip_serializing_if = "LabelsV1::is_empty")]
    labels: LabelsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_user: Option<Text<EndUserDigest>>,
    writer: WriterV1,
}

/// Why less is charged than was reported, and what was.
#[derive(Serialize, Deserialize)]
struct DoubtV1 {
    marks: Vec<Text<Mark>>,
    reported: UnitsV1,
}

#[derive(Serialize, Deserialize)]
struct AttemptV1 {
    worker: Text<WorkerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<Text<UpstreamId>>,
    outcome: Text<AttemptOutcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<UsageV2>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream_request_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct ReversedV1<'a> {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    operation: Text<Operation>,
    hour: i64,
    #[serde(borrow)]
    outcome: OutcomeV1<'a>,
    usage: UsageV2,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Text<Currency>>,
    charge: i64,
}

impl From<&Settled> for SettledV2<'_> {
    fn from(settled: &Settled) -> Self {
        let Settled {
            request,
            project,
            key,
            model,
            operation,
            class,
            streamed,
            outcome,
            usage,
            doubt,
            price,
            currency,
            rates,
            charge,
            service_tier,
            accepted_at,
            hour,
            deadline,
            reservation,
            timings,
            gateway,
            worker,
            attempts,
            labels: of_client,
            end_user,
            writer,
            at: _,
        } = settled;
        Self {
            request: Text(*request),
            project: Text(*project),
            key: Text(*key),
            model: Text(model.clone()),
            operation: Text(operation.clone()),
            class: Text(*class),
            streamed: *streamed,
            outcome: outcome.into(),
            usage: usage.into(),
            doubt: doubt.as_ref().map(DoubtV1::from),
            price: price.map(Text),
            currency: currency.map(Text),
            rates: rates.into(),
            charge: narrow(*charge),
            service_tier: service_tier.clone().map(Text),
            accepted_at: accepted_at.micros(),
            hour: hour.micros(),
            deadline: deadline.map(Timestamp::micros),
            reservation: reservation.map(Into::into),
            timings: (*timings).into(),
            gateway: gateway.map(Text),
            worker: worker.map(Text),
            attempts: attempts.iter().map(AttemptV1::from).collect(),
            labels: labels(of_client),
            end_user: end_user.map(Text),
            writer: (*writer).into(),
        }
    }
}

impl SettledV2<'_> {
    pub fn read(self, at: Timestamp) -> Result<Settled, serde_json::Error> {
        Ok(Settled {
            request: self.request.0,
            project: self.project.0,
            key: self.key.0,
            model: self.model.0,
            operation: self.operation.0,
            class: self.class.0,
            streamed: self.streamed,
            outcome: self.outcome.read()?,
            usage: self.usage.into(),
            doubt: self.doubt.map(Doubt::from),
            price: self.price.map(|Text(price)| price),
            currency: self.currency.map(|Text(currency)| currency),
            rates: self.rates.into(),
            charge: Nanos::new(self.charge.into()),
            service_tier: self.service_tier.map(|Text(tier)| tier),
            accepted_at: Timestamp::from_micros(self.accepted_at),
            hour: Timestamp::from_micros(self.hour),
            deadline: self.deadline.map(Timestamp::from_micros),
            reservation: self.reservation.map(Into::into),
            timings: self.timings.into(),
            gateway: self.gateway.map(|Text(gateway)| gateway),
            worker: self.worker.map(|Text(worker)| worker),
            attempts: self.attempts.into_iter().map(Attempt::from).collect(),
            labels: read_labels(self.labels)?,
            end_user: self.end_user.map(|Text(digest)| digest),
            writer: self.writer.into(),
            at,
        })
    }
}

impl From<&Doubt> for DoubtV1 {
    fn from(Doubt { marks, reported }: &Doubt) -> Self {
        Self { marks: marks.iter().cloned().map(Text).collect(), reported: reported.into() }
    }
}

impl From<DoubtV1> for Doubt {
    fn from(DoubtV1 { marks, reported }: DoubtV1) -> Self {
        let marks = marks.into_iter().map(|Text(mark)| mark).collect();
        Self { marks, reported: reported.into() }
    }
}

impl From<&Attempt> for AttemptV1 {
    fn from(attempt: &Attempt) -> Self {
        let Attempt { worker, upstream, outcome, usage, upstream_request_id } = attempt;
        Self {
            worker: Text(*worker),
            upstream: upstream.clone().map(Text),
            outcome: Text(outcome.clone()),
            usage: usage.as_ref().map(UsageV2::from),
            upstream_request_id: upstream_request_id.clone(),
        }
    }
}

impl From<AttemptV1> for Attempt {
    fn from(attempt: AttemptV1) -> Self {
        let AttemptV1 { worker, upstream, outcome, usage, upstream_request_id } = attempt;
        Self {
            worker: worker.0,
            upstream: upstream.map(|Text(upstream)| upstream),
            outcome: outcome.0,
            usage: usage.map(Into::into),
            upstream_request_id,
        }
    }
}

impl From<&Reversed> for ReversedV1<'_> {
    fn from(reversed: &Reversed) -> Self {
        let Reversed {
            request,
            project,
            key,
            model,
            operation,
            hour,
            outcome,
            usage,
            currency,
            charge,
            at: _,
        } = reversed;
        Self {
            request: Text(*request),
            project: Text(*project),
            key: Text(*key),
            model: Text(model.clone()),
            operation: Text(operation.clone()),
            hour: hour.micros(),
            outcome: outcome.into(),
            usage: usage.into(),
            currency: currency.map(Text),
            charge: narrow(*charge),
        }
    }
}

impl ReversedV1<'_> {
    pub fn read(self, at: Timestamp) -> Result<Reversed, serde_json::Error> {
        Ok(Reversed {
            request: self.request.0,
            project: self.project.0,
            key: self.key.0,
            model: self.model.0,
            operation: self.operation.0,
            hour: Timestamp::from_micros(self.hour),
            outcome: self.outcome.read()?,
            usage: self.usage.into(),
            currency: self.currency.map(|Text(currency)| currency),
            charge: Nanos::new(self.charge.into()),
            at,
        })
    }
}
