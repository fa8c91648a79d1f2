//! The rules of the catalog, told as events and what is then served.

use uplion_domain::{
    EventId, InstallationId, Nanos, PriceId, Rates, Unit,
    api_key::{self, Models},
    installation, model,
    price::{self, Rule, Served, TimeOfDay, When},
    project,
};
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
    let terms = Box::new(Terms { models, ..Terms::new(project_id(), "ci") });
    key(number, api_key::Event::Issued { digest: KeyDigest::of(secret), terms, at: AT })
}

fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

fn registered(model: &str, aliases: &[&str]) -> Event {
    let aliases = aliases.iter().map(|alias| name(alias)).collect();
    let registered = model::Event::Registered {
        kind: model::Kind::Local,
        upstreams: vec![],
        aliases,
        max_processes: None,
        operations: None,
        at: AT,
    };
    Event::Model(name(model), registered)
}

fn renamed(model: &str, aliases: &[&str]) -> Event {
    let aliases = aliases.iter().map(|alias| name(alias)).collect();
    Event::Model(name(model), model::Event::AliasesChanged { aliases, at: AT })
}

fn retired(model: &str) -> Event {
    Event::Model(name(model), model::Event::Retired { at: AT })
}

fn price(number: u128, input: i128, effective_from: i64) -> Event {
    price_of(number, None, input, effective_from)
}

fn price_of(number: u128, project: Option<ProjectId>, input: i128, from: i64) -> Event {
    let rules = vec![Rule::always(rates(input))];
    let (model, effective_from) = (name("llama"), Timestamp::from_micros(from));
    let set = price::Event::Set { model, project, currency: None, rules, effective_from, at: AT };
    Event::Price(PriceId::new(Uuid::from_u128(number)), set)
}

fn rates(input: i128) -> Rates {
    Rates::default().with(Unit::INPUT, Nanos::new(input))
}

fn withdrawn(number: u128) -> Event {
    Event::Price(PriceId::new(Uuid::from_u128(number)), price::Event::Withdrawn { at: AT })
}

fn input_rate(catalog: &Catalog, now: i64) -> i128 {
    rate_of(catalog, project_id(), now)
}

fn rate_of(catalog: &Catalog, project: ProjectId, now: i64) -> i128 {
    let chat = Operation::CHAT_COMPLETION;
    let price = catalog.price(&name("llama"), project, &chat, Timestamp::from_micros(now));
    let served = Served { prompt_tokens: 0, service_tier: None };
    price.rates(served).of(&Unit::INPUT).get()
}

fn served(catalog: &Catalog, secret: &str) -> bool {
    answered(catalog, secret, AT).is_ok()
}

/// Whether the secret is served at a time, and if not, why.
fn answered(catalog: &Catalog, secret: &str, now: Timestamp) -> Result<(), NotValid> {
    catalog.key(&KeyDigest::of(secret), now).map(|_| ())
}

fn meant(catalog: &Catalog, name: &str) -> Result<String, NotServed> {
    catalog.resolve(name).map(|model| model.name.to_string())
}

#[test]
fn a_model_that_says_nothing_else_is_served_on_the_usual_terms() {
    let catalog = catalog([registered("llama", &[])]);
    assert_eq!(catalog.resolve("llama").unwrap().terms, model::ServingTerms::default());
}

