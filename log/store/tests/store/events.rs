//! Events to try stores with.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use uplion_domain::{
    Envelope, Event, EventId, ProjectId, RequestId, Timestamp, project,
    subject::{AggregateId, Shard, Subject, TrafficKind},
    wire::Encoded,
};
use uplion_log_store::event_store::{Commit, Idempotency};
use uplion_log_transport::stream::Record;
use uuid::Uuid;

/// An id that no other in this process has.
pub fn unique() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(LAST.fetch_add(1, Ordering::Relaxed).into())
}

pub fn project() -> ProjectId {
    ProjectId::new(unique())
}

/// With every attribute that an event can have.
pub fn renamed(project: ProjectId, name: &str) -> Encoded {
    let at = Timestamp::from_micros(1_795_000_000_123_456);
    let event = project::Event::Renamed { name: name.into(), at };
    let envelope = Envelope {
        id: EventId::fresh(unique()),
        at,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        actor: Some("key_1".into()),
        request_id: Some("req_0190c0de".into()),
        event: Event::Project(project, event),
    };
    envelope.encode()
}

pub fn created(project: ProjectId, name: &str) -> Encoded {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let event = project::Event::Created { name: name.into(), at };
    let envelope = Envelope {
        id: EventId::fresh(unique()),
        at,
        traceparent: None,
        actor: None,
        request_id: None,
        event: Event::Project(project, event),
    };
    envelope.encode()
}

pub fn of(project: ProjectId) -> AggregateId {
    AggregateId::Project(project)
}

pub fn commit(project: ProjectId, expected_version: u64, events: Vec<Encoded>) -> Commit {
    Commit::new(of(project), expected_version, events)
}

pub fn idempotency(key: &str, fingerprint: &str, answer: &str) -> Idempotency {
    let [key, fingerprint, answer] = [key, fingerprint, answer].map(ToOwned::to_owned);
    Idempotency { actor: "admin".into(), key, fingerprint, answer, kept: Duration::from_hours(24) }
}

/// An event of the traffic under an id of one's own, of a later version than this, with a payload that is no text.
pub fn traffic(sequence: u64, kind: TrafficKind, id: EventId) -> Record {
    let event = Encoded {
        id,
        kind: "uplion.request.settled.v999".into(),
        at: Timestamp::from_micros(1_795_000_000_000_000),
        traceparent: None,
        actor: None,
        request_id: None,
        payload: vec![0, 1, 2, 0xff],
    };
    record(sequence, Subject::Traffic { shard: Shard::of(project()), kind }, event)
}

/// Alone in its message.
pub fn record(sequence: u64, subject: Subject, event: Encoded) -> Record {
    Record { sequence, index: 0, appended_at: Timestamp::from_micros(7), subject, event }
}

pub fn settled(sequence: u64, request: RequestId) -> Record {
    traffic(sequence, TrafficKind::Settled, EventId::settled(request))
}

pub fn accepted(sequence: u64, request: RequestId) -> Record {
    traffic(sequence, TrafficKind::Accepted, EventId::accepted(request))
}

pub fn request() -> RequestId {
    RequestId::new(unique())
}
