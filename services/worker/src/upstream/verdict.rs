//! What an upstream's status means for the request, for the upstream, and for who must mend it.

use std::time::Duration;

use serde_json::Value;
use uplion_domain::worker::FailureReason;
use uplion_log_transport::claim::ReleaseReason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The answer follows.
    Answer,
    /// The client's own mistake: what follows goes back to it.
    Rejected { status: u16 },
    /// Another upstream may do better now, and this one later.
    Trouble(Trouble),
    /// Only a person can mend it.
    Failed(FailureReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    pub reason: ReleaseReason,
    /// What the upstream asked for.
    pub retry_after: Option<Duration>,
}

impl Trouble {
    pub const fn of(reason: ReleaseReason) -> Self {
        Self { reason, retry_after: None }
    }
}

/// Statuses whose body tells more than they do: whether a 429 will pass by itself.
pub const fn needs_body(status: u16) -> bool {
    status == 429
}

/// `body` is that of an error, or empty where it was not needed.
pub fn verdict(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
    let trouble = |reason| Verdict::Trouble(Trouble { reason, retry_after });
    match status {
        200..=299 => Verdict::Answer,
        401 => Verdict::Failed(FailureReason::AuthenticationError),
        402 => Verdict::Failed(FailureReason::ApiQuotaExceededError),
        // The route or the model is not there; and whoever redirects an API call is no API.
        300..=399 | 404 | 405 | 410 => Verdict::Failed(FailureReason::ConfigurationError),
        429 if is_quota_gone(body) => Verdict::Failed(FailureReason::ApiQuotaExceededError),
        429 => trouble(ReleaseReason::Busy),
        408 => trouble(ReleaseReason::UpstreamFailed),
        400..=499 => Verdict::Rejected { status },
        503 | 529 if retry_after.is_some() => trouble(ReleaseReason::Busy),
        _ => trouble(ReleaseReason::UpstreamFailed),
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

    fn of(status: u16) -> Verdict {
        verdict(status, None, b"")
    }

    #[test]
    fn the_clients_own_mistakes_go_back_to_it() {
        for status in [400, 403, 406, 409, 413, 415, 422, 431, 451] {
            assert_eq!(of(status), Verdict::Rejected { status });
        }
    }

    #[test]
    fn what_passes_by_itself_is_left_to_another_upstream() {
        let failed = Verdict::Trouble(Trouble::of(ReleaseReason::UpstreamFailed));
        for status in [408, 500, 502, 503, 504, 529] {
            assert_eq!(of(status), failed, "{status}");
        }
        let retry_after = retry_after(Some(" 3 "));
        assert_eq!(
            verdict(429, retry_after, b"{}"),
            Verdict::Trouble(Trouble { reason: ReleaseReason::Busy, retry_after })
        );
        assert_eq!(retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_only_a_person_can_mend_fails_the_worker() {
        assert_eq!(of(401), Verdict::Failed(FailureReason::AuthenticationError));
        assert_eq!(of(404), Verdict::Failed(FailureReason::ConfigurationError));
        assert_eq!(of(308), Verdict::Failed(FailureReason::ConfigurationError));
        let gone = br#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
        assert_eq!(verdict(429, None, gone), Verdict::Failed(FailureReason::ApiQuotaExceededError));
    }
}
