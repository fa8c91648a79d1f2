//! How one upstream did with a request: what its worker tells when a claim ends.

use bytes::Bytes;
use uplion_domain::{
    Usage,
    model::UpstreamId,
    request::{AttemptOutcome, ServiceTier},
};

/// Bytes. Longer ids of upstreams are cut.
pub const MAX_UPSTREAM_REQUEST_ID: usize = 128;

/// How an answer ended, and what the attempt at it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub end: End,
    /// None if no upstream was asked.
    pub attempt: Option<AttemptReport>,
    /// The upstream's own error, JSON, if it broke off with one after a part of its answer went out.
    pub error: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReport {
    /// None if it is not known.
    pub upstream: Option<UpstreamId>,
    pub outcome: AttemptOutcome,
    /// As the upstream reported it, whether or not it was delivered. None: it did not say, which is not zero.
    pub usage: Option<Usage>,
    /// In which the upstream served it, if it said so.
    pub service_tier: Option<ServiceTier>,
    /// The upstream's own name for it.
    pub upstream_request_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReason {
    /// 429: the upstream has no room.
    Busy,
    /// 5xx, before a byte of an answer.
    UpstreamFailed,
    /// It could not be connected to.
    Unreachable,
    /// It said nothing in the time that it has for that.
    TimedOut,
    /// This worker cannot serve the model until a person has looked.
    WorkerFailed,
    /// This worker has no upstream that the request was not at already, or none that may be called now.
    NoneLeft,
    /// This worker is stopping.
    Draining,
}

/// How the upstream's answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Complete,
    /// The client's own mistake: the chunks are the upstream's error body, to be passed on with this status.
    Rejected {
        status: u16,
    },
    /// It broke off in the middle, or sent what cannot be an answer.
    Broken,
    TooLarge,
    /// It began, and then said nothing for too long.
    Silent,
}

impl AttemptReport {
    /// One of which no more is known than how it went.
    pub const fn new(upstream: Option<UpstreamId>, outcome: AttemptOutcome) -> Self {
        Self { upstream, outcome, usage: None, service_tier: None, upstream_request_id: None }
    }

    /// The same with what is too long cut: it ends up on the log.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        if let Some(id) = &mut self.upstream_request_id
            && id.len() > MAX_UPSTREAM_REQUEST_ID
        {
            id.truncate(id.floor_char_boundary(MAX_UPSTREAM_REQUEST_ID));
        }
        self.usage = self.usage.map(Usage::told);
        self
    }
}

impl End {
    /// What the attempt was, if nothing more is known of it than how its answer ended.
    pub const fn outcome(self) -> AttemptOutcome {
        match self {
            Self::Complete => AttemptOutcome::COMPLETED,
            Self::Rejected { .. } => AttemptOutcome::REJECTED,
            Self::Broken | Self::Silent => AttemptOutcome::BROKEN,
            Self::TooLarge => AttemptOutcome::FAILED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstreams_id_is_cut_between_two_characters() {
        let id = "ü".repeat(MAX_UPSTREAM_REQUEST_ID);
        let report = AttemptReport {
            upstream_request_id: Some(format!("x{id}")),
            ..AttemptReport::new(None, AttemptOutcome::COMPLETED)
        };
        let cut = report.bounded().upstream_request_id.expect("it is cut, not dropped");
        assert_eq!(cut.len(), MAX_UPSTREAM_REQUEST_ID - 1);
    }
}
