//! What the table says of a key after what happened to it.

use uplion_domain::{
    KeyDigest, Nanos, ProjectId,
    api_key::{Models, Quota},
    budget::{Budget, Period},
    limits::Limits,
};
use uuid::Uuid;

use super::*;
use crate::request_timeline::{START, control, rows, seconds, table};

const SECRET: &str = "sk-uplion-secret";

fn keys(events: impl IntoIterator<Item = api_key::Event>) -> Vec<ApiKey> {
    let id = KeyId::new(Uuid::from_u128(2));
    rows(&ApiKeys, events.into_iter().map(|event| control(Event::ApiKey(id, event))))
}

fn terms() -> Terms {
    Terms::new(ProjectId::new(Uuid::from_u128(1)), "ci")
}

fn issued() -> api_key::Event {
    api_key::Event::Issued { digest: KeyDigest::of(SECRET), terms: Box::new(terms()), at: START }
}

#[test]
fn a_key_may_do_what_it_was_last_allowed() {
    let only = || Models::Only(["org/a", "b"].map(|name| name.parse().unwrap()).into());
    assert_eq!(keys([issued()])[0].terms.models, Models::All);
    let allowed = api_key::Event::Allowed { models: only(), at: seconds(1) };
    assert_eq!(keys([issued(), allowed])[0].terms.models, only());
}

#[test]
fn a_key_is_on_the_terms_that_it_was_last_given() {
    let limits = Limits { requests_per_minute: Some(60), ..Limits::NONE };
    let model_limits = [("org/a".parse().unwrap(), limits)].into();
    let strict = Terms {
        description: "nightly".into(),
        expires_at: Some(seconds(60)),
        quota: Quota::Tokens(1_000),
        budget: Some(Budget { amount: Nanos::new(5), period: Period::Week }),
        limits,
        model_limits,
        ..terms()
    };
    let events = [
        issued(),
        api_key::Event::Described { name: "ci".into(), description: "nightly".into(), at: START },
        api_key::Event::ExpiryChanged { expires_at: strict.expires_at, at: START },
        api_key::Event::QuotaChanged { quota: strict.quota, at: START },
        api_key::Event::BudgetChanged { budget: strict.budget, at: START },
        api_key::Event::LimitsChanged {
            limits,
            model_limits: strict.model_limits.clone(),
            at: START,
        },
    ];
    assert_eq!(keys(events)[0].terms, strict);
}

#[test]
fn a_keys_status_is_told_at_a_time() {
    let expires_at = Some(seconds(60));
    let expiry = || api_key::Event::ExpiryChanged { expires_at, at: START };
    let disabled = || api_key::Event::Disabled { at: START };
    let status = |events: Vec<api_key::Event>, now| keys(events)[0].status(seconds(now)).as_str();
    assert_eq!(status(vec![issued(), expiry()], 59), "active");
    assert_eq!(status(vec![issued(), expiry()], 60), "expired");
    assert_eq!(status(vec![issued(), expiry(), disabled()], 59), "disabled");
    let enabled = api_key::Event::Enabled { at: START };
    assert_eq!(status(vec![issued(), disabled(), enabled], 59), "active");
    let revoked = api_key::Event::Revoked { at: START };
    assert_eq!(status(vec![issued(), expiry(), disabled(), revoked], 60), "revoked");
}

#[test]
fn a_rotation_tells_how_long_the_secret_before_is_served() {
    let digest = KeyDigest::of("new");
    let (at, previous_until) = (seconds(1), seconds(61));
    let rotated = api_key::Event::Rotated { digest, previous_until, at };
    assert_eq!(keys([issued()])[0].rotation, None);
    assert_eq!(keys([issued(), rotated])[0].rotation, Some(Rotation { at, previous_until }));
}

#[test]
fn a_revoked_key_stays_in_the_list() {
    let keys = keys([issued(), api_key::Event::Revoked { at: seconds(1) }]);
    assert_eq!((keys[0].issued_at, keys[0].revoked_at), (START, Some(seconds(1))));
}

#[test]
fn neither_secret_nor_digest_is_in_the_table() {
    let id = KeyId::new(Uuid::from_u128(2));
    let rotated =
        api_key::Event::Rotated { digest: KeyDigest::of("new"), previous_until: START, at: START };
    let events = [issued(), rotated].map(|event| control(Event::ApiKey(id, event)));
    let table = format!("{:?}", table(&ApiKeys, events));
    assert!(!table.contains(SECRET));
    for secret in [SECRET, "new"] {
        assert!(!table.contains(&KeyDigest::of(secret).to_string()));
    }
}
