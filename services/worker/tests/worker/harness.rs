//! What a test plays on: a log in this process, a mock upstream over HTTP, a worker.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uplion_bench::upstream::Upstream as Mock;
use uplion_domain::{Envelope, Event, ModelName, model::Upstream};
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    stream::{StreamName, StreamSpec, reading::events},
    task::QueueSpec,
};
use uplion_tests::{scratch, wait};
use uplion_worker::{Options, Worker};

use crate::gateway::now;

pub const MODEL: &str = "m";

pub struct Harness {
    pub log: Log,
    pub upstream: Mock,
}

pub struct Running {
    pub worker: Arc<Worker>,
    shutdown: CancellationToken,
    run: JoinHandle<anyhow::Result<()>>,
}

pub fn model(name: &str) -> ModelName {
    name.parse().unwrap()
}

/// A chat request; `more` is added to it.
#[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
pub fn chat(more: Value) -> Value {
    let mut body =
        json!({"model": MODEL, "messages": [{"role": "user", "content": "hello there"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

impl Harness {
    pub async fn start() -> Self {
        let folder = scratch::folder("worker").unwrap();
        let (_, streams) = uplion_log_store::sqlite::open(&folder).unwrap();
        let log = Log {
            streams,
            tasks: Arc::new(InProcessTasks::default()),
            messages: Arc::new(InProcessMessages::default()),
            keys: None,
        };
        for name in StreamName::ALL {
            let dedup_window = Duration::from_mins(10);
            let (epoch, first_sequence, max_bytes, replicas) = (1, 1, 1 << 30, 1);
            let spec =
                StreamSpec { name, epoch, first_sequence, max_bytes, replicas, dedup_window };
            log.streams.ensure(&spec).await.unwrap();
        }
        let max_age = Duration::from_mins(10);
        let spec = QueueSpec { replicas: 1, most_per_model: 1000, max_bytes: 1 << 20, max_age };
        log.tasks.ensure(&spec).await.unwrap();
        Self { log, upstream: Mock::start().await.unwrap() }
    }

    pub fn upstream(&self) -> Upstream {
        Upstream::new(self.upstream.url(), model("upstream-model"), 4)
    }

    /// A worker with the mock for its own upstream.
    pub async fn worker(&self) -> Running {
        self.start_worker(Options::own(model(MODEL), self.upstream())).await
    }

    pub async fn start_worker(&self, options: Options) -> Running {
        let worker = Arc::new(Worker::start(options, self.log.clone(), Arc::new(now)).unwrap());
        let shutdown = CancellationToken::new();
        let (running, stop) = (Arc::clone(&worker), shutdown.clone());
        let run = tokio::spawn(async move { running.run(stop).await });
        wait::until(wait::PATIENCE, "the worker", async || worker.ready().is_ok()).await.unwrap();
        Running { worker, shutdown, run }
    }

    /// The events of TRAFFIC and WORKERS so far.
    pub async fn traffic(&self) -> Vec<Event> {
        let mut records = Vec::new();
        for stream in [StreamName::Traffic, StreamName::Workers] {
            let mut cursor = self.log.streams.read(stream, 0).await.unwrap();
            records.extend(events(cursor.next(1000, Duration::from_millis(100)).await.unwrap()));
        }
        records.iter().map(|record| Envelope::decode(&record.event).unwrap().event).collect()
    }

    /// What workers reported so far.
    pub async fn reported(&self) -> Vec<Event> {
        let events = self.traffic().await.into_iter();
        events.filter(|event| matches!(event, Event::Worker(_))).collect()
    }

    /// The first event of TRAFFIC or WORKERS that `pick` knows.
    pub async fn event<T>(&self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let find = async || self.traffic().await.iter().find_map(&pick);
        wait::until_some(wait::PATIENCE, what, find).await.unwrap()
    }

    pub async fn nothing_runs(&self) {
        let ended = async || self.upstream.running() == 0;
        wait::until(wait::PATIENCE, "the upstream call's end", ended).await.unwrap();
    }

    pub async fn something_runs(&self) {
        let began = async || self.upstream.running() > 0;
        wait::until(wait::PATIENCE, "an upstream call", began).await.unwrap();
    }

    pub async fn depth(&self) -> u64 {
        let class = uplion_domain::request::Class::Interactive;
        self.log.tasks.depth(&model(MODEL), class).await.unwrap()
    }

    pub async fn queue_is_empty(&self) {
        let empty = async || self.depth().await == 0;
        wait::until(wait::PATIENCE, "the ticket's end", empty).await.unwrap();
    }
}

impl Running {
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    pub async fn stopped(self) {
        self.run.await.unwrap().unwrap();
    }
}
