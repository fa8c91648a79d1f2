//! What events of earlier versions mean today, where they did not say all that is asked now.

use serde_json::Value;
use uplion_domain::{
    Envelope, Event, EventId, Timestamp,
    api_key::{self, Models, Quota, Terms},
    limits::Limits,
    model::{self, Kind},
    price,
    wire::Encoded,
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
