//! Keys that are disabled, expire or get a new secret, and what a project's own price does to its charges.

use serde_json::{Value, json};
use uplion_domain::{
    Event, KeyDigest, KeyId, Nanos, PriceId, ProjectId, Rates, Timestamp, Unit, api_key, price,
    project,
};
use uuid::Uuid;

use crate::installation::{DEMO_KEY, Installation, KEY, body, header};

fn key(event: api_key::Event) -> Event {
    Event::ApiKey(KeyId::new(Uuid::from_u128(1)), event)
}

/// The gateway's clock stands at 1000.
const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// What is said of a secret: 200 without words, or why not.
async fn said(installation: &Installation, secret: &str) -> (u16, String) {
    let models = installation.client.get(format!("{}/v1/models", installation.base));
    let answer = models.bearer_auth(secret).send().await.expect("the gateway answers");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("the answer is JSON");
    if status == 401 {
        assert_eq!(body["error"]["code"], "invalid_api_key", "{body}");
    }
    (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

async fn until(installation: &Installation, secret: &str, words: &str) {
    installation
        .until(async || {
            let (status, message) = said(installation, secret).await;
            (status == 200) == words.is_empty() && message.contains(words)
        })
        .await;
}

#[tokio::test]
async fn a_disabled_key_is_told_so_and_served_again_once_it_is_enabled() {
    let installation = Installation::start().await;
    installation.record(key(api_key::Event::Disabled { at: at(0) })).await;
    until(&installation, KEY, "is disabled").await;
    installation.record(key(api_key::Event::Enabled { at: at(0) })).await;
    until(&installation, KEY, "").await;
}

#[tokio::test]
async fn a_key_is_served_until_it_expires() {
    let installation = Installation::start().await;
    let expiry = |millis: Option<i64>| {
        let expires_at = millis.map(at);
        key(api_key::Event::ExpiryChanged { expires_at, at: at(0) })
    };
    installation.record(expiry(Some(1_000))).await;
    until(&installation, KEY, "has expired").await;
    installation.record(expiry(Some(1_001))).await;
    until(&installation, KEY, "").await;
    installation.record(expiry(Some(999))).await;
    until(&installation, KEY, "has expired").await;
    installation.record(expiry(None)).await;
    until(&installation, KEY, "").await;
}

#[tokio::test]
async fn both_secrets_are_served_in_the_grace_and_only_the_new_one_after_it() {
    let installation = Installation::start().await;
    let rotate = async |secret: &str, until: i64| {
        let (digest, previous_until) = (KeyDigest::of(secret), at(until));
        let rotated = api_key::Event::Rotated { digest, previous_until, at: at(0) };
        installation.record(key(rotated)).await;
    };
    assert!(said(&installation, "sk-2").await.1.contains("is unknown"));
    rotate("sk-2", 1_001).await;
    until(&installation, "sk-2", "").await;
    assert_eq!(said(&installation, KEY).await.0, 200, "it is in its grace");

    rotate("sk-3", 1_000).await;
    until(&installation, "sk-3", "").await;
    assert!(said(&installation, "sk-2").await.1.contains("was rotated"), "its grace is over");
    assert!(said(&installation, KEY).await.1.contains("was rotated"), "a key has two secrets");

    rotate("sk-4", 0).await;
    until(&installation, "sk-4", "").await;
    assert!(said(&installation, "sk-3").await.1.contains("was rotated"), "no grace was given");
}

#[tokio::test]
async fn a_revoked_key_and_one_of_a_closed_project_are_told_apart() {
    let installation = Installation::start().await;
    installation.record(key(api_key::Event::Revoked { at: at(0) })).await;
    until(&installation, KEY, "is revoked").await;
    let project = ProjectId::new(Uuid::from_u128(1));
    let closed = Event::Project(project, project::Event::Closed { at: at(0) });
    installation.record(closed).await;
    until(&installation, DEMO_KEY, "is closed").await;
}

#[tokio::test]
async fn a_projects_own_price_is_pinned_when_its_request_is_admitted() {
    let installation = Installation::with_worker().await;
    let from = at(0);
    let charge = async || {
        let answer = installation.chat(&body(&json!({"chunks": 7}))).send().await.unwrap();
        let id = header(&answer, "x-request-id").to_owned();
        answer.bytes().await.unwrap();
        installation.settled(&id).await.charge
    };
    assert_eq!(charge().await, Nanos::new(7));
    let rates = Rates::default().with(Unit::OUTPUT, Nanos::new(3_000_000));
    let own = |project: u128, number: u128| {
        let (model, project) =
            ("demo".parse().unwrap(), Some(ProjectId::new(Uuid::from_u128(project))));
        let set = price::Event::Set {
            model,
            project,
            currency: None,
            rules: vec![price::Rule::always(rates.clone())],
            effective_from: from,
            at: from,
        };
        Event::Price(PriceId::new(Uuid::from_u128(number)), set)
    };
    installation.record(own(9, 2)).await;
    installation.record(own(1, 3)).await;
    installation.until(async || charge().await == Nanos::new(21)).await;
    let withdrawn = price::Event::Withdrawn { at: from };
    installation.record(Event::Price(PriceId::new(Uuid::from_u128(3)), withdrawn)).await;
    installation.until(async || charge().await == Nanos::new(7)).await;
}