#[test]
fn a_key_is_found_by_its_secrets_digest() {
    let catalog = catalog([created(), issued(7, "secret", Models::All)]);
    let key = catalog.key(&KeyDigest::of("secret"), AT).unwrap();
    assert_eq!((key.id, key.terms.project), (KeyId::new(Uuid::from_u128(7)), project_id()));
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
fn a_secret_that_is_not_served_is_told_why() {
    let mut catalog = catalog([created(), issued(7, "a", Models::All)]);
    assert_eq!(answered(&catalog, "b", AT), Err(NotValid::Unknown));
    let expires_at = Some(Timestamp::from_micros(10));
    for (event, now, why) in [
        (api_key::Event::Disabled { at: AT }, 9, Err(NotValid::Disabled)),
        (api_key::Event::Enabled { at: AT }, 9, Ok(())),
        (api_key::Event::ExpiryChanged { expires_at, at: AT }, 9, Ok(())),
        (api_key::Event::ExpiryChanged { expires_at, at: AT }, 10, Err(NotValid::Expired)),
        (api_key::Event::ExpiryChanged { expires_at: None, at: AT }, 10, Ok(())),
        (api_key::Event::Revoked { at: AT }, 9, Err(NotValid::Revoked)),
        (api_key::Event::Enabled { at: AT }, 9, Err(NotValid::Revoked)),
    ] {
        catalog.apply(&envelope(key(7, event.clone())));
        assert_eq!(answered(&catalog, "a", Timestamp::from_micros(now)), why, "{event:?}");
    }
}

fn rotated(digest: &str, previous_until: i64) -> Event {
    let previous_until = Timestamp::from_micros(previous_until);
    let digest = KeyDigest::of(digest);
    key(7, api_key::Event::Rotated { digest, previous_until, at: AT })
}

#[test]
fn both_secrets_of_a_rotated_key_are_served_until_the_grace_is_over() {
    let catalog = catalog([created(), issued(7, "old", Models::All), rotated("new", 10)]);
    let at = Timestamp::from_micros;
    assert_eq!(answered(&catalog, "old", at(9)), Ok(()));
    assert_eq!(answered(&catalog, "new", at(9)), Ok(()));
    assert_eq!(answered(&catalog, "old", at(10)), Err(NotValid::Replaced));
    assert_eq!(answered(&catalog, "new", at(10)), Ok(()));
}

#[test]
fn without_a_grace_the_secret_before_is_over_whatever_the_clock_says() {
    let catalog = catalog([created(), issued(7, "old", Models::All), rotated("new", AT.micros())]);
    let earlier = Timestamp::from_micros(-5);
    assert_eq!(answered(&catalog, "old", earlier), Err(NotValid::Replaced));
    assert_eq!(answered(&catalog, "new", earlier), Ok(()));
}

#[test]
fn a_key_has_two_secrets_at_most() {
    let history = [created(), issued(7, "a", Models::All), rotated("b", 100), rotated("c", 10)];
    let mut catalog = catalog(history);
    assert_eq!(answered(&catalog, "a", AT), Err(NotValid::Replaced));
    assert_eq!(answered(&catalog, "b", AT), Ok(()));
    assert_eq!(answered(&catalog, "c", AT), Ok(()));
    catalog.apply(&envelope(rotated("b", 100)));
    assert_eq!(answered(&catalog, "b", Timestamp::from_micros(10)), Err(NotValid::Replaced));
}

#[test]
fn what_changes_of_a_rotated_key_changes_under_both_of_its_secrets() {
    let only = || Models::Only([name("mistral")].into());
    let allowed = key(7, api_key::Event::Allowed { models: only(), at: AT });
    let mut catalog = catalog([created(), issued(7, "a", Models::All), rotated("b", 10), allowed]);
    for secret in ["a", "b"] {
        let key = catalog.key(&KeyDigest::of(secret), AT).unwrap();
        assert_eq!(key.terms.models, only());
    }
    catalog.apply(&envelope(key(7, api_key::Event::Disabled { at: AT })));
    for secret in ["a", "b"] {
        assert_eq!(answered(&catalog, secret, AT), Err(NotValid::Disabled));
    }
    catalog.apply(&envelope(key(7, api_key::Event::Revoked { at: AT })));
    for secret in ["a", "b"] {
        assert_eq!(answered(&catalog, secret, AT), Err(NotValid::Revoked));
    }
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
    let key = catalog.key(&KeyDigest::of("a"), AT).unwrap();
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
    let upstream = Upstream::new("http://127.0.0.1:1/v1", name("m"), 1);
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
    let earlier = price(2, 20, 100);
    let later = match price(1, 10, 100) {
        Event::Price(
            id,
            price::Event::Set { model, project, currency, rules, effective_from, .. },
        ) => {
            let at = Timestamp::from_micros(2);
            Event::Price(
                id,
                price::Event::Set { model, project, currency, rules, effective_from, at },
            )
        }
        other => other,
    };
    for events in [[earlier.clone(), later.clone()], [later, earlier]] {
        assert_eq!(input_rate(&catalog(events), 100), 10);
    }
}

#[test]
fn a_withdrawn_price_is_as_if_it_had_never_been() {
    let catalog = catalog([price(1, 10, 100), price(2, 20, 200), withdrawn(2), price(2, 20, 200)]);
    assert_eq!(input_rate(&catalog, 1_000), 10);
}

#[test]
fn a_projects_own_price_comes_before_everybodys_while_it_is_in_force() {
    let own = |number, input, from| price_of(number, Some(project_id()), input, from);
    let mut catalog = catalog([price(1, 10, 100), own(2, 5, 200), price(3, 30, 300)]);
    let other = ProjectId::new(Uuid::from_u128(9));
    assert_eq!([199, 200, 300].map(|now| input_rate(&catalog, now)), [10, 5, 5]);
    assert_eq!([199, 200, 300].map(|now| rate_of(&catalog, other, now)), [10, 10, 30]);
    catalog.apply(&envelope(withdrawn(2)));
    assert_eq!(input_rate(&catalog, 300), 30);
}

fn founded(time_zone: &str) -> Event {
    let (currency, time_zone) = ("INR".parse().unwrap(), time_zone.parse().unwrap());
    let founded = installation::Event::Founded { currency, minor_digits: 2, time_zone, at: AT };
    Event::Installation(InstallationId::new(Uuid::from_u128(7)), founded)
}

#[test]
fn an_installation_is_what_it_was_founded_as() {
    let founded = [founded("Asia/Kolkata"), founded("UTC")];
    let catalog = catalog(founded);
    assert_eq!(catalog.installation().unwrap().currency.as_str(), "INR");
    let (noon, half_past) = ("2026-07-01T12:10:00Z", "2026-07-01T11:30:00Z");
    assert_eq!(catalog.hour(noon.parse().unwrap()), half_past.parse().unwrap());
}

#[test]
fn a_price_by_the_time_of_day_follows_the_clocks_of_the_installation() {
    let night = Some(TimeOfDay { from: 22 * 60, until: 6 * 60 });
    let when = When { time_of_day: night, ..When::default() };
    let rules = vec![Rule { when, rates: rates(1) }, Rule::always(rates(9))];
    let set = price::Event::Set {
        model: name("llama"),
        project: None,
        currency: None,
        rules,
        effective_from: AT,
        at: AT,
    };
    let set = Event::Price(PriceId::new(Uuid::from_u128(1)), set);
    let evening: Timestamp = "2026-07-01T17:00:00Z".parse().unwrap();
    let here = catalog([founded("Asia/Kolkata"), set.clone()]);
    assert_eq!(input_rate(&here, evening.micros()), 1);
    assert_eq!(input_rate(&catalog([set]), evening.micros()), 9);
}

#[test]
fn a_price_that_is_set_in_an_installation_is_pinned_in_its_currency() {
    let catalog = catalog([founded("UTC"), price(1, 5, 1)]);
    let pinned = catalog.price(&name("llama"), project_id(), &Operation::EMBEDDING, AT);
    assert_eq!(pinned.price, Some(PriceId::new(Uuid::from_u128(1))));
    assert_eq!(pinned.currency, Some("INR".parse().unwrap()));
}
