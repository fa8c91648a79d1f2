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

/// Whether an upstream that is broken or set up wrongly refuses every request so, as others refuse one.
pub const fn is_ambiguous(status: u16) -> bool {
    matches!(status, 402..=405 | 410)
}

/// Statuses whose body is read here: the client gets it only if no other upstream does better.
pub const fn needs_body(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// `body` is that of an error, or empty where it was not needed.
pub fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> StatusClass {
    let transient = |reason| StatusClass::Failed(CallFailure::Transient { reason, retry_after });
    let needs_person = |reason| StatusClass::Failed(CallFailure::NeedsPerson(reason));
    match status {
        200..=299 => StatusClass::Success,
        // Whoever redirects an API call is no API.
        300..=399 => needs_person(FailureReason::ConfigurationError),
        // It is our credential, and not the client's.
        401 | 407 => needs_person(FailureReason::AuthenticationError),
        429 if is_quota_gone(body) => needs_person(FailureReason::ApiQuotaExceededError),
        429 => transient(ReleaseReason::Busy),
        408 | 425 => transient(ReleaseReason::UpstreamFailed),
        400..=499 => StatusClass::Rejected { status },
        503 | 529 if retry_after.is_some() => transient(ReleaseReason::Busy),
        _ => transient(ReleaseReason::UpstreamFailed),
    }
}

/// Codes and types of errors that say that nothing is left to spend, which no waiting mends.
const QUOTA_GONE: [&str; 9] = [
    "insufficient_quota",
    "insufficient_credit",
    "insufficient_balance",
    "insufficient_fund",
    "billing_hard_limit",
    "billing_not_active",
    "billing_error",
    "credit_balance",
    "payment_required",
];

/// In whichever field of the error it is said.
fn is_quota_gone(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let error = &body["error"];
    [error, &error["code"], &error["type"], &error["status"], &body["code"], &body["type"]]
        .into_iter()
        .filter_map(Value::as_str)
        .map(|word| word.to_lowercase().replace([' ', '-'], "_"))
        .any(|word| QUOTA_GONE.iter().any(|gone| word.contains(gone)))
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
    fn what_is_refused_goes_back_to_whoever_asked() {
        let statuses = (400..=499).filter(|status| ![401, 407, 408, 425, 429].contains(status));
        for status in statuses {
            assert_eq!(of(status), StatusClass::Rejected { status });
        }
    }

    #[test]
    fn what_passes_by_itself_is_left_to_another_upstream() {
        let failed = StatusClass::Failed(CallFailure::for_now(ReleaseReason::UpstreamFailed));
        for status in [408, 425, 500, 502, 503, 504, 529, 599, 600, 100] {
            assert_eq!(of(status), failed, "{status}");
        }
        let retry_after = Some(Duration::from_secs(3));
        let busy = CallFailure::Transient { reason: ReleaseReason::Busy, retry_after };
        assert_eq!(classify(429, retry_after, b"{}"), StatusClass::Failed(busy));
        assert_eq!(classify(503, retry_after, b"{}"), StatusClass::Failed(busy));
    }

    #[test]
    fn credentials_and_redirects_are_no_clients_business() {
        assert_eq!(of(401), needs_person(FailureReason::AuthenticationError));
        assert_eq!(of(407), needs_person(FailureReason::AuthenticationError));
        assert_eq!(of(307), needs_person(FailureReason::ConfigurationError));
    }

    #[test]
    fn a_quota_that_is_gone_is_told_from_a_rate_in_whatever_words() {
        for body in [
            r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#,
            r#"{"error":{"message":"pay","type":"insufficient_quota","code":null}}"#,
            r#"{"error":{"code":"billing_hard_limit_reached"}}"#,
            r#"{"error":"Insufficient credits"}"#,
            r#"{"code":"InsufficientBalance","type":"insufficient-balance"}"#,
        ] {
            let gone = classify(429, None, body.as_bytes());
            assert_eq!(gone, needs_person(FailureReason::ApiQuotaExceededError), "{body}");
        }
        for body in [
            r#"{"error":{"message":"you exceeded your insufficient_quota","code":"rate_limit_exceeded"}}"#,
            r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#,
            "slow down",
            "",
        ] {
            let busy = StatusClass::Failed(CallFailure::for_now(ReleaseReason::Busy));
            assert_eq!(classify(429, None, body.as_bytes()), busy, "{body}");
        }
    }
}
