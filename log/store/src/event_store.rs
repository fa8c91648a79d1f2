//! The control plane's events, written under optimistic concurrency and published by the relay.

use std::time::Duration;

use async_trait::async_trait;
use uplion_domain::{
    EventId, Timestamp,
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use crate::{
    StoreError,
    people::{self, Identifying, Notes, Personal, PersonalChange},
};

/// What one command leads to: written whole or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    pub aggregate: AggregateId,
    /// The version that was decided upon: events so far.
    pub expected_version: u64,
    pub events: Vec<Encoded>,
    pub claims: Vec<Uniqueness>,
    /// What it makes known or forgotten of people, beside the events.
    pub personal: Vec<PersonalChange>,
    /// Beside each of the events.
    pub notes: Notes,
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
    /// The same of what somebody must hold: fails if nobody holds another value of the scope.
    ReleaseUnlessLast { scope: Scope, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    ProjectName,
    /// Of API keys and admin keys together.
    KeyDigest,
    /// Names and aliases of models together.
    ModelName,
    /// There is one: it is called [`THE_INSTALLATION`].
    Installation,
    /// Of users who administer the installation, each under their own id.
    Administrator,
}

/// What the one installation of an event store holds in [`Scope::Installation`].
pub const THE_INSTALLATION: &str = "the installation";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Each has keys of its own: nobody is answered with what somebody else did.
    pub actor: String,
    pub key: String,
    /// Of the command; the same key with another command is a mistake of the caller.
    pub fingerprint: String,
    /// The answer's body, without secrets.
    pub answer: String,
    /// After so long the key is as good as new. Older ones go, so what is kept is bounded.
    pub kept: Duration,
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
    #[error("nobody else would hold another value of this kind than {value}")]
    Last { scope: Scope, value: String },
    /// What it is stays unsaid: errors are written to logs.
    #[error("another person has this {0}")]
    PersonalTaken(Identifying),
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

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error,
            CommitError::Conflict { .. }
            | CommitError::Taken { .. }
            | CommitError::Last { .. }
            | CommitError::PersonalTaken(_)
            | CommitError::Repeated { .. }
            | CommitError::KeyReused => Self::Refused(error.to_string()),
        }
    }
}

impl Commit {
    /// Of events alone.
    pub fn new(aggregate: AggregateId, expected_version: u64, events: Vec<Encoded>) -> Self {
        Self {
            aggregate,
            expected_version,
            events,
            claims: Vec::new(),
            personal: Vec::new(),
            notes: Notes::default(),
            idempotency: None,
        }
    }

    /// Whether something is noted beside the event. Who is forgotten by it leaves no trace of that either.
    pub(crate) fn notes(&self, event: &Encoded) -> bool {
        let by_forgotten = |actor: &String| people::forgets(&self.personal, actor);
        !self.notes.is_empty() && !event.actor.as_ref().is_some_and(by_forgotten)
    }

    pub(crate) fn forgets(&self) -> bool {
        self.personal.iter().any(|change| change.what == Personal::Forgotten)
    }
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
    /// What was noted beside them and what they made known of people is not on CONTROL, so it stays unknown.
    async fn import(&self, events: &[(Subject, Encoded)]) -> Result<u64, StoreError>;

    /// Waits until something was committed (by anybody) after `position`, or `until` (a bound in milliseconds) passed.
    async fn changed(&self, position: u64, wait_ms: u64) -> Result<(), StoreError>;
}

impl Stored {
    pub const fn at(&self) -> Timestamp {
        self.event.at
    }
}
