//! Keys as their owners live with them, at two gateways.

use std::time::Instant;

use serde_json::json;
use uplion_tests::{chat::Client, http, installation::Installation, wait};

use crate::customer;

const GRACE_S: u64 = 3;

/// Both gateways, shown this secret.
fn clients(installation: &Installation, secret: &str) -> Vec<Client> {
    let gateways = installation.gateways.iter().take(2);
    gateways.map(|gateway| Client::new(http::client(), &gateway.url(), secret)).collect()
}

#[tokio::test]
async fn a_key_is_rotated_without_a_request_that_fails_and_billed_as_one() {
    let (installation, _upstream, customer) = customer("rotated").await;
    let question = customer.question("x", &json!({}));
    let old = clients(installation, &customer.secret);
    for client in &old {
        assert!(client.ask(&question).await.unwrap().is_whole());
    }

    let path = format!("keys/{}/rotate", customer.key);
    let told = Instant::now();
    let rotated = installation.admin().post(&path, &json!({ "grace_seconds": GRACE_S })).await;
    let secret = rotated.unwrap()["secret"].as_str().unwrap().to_owned();
    let answered = Instant::now();
    let new = clients(installation, &secret);
    for client in &new {
        wait::until(wait::PATIENCE, "the new secret to be served", async || {
            client.ask(&question).await.unwrap().is_whole()
        })
        .await
        .unwrap();
    }
    for client in &old {
        let answer = client.ask(&question).await.unwrap();
        if told.elapsed().as_secs() < GRACE_S {
            assert!(answer.is_whole(), "in its grace the old secret is served: {answer:?}");
        }
    }

    for client in &old {
        wait::until(wait::PATIENCE, "the old secret to be over", async || {
            client.ask(&question).await.unwrap().status == 401
        })
        .await
        .unwrap();
        assert!(answered.elapsed().as_secs_f64() > 2.0, "the grace was cut short");
        let answer = client.ask(&question).await.unwrap();
        assert_eq!(answer.refusal(), "401 invalid_request_error invalid_api_key -");
        assert!(answer.body.contains("was rotated"), "{answer:?}");
    }
    for client in &new {
        assert!(client.ask(&question).await.unwrap().is_whole());
    }
    installation.settled().await.unwrap();
    let usage = installation.admin().usage(&[("by", "key"), ("key", &customer.key)]).await.unwrap();
    let lines = usage["data"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{usage}");
    assert!(lines[0]["completed"].as_u64().unwrap() >= 8, "{usage}");
}

#[tokio::test]
async fn a_disabled_key_is_rejected_at_every_gateway_until_it_is_enabled() {
    let (installation, _upstream, customer) = customer("disabled").await;
    let question = customer.question("x", &json!({}));
    for (command, status) in [("disable", 401), ("enable", 200)] {
        let path = format!("keys/{}/{command}", customer.key);
        installation.admin().post(&path, &serde_json::Value::Null).await.unwrap();
        for client in clients(installation, &customer.secret) {
            wait::until(wait::PATIENCE, "the gateways to know", async || {
                client.ask(&question).await.unwrap().status == status
            })
            .await
            .unwrap();
        }
    }
}
