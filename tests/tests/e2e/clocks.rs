//! Gateways whose machine's clock is wrong by an hour: they go by that of NATS.

use std::time::SystemTime;

use serde_json::json;
use uplion_domain::Timestamp;
use uplion_tests::{
    chat::{ChatResponse, Client},
    http,
    installation::{Installation, price},
    uplion::{Role, Uplion},
    wait, wrong_clock,
};

use crate::customer;

const HOUR: i64 = 3_600;

async fn gateway_ahead(installation: &Installation, seconds: i64) -> Uplion {
    let role = Role::new("gateway").option("--nats-url", &installation.nats_url);
    let gateway = wrong_clock::ahead(role, seconds).unwrap().launch().unwrap();
    let ready = format!("{}/ready", gateway.url());
    let said = async || {
        let answer = http::client().get(&ready).send().await.ok()?;
        let told = answer.text().await.ok()?;
        told.contains("clock is").then_some(told)
    };
    let told = wait::until_some(wait::PATIENCE, "it to find its clock wrong", said).await.unwrap();
    assert!(told.contains(if seconds < 0 { "behind that of nats" } else { "ahead of that" }));
    gateway
}

#[tokio::test]
async fn a_gateway_whose_clock_is_an_hour_off_charges_by_the_price_of_now_all_the_same() {
    let (installation, upstream, customer) = customer("clock").await;
    for ahead in [-HOUR, HOUR] {
        let gateway = gateway_ahead(installation, ahead).await;
        let client = Client::new(http::client(), &gateway.url(), &customer.secret);
        let user = format!("clock{ahead}");
        let before = now();
        // Its catalog is filled a moment later.
        let question = customer.question("hello", &json!({ "user": user }));
        let answered = async || client.ask(&question).await.ok().filter(ChatResponse::is_whole);
        let answer = wait::until_some(wait::PATIENCE, "an answer", answered).await.unwrap();
        let ledger = installation.settled().await.unwrap();
        let settled = ledger.settlement(&answer.request).await.unwrap();
        let [delivery] = &upstream.deliveries_of(&user)[..] else { panic!() };
        let charge = price(delivery.prompt_tokens.into(), delivery.completion_tokens.into());
        assert_eq!((settled.effective, settled.charge_nanos), (true, charge), "{ahead}");

        let accepted = settled.event["accepted_at"].as_i64().unwrap();
        let asked = before.micros()..now().micros();
        let apart = (asked.start - accepted).max(accepted - asked.end);
        assert!(apart < 1_000_000, "{ahead}: {apart} µs off");
    }
}

#[tokio::test]
async fn a_key_expires_at_its_time_though_the_gateways_clock_is_an_hour_off() {
    let (installation, _upstream, customer) = customer("expiry").await;
    for (ahead, lives_s) in [(HOUR, 1_800), (-HOUR, 3)] {
        let gateway = gateway_ahead(installation, ahead).await;
        let expires = now().plus_millis(lives_s * 1_000).to_string();
        let key = json!({"project": customer.project, "name": "short", "expires_at": expires});
        let issued = installation.admin().post("keys", &key).await.unwrap();
        let secret = issued["secret"].as_str().unwrap();
        let client = Client::new(http::client(), &gateway.url(), secret);
        let wanted = if ahead < 0 { 401 } else { 200 };
        wait::until(wait::PATIENCE, "the key's expiry to count by NATS' clock", async || {
            let asked = client.ask(&customer.question("x", &json!({}))).await;
            asked.is_ok_and(|answer| answer.status == wanted)
        })
        .await
        .unwrap();
        if ahead < 0 {
            let answer = client.ask(&customer.question("x", &json!({}))).await.unwrap();
            assert!(format!("{answer:?}").contains("expired"), "{answer:?}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a key expires a moment from now")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}
