//! A small installation: one project with a key, some models, a gateway, and workers when a test wants one.

#![expect(clippy::unwrap_used, reason = "an installation that cannot be made fails its test")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use prometheus_client::registry::Registry;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uplion_bench::upstream::Upstream as Server;
use uplion_domain::{
    Envelope, Event, EventId, KeyDigest, KeyId, Nanos, PriceId, ProjectId, Rates, Timestamp, Unit,
    api_key::{self, Models, Terms},
    model::{self, Upstream},
    price, project,
    request::{self, Settled},
};
use uplion_gateway::{Gateway, Options};
use uplion_http::{ServeOptions, serve};
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    stream::{Condition, StreamName},
};
use uuid::Uuid;

pub const KEY: &str = "sk-test";
/// May use `demo` alone.
pub const DEMO_KEY: &str = "sk-demo";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Installation {
    pub gateway: Arc<Gateway>,
    pub server: Server,
    pub base: String,
    pub client: Client,
    pub log: Log,
    pub stop: CancellationToken,
    worker: CancellationToken,
    _folder: TempDir,
}

impl Installation {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// Without a worker.
    pub async fn with(options: Options) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().unwrap();
        let (_, streams) = uplion_log_store::sqlite::open(folder.path()).unwrap();
        let (tasks, messages) =
            (Arc::<InProcessTasks>::default(), Arc::<InProcessMessages>::default());
        let log = Log { streams, tasks, messages, keys: None };
        let clock = Arc::new(|| Timestamp::from_millis(1_000));
        let gateway = Arc::new(Gateway::start(options, log.clone(), clock).unwrap());
        assert!(gateway.wait_ready(Instant::now() + PATIENCE).await, "{:?}", gateway.ready());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, worker) = (CancellationToken::new(), CancellationToken::new());
        let serving = serve(listener, gateway.routes(), ServeOptions::default(), stop.clone());
        tokio::spawn(serving);
        let client = Client::builder().no_proxy().build().unwrap();
        let server = Server::start().await.unwrap();
        let installation =
            Self { gateway, server, base, client, log, stop, worker, _folder: folder };
        installation.furnish().await;
        installation
    }

    pub async fn with_worker() -> Self {
        let installation = Self::start().await;
        installation.add_worker("demo");
        installation
    }

    async fn furnish(&self) {
        let at = Timestamp::from_millis(0);
        let project = ProjectId::new(Uuid::from_u128(1));
        let created = project::Event::Created { name: "test".into(), at };
        self.record(Event::Project(project, created)).await;
        let only_demo = Models::Only(["demo".parse().unwrap()].into());
        for (number, secret, models) in [(1, KEY, Models::All), (2, DEMO_KEY, only_demo)] {
            let digest = KeyDigest::of(secret);
            let terms = Box::new(Terms { models, ..Terms::new(project, secret) });
            let issued = api_key::Event::Issued { digest, terms, at };
            self.record(Event::ApiKey(KeyId::new(Uuid::from_u128(number)), issued)).await;
        }
        for (name, alias) in [("demo", "alias"), ("org/model", "other")] {
            let aliases = [alias.parse().unwrap()].into();
            let (kind, upstreams, max_processes) = (model::Kind::Local, vec![], None);
            let registered = model::Event::Registered {
                kind,
                upstreams,
                aliases,
                max_processes,
                operations: None,
                at,
            };
            self.record(Event::Model(name.parse().unwrap(), registered)).await;
        }
        let rates = Rates::default().with(Unit::OUTPUT, Nanos::new(1_000_000));
        let model = "demo".parse().unwrap();
        let set = price::Event::Set {
            model,
            project: None,
            currency: None,
            rules: vec![price::Rule::always(rates)],
            effective_from: at,
            at,
        };
        let last = self.record(Event::Price(PriceId::new(Uuid::from_u128(1)), set)).await;
        assert_eq!(last, 6);
        self.until(async || self.models().await.contains("org/model")).await;
    }

    /// Puts an event of the control plane on the log; its place there.
    pub async fn record(&self, event: Event) -> u64 {
        let (id, at) = (EventId::fresh(Uuid::now_v7()), Timestamp::from_millis(0));
        let subject = event.subject();
        let envelope = Envelope { id, at, traceparent: None, actor: None, request_id: None, event };
        let appended =
            self.log.streams.append(&subject, envelope.encode(), Condition::default()).await;
        appended.unwrap().sequence
    }

    async fn models(&self) -> String {
        self.get("/v1/models").await.text().await.unwrap()
    }

    /// A worker that answers for `model` with this installation's upstream.
    pub fn add_worker(&self, model: &str) {
        let upstream = Upstream::new(self.server.url(), model.parse().unwrap(), 100);
        let options = uplion_worker::Options::own(model.parse().unwrap(), upstream);
        let clock = Arc::new(|| Timestamp::from_millis(1_000));
        let worker = uplion_worker::Worker::start(options, self.log.clone(), clock).unwrap();
        let stop = self.worker.clone();
        tokio::spawn(async move { worker.run(stop).await });
    }

    /// They finish what they have.
    pub fn stop_workers(&self) {
        self.worker.cancel();
    }

    pub fn chat(&self, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}/v1/chat/completions", self.base)).bearer_auth(KEY).json(body)
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(KEY);
        request.send().await.unwrap()
    }

    /// The settlement of a request, once it is on the log; there is one.
    pub async fn settled(&self, request: &str) -> Settled {
        let mut found = None;
        self.until(async || {
            found = self.settlements(request).await.pop();
            found.is_some()
        })
        .await;
        assert_eq!(self.settlements(request).await.len(), 1);
        found.unwrap()
    }

    async fn settlements(&self, wanted: &str) -> Vec<Settled> {
        let events = self.traffic().await;
        let settled = events.into_iter().filter_map(|event| match event {
            request::Event::Settled(settled) => Some(*settled),
            request::Event::Accepted(_)
            | request::Event::Assigned(_)
            | request::Event::Reversed(_)
            | request::Event::Rejected(_)
            | request::Event::Probed(_) => None,
        });
        settled.filter(|settled| settled.request.to_string() == wanted).collect()
    }

    /// The events of all requests, in order.
    pub async fn traffic(&self) -> Vec<request::Event> {
        let identity = self.log.streams.identity(StreamName::Traffic).await.unwrap();
        let mut cursor = self.log.streams.read(StreamName::Traffic, 0).await.unwrap();
        let mut events = vec![];
        let mut last = 0;
        while last < identity.last {
            for entry in cursor.next(1_000, PATIENCE).await.unwrap() {
                last = entry.sequence();
                let record = entry.event().expect("nobody else writes there");
                if let Event::Request(event) = Envelope::decode(&record.event).unwrap().event {
                    events.push(event);
                }
            }
        }
        events
    }

    /// Asks for a stream and reads nothing yet, with as little room for it as the system allows.
    pub async fn reluctant(&self, body: &Value) -> Reluctant {
        let address: SocketAddr = self.base.strip_prefix("http://").unwrap().parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut connection = socket.connect(address).await.unwrap();
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {KEY}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        Reluctant(connection)
    }

    /// A metric of the gateway that has no labels.
    pub fn gauge(&self, name: &str) -> u64 {
        let mut registry = Registry::default();
        self.gateway.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap().parse().unwrap()
    }

    pub async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !is_so().await {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("it should have happened by now");
    }
}

pub struct Reluctant(TcpStream);

impl Reluctant {
    /// All events of the stream.
    pub async fn read_events(mut self) -> Vec<String> {
        let mut answer = String::new();
        timeout(PATIENCE, self.0.read_to_string(&mut answer)).await.unwrap().unwrap();
        let (_, events) = answer.split_once("\r\n\r\n").unwrap();
        events.trim_end().split("\n\n").map(String::from).collect()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop.cancel();
        self.worker.cancel();
    }
}

pub fn body(mock: &Value) -> Value {
    json!({"model": "demo", "messages": [{"role": "user", "content": "hello"}], "mock": mock})
}

pub fn streamed(mock: &Value) -> Value {
    let mut body = body(mock);
    body["stream"] = true.into();
    body
}

pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Status, and the error's type, code and parameter.
pub async fn error(response: Response) -> (u16, String) {
    let (status, id) = (response.status().as_u16(), header(&response, "x-request-id").to_owned());
    assert!(id.starts_with("req_"), "{id:?}");
    let body: Value = response.json().await.unwrap();
    let error = &body["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    let texts = ["type", "code", "param"].map(|field| error[field].as_str().unwrap_or("-"));
    (status, texts.join(" "))
}
