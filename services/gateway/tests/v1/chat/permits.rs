//! What a request held of its gateway is given back, at whatever stage it ends.

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::installation::{Installation, KEY, body, streamed};

const HELD: [&str; 3] =
    ["uplion_gateway_in_flight", "uplion_gateway_body_bytes", "uplion_gateway_answer_bytes"];

async fn all_is_given_back(installation: &Installation) {
    installation.until(async || HELD.into_iter().all(|gauge| installation.gauge(gauge) == 0)).await;
}

async fn in_flight(installation: &Installation) {
    installation.until(async || installation.gauge(HELD[0]) == 1).await;
}

#[tokio::test]
async fn by_a_client_that_leaves_while_it_sends_its_body() {
    let installation = Installation::start().await;
    let address = installation.base.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 1000\r\n\r\n{{"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    in_flight(&installation).await;
    installation.until(async || installation.gauge(HELD[1]) == 1000).await;
    drop(client);
    all_is_given_back(&installation).await;
}

#[tokio::test]
async fn by_a_body_that_is_rejected() {
    let installation = Installation::start().await;
    let response = installation.chat(&json!({"model": "nothing"})).send().await.unwrap();
    assert!(response.status().is_client_error());
    all_is_given_back(&installation).await;
}

#[tokio::test]
async fn by_a_client_that_leaves_while_it_waits_for_a_worker() {
    let installation = Installation::start().await;
    let waiting = tokio::spawn(installation.chat(&body(&json!({}))).send());
    in_flight(&installation).await;
    installation.until(async || installation.gauge(HELD[1]) > 0).await;
    waiting.abort();
    all_is_given_back(&installation).await;
}

#[tokio::test]
async fn by_a_client_that_leaves_in_the_middle_of_a_stream() {
    let installation = Installation::with_worker().await;
    let request = streamed(&json!({"chunks": 20_000, "chunk_bytes": 20}));
    let slow = installation.reluctant(&request).await;
    installation.until(async || installation.gauge(HELD[2]) > 0).await;
    drop(slow);
    all_is_given_back(&installation).await;
}

#[tokio::test]
async fn by_an_answer_that_was_given() {
    let installation = Installation::with_worker().await;
    for request in [body(&json!({"chunks": 3})), streamed(&json!({"chunks": 3}))] {
        let answer = installation.chat(&request).send().await.unwrap();
        answer.bytes().await.unwrap();
        all_is_given_back(&installation).await;
    }
}
