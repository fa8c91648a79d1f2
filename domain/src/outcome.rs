//! The names of outcomes: the same on the log, in tables, in metrics and in what people read.

use std::fmt;

use crate::{
    request::{Cancelled, Failure, Outcome, Writer},
    worker::FailureReason,
};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no outcome of a request")]
pub struct UnknownOutcome(pub String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reason for which a worker fails")]
pub struct UnknownReason(pub String);

impl Outcome {
    /// `completed`, `cancelled` or `failed`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled(_) => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Why, as one word with underscores; none if it completed.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Completed => None,
            Self::Cancelled(why) => Some(why.as_str()),
            Self::Failed(why) => Some(why.as_str()),
        }
    }

    /// What the upstream answered, if it found the request at fault.
    pub const fn upstream_status(&self) -> Option<u16> {
        match self {
            Self::Failed(failure) => failure.upstream_status(),
            Self::Completed | Self::Cancelled(_) => None,
        }
    }

    /// From what [`Self::as_str`], [`Self::code`] and [`Self::upstream_status`] say.
    pub fn parse(
        outcome: &str,
        code: Option<&str>,
        status: Option<u16>,
    ) -> Result<Self, UnknownOutcome> {
        let known = match (outcome, code) {
            ("completed", None) => Some(Self::Completed),
            ("cancelled", Some(code)) => {
                Cancelled::ALL.into_iter().find(|why| why.as_str() == code).map(Self::Cancelled)
            }
            ("failed", Some(code)) => {
                Failure::all(status).find(|why| why.as_str() == code).map(Self::Failed)
            }
            _ => None,
        };
        known
            .filter(|known| known.upstream_status() == status)
            .ok_or_else(|| UnknownOutcome(format!("{outcome} {}", code.unwrap_or_default())))
    }
}

impl Cancelled {
    pub const ALL: [Self; 3] = [Self::ClientGone, Self::Deadline, Self::GatewayLost];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientGone => "client_gone",
            Self::Deadline => "deadline",
            Self::GatewayLost => "gateway_lost",
        }
    }
}

impl Failure {
    /// Every failure there is, given what the upstream's status would be.
    fn all(status: Option<u16>) -> impl Iterator<Item = Self> {
        let rejected = status.map(|status| Self::UpstreamRejected { status });
        rejected.into_iter().chain([
            Self::Unavailable,
            Self::QueueFull,
            Self::UpstreamFailed,
            Self::UpstreamUnreachable,
            Self::WorkerSilent,
            Self::AnswerTooLarge,
            Self::ModelUnavailable,
            Self::UpstreamSilent,
            Self::Unsettled,
            Self::Unrecorded,
        ])
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::QueueFull => "queue_full",
            Self::UpstreamRejected { status: _ } => "upstream_rejected",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::WorkerSilent => "worker_silent",
            Self::AnswerTooLarge => "answer_too_large",
            Self::ModelUnavailable => "model_unavailable",
            Self::UpstreamSilent => "upstream_silent",
            Self::Unsettled => "unsettled",
            Self::Unrecorded => "unrecorded",
        }
    }

    pub const fn upstream_status(self) -> Option<u16> {
        match self {
            Self::UpstreamRejected { status } => Some(status),
            Self::Unavailable
            | Self::QueueFull
            | Self::UpstreamFailed
            | Self::UpstreamUnreachable
            | Self::WorkerSilent
            | Self::AnswerTooLarge
            | Self::ModelUnavailable
            | Self::UpstreamSilent
            | Self::Unsettled
            | Self::Unrecorded => None,
        }
    }
}

impl FailureReason {
    pub const ALL: [Self; 5] = [
        Self::ConfigurationError,
        Self::AuthenticationError,
        Self::MessageQueueConnectionError,
        Self::ApiQuotaExceededError,
        Self::GeneralError,
    ];

    /// Spelled as Kubernetes spells the reasons of its events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationError => "ConfigurationError",
            Self::AuthenticationError => "AuthenticationError",
            Self::MessageQueueConnectionError => "MessageQueueConnectionError",
            Self::ApiQuotaExceededError => "APIQuotaExceededError",
            Self::GeneralError => "GeneralError",
        }
    }
}

impl std::str::FromStr for FailureReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

/// `failed (queue_full)`, `completed`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => write!(f, "{} ({code})", self.as_str()),
            None => f.write_str(self.as_str()),
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Its id, which says what it is; or `sweeper`.
impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(id) => write!(f, "{id}"),
            Self::Worker(id) => write!(f, "{id}"),
            Self::Sweeper => f.write_str("sweeper"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_as_itself() {
        let cancelled = Cancelled::ALL.map(Outcome::Cancelled);
        let failed = Failure::all(None).chain([Failure::UpstreamRejected { status: 422 }]);
        let outcomes = cancelled.into_iter().chain(failed.map(Outcome::Failed));
        for outcome in outcomes.chain([Outcome::Completed]) {
            let (code, status) = (outcome.code(), outcome.upstream_status());
            assert_eq!(Outcome::parse(outcome.as_str(), code, status), Ok(outcome));
        }
    }

    #[test]
    fn what_is_no_outcome_is_refused() {
        for (outcome, code, status) in [
            ("done", None, None),
            ("completed", Some("deadline"), None),
            ("cancelled", Some("queue_full"), None),
            ("failed", Some("upstream_rejected"), None),
            ("failed", Some("queue_full"), Some(400)),
            ("failed", None, None),
        ] {
            assert!(Outcome::parse(outcome, code, status).is_err(), "{outcome} {code:?}");
        }
    }

    #[test]
    fn every_reason_reads_back_as_itself() {
        for reason in FailureReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert!("configuration_error".parse::<FailureReason>().is_err());
    }
}
