//! One question to an upstream: with the wish for a stream's usage, and once more without it if the upstream refuses that.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;
use uplion_log_transport::claim::MAX_UPSTREAM_WORDS;

use super::{
    Upstream,
    client::HttpResponse,
    status::FailedCall,
    usage_wish::{Question, is_refusal},
};

/// For the words of a refusal.
const WORDS_WITHIN: Duration = Duration::from_secs(2);

/// An upstream began to answer.
pub struct Begun {
    pub response: HttpResponse,
    /// Whether it was asked for a stream's usage.
    pub asked_usage: bool,
}

impl Upstream {
    pub async fn ask(self: Arc<Self>, question: Question) -> Result<Begun, FailedCall> {
        let plain = question.without_wish();
        if let Some(plain) = plain.as_ref().filter(|_| !self.usage_wish.is_sent()) {
            return Ok(Begun { response: self.put(plain).await?, asked_usage: false });
        }
        let mut response = Arc::clone(&self).put(&question).await?;
        let status = response.status().as_u16();
        let doubtful = matches!(status, 400 | 422) && self.usage_wish.may_be_refused();
        let Some(plain) = plain.filter(|_| doubtful) else {
            return Ok(Begun { response, asked_usage: question.streamed });
        };
        let words = beginning(&mut response).await;
        if !is_refusal(status, &words) {
            response.unread(words);
            return Ok(Begun { response, asked_usage: true });
        }
        let response = Arc::clone(&self).put(&plain).await?;
        if response.status().is_success() {
            tracing::info!(model = %self.model, upstream = %self.id, "worker.upstream.refuses_stream_options");
            self.usage_wish.refused();
        }
        Ok(Begun { response, asked_usage: false })
    }

    async fn put(self: Arc<Self>, question: &Question) -> Result<HttpResponse, FailedCall> {
        self.call(question.endpoint, question.body.clone()).await
    }
}

/// As much of a body as comes soon, and is worth reading.
async fn beginning(response: &mut HttpResponse) -> Bytes {
    let mut words = BytesMut::new();
    let read = async {
        while let Ok(Some(more)) = response.chunk().await {
            words.extend_from_slice(&more);
            if words.len() > MAX_UPSTREAM_WORDS {
                break;
            }
        }
    };
    let _ = timeout(WORDS_WITHIN, read).await;
    words.freeze()
}
