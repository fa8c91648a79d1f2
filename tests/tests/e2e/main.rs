//! An installation of separate processes as its clients see it, and what it writes down about them.
//!
//! Most tests share one of two gateways and three workers, with a customer and a scripted upstream each. What takes an
//! installation of its own says why.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod answers;
mod canaries;
mod clients;
mod clocks;
mod cluster;
mod crowd;
mod dead_gateways;
mod deleted_streams;
mod dev;
mod errors;
mod foreign;
mod founding;
mod keys;
mod money;
mod one_bad_client;
mod queue;
mod relay;
mod secrets;
mod stuck_node;
mod unserved;
mod upgrades;
mod upstreams;

use serde_json::{Value, json};
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    chat::{ChatResponse, Client},
    http,
    installation::{Customer, Installation},
};

/// A customer of the shared installation, whose model one scripted upstream answers for.
async fn customer(name: &str) -> (&'static Installation, Upstream, Customer) {
    let installation = Installation::shared().await;
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(installation, name, &[upstream.url()]).await.unwrap();
    (installation, upstream, customer)
}

/// The same question to the upstream itself.
async fn direct(upstream: &Upstream, question: &Value) -> ChatResponse {
    let base = upstream.url();
    let base = base.strip_suffix("/v1").unwrap();
    Client::new(http::client(), base, "none").ask(question).await.unwrap()
}

fn streamed(mock: &Value) -> Value {
    json!({"stream": true, "mock": mock})
}
