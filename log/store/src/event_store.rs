//! The control plane's events, written under optimistic concurrency and published by the relay.

use async_trait::async_trait;
use uplion_domain::{
    EventId, Timestamp,
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use crate::StoreError;

/// What one command leads to: written whole or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    pub aggregate: AggregateId,
    /// The version that was decided upon: events so far.
    pub expected_version: u64,
    pub events: Vec<Encoded>,
    pub claims: Vec<Uniqueness>,
    /// What the same command said again is answered with.
    pub idempotency: Option<Idempotency>,
}

/// A change of who holds a value that only one aggregate may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uniqueness {
    /// Fails if another aggregate holds it.
    Claim { scope: Scope, value: String },
    /// Free for others again.
    Release { scope: Scope, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    ProjectName,
    /// Of API keys and admin keys together.
    KeyDigest,
    /// Names and aliases of models together.
    ModelName,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// Of the command; the same key with another command is a mistake of the caller.
    pub fingerprint: String,
    /// The answer's body, without secrets.
    pub answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Of the last event; positions are dense in commit order and equal CONTROL's order.
    pub position: u64,
    /// The aggregate's version now.
    pub version: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("somebody else changed it meanwhile: it is at version {current}")]
    Conflict { current: u64 },
    #[error("{value} is taken")]
    Taken { scope: Scope, value: String },
    /// Nothing was written: this was done before.
    #[error("done before")]
    Repeated { answer: String, position: u64 },
    #[error("the idempotency key was used for another command")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An event at its place in the event store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub position: u64,
    pub version: u64,
    pub subject: Subject,
    pub event: Encoded,
}

#[async_trait]
pub trait EventStore: Send + Sync {
    /// All events of one aggregate, in order; its version is their number.
    async fn history(&self, aggregate: &AggregateId) -> Result<Vec<Stored>, StoreError>;

    /// Which aggregate holds a value.
    async fn holder(&self, scope: Scope, value: &str) -> Result<Option<AggregateId>, StoreError>;

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// For the relay: the events behind `position`, in order.
    async fn after(&self, position: u64, most: usize) -> Result<Vec<Stored>, StoreError>;

    /// Where an event stands, if it is known at all. The relay asks for CONTROL's last message.
    async fn position_of(&self, event: &EventId) -> Result<Option<u64>, StoreError>;

    /// The newest position; 0 if there is none.
    async fn head(&self) -> Result<u64, StoreError>;

    /// Takes in events that CONTROL holds and this store does not (it went back in time). They are in CONTROL's order
    /// without holes, and begin with CONTROL's first or with one that is known. Returns how many were new.
    async fn import(&self, events: &[(Subject, Encoded)]) -> Result<u64, StoreError>;

    /// Waits until something was committed (by anybody) after `position`, or `until` (a bound in milliseconds) passed.
    async fn changed(&self, position: u64, wait_ms: u64) -> Result<(), StoreError>;
}

impl Stored {
    pub const fn at(&self) -> Timestamp {
        self.event.at
    }
}
