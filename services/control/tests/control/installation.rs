//! An installation in one process, and its API as a caller sees it.

use std::{sync::Arc, time::Duration};

use poem::{
    Body, Endpoint, Request, Response,
    http::{Method, StatusCode},
};
use prometheus_client::registry::Registry;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use uplion_control::{Control, Options};
use uplion_domain::{
    ClaimId, Envelope, Event, EventId, GatewayId, KeyId, Nanos, Operation, ProjectId, Rates,
    RequestId, Timestamp, Unit, Usage, WorkerId,
    price::{Pinned, Rule},
    request::{
        Accepted, Asked, Assigned, Class, Labels, Outcome, Settled, Settlement, Size, Timings,
        UsageBound, Writer,
    },
    usage::{Source, Units, UsageDialect},
    worker,
};
use uplion_log_store::{Store, sqlite};
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    stream::{Condition, StreamName, StreamSpec},
};
use uplion_projector::Projector;
use uuid::Uuid;

pub const ADMIN_KEY: &str = "an-admin-key-for-tests";

pub struct Installation {
    pub log: Log,
    pub store: Store,
    pub control: Control,
    stop: CancellationToken,
    projector: Mutex<Option<JoinHandle<()>>>,
    _guard: DropGuard,
    /// Of what lies in one.
    _folder: Option<TempDir>,
}

/// What the API answered.
#[derive(Debug)]
pub struct ApiResponse {
    pub status: u16,
    pub headers: poem::http::HeaderMap,
    pub body: Value,
}

impl Installation {
    pub async fn start() -> Self {
        let installation = Self::without_projector().await;
        installation.start_projector().await;
        installation
    }

    pub async fn without_projector() -> Self {
        let installation = Self::new(Duration::from_secs(5));
        installation.make_streams().await;
        installation
    }

    /// Whose API pages of another origin may call too.
    pub async fn for_pages_of(origin: &str) -> Self {
        let options =
            Options { allowed_origins: vec![origin.to_owned()], ..Options::new(ADMIN_KEY) };
        let installation = Self::with_options(options);
        installation.make_streams().await;
        installation
    }

    /// Nothing that is written ever comes into force.
    pub fn without_streams() -> Self {
        Self::new(Duration::from_millis(50))
    }

    fn new(ack_patience: Duration) -> Self {
        Self::with_options(Options { ack_patience, ..Options::new(ADMIN_KEY) })
    }

