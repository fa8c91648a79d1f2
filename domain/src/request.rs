//! A request: admitted, assigned to a worker (perhaps again to another), settled once.
//!
//! Its events need no aggregate: the gateway that holds the client's socket decides alone while it lives,
//! and whoever settles in its place writes under the same event id, of which the first counts.

pub mod bound;
pub mod labels;
mod mark;
mod operation;
mod probed;
mod rejected;
mod settled;

#[cfg(test)]
mod spec;

pub use self::{
    bound::{Asked, Doubt, UsageBound},
    labels::{Labels, MAX_LABELS, TooManyLabels},
    mark::{BilledBy, Mark, MarkKind, Pins},
    operation::{
        AttemptOutcome, AttemptOutcomeKind, Operation, OperationKind, RejectionReason,
        RejectionReasonKind, ServiceTier, ServiceTierKind,
    },
    probed::Probed,
    rejected::Rejected,
    settled::{Attempt, MAX_ATTEMPTS, Reversed, Settled, Settlement, Timings, Writer},
};
use crate::{
    ClaimId, EndUserDigest, GatewayId, KeyId, ModelName, Nanos, ProjectId, RequestId, Timestamp,
    WorkerId, price::Pinned,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Accepted(Box<Accepted>),
    Assigned(Assigned),
    Settled(Box<Settled>),
    /// The settlement of a request is taken back.
    Reversed(Box<Reversed>),
    /// Requests that were not let in, of one minute and kind.
    Rejected(Rejected),
    /// Whether the log takes what is written.
    Probed(Probed),
}

impl Event {
    /// None for what is about no request by itself.
    pub fn request(&self) -> Option<RequestId> {
        match self {
            Self::Accepted(event) => Some(event.request),
            Self::Assigned(event) => Some(event.request),
            Self::Settled(event) => Some(event.request),
            Self::Reversed(event) => Some(event.request),
            Self::Rejected(_) | Self::Probed(_) => None,
        }
    }

    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Accepted(event) => Some(event.project),
            Self::Assigned(event) => Some(event.project),
            Self::Settled(event) => Some(event.project),
            Self::Reversed(event) => Some(event.project),
            Self::Rejected(_) | Self::Probed(_) => None,
        }
    }
}

/// Admitted by a gateway. Holds all that is needed to settle the request without that gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub request: RequestId,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub operation: Operation,
    pub class: Class,
    pub streamed: bool,
    pub gateway: GatewayId,
    /// In force at admission, whatever is set later.
    pub price: Pinned,
    /// What it may cost at most, held until it settles.
    pub reservation: Option<Reservation>,
    pub size: Size,
    pub labels: Labels,
    pub end_user: Option<EndUserDigest>,
    /// The start of the hour, in the installation's time zone, in which it is billed: that of its admission.
    pub hour: Timestamp,
    pub deadline: Timestamp,
    pub at: Timestamp,
}

/// How much was asked for; nothing from before `accepted` said so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub body_bytes: u64,
    /// Tokens, as estimated without a tokenizer.
    pub prompt_estimate: u64,
    /// The most tokens that an answer may have, if the client said so.
    pub answer_bound: Option<u64>,
    /// Answers that were asked for: the client's `n`.
    pub answers: u32,
    /// Up to which usage is charged.
    pub bound: UsageBound,
}

/// What was set aside for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    pub amount: Nanos,
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
    /// No worker served the model, or none of its upstreams was up, for as long as the model's requests wait for that.
    ModelUnavailable,
    /// The upstream said nothing for longer than the model's terms allow.
    UpstreamSilent,
    /// Nobody was left who knew: neither gateway nor worker settled it in time.
    Unsettled,
    /// Its answer was there, but the log did not say in time that it knows of it; or who could have said something
    /// else meanwhile is not known. The client was told of an error.
    Unrecorded,
}
