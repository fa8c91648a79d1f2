//! Events and tickets to try the log with.

use std::sync::atomic::{AtomicU64, Ordering};

use uplion_domain::{
    ClaimId, Envelope, Event, EventId, ModelName, Operation, ProjectId, RequestId, Timestamp,
    WorkerId,
    request::{self, Assigned, Class},
    subject::{AggregateId, Subject},
    wire::Encoded,
    worker,
};
use uplion_log_transport::{
    stream::{StreamName, StreamSpec},
    task::{QueueSpec, Ticket},
};
use uuid::Uuid;

use std::time::Duration;

/// An id that no other in this process has.
pub fn unique() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128(LAST.fetch_add(1, Ordering::Relaxed).into())
}

/// An event of the traffic, told from others by its time.
pub fn traffic(number: i64) -> (Subject, Encoded) {
    let at = Timestamp::from_micros(1_795_000_000_000_000 + number);
    let event = Event::Request(request::Event::Assigned(Assigned {
        request: RequestId::new(unique()),
        project: ProjectId::new(Uuid::from_u128(7)),
        worker: WorkerId::new(Uuid::from_u128(8)),
        claim: ClaimId::new(Uuid::from_u128(9)),
        attempt: 1,
        at,
    }));
    let subject = event.subject();
    let id = EventId::fresh(unique());
    (subject, Envelope { id, at, traceparent: None, actor: None, request_id: None, event }.encode())
}

/// A report of a worker.
pub fn stopped() -> (Subject, Encoded) {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let event = Event::Worker(worker::Event::Stopped { worker: WorkerId::new(unique()), at });
    let (id, subject) = (EventId::fresh(unique()), event.subject());
    (subject, Envelope { id, at, traceparent: None, actor: None, request_id: None, event }.encode())
}

/// An event with every attribute that an event can have, and a subject that needs escaping.
pub fn control() -> (Subject, Encoded) {
    let event = Encoded {
        id: EventId::fresh(unique()),
        kind: "uplion.model.retired.v1".into(),
        at: Timestamp::from_micros(1_795_000_000_123_456),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        actor: Some(ProjectId::new(unique()).to_string()),
        request_id: Some("req_0190c0de".into()),
        payload: br#"{"model":"org/llama-3.1"}"#.to_vec(),
    };
    (Subject::Control(AggregateId::Model(model("org/llama-3.1"))), event)
}

pub fn spec(name: StreamName, replicas: u8) -> StreamSpec {
    StreamSpec {
        name,
        epoch: 1,
        first_sequence: 1,
        max_bytes: 64 << 20,
        replicas,
        dedup_window: Duration::from_mins(2),
    }
}

pub fn queue_spec(replicas: u8) -> QueueSpec {
    QueueSpec {
        replicas,
        most_per_model: 10_000,
        max_bytes: 64 << 20,
        max_age: Duration::from_mins(10),
    }
}

pub fn model(name: &str) -> ModelName {
    name.parse().unwrap()
}

pub fn ticket(model: &ModelName) -> Ticket {
    Ticket {
        request: uplion_domain::RequestId::new(unique()),
        model: model.clone(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        gateway: uplion_domain::GatewayId::new(unique()),
        deadline: Timestamp::from_micros(1_795_000_300_000_000),
    }
}
