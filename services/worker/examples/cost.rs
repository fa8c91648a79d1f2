//! What a request costs the worker itself: CPU seconds of its thread per 1,000 requests, on a log within the process.
//!
//! `cargo run --release -p uplion-worker --example cost`. The worker has a thread of its own; upstream and gateways
//! have another. Without NATS: what its client costs comes on top.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made says so")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(dead_code, reason = "the tests use more of what is shared with them")]

#[path = "../tests/worker/gateway.rs"]
mod gateway;
#[path = "../tests/worker/harness.rs"]
mod harness;

use std::{fs, sync::Arc, thread, time::Instant};

use serde_json::{Value, json};
use tokio::{runtime, sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uplion_log_transport::Log;
use uplion_worker::{Options, Worker};

use crate::{
    gateway::{Gateway, GatewayBehavior},
    harness::{Harness, MODEL, chat, model},
};

const CLIENTS: usize = 16;
const REQUESTS: usize = 500;

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let harness = Arc::new(Harness::start().await);
        let upstream = uplion_domain::model::Upstream { max_in_flight: 64, ..harness.upstream() };
        let worker = run_worker(harness.log.clone(), Options::own(model(MODEL), upstream));
        println!("{:<44}{:>12}{:>12}", "CPU s per 1,000", "worker", "wall");
        let long = "The quick brown fox jumps over the lazy dog. ".repeat(80);
        for (what, more) in [
            ("warming up", json!({})),
            ("whole", json!({})),
            ("whole, no usage reported", json!({"mock": {"no_usage": true}})),
            ("stream of 20", json!({"stream": true})),
            ("stream of 20, 1 ms apart", json!({"stream": true, "mock": {"pace_ms": 1}})),
            ("stream of 20, prompt of 3.6 kB", json!({"stream": true, "user": long})),
        ] {
            let mut body = chat(more);
            if let Some(prompt) = body["user"].as_str().map(str::to_owned) {
                body["messages"][0]["content"] = prompt.into();
                body["user"] = Value::Null;
            }
            let (before, began) = (worker.cpu().await, Instant::now());
            ask_all(&harness.log, &body).await;
            let thousands = (CLIENTS * REQUESTS) as f64 / 1000.0;
            let cpu = (worker.cpu().await - before) / thousands;
            println!("{what:<44}{cpu:>12.4}{:>12.4}", began.elapsed().as_secs_f64() / thousands);
        }
    });
}

async fn ask_all(log: &Log, body: &Value) {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (log, body) = (log.clone(), body.clone());
        clients.spawn(async move {
            let mut gateway = Gateway::listen(&log).await;
            for _ in 0..REQUESTS {
                let offered = gateway.offer(MODEL, body.clone()).await;
                gateway.ask(&offered, GatewayBehavior::default()).await;
            }
        });
    }
    clients.join_all().await;
}

struct Running(tokio::sync::mpsc::UnboundedSender<oneshot::Sender<f64>>);

impl Running {
    async fn cpu(&self) -> f64 {
        let (answer, offered) = oneshot::channel();
        self.0.send(answer).unwrap();
        offered.await.unwrap()
    }
}

fn run_worker(log: Log, options: Options) -> Running {
    let (sender, mut questions) = tokio::sync::mpsc::unbounded_channel::<oneshot::Sender<f64>>();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::spawn(async move {
                while let Some(answer) = questions.recv().await {
                    let _ = answer.send(thread_cpu());
                }
            });
            Worker::start(options, log, Arc::new(gateway::now))
                .unwrap()
                .run(CancellationToken::new())
                .await
                .unwrap();
        });
    });
    Running(sender)
}

/// Seconds of this thread. Prompts over 4 kB are counted on others, and so not here.
fn thread_cpu() -> f64 {
    let own = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: u64 = own.split(' ').next().unwrap().parse().unwrap();
    nanos as f64 / 1e9
}
