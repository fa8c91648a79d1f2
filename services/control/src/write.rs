//! One write: what happened so far, what the command makes of it, one commit, and the wait until it is in force.

use std::{sync::Arc, time::Duration};

use uplion_domain::{Envelope, EventId, Timestamp};
use uplion_log_store::{
    event_store::{Commit, CommitError, EventStore, Idempotency, Scope, Stored, Uniqueness},
    people::{Identifying, PersonalChange},
};
use uuid::Uuid;

use crate::{
    aggregate::Recorded,
    caller::Caller,
    idempotency::{FingerprintKey, IdempotencyKey},
    metrics::Metrics,
    problem::Problem,
    publication::Publication,
    receipt::{CommandResult, Receipt},
};

/// Others may change the same thing meanwhile: of so many who write to one aggregate at once all come through.
const ATTEMPTS: usize = 100;
/// Bytes. A broker takes a mebibyte as it comes; one event that it does not take would stand in the way of all behind.
const LARGEST_EVENT: usize = 512 << 10;
/// No aggregate has so many events: a commit that expects it writes nothing.
const IMPOSSIBLE: u64 = i64::MAX.unsigned_abs();

#[derive(Clone)]
pub struct Writer {
    pub events: Arc<dyn EventStore>,
    pub publication: Publication,
    pub metrics: Metrics,
    /// How long a command said again is recognised.
    pub remembered: Duration,
    pub fingerprint_key: FingerprintKey,
}

/// What the caller said beside the command.
#[derive(Debug, Clone)]
pub struct WriteContext {
    pub caller: Caller,
    /// The version that the caller saw last.
    pub if_match: Option<u64>,
    pub idempotency: Option<IdempotencyKey>,
}

impl WriteContext {
    /// Without anything said beside the command.
    pub const fn of(caller: Caller) -> Self {
        Self { caller, if_match: None, idempotency: None }
    }
}

#[expect(clippy::disallowed_methods, reason = "the time of a change, for all of control")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

impl Writer {
    /// For what control itself reads from the event store, and so is in force with its commit: nobody waits for the log.
    pub fn at_once(&self) -> Self {
        let publication = Publication { patience: Duration::ZERO, ..self.publication.clone() };
        Self { publication, ..self.clone() }
    }

    /// Carries out the command on what `id` names. `command` is asked again with the time of each attempt.
    pub async fn execute<A: Recorded>(
        &self,
        id: &A::Id,
        context: &WriteContext,
        command: impl Fn(Timestamp) -> A::Command + Send + Sync,
    ) -> Result<Receipt, Problem> {
        self.execute_all::<A>(id, context, &[], |at| vec![command(at)]).await
    }

    /// Carries out several commands on one thing, each upon what the ones before it led to: all of them or none.
    /// `personal` is written with their events, and not if nothing happens.
    pub async fn execute_all<A: Recorded>(
        &self,
        id: &A::Id,
        context: &WriteContext,
        personal: &[PersonalChange],
        commands: impl Fn(Timestamp) -> Vec<A::Command> + Send + Sync,
    ) -> Result<Receipt, Problem> {
        let aggregate = A::aggregate(id);
        for _ in 0..ATTEMPTS {
            let history = self.events.history(&aggregate).await?;
            let version = version(&history);
            if context.if_match.is_some_and(|seen| seen != version) {
                return self.unless_repeated(context, &aggregate, Problem::changed(version)).await;
            }
            let at = now();
            let state = replay::<A>(&history)?;
            let commit = match commit(id, context, version, state, commands(at), at) {
                Ok(commit) => commit,
                Err(rejection) => {
                    return self.unless_repeated(context, &aggregate, rejection.into()).await;
                }
            };
            if commit.events.iter().any(|event| event.payload.len() > LARGEST_EVENT) {
                return Err(too_much());
            }
            if commit.events.is_empty() && context.idempotency.is_none() {
                let last = history.last();
                let (event, position) =
                    last.map_or((None, 0), |last| (Some(last.event.id.clone()), last.position));
                let result = CommandResult { id: aggregate.id(), version };
                return self.in_force(result, event, position, false).await;
            }
            let personal = if commit.events.is_empty() { Vec::new() } else { personal.to_vec() };
            let commit = Commit { personal, ..commit };
            let result = CommandResult { id: aggregate.id(), version: version + count(&commit) };
            match self.commit(commit, context, &result).await? {
                Attempt::Finished(receipt) => return Ok(receipt),
                Attempt::Conflict => self.metrics.conflicts.inc(),
            };
        }
        Err(Problem::conflict("busy", "others change it all the time: try again"))
    }

