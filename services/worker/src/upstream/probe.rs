//! The worker's own questions to an upstream: whether it is there, and whether it answers.
//!
//! A question is as small as can be and nobody's prompt. It is asked only where requests failed: of an upstream that
//! answers, nothing is asked.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::json;
use tokio::time::timeout;
use uplion_domain::worker::FailureReason;
use uplion_log_transport::claim::ReleaseReason;
use uplion_protocol::Endpoint;

use super::{
    Upstream,
    client::HttpResponse,
    health::{Check, Verdict},
    read_error,
    status::{CallFailure, StatusClass, classify},
};

const REACH_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl Upstream {
    /// Asks whenever there is reason to. For ever.
    pub async fn keep_checking(&self) -> Infallible {
        loop {
            let check = self.health.check_is_due().await;
            let began = Instant::now();
            let verdict = match check {
                Check::Reach => self.reach().await,
                Check::Answer => self.answer().await,
            };
            tracing::debug!(model = %self.model, upstream = %self.base_url, ?check, ?verdict, "worker.upstream.checked");
            self.checked(verdict, began);
        }
    }

    /// What it is worth that an upstream which has never answered refuses a request with such a status: its URL or its
    /// credential may be wrong. None if it does look like an upstream.
    pub async fn first_refusal(&self) -> Option<FailureReason> {
        let listed = timeout(REACH_WITHIN, self.client.models()).await;
        let Ok(Ok(mut response)) = listed else { return None };
        let looks_wrong = match response.status().as_u16() {
            300..=399 | 401 | 403 | 404 | 405 => true,
            200..=299 => lacks(&read_error(&mut response).await, self.upstream_model.as_str()),
            _ => false,
        };
        if !looks_wrong {
            return None;
        }
        match self.answer().await {
            Verdict::NeedsPerson(reason) => Some(reason),
            Verdict::Well | Verdict::Resting { .. } => None,
        }
    }

    /// Any answer will do: even a server that lists no models is there.
    async fn reach(&self) -> Verdict {
        match timeout(REACH_WITHIN, self.client.models()).await {
            Ok(Ok(_)) => Verdict::Well,
            Ok(Err(_)) | Err(_) => Verdict::resting(ReleaseReason::Unreachable),
        }
    }

    /// One word, for one token.
    async fn answer(&self) -> Verdict {
        let body = json!({
            "model": self.upstream_model.as_str(),
            "messages": [{"role": "user", "content": "ping"}],
            "max_tokens": 1,
        });
        let asking = self.client.post(Endpoint::ChatCompletions, body.to_string().into());
        let response = match timeout(ANSWER_WITHIN, asking).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                return Verdict::resting(ReleaseReason::Unreachable);
            }
            Ok(Err(_)) => return Verdict::resting(ReleaseReason::UpstreamFailed),
            Err(_) => return Verdict::resting(ReleaseReason::TimedOut),
        };
        self.read(response).await
    }

    async fn read(&self, mut response: HttpResponse) -> Verdict {
        let status = response.status().as_u16();
        let asked = self.retry_after(&response);
        let body: Bytes = read_error(&mut response).await.into();
        match classify(status, asked, &body) {
            StatusClass::Success if says_error(&body) => {
                Verdict::resting(ReleaseReason::UpstreamFailed)
            }
            StatusClass::Failed(CallFailure::Transient { reason, retry_after }) => {
                Verdict::Resting { reason, retry_after }
            }
            StatusClass::Failed(CallFailure::NeedsPerson(reason)) => Verdict::NeedsPerson(reason),
            StatusClass::Rejected { status: 402 } => {
                Verdict::NeedsPerson(FailureReason::ApiQuotaExceededError)
            }
            StatusClass::Rejected { status: 403 } => {
                Verdict::NeedsPerson(FailureReason::AuthenticationError)
            }
            StatusClass::Rejected { status: 404 | 405 | 410 } => {
                Verdict::NeedsPerson(FailureReason::ConfigurationError)
            }
            // It answers, or reads what it is asked and has its own mind about it.
            StatusClass::Success | StatusClass::Rejected { .. } => Verdict::Well,
        }
    }
}

impl Verdict {
    const fn resting(reason: ReleaseReason) -> Self {
        Self::Resting { reason, retry_after: None }
    }
}

/// Whether it lists models, and not this one. Some answer to names that they do not list.
fn lacks(list: &[u8], model: &str) -> bool {
    let list = serde_json::from_slice::<serde_json::Value>(list).unwrap_or_default();
    let mut ids =
        list["data"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
    list["data"].as_array().is_some_and(|data| !data.is_empty()) && !ids.any(|id| id == model)
}

/// Some servers answer 200 and say that they failed.
fn says_error(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body.get("error").is_some_and(|error| !error.is_null()))
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn a_list_without_the_model_is_told_from_no_list() {
        let list = br#"{"data":[{"id":"a"},{"id":"b"}]}"#;
        assert!(lacks(list, "c") && !lacks(list, "b"));
        for no_list in [&b"{\"data\":[]}"[..], b"{}", b"", b"<html>"] {
            assert!(!lacks(no_list, "c"));
        }
    }

    #[test]
    fn an_answer_that_says_that_it_failed_is_none() {
        assert!(says_error(br#"{"error":{"message":"no"}}"#) && says_error(br#"{"error":"no"}"#));
        assert!(!says_error(br#"{"error":null,"choices":[]}"#) && !says_error(b"hello"));
    }
}
