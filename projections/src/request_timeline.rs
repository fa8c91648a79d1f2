//! Events of requests for the specs of projections, and their folding as the projector does it.

use std::collections::BTreeMap;

use uplion_domain::{
    ClaimId, Envelope, Event, EventId, GatewayId, KeyId, Nanos, Operation, PriceId, ProjectId,
    Rates, RequestId, Timestamp, Unit, Usage, WorkerId,
    price::{Pinned, Rule},
    request::{
        Accepted, Assigned, Class, Labels, Outcome, Settled, Settlement, Size, Timings, Writer,
    },
    usage::Source,
};
use uuid::Uuid;

use crate::{
    projection::{Projection, Recorded, TypedRow},
    table::{Key, Role, Row},
};

/// When every timeline begins: 2026-11-23T10:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_795_428_000_000_000);

pub fn seconds(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1_000)
}

pub fn accepted(request: u128) -> Accepted {
    Accepted {
        request: RequestId::new(Uuid::from_u128(request)),
        project: ProjectId::new(Uuid::from_u128(1)),
        key: KeyId::new(Uuid::from_u128(2)),
        model: "llama".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: GatewayId::new(Uuid::from_u128(3)),
        price: Pinned {
            price: Some(PriceId::new(Uuid::from_u128(4))),
            currency: None,
            rules: vec![Rule::always(Rates::default().with(Unit::INPUT, Nanos::new(2_000_000)))],
        },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: START,
        deadline: seconds(300),
        at: START,
    }
}

pub fn worker(number: u128) -> WorkerId {
    WorkerId::new(Uuid::from_u128(number))
}

/// A second for each attempt.
pub fn assigned(accepted: &Accepted, attempt: u32) -> Assigned {
    Assigned {
        request: accepted.request,
        project: accepted.project,
        worker: worker(u128::from(attempt)),
        claim: ClaimId::new(Uuid::from_u128(u128::from(attempt))),
        attempt,
        at: seconds(attempt.into()),
    }
}

/// Ten seconds after it was accepted; a hundred tokens of prompt, twenty of answer.
pub fn settled(accepted: &Accepted, outcome: Outcome) -> Settled {
    accepted.settle(settlement(accepted, outcome))
}

pub fn settlement(accepted: &Accepted, outcome: Outcome) -> Settlement {
    Settlement {
        outcome,
        delivered: Usage::tokens(100, 0, 20, 0, Source::Counted),
        service_tier: None,
        timings: Timings { assigned: Some(500), first_chunk: Some(90_000), total: 10_000_000 },
        worker: Some(worker(1)),
        attempts: vec![],
        writer: Writer::Gateway(accepted.gateway),
        at: accepted.at.plus_millis(10_000),
    }
}

pub fn control(event: Event) -> Envelope {
    Envelope {
        id: EventId::fresh(Uuid::nil()),
        at: START,
        traceparent: None,
        actor: None,
        request_id: None,
        event,
    }
}

pub fn recorded(events: impl IntoIterator<Item = Envelope>) -> Vec<Recorded> {
    (1..).zip(events).map(|(pos, envelope)| Recorded { pos, envelope }).collect()
}

/// The table that the events lead to. Each row must be what the table says that its rows are.
pub fn table(
    projection: &dyn Projection,
    events: impl IntoIterator<Item = Envelope>,
) -> BTreeMap<Key, Row> {
    let mut rows = BTreeMap::new();
    for event in recorded(events) {
        let Some(key) = projection.key(&event) else { continue };
        let row = rows.remove(&key);
        if let Some(row) = projection.fold(row, &event) {
            assert_row(projection, &key, &row);
            rows.insert(key, row);
        }
    }
    rows
}

/// The same as typed rows, by key.
pub fn rows<R: TypedRow>(
    projection: &dyn Projection,
    events: impl IntoIterator<Item = Envelope>,
) -> Vec<R> {
    table(projection, events).into_values().map(R::from_row).collect()
}

fn assert_row(projection: &dyn Projection, key: &Key, row: &Row) {
    let table = projection.table();
    assert_eq!(row.len(), table.columns.len(), "{}", table.name);
    assert_eq!(key.len(), table.key_columns().count(), "{}", table.name);
    assert_eq!(row[..key.len()], key[..], "{}", table.name);
    for (column, value) in table.columns.iter().zip(row) {
        let fits = match value.kind() {
            Some(kind) => kind == column.kind,
            None => column.role == Role::Nullable,
        };
        assert!(fits, "{}.{} is {value:?}", table.name, column.name);
    }
}
