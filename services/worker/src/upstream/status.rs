//! What an upstream's status means for the request, for the upstream, and for who must mend it.

use std::time::Duration;

use serde_json::Value;
use uplion_domain::{request::AttemptOutcome, worker::FailureReason};
use uplion_log_transport::claim::{ReleaseReason, UpstreamWords};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// The answer follows.
    Success,
    /// The client's own mistake: what follows goes back to it.
    Rejected {
        status: u16,
    },
    Failed(CallFailure),
}

/// Why a call has no answer to pass on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// Another upstream may do better now, and this one later: after so long, if it said so.
    Transient { reason: ReleaseReason, retry_after: Option<Duration> },
    /// Only a person can mend it.
    NeedsPerson(FailureReason),
}

/// A call without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCall {
    pub failure: CallFailure,
    /// What the upstream said, if it said anything.
    pub words: Option<UpstreamWords>,
    /// The upstream's own name for it.
    pub request_id: Option<String>,
}

impl CallFailure {
    pub const fn for_now(reason: ReleaseReason) -> Self {
        Self::Transient { reason, retry_after: None }
    }

    pub const fn attempt_outcome(self) -> AttemptOutcome {
        match self.release_reason() {
            ReleaseReason::Busy => AttemptOutcome::BUSY,
            ReleaseReason::Unreachable => AttemptOutcome::UNREACHABLE,
            ReleaseReason::UpstreamFailed
            | ReleaseReason::TimedOut
            | ReleaseReason::WorkerFailed
            | ReleaseReason::NoneLeft
            | ReleaseReason::Draining => AttemptOutcome::FAILED,
        }
    }

    pub const fn release_reason(self) -> ReleaseReason {
        match self {
            Self::Transient { reason, retry_after: _ } => reason,
            Self::NeedsPerson(_) => ReleaseReason::WorkerFailed,
        }
    }
}

/// Statuses whose body is read here: the client gets it only if no other upstream does better.
pub const fn needs_body(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// `body` is that of an error, or empty where it was not needed.
pub fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> StatusClass {
    let transient = |reason| StatusClass::Failed(CallFailure::Transient { reason, retry_after });
    let needs_person = |reason| StatusClass::Failed(CallFailure::NeedsPerson(reason));
    match status {
        200..=299 => StatusClass::Success,
        401 => needs_person(FailureReason::AuthenticationError),
        402 => needs_person(FailureReason::ApiQuotaExceededError),
        // The route or the model is not there; and whoever redirects an API call is no API.
        300..=399 | 404 | 405 | 410 => needs_person(FailureReason::ConfigurationError),
        429 if is_quota_gone(body) => needs_person(FailureReason::ApiQuotaExceededError),
        429 => transient(ReleaseReason::Busy),
        408 => transient(ReleaseReason::UpstreamFailed),
        400..=499 => StatusClass::Rejected { status },
        503 | 529 if retry_after.is_some() => transient(ReleaseReason::Busy),
        _ => transient(ReleaseReason::UpstreamFailed),
    }
}

/// As `OpenAI` says that nothing is left to spend, which no waiting mends.
fn is_quota_gone(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let says = |field: &str| body["error"][field] == "insufficient_quota";
    says("code") || says("type")
}

/// `Retry-After` in seconds; who sends a date is asked again as if it had said nothing.
pub fn retry_after(header: Option<&str>) -> Option<Duration> {
    header?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod spec {
    use super::*;

    fn of(status: u16) -> StatusClass {
        classify(status, None, b"")
    }

    fn needs_person(reason: FailureReason) -> StatusClass {
        StatusClass::Failed(CallFailure::NeedsPerson(reason))
    }

    #[test]
    fn the_clients_own_mistakes_go_back_to_it() {
        for status in [400, 403, 406, 409, 413, 415, 422, 431, 451] {
            assert_eq!(of(status), StatusClass::Rejected { status });
        }
    }

    #[test]
    fn what_passes_by_itself_is_left_to_another_upstream() {
        let failed = StatusClass::Failed(CallFailure::for_now(ReleaseReason::UpstreamFailed));
        for status in [408, 500, 502, 503, 504, 529] {
            assert_eq!(of(status), failed, "{status}");
        }
        let retry_after = retry_after(Some(" 3 "));
        let busy = CallFailure::Transient { reason: ReleaseReason::Busy, retry_after };
        assert_eq!(classify(429, retry_after, b"{}"), StatusClass::Failed(busy));
        assert_eq!(retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_only_a_person_can_mend_fails_the_worker() {
        assert_eq!(of(401), needs_person(FailureReason::AuthenticationError));
        assert_eq!(of(404), needs_person(FailureReason::ConfigurationError));
        assert_eq!(of(308), needs_person(FailureReason::ConfigurationError));
        let gone = br#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
        assert_eq!(classify(429, None, gone), needs_person(FailureReason::ApiQuotaExceededError));
    }
}
