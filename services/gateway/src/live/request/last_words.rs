//! What a client hears when no upstream answered its request: the last one's own words, if one said any.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    Usage,
    request::{Failure, Outcome},
};
use uplion_log_transport::claim::{Head, UpstreamWords};
use uplion_protocol::{
    Dialect,
    error::{ApiError, Silence, UpstreamError},
};

use super::{Request, action::WholeAnswer, client::ClientEnd, retries::Trouble};
use crate::options::Serving;

const JSON: &str = "application/json";
const UNREACHABLE: &str = "its server cannot be reached";
const REFUSES: &str =
    "its server does not accept what this installation sends; an administrator must look at it";
const RESTING: &str = "its servers are out of service";
const BUSY: &str = "its server has no room";
const CUT_OFF: &str = "it broke off before it answered";

impl Request {
    /// It has been tried for long enough.
    pub(super) fn give_up(&mut self, now: Instant) {
        let trouble = self.retries.trouble().unwrap_or(Trouble::NoneToCall);
        let outcome = Outcome::Failed(failure(trouble));
        let Some(words) = self.retries.take_words() else {
            let error = self.error(trouble);
            return self.stop(now, outcome, error);
        };
        let answer = answer(self.admitted.endpoint.dialect(), words, trouble);
        self.client.fail_as_upstream(answer, &mut self.actions);
        self.settle(now, outcome, Usage::default(), ClientEnd::Nothing);
    }

    /// Where no upstream said anything.
    fn error(&self, trouble: Trouble) -> ApiError {
        let unavailable = |reason| self.unavailable(reason);
        let failed = |reason: &str| ApiError::UpstreamFailed { reason: reason.to_owned() };
        match trouble {
            Trouble::NoneToCall => unavailable(RESTING),
            Trouble::Unreachable => unavailable(UNREACHABLE),
            Trouble::Refused => unavailable(REFUSES),
            Trouble::Busy => unavailable(BUSY),
            Trouble::TimedOut => self.silent(),
            Trouble::Failed => failed(CUT_OFF),
        }
    }

    pub(super) fn unavailable(&self, reason: &'static str) -> ApiError {
        ApiError::ModelUnavailable {
            model: self.admitted.accepted.model.to_string(),
            reason,
            retry_after_s: self.timeouts.unavailable_retry_after.as_secs(),
        }
    }

    /// Of an upstream that said nothing for longer than it may, before its client saw anything of its answer.
    fn silent(&self) -> ApiError {
        let Serving { first_byte, between_chunks, .. } = &self.admitted.serving;
        let (silence, after) = match first_byte {
            Some(first_byte) => (Silence::FirstByte, first_byte),
            None => (Silence::BetweenChunks, between_chunks),
        };
        ApiError::UpstreamSilent { silence, after_s: after.as_secs() }
    }
}

const fn failure(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::NoneToCall => Failure::Unavailable,
        Trouble::Unreachable => Failure::UpstreamUnreachable,
        Trouble::TimedOut => Failure::UpstreamSilent,
        Trouble::Refused | Trouble::Busy | Trouble::Failed => Failure::UpstreamFailed,
    }
}

/// The words under a status that says whose fault it is: 500 would be ours.
fn answer(dialect: Dialect, words: UpstreamWords, trouble: Trouble) -> WholeAnswer {
    let UpstreamWords { status: said, mut content_type, retry_after_s, mut body } = words;
    let status = match said {
        408 | 425 | 401 => 502,
        400..=499 | 503 => said,
        _ => 502,
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        let reason = format!("it answered with status {said} and no words");
        body = dialect.error(&ApiError::UpstreamFailed { reason });
        JSON.clone_into(&mut content_type);
    } else if !has_message(&body) {
        // A proxy's page, or a shape that no client's library reads a message from.
        let error = UpstreamError::of_answer(&body);
        body = error.unwrap_or_else(|| UpstreamError::unreadable(&body)).json;
        JSON.clone_into(&mut content_type);
    }
    // What only a person can mend is the same in a second.
    let should_retry = Some(trouble != Trouble::Refused);
    WholeAnswer { head: Head { status, content_type, retry_after_s }, body, should_retry }
}

/// `{"error": {"message": …}}`: what stands there goes to the client as it is.
fn has_message(body: &[u8]) -> bool {
    let body: Result<serde_json::Value, _> = serde_json::from_slice(body);
    body.is_ok_and(|body| body["error"]["message"].is_string())
}

/// An upstream's error body as an event, for a client whose stream has begun.
pub(super) fn error_event(dialect: Dialect, body: &[u8], status: u16) -> Bytes {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(json) if json.is_object() => dialect.upstream_error_event(json.to_string().as_bytes()),
        Ok(_) | Err(_) => {
            let reason = format!("it answered with status {status}");
            dialect.error_event(&ApiError::UpstreamFailed { reason })
        }
    }
}
