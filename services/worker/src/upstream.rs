//! An upstream of a model, as one puller calls it: its client, what it is shown, and how it has fared.

mod client;
mod connector;
pub mod health;
pub mod response;
mod status;
mod stream;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use tokio::time::timeout;
use uplion_domain::{
    ModelName,
    model::{Credential, UpstreamId},
    worker::FailureReason,
};
use uplion_log_transport::claim::{Head, MAX_UPSTREAM_WORDS, ReleaseReason, UpstreamWords};
use uplion_protocol::Endpoint;

pub use self::status::{CallFailure, FailedCall};
use self::{
    client::{Client, HttpResponse},
    health::Health,
    status::{StatusClass, classify, needs_body, retry_after},
};
use crate::{
    events::WorkerEvents, secrets::Secrets, served::ServedUpstream, tokens::Tokenizer,
    upstream_request_id,
};

/// Of an error that must be read to know what it means.
const ERROR_WITHIN: Duration = Duration::from_secs(2);

const FORBIDDEN: u16 = 403;

#[expect(clippy::struct_field_names, reason = "beside `model`, which is what clients call it")]
pub struct Upstream {
    pub id: UpstreamId,
    pub model: ModelName,
    /// What the upstream calls it.
    pub upstream_model: ModelName,
    pub health: Health,
    client: Client,
    base_url: String,
    tokenizer: Arc<Tokenizer>,
    events: Arc<WorkerEvents>,
}

/// What the upstreams of a worker share.
pub struct UpstreamParts {
    pub secrets: Secrets,
    pub tokenizer: Arc<Tokenizer>,
    pub events: Arc<WorkerEvents>,
}

impl Upstream {
    /// Fails with what a person must mend.
    pub fn new(served: &ServedUpstream, parts: &UpstreamParts) -> anyhow::Result<Self> {
        let ServedUpstream { model, upstream } = served;
        let UpstreamParts { secrets, tokenizer, events } = parts;
        let client = client(served, secrets)?;
        Ok(Self {
            id: upstream.id(),
            model: model.clone(),
            upstream_model: upstream.model.clone(),
            health: Health::default(),
            client,
            base_url: upstream.url.clone(),
            tokenizer: Arc::clone(tokenizer),
            events: Arc::clone(events),
        })
    }

    /// Whether it could be called, settings and credential considered.
    pub fn check(served: &ServedUpstream, secrets: &Secrets) -> anyhow::Result<()> {
        client(served, secrets).map(drop)
    }

    /// A call that began at `began` is answered. What is forbidden says nothing good of an upstream.
    pub fn answered(&self, head: &Head, began: Instant) {
        if head.status != FORBIDDEN {
            self.health.answered(began);
        }
    }

    /// A call that began at `began` has no answer.
    pub fn failed(&self, failure: CallFailure, began: Instant) {
        match failure {
            CallFailure::Transient { reason, retry_after } => {
                self.health.failed_for_now(reason, retry_after, began);
            }
            CallFailure::NeedsPerson(reason) => {
                if self.health.failed(reason) {
                    let (model, upstream) = (&self.model, &self.base_url);
                    tracing::error!(%model, %upstream, ?reason, "worker.upstream.failed");
                    self.events.failed(model, reason);
                }
            }
        }
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
        let words = if needs_body(status) { Some(words(&mut response).await) } else { None };
        let body = words.as_ref().map_or(&[][..], |words| &words.body);
        let class = classify(status, retry_after(response.header(RETRY_AFTER)), body);
        let failed = |failure| FailedCall { failure, words, request_id };
        match class {
            StatusClass::Rejected { status: FORBIDDEN } if self.health.forbids() => {
                Err(failed(CallFailure::NeedsPerson(FailureReason::AuthenticationError)))
            }
            StatusClass::Success | StatusClass::Rejected { .. } => Ok(response),
            StatusClass::Failed(failure) => Err(failed(failure)),
        }
    }

    async fn post(&self, endpoint: Endpoint, body: Bytes) -> Result<HttpResponse, FailedCall> {
        self.client.post(endpoint, body).await.map_err(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, upstream = %self.base_url, "worker.upstream.unreachable");
            let failure = CallFailure::for_now(ReleaseReason::Unreachable);
            FailedCall { failure, words: None, request_id: None }
        })
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

/// What came with a failure: as much of it as comes soon.
async fn words(response: &mut HttpResponse) -> UpstreamWords {
    let content_type = response.header(CONTENT_TYPE).unwrap_or("application/json").to_owned();
    let (status, retry_after_s) = (response.status().as_u16(), retry_after_s(response));
    let body = read_error(response).await.into();
    UpstreamWords { status, content_type, retry_after_s, body }.bounded()
}

fn retry_after_s(response: &HttpResponse) -> Option<u32> {
    let asked = retry_after(response.header(RETRY_AFTER))?;
    Some(u32::try_from(asked.as_secs()).unwrap_or(u32::MAX))
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
