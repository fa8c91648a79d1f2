//! The rules of the catalog, told as events and what is then served.

use uplion_domain::{EventId, Nanos, PriceId, api_key, model, price, project};
use uuid::Uuid;

use super::*;

const AT: Timestamp = Timestamp::from_micros(1);

fn catalog(events: impl IntoIterator<Item = Event>) -> Catalog {
    let mut catalog = Catalog::default();
    for event in events {
        catalog.apply(&envelope(event));
    }
    catalog
}

fn envelope(event: Event) -> Envelope {
    let id = EventId::fresh(Uuid::nil());
    Envelope { id, at: AT, traceparent: None, actor: None, request_id: None, event }
}

fn project_id() -> ProjectId {
    ProjectId::new(Uuid::from_u128(1))
}

fn created() -> Event {
    Event::Project(project_id(), project::Event::Created { name: "physics".into(), at: AT })
}

fn key(number: u128, event: api_key::Event) -> Event {
    Event::ApiKey(KeyId::new(Uuid::from_u128(number)), event)
}

fn issued(number: u128, secret: &str, models: Models) -> Event {
    let (project, digest) = (project_id(), KeyDigest::of(secret));
    key(number, api_key::Event::Issued { project, name: "ci".into(), digest, models, at: AT })
}

fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

fn registered(model: &str, aliases: &[&str]) -> Event {
    let aliases = aliases.iter().map(|alias| name(alias)).collect();
    Event::Model(name(model), model::Event::Registered { upstreams: vec![], aliases, at: AT })
}

fn renamed(model: &str, aliases: &[&str]) -> Event {
    let aliases = aliases.iter().map(|alias| name(alias)).collect();
    Event::Model(name(model), model::Event::AliasesChanged { aliases, at: AT })
}

fn retired(model: &str) -> Event {
    Event::Model(name(model), model::Event::Retired { at: AT })
}

fn price(number: u128, input: i128, effective_from: i64) -> Event {
    let rates = Rates { input: Nanos::new(input), ..Rates::default() };
    let effective_from = Timestamp::from_micros(effective_from);
    let set = price::Event::Set { model: name("llama"), rates, effective_from, at: AT };
    Event::Price(PriceId::new(Uuid::from_u128(number)), set)
}

fn withdrawn(number: u128) -> Event {
    Event::Price(PriceId::new(Uuid::from_u128(number)), price::Event::Withdrawn { at: AT })
}

fn input_rate(catalog: &Catalog, now: i64) -> i128 {
    catalog.rates(&name("llama"), Timestamp::from_micros(now)).input.get()
}

fn served(catalog: &Catalog, secret: &str) -> bool {
    catalog.key(&KeyDigest::of(secret)).is_some()
}

fn meant(catalog: &Catalog, name: &str) -> Result<String, NotServed> {
    catalog.resolve(name).map(|model| model.name.to_string())
}

#[test]
fn a_key_is_found_by_its_secrets_digest() {
    let catalog = catalog([created(), issued(7, "secret", Models::All)]);
    let key = catalog.key(&KeyDigest::of("secret")).unwrap();
    assert_eq!((key.id, key.project), (KeyId::new(Uuid::from_u128(7)), project_id()));
    assert!(!served(&catalog, "other"));
}

#[test]
fn a_revoked_key_is_not_served_even_if_its_issue_is_told_again() {
    let revoked = key(7, api_key::Event::Revoked { at: AT });
    let issue = || issued(7, "a", Models::All);
    let catalog = catalog([created(), issue(), issued(8, "b", Models::All), revoked, issue()]);
    assert!(!served(&catalog, "a"));
    assert!(served(&catalog, "b"));
}

#[test]
fn the_keys_of_a_closed_project_are_not_served_whenever_they_were_issued() {
    let closed = Event::Project(project_id(), project::Event::Closed { at: AT });
    let catalog = catalog([
        created(),
        issued(7, "before", Models::All),
        closed,
        issued(8, "after", Models::All),
        created(),
    ]);
    assert!(!served(&catalog, "before"));
    assert!(!served(&catalog, "after"));
}

