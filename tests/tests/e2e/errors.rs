//! One clear error for each thing that can be wrong with a request, in OpenAI's shape.

use std::time::Instant;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uplion_tests::{chat::Client, http, wait};

use crate::customer;

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_openais_shape() {
    let (installation, _upstream, customer) = customer("wrong").await;
    let question = customer.question("hello", &json!({}));
    let invalid = "invalid_request_error";
    for gateway in &installation.gateways {
        let stranger = Client::new(http::client(), &gateway.url(), "sk-nobody");
        let answer = stranger.ask(&question).await.unwrap();
        assert_eq!(answer.refusal(), format!("401 {invalid} invalid_api_key -"));
        let customer = Client::new(http::client(), &gateway.url(), &customer.secret);
        let model = question["model"].clone();
        for (body, refusal) in [
            (json!({"model": "nobodys", "messages": []}), "404 {} model_not_found model"),
            (json!({"messages": []}), "400 {} missing_required_parameter model"),
            (json!({"model": 7}), "400 {} invalid_type model"),
            (json!({"model": model, "stream": "yes"}), "400 {} invalid_type stream"),
            (json!([]), "400 {} invalid_json -"),
        ] {
            let answer = customer.ask(&body).await.unwrap();
            assert_eq!(answer.refusal(), refusal.replace("{}", invalid), "{body}");
            assert!(answer.request.starts_with("req_"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_bound_is_413() {
    let (installation, _upstream, customer) = customer("huge").await;
    let body = vec![b' '; 33 << 20];
    let url = format!("{}/v1/chat/completions", installation.gateways[0].url());
    let request = http::client().post(url).bearer_auth(&customer.secret);
    let answer =
        request.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(
        answer.json::<serde_json::Value>().await.unwrap()["error"]["code"],
        "payload_too_large"
    );
}

#[tokio::test]
async fn what_the_upstream_finds_wrong_goes_back_unchanged_and_costs_nothing() {
    let (installation, upstream, customer) = customer("rejected").await;
    for stream in [false, true] {
        let mock = json!({"status": 422, "code": "odd"});
        let question = customer.question("x", &json!({"stream": stream, "mock": mock}));
        let answer = customer.at(0).ask(&question).await.unwrap();
        let own = crate::direct(&upstream, &question).await;
        assert_eq!((answer.status, &answer.body), (422, &own.body));
        let ledger = installation.settled().await.unwrap();
        let settled = ledger.settlement(&answer.request).await.unwrap();
        assert_eq!((settled.outcome.as_str(), settled.charge_nanos), ("failed", 0));
    }
}

#[tokio::test]
async fn a_revoked_key_is_rejected_at_every_gateway() {
    let (installation, _upstream, customer) = customer("revoked").await;
    assert!(customer.ask("x", &json!({})).await.unwrap().is_whole());
    installation.admin().revoke(&customer.key).await.unwrap();
    let revoked = Instant::now();
    let question = customer.question("x", &json!({}));
    for gateway in 0..2 {
        let client = customer.at(gateway);
        wait::until(wait::PATIENCE, "the key's rejection", async || {
            client.ask(&question).await.unwrap().status == 401
        })
        .await
        .unwrap();
    }
    eprintln!("a revoked key was rejected at both gateways after {:?}", revoked.elapsed());
    assert!(revoked.elapsed().as_secs_f64() < 2.0, "{:?}", revoked.elapsed());
    for gateway in 0..2 {
        let answer = customer.at(gateway).ask(&question).await.unwrap();
        assert_eq!(answer.refusal(), "401 invalid_request_error invalid_api_key -");
    }
}

#[tokio::test]
async fn a_retired_model_is_no_model() {
    let (installation, _upstream, customer) = customer("retired").await;
    assert!(customer.ask("x", &json!({})).await.unwrap().is_whole());
    installation.admin().retire(&customer.model).await.unwrap();
    for gateway in 0..2 {
        let client = customer.at(gateway);
        let gone = "404 invalid_request_error model_not_found model";
        wait::until(wait::PATIENCE, "the model to be gone", async || {
            client.ask(&customer.question("x", &json!({}))).await.unwrap().refusal() == gone
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_body_whose_chunks_cannot_be_read_is_400() {
    let (installation, _upstream, customer) = customer("chunks").await;
    let url = installation.gateways[0].url();
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{{}}\r\n",
        customer.secret
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut told = String::new();
    socket.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    assert!(told.contains("malformed_request") && told.contains("chunks"), "{told}");
}

#[tokio::test]
async fn a_client_that_ends_its_side_is_answered_if_its_body_was_whole_and_told_at_once_if_not() {
    let (installation, _upstream, customer) = customer("half-closed").await;
    let body = customer.question("hello", &json!({})).to_string();
    for (missing, status, word) in [(0, 200, "chat.completion"), (1, 400, "invalid_request_error")]
    {
        let url = installation.gateways[0].url();
        let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            customer.secret,
            body.len() + missing
        );
        socket.write_all((head + &body).as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        // A body that may still come is waited for a minute.
        let mut told = String::new();
        let read = tokio::time::timeout(wait::PATIENCE, socket.read_to_string(&mut told));
        read.await.unwrap().unwrap();
        // An interim response may come before it.
        assert!(told.contains(&format!("HTTP/1.1 {status} ")) && told.contains(word), "{told}");
    }
}
