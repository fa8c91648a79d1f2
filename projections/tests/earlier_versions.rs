//! What events of earlier versions lead to is what they led to when they were written, where nothing was added.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::collections::BTreeMap;

use serde_json::Value as Json;
use uplion_domain::{
    Envelope, EventId, Nanos, Timestamp, Unit,
    request::{self, Outcome},
    wire::Encoded,
};
use uplion_projections::{
    Projection, Recorded,
    prices::{Price, Prices},
    projection::TypedRow,
    requests::{Request, Requests, Status},
    table::{Key, Row},
    tokens_by_key::{TokensByKey, Used},
    usage_by_hour::{Usage, UsageByHour},
    workers::{Worker, Workers},
};

/// The recorded examples of a type, as an archive of that time holds them.
fn recorded(kind: &str) -> Vec<Envelope> {
    let path = format!("{}/../domain/golden/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let events: Vec<Json> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let read = |event: &Json| {
        let encoded = Encoded {
            id: EventId::known(event["id"].as_str().unwrap()),
            kind: kind.into(),
            at: event["time"].as_str().unwrap().parse().unwrap(),
            traceparent: None,
            actor: None,
            request_id: None,
            payload: serde_json::to_vec(&event["data"]).unwrap(),
        };
        Envelope::decode(&encoded).unwrap()
    };
    events.iter().map(read).collect()
}

fn rows<R: TypedRow>(projection: &dyn Projection, events: Vec<Envelope>) -> Vec<R> {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for (pos, envelope) in (1..).zip(events) {
        let event = Recorded { pos, envelope };
        let Some(key) = projection.key(&event) else { continue };
        let row = rows.remove(&key);
        if let Some(row) = projection.fold(row, &event) {
            rows.insert(key, row);
        }
    }
    rows.into_values().map(R::from_row).collect()
}

fn settled() -> Vec<Envelope> {
    recorded("uplion.request.settled.v1")
}

/// One completed, three cancelled and eight failed: four were charged for the same usage.
#[test]
fn usage_is_summed_as_it_was() {
    let rows: Vec<Usage> = rows(&UsageByHour, settled());
    assert_eq!(rows.len(), 1);
    let Usage { hour, totals, .. } = &rows[0];
    assert_eq!(*hour, "2026-11-23T10:00:00Z".parse::<Timestamp>().unwrap());
    let ends = (totals.requests, totals.completed, totals.cancelled, totals.failed);
    assert_eq!(ends, (12, 1, 3, 8));
    assert_eq!((totals.prompt_tokens, totals.cached_tokens), (4 * 1_200, 4 * 1_000));
    assert_eq!((totals.completion_tokens, totals.reasoning_tokens), (4 * 345, 4 * 45));
    assert_eq!(totals.cost, Nanos::new(4 * 313_000));
}

#[test]
fn a_key_has_used_what_it_had() {
    let rows: Vec<Used> = rows(&TokensByKey, settled());
    assert_eq!((rows.len(), rows[0].tokens()), (1, 4 * (1_200 + 345)));
    assert_eq!(rows[0].totals.cost, Nanos::new(4 * 313_000));
}

#[test]
fn a_request_went_as_it_did() {
    let accepted = recorded("uplion.request.accepted.v1").remove(0);
    let assigned = recorded("uplion.task.assigned.v1").remove(0);
    let events = vec![accepted.clone(), assigned, settled().remove(0)];
    let rows: Vec<Request> = rows(&Requests, events);
    let request = &rows[0];
    assert_eq!(request.status, Status::Settled(Outcome::Completed));
    assert_eq!((request.attempts, request.streamed), (1, Some(true)));
    assert_eq!((request.usage.prompt_tokens(), request.usage.completion_tokens()), (1_200, 345));
    assert_eq!((request.cost, request.accepted_at), (Nanos::new(313_000), Some(accepted.at)));
    let micros = (request.assigned_micros, request.first_chunk_micros, request.total_micros);
    assert_eq!(micros, (Some(900), Some(45_000), Some(1_250_000)));
    let rates = request.rates.as_ref().unwrap();
    assert_eq!(rates.of(&Unit::CACHED_INPUT), Nanos::new(75_000_000));
    assert_eq!(rates.of(&Unit::REQUESTS), Nanos::new(1_000));
}

/// Both forms that there have been, each settlement with its acceptance and without.
#[test]
fn what_was_charged_needs_nobody() {
    for version in ["v1", "v2"] {
        let accepted = recorded(&format!("uplion.request.accepted.{version}"));
        for settled in recorded(&format!("uplion.request.settled.{version}")) {
            let of_it = accepted.iter().find(|one| is_streamed(one) == is_streamed(&settled));
            let both = of_it.cloned().into_iter().chain([settled.clone()]).collect();
            for events in [vec![settled.clone()], both] {
                let rows: Vec<Request> = rows(&Requests, events);
                assert_eq!(rows[0].marks, [], "{settled:?}");
            }
        }
    }
}

/// The two examples of acceptances differ in it, and so do their settlements.
fn is_streamed(envelope: &Envelope) -> bool {
    match envelope.event.as_request() {
        Some(request::Event::Accepted(accepted)) => accepted.streamed,
        Some(request::Event::Settled(settled)) => settled.streamed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_price_charges_what_it_did() {
    for kind in ["uplion.price.set.v1", "uplion.price.set.v2"] {
        let rows: Vec<Price> = rows(&Prices, recorded(kind));
        let units =
            [Unit::INPUT, Unit::CACHED_INPUT, Unit::OUTPUT, Unit::REASONING, Unit::REQUESTS];
        let rates = units.map(|unit| rows[0].rates().of(&unit).get());
        assert_eq!(rates, [150_000_000, 75_000_000, 600_000_000, 600_000_000, 1_000], "{kind}");
    }
}

#[test]
fn a_worker_is_shown_as_it_was() {
    let started = recorded("uplion.worker.started.v1");
    let failed = recorded("uplion.worker.failed.v1");
    let stopped = recorded("uplion.worker.stopped.v1");
    let began = started[0].at;
    let rows: Vec<Worker> = rows(&Workers, [started, failed, stopped].concat());
    let worker = &rows[0];
    assert_eq!((rows.len(), worker.models.len(), worker.failures.len()), (1, 2, 1));
    assert_eq!((worker.started_at, worker.stopped_at), (Some(began), Some(began)));
}

#[test]
fn a_projection_is_touched_by_no_type_but_those_that_it_names() {
    let mut unnamed = Vec::new();
    for kind in uplion_domain::wire::types() {
        for (pos, envelope) in (1..).zip(recorded(kind)) {
            let event = Recorded { pos, envelope };
            for projection in uplion_projections::all() {
                if projection.key(&event).is_some() && !projection.reads(kind) {
                    unnamed.push(format!("{} by {kind}", projection.name()));
                }
            }
        }
    }
    assert_eq!(unnamed, <[String; 0]>::default());
}