    fn with_options(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, streams) = sqlite::open(folder.path()).unwrap();
        let log = Log {
            streams,
            tasks: Arc::new(InProcessTasks::default()),
            messages: Arc::new(InProcessMessages::default()),
            keys: None,
        };
        let control = Control::start(options, log.clone(), store.clone()).unwrap();
        Self { _folder: Some(folder), ..Self::over(log, store, control) }
    }

    pub fn over(log: Log, store: Store, control: Control) -> Self {
        let stop = CancellationToken::new();
        let (guard, projector) = (stop.clone().drop_guard(), Mutex::default());
        Self { log, store, control, stop, projector, _guard: guard, _folder: None }
    }

    pub async fn make_streams(&self) {
        for name in StreamName::ALL {
            self.log.streams.ensure(&spec(name)).await.unwrap();
        }
    }

    pub async fn start_projector(&self) {
        let options = uplion_projector::Options::of("test".into());
        let (log, store) = (self.log.clone(), self.store.clone());
        let projector = Projector::new(options, log, store, now, &mut Registry::default());
        let stop = self.stop.clone();
        let running = tokio::spawn(async move { projector.run(stop).await });
        *self.projector.lock().await = Some(running);
    }

    pub async fn stop_projector(&self) {
        self.stop.cancel();
        if let Some(running) = self.projector.lock().await.take() {
            running.await.unwrap();
        }
    }

    pub async fn get(&self, path: &str) -> ApiResponse {
        self.send(request(Method::GET, path).finish()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> ApiResponse {
        self.send(with_json(request(Method::POST, path), &body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> ApiResponse {
        self.send(with_json(request(Method::PUT, path), &body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> ApiResponse {
        self.send(with_json(request(Method::PATCH, path), &body)).await
    }

    /// As it is, without the admin key.
    pub async fn send(&self, request: Request) -> ApiResponse {
        ApiResponse::of(self.control.routes().get_response(request).await).await
    }

    /// Reads what the write that was answered with this says.
    pub async fn get_at(&self, path: &str, wrote: &ApiResponse) -> ApiResponse {
        let position = wrote.header("Uplion-Position");
        self.send(request(Method::GET, path).header("Uplion-Position", position).finish()).await
    }

    pub async fn project(&self, name: &str) -> String {
        self.post("/projects", serde_json::json!({ "name": name })).await.made()
    }

    /// A request that was served: ten tokens of prompt at 2 units a million, three of answer at 5.
    pub async fn serve(&self, project: &str, key: &str, model: &str) -> RequestId {
        let tokens = Usage::tokens(10, 0, 3, 0, Source::Counted);
        self.serve_as(accepted(project, key, model), tokens).await
    }

    /// Two images that were made.
    pub async fn serve_images(&self, project: &str, key: &str, model: &str) -> RequestId {
        let operation = Operation::IMAGE_GENERATION;
        let units = Units::from_iter([(Unit::IMAGES, 2)]);
        let used = Usage { units, source: Source::Reported, dialect: Some(UsageDialect::X_GROQ) };
        self.serve_as(Accepted { operation, ..accepted(project, key, model) }, used).await
    }

    /// A request whose upstream reported far more output than its client had asked for.
    pub async fn serve_beyond(&self, project: &str, key: &str, model: &str) -> RequestId {
        let mut accepted = accepted(project, key, model);
        accepted.size.bound =
            UsageBound::of(Asked { text_bytes: Some(40), answer: Some(100), answers: 1 });
        let tokens = Usage::tokens(10, 0, 1_000_000_000_000_000, 0, Source::Reported);
        self.serve_as(accepted, tokens).await
    }

    /// A request whose client was told of an error after it was settled.
    pub async fn take_back(&self, project: &str, key: &str, model: &str) -> RequestId {
        let tokens = Usage::tokens(10, 0, 3, 0, Source::Counted);
        let settled = self.settle(accepted(project, key, model), tokens).await;
        let reversed = Envelope::reversed(settled.reverse(now()));
        self.append(&reversed).await;
        settled.request
    }

    async fn serve_as(&self, accepted: Accepted, used: Usage) -> RequestId {
        self.settle(accepted, used).await.request
    }

    async fn append(&self, event: &Envelope) {
        let subject = event.event.subject();
        let condition = Condition { unique: true, last: None, created: None };
        self.log.streams.append(&subject, event.encode(), condition).await.unwrap();
    }

    async fn settle(&self, accepted: Accepted, used: Usage) -> Settled {
        let worker = WorkerId::new(Uuid::now_v7());
        let assigned = Assigned {
            request: accepted.request,
            project: accepted.project,
            worker,
            claim: ClaimId::new(Uuid::now_v7()),
            attempt: 1,
            at: now(),
        };
        let settled = accepted.settle(Settlement {
            outcome: Outcome::Completed,
            delivered: used,
            service_tier: None,
            timings: Timings { assigned: Some(500), first_chunk: Some(1_500), total: 2_500 },
            worker: Some(worker),
            attempts: vec![],
            writer: Writer::Gateway(accepted.gateway),
            at: now(),
        });
        let events = [
            Envelope::accepted(accepted),
            Envelope::assigned(assigned),
            Envelope::settled(settled.clone()),
        ];
        for event in &events {
            self.append(event).await;
        }
        settled
    }

    /// Something happened to a worker.
    pub async fn worker(&self, event: worker::Event) {
        let event = Event::Worker(event);
        let (subject, id) = (event.subject(), EventId::fresh(Uuid::now_v7()));
        let envelope =
            Envelope { id, at: now(), traceparent: None, request_id: None, actor: None, event };
        let condition = Condition::default();
        self.log.streams.append(&subject, envelope.encode(), condition).await.unwrap();
    }
}

pub fn control(ack_patience: Duration, log: &Log, store: &Store) -> Control {
    let options = Options { ack_patience, ..Options::new(ADMIN_KEY) };
    Control::start(options, log.clone(), store.clone()).unwrap()
}

pub fn request(method: Method, path: &str) -> poem::RequestBuilder {
    anonymous(method, path).header("Authorization", format!("Bearer {ADMIN_KEY}"))
}

pub fn anonymous(method: Method, path: &str) -> poem::RequestBuilder {
    Request::builder().method(method).uri_str(format!("{}{path}", uplion_control::PATH))
}

pub fn with_json(request: poem::RequestBuilder, body: &Value) -> Request {
    request.content_type("application/json").body(Body::from_string(body.to_string()))
}

impl ApiResponse {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.into_body().into_string().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The id of what was made and is in force.
    pub fn made(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED.as_u16(), "{self:?}");
        self.body["id"].as_str().unwrap().to_owned()
    }

    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert_eq!(self.body["code"], code, "{self:?}");
        assert!(!self.body["detail"].as_str().unwrap().is_empty(), "{self:?}");
    }
}

fn accepted(project: &str, key: &str, model: &str) -> Accepted {
    let million = |units: i128| Nanos::new(units * 1_000_000_000);
    let rates = Rates::from_iter([
        (Unit::INPUT, million(2)),
        (Unit::CACHED_INPUT, Nanos::ZERO),
        (Unit::OUTPUT, million(5)),
        (Unit::REASONING, Nanos::ZERO),
    ]);
    Accepted {
        request: RequestId::new(Uuid::now_v7()),
        project: project.parse::<ProjectId>().unwrap(),
        key: key.parse::<KeyId>().unwrap(),
        model: model.parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: false,
        gateway: GatewayId::new(Uuid::now_v7()),
        price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: now().hour(),
        deadline: now().plus_millis(60_000),
        at: now(),
    }
}

fn spec(name: StreamName) -> StreamSpec {
    StreamSpec {
        name,
        epoch: 1,
        first_sequence: 1,
        max_bytes: 64 << 20,
        replicas: 1,
        dedup_window: Duration::from_mins(1),
    }
}

#[expect(clippy::disallowed_methods, reason = "what a test makes is of now")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
