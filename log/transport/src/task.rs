//! Tasks: tickets that gateways offer and workers take, each by one worker at a time.
//!
//! A ticket holds no prompt. It is worthless without its gateway, so losing one costs a new offer and no more.

mod wire;

use std::time::Duration;

use async_trait::async_trait;
use uplion_domain::{
    GatewayId, ModelName, Operation, RequestId, Timestamp, request::Class, subject::Subject,
};

/// One request that waits for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub request: RequestId,
    pub model: ModelName,
    pub operation: Operation,
    pub class: Class,
    /// Whom to ask for it.
    pub gateway: GatewayId,
    /// By the gateway's wall clock: only for letting go of what nobody claims any more.
    pub deadline: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    #[error("the queue of model {0} is full")]
    Full(ModelName),
    #[error("the task queue cannot be reached: {0}")]
    Unavailable(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task queue cannot be reached: {0}")]
pub struct TakeError(pub String);

/// How the task queue is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    pub replicas: u8,
    /// Tickets of one model that may wait; one more is answered [`OfferError::Full`].
    pub most_per_model: u64,
    /// Of the whole stream, in memory.
    pub max_bytes: u64,
    /// A ticket that waited for longer is dropped. Longer than any live deadline, or the tickets of a model
    /// without workers would fill its queue for good.
    pub max_age: Duration,
}

impl Ticket {
    pub fn subject(&self) -> Subject {
        Subject::Task { model: self.model.clone(), class: self.class, lane: 0 }
    }
}

#[async_trait]
pub trait Tasks: Send + Sync {
    /// Creates the queue if it is not there. Gateways call it at start, on reconnect, and when an offer finds no queue.
    async fn ensure(&self, spec: &QueueSpec) -> Result<(), TakeError>;

    /// Returns once the queue has the ticket.
    async fn offer(&self, ticket: &Ticket) -> Result<(), OfferError>;

    /// The queue of one model's class, for a worker. Makes the shared consumer if it is not there.
    async fn queue(&self, model: &ModelName, class: Class) -> Result<Box<dyn Queue>, TakeError>;

    /// Tickets that wait or are with a worker, of one model.
    async fn depth(&self, model: &ModelName, class: Class) -> Result<u64, TakeError>;
}

#[async_trait]
pub trait Queue: Send {
    /// At least one ticket, at most `most`, never more than the caller can start at once; none if none came
    /// within some seconds. A lost consumer or stream is made anew inside. Cancel-safe: a ticket that was
    /// pulled but not returned is delivered again.
    async fn take(&mut self, most: usize) -> Result<Vec<Taken>, TakeError>;
}

/// A ticket in the hands of one worker. Dropped without a word, it is delivered again after [`ACK_WAIT`].
pub struct Taken {
    pub ticket: Ticket,
    /// 1 for the first delivery.
    pub delivery: u64,
    pub receipt: Box<dyn Receipt>,
}

/// How long a ticket stays with a worker that says nothing.
pub const ACK_WAIT: Duration = Duration::from_secs(5);
/// How long a take waits for a first ticket.
pub const TAKE_WAIT: Duration = Duration::from_secs(5);
/// How often the worker says that it is still at it.
pub const PROGRESS_EVERY: Duration = Duration::from_millis(1500);

#[async_trait]
pub trait Receipt: Send + Sync {
    /// The ticket is never delivered again.
    async fn done(&self) -> Result<(), TakeError>;

    /// The ticket is delivered again, to anybody, after `delay`.
    async fn later(&self, delay: Duration) -> Result<(), TakeError>;

    /// The ticket stays here for another [`ACK_WAIT`].
    async fn progress(&self) -> Result<(), TakeError>;
}
