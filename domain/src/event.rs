//! An event with what surrounds it: the attributes of `CloudEvents` 1.0 that we need.

use crate::{
    AdminKeyId, EventId, InstallationId, KeyId, ModelName, PriceId, ProjectId, SessionId,
    Timestamp, UserId, admin_key, api_key, installation, model, price, project, request, session,
    subject::{AggregateId, Shard, Subject, TrafficKind},
    user, worker,
};

/// An event as it stands on the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub id: EventId,
    /// `CloudEvents`' `time`.
    pub at: Timestamp,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
    /// Who did it, by id; none for the machinery itself.
    pub actor: Option<String>,
    /// Of the call to the API that led to it; not of a request to a model, which has its own events.
    pub request_id: Option<String>,
    pub event: Event,
}

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Installation(InstallationId, installation::Event),
    Project(ProjectId, project::Event),
    ApiKey(KeyId, api_key::Event),
    Model(ModelName, model::Event),
    Price(PriceId, price::Event),
    User(UserId, user::Event),
    Session(SessionId, session::Event),
    AdminKey(AdminKeyId, admin_key::Event),
    Request(request::Event),
    Worker(worker::Event),
}

/// An accessor for each kind that somebody looks for among all others: the one place that tells the kinds apart.
impl Event {
    /// What it is about, as a subject: of its own on CONTROL, of its kind on TRAFFIC and WORKERS.
    pub fn subject(&self) -> Subject {
        let traffic = |project, kind| Subject::Traffic { shard: Shard::of(project), kind };
        match self {
            Self::Installation(id, _) => Subject::Control(AggregateId::Installation(*id)),
            Self::Project(id, _) => Subject::Control(AggregateId::Project(*id)),
            Self::ApiKey(id, _) => Subject::Control(AggregateId::ApiKey(*id)),
            Self::Model(name, _) => Subject::Control(AggregateId::Model(name.clone())),
            Self::Price(id, _) => Subject::Control(AggregateId::Price(*id)),
            Self::User(id, _) => Subject::Control(AggregateId::User(*id)),
            Self::Session(id, _) => Subject::Control(AggregateId::Session(*id)),
            Self::AdminKey(id, _) => Subject::Control(AggregateId::AdminKey(*id)),
            Self::Request(event) => match event {
                request::Event::Accepted(event) => traffic(event.project, TrafficKind::Accepted),
                request::Event::Assigned(event) => traffic(event.project, TrafficKind::Assigned),
                request::Event::Settled(event) => traffic(event.project, TrafficKind::Settled),
                request::Event::Reversed(event) => traffic(event.project, TrafficKind::Reversed),
                request::Event::Rejected(_) => {
                    Subject::Traffic { shard: Shard::OF_NO_PROJECT, kind: TrafficKind::Rejected }
                }
                request::Event::Probed(_) => {
                    Subject::Traffic { shard: Shard::OF_NO_PROJECT, kind: TrafficKind::Probed }
                }
            },
            Self::Worker(_) => {
                Subject::Traffic { shard: Shard::OF_NO_PROJECT, kind: TrafficKind::Worker }
            }
        }
    }

    pub const fn as_request(&self) -> Option<&request::Event> {
        match self {
            Self::Request(event) => Some(event),
            Self::Installation(..)
            | Self::Project(..)
            | Self::ApiKey(..)
            | Self::Model(..)
            | Self::Price(..)
            | Self::User(..)
            | Self::Session(..)
            | Self::AdminKey(..)
            | Self::Worker(_) => None,
        }
    }

    pub const fn as_accepted(&self) -> Option<&request::Accepted> {
        match self.as_request() {
            Some(request::Event::Accepted(event)) => Some(event),
            Some(
                request::Event::Assigned(_)
                | request::Event::Settled(_)
                | request::Event::Reversed(_)
                | request::Event::Rejected(_)
                | request::Event::Probed(_),
            )
            | None => None,
        }
    }

    pub const fn as_settled(&self) -> Option<&request::Settled> {
        match self.as_request() {
            Some(request::Event::Settled(event)) => Some(event),
            Some(
                request::Event::Accepted(_)
                | request::Event::Assigned(_)
                | request::Event::Reversed(_)
                | request::Event::Rejected(_)
                | request::Event::Probed(_),
            )
            | None => None,
        }
    }

    pub const fn as_reversed(&self) -> Option<&request::Reversed> {
        match self.as_request() {
            Some(request::Event::Reversed(event)) => Some(event),
            Some(
                request::Event::Accepted(_)
                | request::Event::Assigned(_)
                | request::Event::Settled(_)
                | request::Event::Rejected(_)
                | request::Event::Probed(_),
            )
            | None => None,
        }
    }

    pub const fn as_rejected(&self) -> Option<&request::Rejected> {
        match self.as_request() {
            Some(request::Event::Rejected(event)) => Some(event),
            Some(
                request::Event::Accepted(_)
                | request::Event::Assigned(_)
                | request::Event::Settled(_)
                | request::Event::Reversed(_)
                | request::Event::Probed(_),
            )
            | None => None,
        }
    }
}

impl Envelope {
    pub fn accepted(accepted: request::Accepted) -> Self {
        let (id, at) = (EventId::accepted(accepted.request), accepted.at);
        Self::of_request(id, at, request::Event::Accepted(Box::new(accepted)))
    }

    pub fn assigned(assigned: request::Assigned) -> Self {
        let (id, at) = (EventId::assigned(assigned.request, assigned.attempt), assigned.at);
        Self::of_request(id, at, request::Event::Assigned(assigned))
    }

    pub fn settled(settled: request::Settled) -> Self {
        let (id, at) = (EventId::settled(settled.request), settled.at);
        Self::of_request(id, at, request::Event::Settled(Box::new(settled)))
    }

    pub fn reversed(reversed: request::Reversed) -> Self {
        let (id, at) = (EventId::reversed(reversed.request), reversed.at);
        Self::of_request(id, at, request::Event::Reversed(Box::new(reversed)))
    }

    const fn of_request(id: EventId, at: Timestamp, event: request::Event) -> Self {
        Self {
            id,
            at,
            traceparent: None,
            actor: None,
            request_id: None,
            event: Event::Request(event),
        }
    }
}
