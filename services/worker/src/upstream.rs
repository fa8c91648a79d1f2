//! An upstream of a model, as one puller calls it: its client, what it is shown, and how it has fared.

pub mod answer;
mod client;
mod connector;
pub mod health;
mod stream;
pub mod verdict;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use tokio::time::timeout;
use uplion_domain::{
    ModelName,
    model::{self, Credential},
    worker::FailureReason,
};
use uplion_log_transport::claim::{Head, ReleaseReason};

use self::{
    client::{Client, Response},
    health::Health,
    verdict::{Trouble, Verdict, needs_body, retry_after, verdict},
};
use crate::{context::Context, secrets::Secrets};

/// Of an error that must be read to know what it means.
const ERROR_BYTES: usize = 64 * 1024;
const ERROR_WITHIN: Duration = Duration::from_secs(2);

const FORBIDDEN: u16 = 403;

pub struct Upstream {
    pub model: ModelName,
    /// What the upstream calls it.
    pub called: ModelName,
    pub health: Health,
    client: Client,
    url: String,
}

impl Upstream {
    /// Fails with what a person must mend.
    pub fn new(
        model: ModelName,
        upstream: &model::Upstream,
        secrets: &Secrets,
    ) -> anyhow::Result<Self> {
        let url = format!("{}/chat/completions", upstream.url.trim_end_matches('/'));
        let uri = Uri::try_from(&url).with_context(|| format!("upstream URL {url}"))?;
        ensure!(
            matches!(uri.scheme_str(), Some("http" | "https")),
            "upstream URL {url} begins with neither http:// nor https://"
        );
        let client = Client::new(uri, headers(upstream.credential.as_ref(), secrets)?)?;
        Ok(Self { model, called: upstream.model.clone(), health: Health::default(), client, url })
    }

    /// It cannot serve until a person has looked.
    pub fn fail(&self, context: &Arc<Context>, reason: FailureReason) {
        if !self.health.failed(reason) {
            return;
        }
        tracing::error!(model = %self.model, upstream = %self.url, ?reason, "upstream needs a person");
        context.failed(&self.model, reason);
    }

    /// A call that began at `began` is answered. What is forbidden says nothing good of an upstream.
    pub fn answers(&self, head: &Head, began: Instant) {
        if head.status != FORBIDDEN {
            self.health.answered(began);
        }
    }

    /// The head of an answer, or of a rejection that is to be passed on; otherwise why there is none.
    pub async fn call(self: Arc<Self>, body: Bytes) -> Result<Response, Verdict> {
        let Ok(response) = self.client.post(body).await else {
            return Err(Verdict::Trouble(Trouble::of(ReleaseReason::Unreachable)));
        };
        let status = response.status().as_u16();
        let asked = retry_after(response.header(RETRY_AFTER));
        if needs_body(status) {
            return Err(verdict(status, asked, &read_error(response).await));
        }
        match verdict(status, asked, b"") {
            Verdict::Rejected { status: FORBIDDEN } if self.health.forbids() => {
                Err(Verdict::Failed(FailureReason::AuthenticationError))
            }
            Verdict::Answer | Verdict::Rejected { .. } => Ok(response),
            verdict @ (Verdict::Trouble(_) | Verdict::Failed(_)) => Err(verdict),
        }
    }
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
async fn read_error(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(more)) = response.chunk().await {
            body.extend_from_slice(&more);
            if body.len() > ERROR_BYTES {
                break;
            }
        }
    };
    let _ = timeout(ERROR_WITHIN, read).await;
    body
}
