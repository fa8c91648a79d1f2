//! The demonstration model, served by a worker like any other upstream.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uplion_domain::model::Upstream;
use uplion_log_transport::claim::End;
use uplion_worker::{Options, demo};

use crate::{
    gateway::{Gateway, GatewayBehavior},
    harness::{Harness, chat, model},
};

#[tokio::test]
async fn it_says_what_it_is_whole_and_word_by_word() {
    let harness = Harness::start().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(demo::serve(listener, shutdown.clone()));
    let upstream = Upstream { url, model: model(demo::MODEL), ..harness.upstream() };
    let _worker = harness.start_worker(Options::own(model(demo::MODEL), upstream)).await;
    let mut gateway = Gateway::listen(&harness.log).await;

    let offered = gateway.offer(demo::MODEL, chat(json!({"model": "demo"}))).await;
    let whole = gateway.ask(&offered, GatewayBehavior::default()).await;
    let body: Value = serde_json::from_slice(&whole.bytes).unwrap();
    let text = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("demonstration") && text.ends_with("hello there"), "{text}");

    let offered = gateway.offer(demo::MODEL, chat(json!({"model": "demo", "stream": true}))).await;
    let stream = gateway.ask(&offered, GatewayBehavior::default()).await;
    assert_eq!((stream.end, stream.usage), (End::Complete, whole.usage));
    assert!(stream.running.len() > 10, "word by word");

    shutdown.cancel();
    serving.await.unwrap().unwrap();
}
