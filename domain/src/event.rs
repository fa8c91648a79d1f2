//! An event with what surrounds it: the attributes of `CloudEvents` 1.0 that we need.

use crate::{
    AdminKeyId, EventId, KeyId, ModelName, PriceId, ProjectId, SessionId, Timestamp, UserId,
    admin_key, api_key, model, price, project, request, session,
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

impl Event {
    /// Where the event is published.
    pub fn subject(&self) -> Subject {
        let traffic = |project, kind| Subject::Traffic { shard: Shard::of(project), kind };
        match self {
            Self::Project(id, _) => Subject::Control(AggregateId::Project(*id)),
            Self::ApiKey(id, _) => Subject::Control(AggregateId::ApiKey(*id)),
            Self::Model(name, _) => Subject::Control(AggregateId::Model(name.clone())),
            Self::Price(id, _) => Subject::Control(AggregateId::Price(*id)),
            Self::User(id, _) => Subject::Control(AggregateId::User(*id)),
            Self::Session(id, _) => Subject::Control(AggregateId::Session(*id)),
            Self::AdminKey(id, _) => Subject::Control(AggregateId::AdminKey(*id)),
            Self::Request(request::Event::Accepted(accepted)) => {
                traffic(accepted.project, TrafficKind::Accepted)
            }
            Self::Request(request::Event::Assigned(assigned)) => {
                traffic(assigned.project, TrafficKind::Assigned)
            }
            Self::Request(request::Event::Settled(settled)) => {
                traffic(settled.project, TrafficKind::Settled)
            }
            Self::Worker(_) => {
                Subject::Traffic { shard: Shard::OF_WORKERS, kind: TrafficKind::Worker }
            }
        }
    }
}

impl Envelope {
    pub fn accepted(accepted: request::Accepted) -> Self {
        let (id, at) = (EventId::accepted(accepted.request), accepted.at);
        Self::of_request(id, at, request::Event::Accepted(accepted))
    }

    pub fn assigned(assigned: request::Assigned) -> Self {
        let (id, at) = (EventId::assigned(assigned.request, assigned.attempt), assigned.at);
        Self::of_request(id, at, request::Event::Assigned(assigned))
    }

    pub fn settled(settled: request::Settled) -> Self {
        let (id, at) = (EventId::settled(settled.request), settled.at);
        Self::of_request(id, at, request::Event::Settled(settled))
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
