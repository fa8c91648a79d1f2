//! An upstream of a model, as one puller calls it: its client, what it is shown, and how it has fared.

mod asking;
mod body_kind;
mod client;
mod connector;
mod decoding;
pub mod health;
mod probe;
pub mod pulse;
pub mod response;
mod retry_after;
mod status;
mod stream;
mod suspicion;
mod usage_wish;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use tokio::time::timeout;
use uplion_domain::{
    ModelName,
    model::{Credential, UpstreamId},
};
use uplion_log_transport::claim::{MAX_UPSTREAM_WORDS, ReleaseReason, UpstreamWords};
use uplion_protocol::Endpoint;

use self::{
    client::{Client, HttpResponse},
    health::{Health, Verdict},
    retry_after::retry_after,
    status::{StatusClass, classify, is_ambiguous, needs_body},
    suspicion::Symptom,
    usage_wish::UsageWish,
};
pub use self::{
    status::{CallFailure, FailedCall},
    suspicion::Asker,
};
use crate::{
    clock::Clock, events::WorkerEvents, metrics::Metrics, secrets::Secrets, served::ServedUpstream,
    tokens::Tokenizer, upstream_request_id,
};

/// Of an error that must be read to know what it means.
const ERROR_WITHIN: Duration = Duration::from_secs(2);

#[expect(clippy::struct_field_names, reason = "beside `model`, which is what clients call it")]
pub struct Upstream {
    pub id: UpstreamId,
    pub model: ModelName,
    /// What the upstream calls it.
    pub upstream_model: ModelName,
    pub health: Health,
    in_flight: AtomicU32,
    client: Client,
    base_url: String,
    usage_wish: UsageWish,
    /// How long it may leave its answer open after it has said all of it.
    pub grace: Duration,
    tokenizer: Arc<Tokenizer>,
    events: Arc<WorkerEvents>,
    metrics: Metrics,
    clock: Clock,
}

/// What the upstreams of a worker share.
pub struct UpstreamParts {
    pub secrets: Secrets,
    pub tokenizer: Arc<Tokenizer>,
    pub events: Arc<WorkerEvents>,
    pub metrics: Metrics,
    pub clock: Clock,
    pub grace: Duration,
}

impl Upstream {
    /// Fails with what a person must mend.
    pub fn new(served: &ServedUpstream, parts: &UpstreamParts) -> anyhow::Result<Self> {
        let ServedUpstream { model, upstream } = served;
        let UpstreamParts { secrets, tokenizer, events, metrics, clock, grace } = parts;
        let client = client(served, secrets)?;
        Ok(Self {
            id: upstream.id(),
            model: model.clone(),
            upstream_model: upstream.model.clone(),
            health: Health::default(),
            in_flight: AtomicU32::new(0),
            client,
            base_url: upstream.url.clone(),
            usage_wish: UsageWish::new(upstream.stream_options),
            grace: *grace,
            tokenizer: Arc::clone(tokenizer),
            events: Arc::clone(events),
            metrics: metrics.clone(),
            clock: Arc::clone(clock),
        })
    }