    async fn commit(
        &self,
        commit: Commit,
        context: &WriteContext,
        result: &CommandResult,
    ) -> Result<Attempt, Problem> {
        let idempotency =
            context.idempotency.as_ref().map(|key| self.recognised(key, context, result));
        let commit = Commit { idempotency, ..commit };
        let last = commit.events.last().map(|event| event.id.clone());
        match self.events.commit(commit).await {
            Ok(committed) => {
                self.metrics.commits.inc();
                let result = CommandResult { version: committed.version, ..result.clone() };
                self.in_force(result, last, committed.position, false).await.map(Attempt::Finished)
            }
            Err(CommitError::Conflict { current }) => match context.if_match {
                Some(_) => Err(Problem::changed(current)),
                None => Ok(Attempt::Conflict),
            },
            Err(CommitError::Repeated { answer, position }) => {
                let result = CommandResult::read(&answer)?;
                self.in_force(result, None, position, true).await.map(Attempt::Finished)
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// The answer to a command that was carried out before; otherwise the problem that it has now.
    async fn unless_repeated(
        &self,
        context: &WriteContext,
        aggregate: &uplion_domain::subject::AggregateId,
        problem: Problem,
    ) -> Result<Receipt, Problem> {
        let Some(key) = &context.idempotency else { return Err(problem) };
        let result = CommandResult { id: aggregate.id(), version: 0 };
        let question = Commit {
            idempotency: Some(self.recognised(key, context, &result)),
            ..Commit::new(aggregate.clone(), IMPOSSIBLE, Vec::new())
        };
        match self.events.commit(question).await {
            Err(CommitError::Repeated { answer, position }) => {
                self.in_force(CommandResult::read(&answer)?, None, position, true).await
            }
            Err(error @ (CommitError::KeyReused | CommitError::Store(_))) => Err(refused(error)),
            Err(
                CommitError::Conflict { .. }
                | CommitError::Taken { .. }
                | CommitError::Last { .. }
                | CommitError::PersonalTaken(_),
            )
            | Ok(_) => Err(problem),
        }
    }

    fn recognised(
        &self,
        key: &IdempotencyKey,
        context: &WriteContext,
        result: &CommandResult,
    ) -> Idempotency {
        Idempotency {
            actor: context.caller.actor.to_string(),
            key: key.key().to_owned(),
            fingerprint: key.fingerprint(&self.fingerprint_key),
            answer: result.write(),
            kept: self.remembered,
        }
    }

    /// Waits until CONTROL holds what was written: this event, for the database may be set back meanwhile and have another
    /// at its position. Without an event it is the one that the store has there.
    async fn in_force(
        &self,
        result: CommandResult,
        event: Option<EventId>,
        position: u64,
        repeated: bool,
    ) -> Result<Receipt, Problem> {
        let event = match event {
            Some(event) => Some(event),
            None => self.event_at(position).await?,
        };
        let on_control = match event {
            Some(event) => self.publication.wait_for(&event, position).await,
            None => self.publication.beginning(),
        };
        if on_control.is_none() && !self.publication.patience.is_zero() {
            self.metrics.not_in_force.inc();
        }
        Ok(Receipt { result, position: on_control, repeated })
    }

    /// None at position 0, before all events.
    async fn event_at(&self, position: u64) -> Result<Option<EventId>, Problem> {
        let Some(before) = position.checked_sub(1) else { return Ok(None) };
        let found = self.events.after(before, 1).await?;
        Ok(found.into_iter().next().map(|stored| stored.event.id))
    }
}

enum Attempt {
    Finished(Receipt),
    /// Somebody else was quicker.
    Conflict,
}

fn version(history: &[Stored]) -> u64 {
    history.last().map_or(0, |stored| stored.version)
}

fn count(commit: &Commit) -> u64 {
    u64::try_from(commit.events.len()).unwrap_or(u64::MAX)
}

/// The state of an aggregate now.
pub fn replay<A: Recorded>(history: &[Stored]) -> Result<A, Problem> {
    let mut state = A::default();
    for stored in history {
        let envelope = Envelope::decode(&stored.event).map_err(Problem::unreadable)?;
        if let Some(event) = A::unwrap(envelope.event) {
            state = state.evolve(&event);
        }
    }
    Ok(state)
}

/// Without events if nothing happens.
fn commit<A: Recorded>(
    id: &A::Id,
    context: &WriteContext,
    version: u64,
    mut state: A,
    commands: Vec<A::Command>,
    at: Timestamp,
) -> Result<Commit, A::Rejection> {
    let mut claims: Vec<Uniqueness> = Vec::new();
    let mut events = Vec::new();
    for command in commands {
        for event in state.decide(command)? {
            claims.extend(state.claims(id, &event));
            state = state.evolve(&event);
            let envelope = Envelope {
                id: EventId::fresh(Uuid::now_v7()),
                at,
                traceparent: context.caller.origin.traceparent.clone(),
                actor: Some(context.caller.actor.to_string()),
                request_id: context.caller.origin.request_id.clone(),
                event: A::wrap(id, event),
            };
            events.push(envelope.encode());
        }
    }
    let aggregate = A::aggregate(id);
    let notes = context.caller.origin.notes.clone();
    Ok(Commit { claims, notes, ..Commit::new(aggregate, version, events) })
}

fn too_much() -> Problem {
    let text = format!("all of it together is more than {LARGEST_EVENT} bytes: say less at key");
    Problem::unacceptable("too_much", text)
}

fn refused(error: CommitError) -> Problem {
    match error {
        CommitError::Taken { scope, value } => {
            let what = match scope {
                Scope::ProjectName => format!("another open project is called {value}"),
                Scope::KeyDigest => "another key has this secret".to_owned(),
                Scope::Installation => "it is founded already".to_owned(),
                Scope::Administrator => "somebody else administers as this user".to_owned(),
                Scope::ModelName => format!("{value} is the name or an alias of a model already"),
            };
            Problem::conflict("name_taken", what)
        }
        CommitError::Last { .. } => Problem::conflict(
            "rejected",
            "the installation would be left without an administrator: make somebody else one first",
        ),
        CommitError::PersonalTaken(what) => {
            let field = match what {
                Identifying::Email => "email",
                Identifying::Identity => "identity",
            };
            Problem::conflict("taken", format!("{field}: another person has this {what}"))
        }
        CommitError::KeyReused => Problem::unacceptable(
            "idempotency_key_reused",
            "this Idempotency-Key came with another command before: use a new one for each command",
        ),
        CommitError::Store(error) => error.into(),
        CommitError::Conflict { current } => Problem::changed(current),
        CommitError::Repeated { .. } => {
            Problem::internal("a repeated command was taken for a new one")
        }
    }
}
