//! `request.accepted`, as it is written.

use serde::{Deserialize, Serialize};

use super::parts::{LabelsV1, ReservationV1, labels, read_labels};
use crate::{
    EndUserDigest, GatewayId, KeyId, ModelName, Operation, PriceId, ProjectId, RequestId,
    Timestamp,
    installation::Currency,
    price::{Pinned, Rule},
    request::{Accepted, Class, Size, UsageBound},
    wire::{rule::RuleV1, text::Text},
};

#[derive(Serialize, Deserialize)]
pub struct AcceptedV2 {
    request: Text<RequestId>,
    project: Text<ProjectId>,
    key: Text<KeyId>,
    model: Text<ModelName>,
    operation: Text<Operation>,
    class: Text<Class>,
    streamed: bool,
    gateway: Text<GatewayId>,
    price: PinnedV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reservation: Option<ReservationV1>,
    size: SizeV1,
    #[serde(default, skip_serializing_if = "LabelsV1::is_empty")]
    labels: LabelsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_user: Option<Text<EndUserDigest>>,
    /// Microseconds since 1970, as all times here.
    hour: i64,
    deadline: i64,
}

#[derive(Serialize, Deserialize)]
struct PinnedV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Text<PriceId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Text<Currency>>,
    rules: Vec<RuleV1>,
}

#[derive(Serialize, Deserialize)]
struct SizeV1 {
    body_bytes: u64,
    /// Tokens.
    prompt_estimate: u64,
    /// Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer_bound: Option<u64>,
    answers: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<BoundV1>,
}

/// Tokens.
#[derive(Serialize, Deserialize)]
struct BoundV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<u64>,
}

impl From<&Accepted> for AcceptedV2 {
    fn from(accepted: &Accepted) -> Self {
        let Accepted {
            request,
            project,
            key,
            model,
            operation,
            class,
            streamed,
            gateway,
            price,
            reservation,
            size,
            labels: of_client,
            end_user,
            hour,
            deadline,
            at: _,
        } = accepted;
        Self {
            request: Text(*request),
            project: Text(*project),
            key: Text(*key),
            model: Text(model.clone()),
            operation: Text(operation.clone()),
            class: Text(*class),
            streamed: *streamed,
            gateway: Text(*gateway),
            price: price.into(),
            reservation: reservation.map(Into::into),
            size: (*size).into(),
            labels: labels(of_client),
            end_user: end_user.map(Text),
            hour: hour.micros(),
            deadline: deadline.micros(),
        }
    }
}

impl AcceptedV2 {
    pub fn read(self, at: Timestamp) -> Result<Accepted, serde_json::Error> {
        Ok(Accepted {
            request: self.request.0,
            project: self.project.0,
            key: self.key.0,
            model: self.model.0,
            operation: self.operation.0,
            class: self.class.0,
            streamed: self.streamed,
            gateway: self.gateway.0,
            price: self.price.into(),
            reservation: self.reservation.map(Into::into),
            size: self.size.into(),
            labels: read_labels(self.labels)?,
            end_user: self.end_user.map(|Text(digest)| digest),
            hour: Timestamp::from_micros(self.hour),
            deadline: Timestamp::from_micros(self.deadline),
            at,
        })
    }
}

impl From<&Pinned> for PinnedV1 {
    fn from(Pinned { price, currency, rules }: &Pinned) -> Self {
        let rules = rules.iter().map(RuleV1::from).collect();
        Self { id: price.map(Text), currency: currency.map(Text), rules }
    }
}

impl From<PinnedV1> for Pinned {
    fn from(PinnedV1 { id, currency, rules }: PinnedV1) -> Self {
        Self {
            price: id.map(|Text(price)| price),
            currency: currency.map(|Text(currency)| currency),
            rules: rules.into_iter().map(Rule::from).collect(),
        }
    }
}

impl From<Size> for SizeV1 {
    fn from(Size { body_bytes, prompt_estimate, answer_bound, answers, bound }: Size) -> Self {
        let UsageBound { prompt, output } = bound;
        let bound = (!bound.is_none()).then_some(BoundV1 { prompt, output });
        Self { body_bytes, prompt_estimate, answer_bound, answers, bound }
    }
}

impl From<SizeV1> for Size {
    fn from(SizeV1 { body_bytes, prompt_estimate, answer_bound, answers, bound }: SizeV1) -> Self {
        let bound = bound.map_or_else(UsageBound::default, |BoundV1 { prompt, output }| {
            UsageBound { prompt, output }
        });
        Self { body_bytes, prompt_estimate, answer_bound, answers, bound }
    }
}