#[test]
fn a_key_serves_what_it_was_last_allowed() {
    let only = |model| Models::Only([name(model)].into());
    let catalog = catalog([
        created(),
        registered("llama", &[]),
        registered("mistral", &[]),
        issued(7, "a", only("llama")),
        key(7, api_key::Event::Allowed { models: only("mistral"), at: AT }),
    ]);
    let key = catalog.key(&KeyDigest::of("a")).unwrap();
    let names: Vec<_> = catalog.models_for(key).map(|model| model.name.to_string()).collect();
    assert_eq!(names, ["mistral"]);
}

#[test]
fn an_alias_leads_to_its_model() {
    let catalog = catalog([registered("llama-3.1", &["llama", "gpt"])]);
    assert_eq!(meant(&catalog, "llama"), Ok("llama-3.1".into()));
    assert_eq!(meant(&catalog, "llama-3.1"), Ok("llama-3.1".into()));
    assert_eq!(meant(&catalog, "llama-3"), Err(NotServed::Unknown));
}

#[test]
fn an_alias_that_moved_leads_to_its_new_model_only() {
    let moved = [registered("a", &["x", "y"]), renamed("a", &["y"]), registered("b", &["x"])];
    let mut catalog = catalog(moved);
    assert_eq!(meant(&catalog, "x"), Ok("b".into()));
    catalog.apply(&envelope(renamed("a", &[])));
    assert_eq!(meant(&catalog, "x"), Ok("b".into()));
    assert_eq!(meant(&catalog, "y"), Err(NotServed::Unknown));
}

#[test]
fn a_retired_model_is_known_as_such_and_listed_no_more() {
    let catalog = catalog([
        registered("old", &["best"]),
        registered("new", &[]),
        retired("old"),
        registered("old", &["best"]),
    ]);
    assert_eq!(meant(&catalog, "old"), Err(NotServed::Retired));
    assert_eq!(meant(&catalog, "best"), Err(NotServed::Retired));
    let names: Vec<_> = catalog.models().map(|model| model.name.to_string()).collect();
    assert_eq!(names, ["new"]);
}

#[test]
fn a_retired_models_alias_can_be_taken_by_another() {
    let catalog = catalog([registered("a", &["x"]), retired("a"), registered("b", &["x"])]);
    assert_eq!(meant(&catalog, "x"), Ok("b".into()));
}

#[test]
fn upstreams_are_those_last_set() {
    let upstream = Upstream {
        url: "http://127.0.0.1:1/v1".into(),
        model: name("m"),
        credential: None,
        max_in_flight: 1,
    };
    let upstreams = vec![upstream.clone()];
    let changed = model::Event::UpstreamsChanged { upstreams, at: AT };
    let catalog = catalog([registered("llama", &[]), Event::Model(name("llama"), changed)]);
    assert_eq!(catalog.upstreams(&name("llama")), [upstream]);
    assert_eq!(catalog.upstreams(&name("other")), []);
}

#[test]
fn the_price_in_force_is_the_latest_that_has_begun() {
    let catalog = catalog([price(1, 10, 100), price(2, 20, 200), price(3, 30, 300)]);
    let rates = [99, 100, 199, 200, 1_000].map(|now| input_rate(&catalog, now));
    assert_eq!(rates, [0, 10, 10, 20, 30]);
}

#[test]
fn of_two_prices_from_the_same_time_the_one_set_later_is_in_force() {
    let catalog = catalog([price(2, 20, 100), price(1, 10, 100), price(2, 20, 100)]);
    assert_eq!(input_rate(&catalog, 100), 10);
}

#[test]
fn a_withdrawn_price_is_as_if_it_had_never_been() {
    let catalog = catalog([price(1, 10, 100), price(2, 20, 200), withdrawn(2), price(2, 20, 200)]);
    assert_eq!(input_rate(&catalog, 1_000), 10);
}
