//! How a request ended, what it used and what it is charged; and the taking back of that.

use super::{
    Accepted, AttemptOutcome, Class, Doubt, Labels, Operation, Outcome, Pins, Reservation,
    ServiceTier,
};
use crate::{
    EndUserDigest, GatewayId, KeyId, ModelName, Nanos, PriceId, ProjectId, Rates, RequestId,
    Timestamp, Usage, WorkerId, installation::Currency, model::UpstreamId, price::Served,
    usage::Unit,
};

/// Attempts beyond are not told: a task is given back only so often.
pub const MAX_ATTEMPTS: usize = 8;

/// The end of a request, and its charge. Nothing else is needed to bill it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub request: RequestId,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub operation: Operation,
    pub class: Class,
    pub streamed: bool,
    pub outcome: Outcome,
    /// What is charged of what was delivered; none if nothing was.
    pub usage: Usage,
    /// Why that is less than was reported.
    pub doubt: Option<Doubt>,
    /// The price that was in force at admission; none if there was none.
    pub price: Option<PriceId>,
    pub currency: Option<Currency>,
    /// Those of the price's rule that applied.
    pub rates: Rates,
    pub charge: Nanos,
    /// In which the upstream served it, if it said so.
    pub service_tier: Option<ServiceTier>,
    pub accepted_at: Timestamp,
    /// The start of the hour in which it is billed.
    pub hour: Timestamp,
    pub deadline: Option<Timestamp>,
    pub reservation: Option<Reservation>,
    pub timings: Timings,
    /// That admitted it, whoever settled; none from before settlements said so.
    pub gateway: Option<GatewayId>,
    /// The last one that was given the request.
    pub worker: Option<WorkerId>,
    /// At most [`MAX_ATTEMPTS`], in order.
    pub attempts: Vec<Attempt>,
    pub labels: Labels,
    pub end_user: Option<EndUserDigest>,
    pub writer: Writer,
    pub at: Timestamp,
}

/// One call to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub worker: WorkerId,
    /// None if its worker vanished.
    pub upstream: Option<UpstreamId>,
    pub outcome: AttemptOutcome,
    /// As the upstream reported it, whether or not it was delivered. None: it did not say, which is not zero.
    pub usage: Option<Usage>,
    /// The upstream's own name for it: what a provider's bill can be compared by.
    pub upstream_request_id: Option<String>,
}

/// Microseconds since the request was accepted; none if it did not come to that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    pub assigned: Option<u64>,
    pub first_chunk: Option<u64>,
    pub total: u64,
}

/// Who settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Gateway(GatewayId),
    /// The holder of `go`, when its gateway was lost.
    Worker(WorkerId),
    /// The projector, when nobody else was left.
    Sweeper,
}

/// What is said about a request when it ends; the rest is known since it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub outcome: Outcome,
    /// Usage of what the client got.
    pub delivered: Usage,
    pub service_tier: Option<ServiceTier>,
    pub timings: Timings,
    pub worker: Option<WorkerId>,
    pub attempts: Vec<Attempt>,
    pub writer: Writer,
    pub at: Timestamp,
}

/// Takes back a settlement whose client was told of an error after all.
///
/// Effective only if that settlement is the effective one, and once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversed {
    pub request: RequestId,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub operation: Operation,
    pub hour: Timestamp,
    pub outcome: Outcome,
    pub usage: Usage,
    pub currency: Option<Currency>,
    pub charge: Nanos,
    pub at: Timestamp,
}

impl Accepted {
    /// What its settlement has from here.
    pub fn pins(&self) -> Pins {
        Pins { price: self.price.clone(), bound: self.size.bound }
    }

    /// The end of this request. Charges what the outcome calls for, up to what it can have used.
    pub fn settle(&self, settlement: Settlement) -> Settled {
        let Settlement {
            outcome,
            delivered,
            service_tier,
            timings,
            worker,
            mut attempts,
            writer,
            at,
        } = settlement;
        attempts.truncate(MAX_ATTEMPTS);
        let (usage, doubt) = match outcome.charged(delivered) {
            Some(reported) => {
                let (usage, doubt) = self.size.bound.apply(reported);
                (usage.with(Unit::REQUESTS, 1), doubt)
            }
            None => (Usage::default(), None),
        };
        let prompt_tokens = usage.prompt_tokens();
        let served = Served { prompt_tokens, service_tier: service_tier.as_ref() };
        let rates = self.price.rates(served);
        Settled {
            request: self.request,
            project: self.project,
            key: self.key,
            model: self.model.clone(),
            operation: self.operation.clone(),
            class: self.class,
            streamed: self.streamed,
            charge: rates.charge(&usage),
            usage,
            doubt,
            outcome,
            price: self.price.price,
            currency: self.price.currency,
            rates,
            service_tier,
            accepted_at: self.at,
            hour: self.hour,
            deadline: Some(self.deadline),
            reservation: self.reservation,
            timings,
            gateway: Some(self.gateway),
            worker,
            attempts,
            labels: self.labels.clone(),
            end_user: self.end_user,
            writer,
            at,
        }
    }
}

impl Outcome {
    /// What is billed of what was delivered: all of a completed request, the delivered part of a cancelled one
    /// (its prompt counts once the first chunk was delivered), nothing of a failed one.
    fn charged(&self, delivered: Usage) -> Option<Usage> {
        match self {
            Self::Completed => Some(delivered),
            Self::Cancelled(_) => (!delivered.is_none()).then_some(delivered),
            Self::Failed(_) => None,
        }
    }
}

impl Settled {
    /// What takes this settlement back.
    pub fn reverse(&self, at: Timestamp) -> Reversed {
        Reversed {
            request: self.request,
            project: self.project,
            key: self.key,
            model: self.model.clone(),
            operation: self.operation.clone(),
            hour: self.hour,
            outcome: self.outcome.clone(),
            usage: self.usage.clone(),
            currency: self.currency,
            charge: self.charge,
            at,
        }
    }
}