    /// Requests that are with it now.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// One more, until it is dropped.
    pub fn count(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Whether it could be called, settings and credential considered.
    pub fn check(served: &ServedUpstream, secrets: &Secrets) -> anyhow::Result<()> {
        client(served, secrets).map(drop)
    }

    /// A call that began at `began` is answered.
    pub fn answered(&self, began: Instant) {
        self.health.answered(began);
        self.publish_health();
    }

    /// A request was refused. Whether that is its own fault is seen by what becomes of others.
    pub fn refused(&self, status: u16, asker: Asker, began: Instant) {
        if is_ambiguous(status) {
            self.health.suspect(Symptom::Refused(status), asker, None);
        } else {
            self.answered(began);
        }
    }

    /// An answer that had begun broke off.
    pub fn broke_off(&self, asker: Asker) {
        self.health.suspect(Symptom::Failing, asker, None);
    }

    /// A call that began at `began` has no answer.
    pub fn failed(&self, failed: &FailedCall, asker: Asker, began: Instant) {
        let symptom = match failed.failure {
            CallFailure::Transient { reason: ReleaseReason::Unreachable, .. } => {
                self.health.unreachable(began);
                return self.publish_health();
            }
            CallFailure::Transient { reason: ReleaseReason::Busy, .. } => Symptom::Busy,
            CallFailure::Transient { .. } => Symptom::Failing,
            CallFailure::NeedsPerson(reason) => Symptom::NeedsPerson(reason),
        };
        self.health.suspect(symptom, asker, failed.words.as_ref());
    }

    /// The worker's own question that began at `began` was answered so.
    fn checked(&self, verdict: Verdict, began: Instant) {
        let tells_person = self.health.checked(verdict, began);
        self.publish_health();
        if let Verdict::NeedsPerson(reason) = verdict
            && tells_person
        {
            let (model, upstream) = (&self.model, &self.base_url);
            tracing::error!(%model, %upstream, ?reason, "worker.upstream.failed");
            self.events.failed(model, reason);
        }
    }

    pub fn publish_health(&self) {
        self.metrics.set_health(&self.model, &self.id, self.health.now());
    }

    /// The head of an answer, or of a rejection that is to be passed on; otherwise why there is none.
    async fn call(
        self: Arc<Self>,
        endpoint: Endpoint,
        body: Bytes,
    ) -> Result<HttpResponse, FailedCall> {
        let mut response = self.post(endpoint, body).await?;
        let request_id = upstream_request_id::in_headers(response.headers());
        let status = response.status().as_u16();
        let words = if needs_body(status) { Some(self.words(&mut response).await) } else { None };
        let body = words.as_ref().map_or(&[][..], |words| &words.body);
        let class = classify(status, self.retry_after(&response), body);
        let failed = |failure, words| FailedCall { failure, words, request_id };
        match class {
            StatusClass::Rejected { status }
                if is_ambiguous(status) && !self.health.is_proven() =>
            {
                match self.first_refusal().await {
                    Some(reason) => Err(failed(CallFailure::NeedsPerson(reason), None)),
                    None => Ok(response),
                }
            }
            StatusClass::Success | StatusClass::Rejected { .. } => Ok(response),
            StatusClass::Failed(failure) => Err(failed(failure, words)),
        }
    }

    async fn post(&self, endpoint: Endpoint, body: Bytes) -> Result<HttpResponse, FailedCall> {
        self.client.post(endpoint, body).await.map_err(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, upstream = %self.base_url, "worker.upstream.unreachable");
            let reached = !error.is_connect();
            let failure = CallFailure::for_now(if reached {
                ReleaseReason::UpstreamFailed
            } else {
                ReleaseReason::Unreachable
            });
            FailedCall { failure, words: None, request_id: None }
        })
    }

    /// What came with a failure: as much of it as comes soon.
    async fn words(&self, response: &mut HttpResponse) -> UpstreamWords {
        let content_type = response.header(CONTENT_TYPE).unwrap_or("application/json").to_owned();
        let (status, retry_after_s) = (response.status().as_u16(), self.retry_after_s(response));
        let body = read_error(response).await.into();
        UpstreamWords { status, content_type, retry_after_s, body }.bounded()
    }

    fn retry_after(&self, response: &HttpResponse) -> Option<Duration> {
        retry_after(response.headers(), (self.clock)())
    }

    /// In whole seconds, as clients are told: rather too long than too short.
    fn retry_after_s(&self, response: &HttpResponse) -> Option<u32> {
        let asked = self.retry_after(response)?;
        Some(u32::try_from(asked.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.metrics.forget_health(&self.model, &self.id);
    }
}

/// A request that is with an upstream.
pub struct InFlight(Arc<Upstream>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn client(served: &ServedUpstream, secrets: &Secrets) -> anyhow::Result<Client> {
    let upstream = &served.upstream;
    Client::new(&upstream.url, headers(upstream.credential.as_ref(), secrets)?)
}

fn headers(credential: Option<&Credential>, secrets: &Secrets) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(credential) = credential {
        let secret = secrets.reveal(credential)?;
        let mut value = HeaderValue::try_from(format!("Bearer {secret}"))
            .context("the upstream's API key cannot be sent in a header")?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// As much of it as comes soon.
async fn read_error(response: &mut HttpResponse) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(more)) = response.chunk().await {
            body.extend_from_slice(&more);
            if body.len() > MAX_UPSTREAM_WORDS {
                break;
            }
        }
    };
    let _ = timeout(ERROR_WITHIN, read).await;
    body
}
