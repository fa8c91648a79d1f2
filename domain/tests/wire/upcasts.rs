//! What events of earlier versions mean today, where they did not say all that is asked now.

use serde_json::Value;
use uplion_domain::{
    Envelope, Event, EventId, Nanos, Operation, Rates, Timestamp, Unit,
    api_key::{self, Models, Quota, Terms},
    limits::Limits,
    model::{self, Kind},
    price::{self, Rule},
    request::Size,
    wire::Encoded,
    worker,
};

/// The examples of a type, as they were recorded.
fn recorded(kind: &str) -> Vec<Event> {
    let path = format!("{}/golden/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let events: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let read = |event: &Value| {
        let encoded = Encoded {
            id: EventId::known("evt_1"),
            kind: kind.into(),
            at: Timestamp::from_micros(1),
            traceparent: None,
            request_id: None,
            actor: None,
            payload: serde_json::to_vec(&event["data"]).unwrap(),
        };
        Envelope::decode(&encoded).unwrap().event
    };
    events.iter().map(read).collect()
}

#[test]
fn a_key_from_before_there_were_terms_has_none_that_bind_it() {
    for event in recorded("uplion.api_key.issued.v1") {
        let Event::ApiKey(_, api_key::Event::Issued { terms, .. }) = event else { panic!() };
        assert_eq!((terms.name.as_str(), terms.description.as_str()), ("ci", ""));
        assert_eq!((terms.owner, terms.expires_at, terms.quota), (None, None, Quota::Unlimited));
        assert_eq!((terms.budget, terms.limits), (None, Limits::NONE));
        assert!(terms.model_limits.is_empty());
        let plain = Terms::new(terms.project, "ci");
        assert_eq!(Terms { models: Models::All, ..*terms }, plain);
    }
}

#[test]
fn a_model_from_before_there_were_kinds_is_remote_if_it_has_upstreams_of_equal_weight() {
    for event in recorded("uplion.model.registered.v1") {
        let Event::Model(_, model::Event::Registered { kind, upstreams, max_processes, .. }) =
            event
        else {
            panic!()
        };
        assert_eq!((kind, max_processes), (Kind::Remote, None));
        assert!(upstreams.iter().all(|upstream| upstream.weight == 1));
    }
    for event in recorded("uplion.model.upstreams_changed.v1") {
        let Event::Model(_, model::Event::UpstreamsChanged { upstreams, .. }) = event else {
            panic!()
        };
        assert!(!upstreams.is_empty() && upstreams.iter().all(|upstream| upstream.weight == 1));
    }
}

#[test]
fn a_price_from_before_projects_had_their_own_is_everybodys() {
    for event in recorded("uplion.price.set.v1") {
        let Event::Price(_, price::Event::Set { project, .. }) = event else { panic!() };
        assert_eq!(project, None);
    }
}

#[test]
fn a_price_from_before_there_were_rules_has_one_that_always_applies() {
    for event in recorded("uplion.price.set.v2") {
        let Event::Price(_, price::Event::Set { rules, currency, .. }) = event else { panic!() };
        assert_eq!(rules, [Rule::always(rates())]);
        assert_eq!(currency, None);
    }
}

#[test]
fn a_request_from_before_there_were_operations_is_a_chat_completion_of_utc() {
    for event in recorded("uplion.request.accepted.v1") {
        let accepted = event.as_accepted().unwrap();
        assert_eq!(accepted.operation, Operation::CHAT_COMPLETION);
        assert_eq!((accepted.hour, accepted.size), (accepted.at.hour(), Size::default()));
        assert_eq!(accepted.price.rules, [Rule::always(rates())]);
    }
}

#[test]
fn a_settlement_from_before_there_were_units_was_charged_for_the_same() {
    let recorded = recorded("uplion.request.settled.v1");
    for event in &recorded {
        let settled = event.as_settled().unwrap();
        assert_eq!(settled.rates.charge(&settled.usage), settled.charge, "{settled:?}");
        let charged = u64::from(settled.charge > Nanos::ZERO);
        assert_eq!(settled.usage.get(&Unit::REQUESTS), charged);
        assert_eq!((settled.hour, &settled.rates), (settled.at.hour(), &rates()));
        let begun = settled.at.micros() - i64::try_from(settled.timings.total).unwrap();
        assert_eq!(settled.accepted_at.micros(), begun);
    }
    let completed = recorded[0].as_settled().unwrap();
    let tokens = (completed.usage.prompt_tokens(), completed.usage.completion_tokens());
    assert_eq!((tokens, completed.usage.cached_tokens()), ((1_200, 345), 1_000));
}

#[test]
fn a_worker_from_before_it_said_so_has_nothing_to_say_about_itself() {
    for event in recorded("uplion.worker.started.v1") {
        let Event::Worker(worker::Event::Started { about, models, .. }) = event else { panic!() };
        assert_eq!((about, models.len()), (None, 2));
    }
}

/// Those of all examples: each was said.
fn rates() -> Rates {
    Rates::from_iter([
        (Unit::INPUT, Nanos::new(150_000_000)),
        (Unit::CACHED_INPUT, Nanos::new(75_000_000)),
        (Unit::OUTPUT, Nanos::new(600_000_000)),
        (Unit::REASONING, Nanos::new(600_000_000)),
        (Unit::REQUESTS, Nanos::new(1_000)),
    ])
}
