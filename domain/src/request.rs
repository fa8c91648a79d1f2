//! A request: admitted, assigned to a worker (perhaps again to another), settled once.
//!
//! Its events need no aggregate: the gateway that holds the client's socket decides alone while it lives,
//! and whoever settles in its place writes under the same event id, of which the first counts.

use crate::{
    ClaimId, GatewayId, KeyId, ModelName, Nanos, ProjectId, Rates, RequestId, Timestamp, Usage,
    WorkerId,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Accepted(Accepted),
    Assigned(Assigned),
    Settled(Settled),
}

/// Admitted by a gateway. Holds all that is needed to settle the request without that gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub request: RequestId,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub class: Class,
    pub streamed: bool,
    pub gateway: GatewayId,
    /// In force at admission, whatever is set later.
    pub rates: Rates,
    pub deadline: Timestamp,
    pub at: Timestamp,
}

/// A worker's claim was answered with `go`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    pub request: RequestId,
    pub project: ProjectId,
    pub worker: WorkerId,
    pub claim: ClaimId,
    /// 1 for the first worker.
    pub attempt: u32,
    pub at: Timestamp,
}

/// The end of a request, and its charge. Nothing else is needed to bill it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub request: RequestId,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub class: Class,
    pub streamed: bool,
    pub outcome: Outcome,
    /// What was delivered; none if nothing was.
    pub usage: Usage,
    pub rates: Rates,
    pub charge: Nanos,
    pub timings: Timings,
    /// The last one that was given the request.
    pub worker: Option<WorkerId>,
    pub writer: Writer,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A client waits.
    Interactive,
    Batch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer was handed over to be written to the client.
    Completed,
    Cancelled(Cancelled),
    Failed(Failure),
}

/// Why a request ended before its answer did, through nobody's failure to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    ClientGone,
    Deadline,
    GatewayLost,
}

/// Why there was no answer. Nothing is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The ticket could not be offered, or its model was retired while it waited.
    Unavailable,
    /// The model's own queue was full.
    QueueFull,
    /// The upstream said that the request is at fault; its answer went to the client unchanged.
    UpstreamRejected { status: u16 },
    /// The upstream answered with an error, or with what is not an answer.
    UpstreamFailed,
    /// No upstream of the model could be reached before the deadline.
    UpstreamUnreachable,
    /// The worker fell silent after a part of the answer was written, or three fell silent before.
    WorkerSilent,
    /// The answer was larger than the configured limit.
    AnswerTooLarge,
    /// Nobody was left who knew: neither gateway nor worker settled it in time.
    Unsettled,
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

impl Accepted {
    /// The end of this request. Charges what the outcome calls for; `delivered` is the usage of what the client got.
    pub fn settle(
        &self,
        outcome: Outcome,
        delivered: Usage,
        timings: Timings,
        worker: Option<WorkerId>,
        writer: Writer,
        at: Timestamp,
    ) -> Settled {
        let usage = outcome.charged(delivered.plausible());
        Settled {
            request: self.request,
            project: self.project,
            key: self.key,
            model: self.model.clone(),
            class: self.class,
            streamed: self.streamed,
            charge: usage.map_or(Nanos::ZERO, |usage| self.rates.charge(&usage)),
            usage: usage.unwrap_or_default(),
            outcome,
            rates: self.rates,
            timings,
            worker,
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
            Self::Cancelled(_) => (delivered != Usage::default()).then_some(delivered),
            Self::Failed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_completed_request_is_charged_for_all_that_was_delivered() {
        assert_eq!(charged(Outcome::Completed, delivered()), (15, delivered()));
    }

    #[test]
    fn a_cancelled_request_is_charged_for_what_was_delivered() {
        for why in Cancelled::ALL {
            assert_eq!(charged(Outcome::Cancelled(why), delivered()), (15, delivered()));
        }
    }

    #[test]
    fn a_request_cancelled_before_its_first_chunk_costs_nothing() {
        let outcome = Outcome::Cancelled(Cancelled::Deadline);
        assert_eq!(charged(outcome, Usage::default()), (0, Usage::default()));
    }

    #[test]
    fn a_failed_request_costs_nothing() {
        let outcome = Outcome::Failed(Failure::UpstreamFailed);
        assert_eq!(charged(outcome, delivered()), (0, Usage::default()));
    }

    #[test]
    fn what_no_upstream_can_have_counted_is_not_billed() {
        let absurd = Usage { prompt_tokens: 5, cached_tokens: 6, ..Usage::default() };
        let (_, billed) = charged(Outcome::Completed, absurd);
        assert_eq!(billed.cached_tokens, 5);
    }

    /// With a rate of a nano for each token of the prompt, and of five for the request.
    fn charged(outcome: Outcome, delivered: Usage) -> (i128, Usage) {
        let uuid = Uuid::from_u128(7);
        let accepted = Accepted {
            request: RequestId::new(uuid),
            project: ProjectId::new(uuid),
            key: KeyId::new(uuid),
            model: "llama".parse().unwrap(),
            class: Class::Interactive,
            streamed: true,
            gateway: GatewayId::new(uuid),
            rates: Rates {
                input: Nanos::new(1_000_000),
                request: Nanos::new(5),
                ..Rates::default()
            },
            deadline: AT,
            at: AT,
        };
        let writer = Writer::Gateway(accepted.gateway);
        let settled = accepted.settle(outcome, delivered, Timings::default(), None, writer, AT);
        (settled.charge.get(), settled.usage)
    }

    fn delivered() -> Usage {
        Usage { prompt_tokens: 10, completion_tokens: 3, ..Usage::default() }
    }
}
