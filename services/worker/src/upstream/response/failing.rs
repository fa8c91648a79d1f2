//! An answer that is none: a failed attempt with the upstream's words, or a refusal of the request if the words say so.

use bytes::Bytes;
use uplion_log_transport::claim::{Head, ReleaseReason, UpstreamWords};
use uplion_protocol::{Malformed, error::UpstreamError};

use super::{JSON, State, Step, UpstreamResponse};
use crate::upstream::{
    client::BodyError,
    status::{CallFailure, FailedCall, StatusClass, classify},
};

/// What a client is told of an upstream that answered with an error in the place of an answer, unless it is the request's.
const BAD_GATEWAY: u16 = 502;

impl UpstreamResponse {
    /// Nothing was shown of an answer, and this came in its place.
    pub(super) fn fail(&mut self, error: &UpstreamError) {
        let UpstreamError { message: _, status, json } = error;
        let class = status.map_or(StatusClass::Success, |status| classify(status, None, json));
        match class {
            StatusClass::Rejected { status } => {
                let content_type = JSON.to_owned();
                let head = Head { status, content_type, retry_after_s: None };
                self.ready.push_back(Step::Begun(head));
                self.reject(status, json.clone());
            }
            StatusClass::Success => {
                self.give_up(CallFailure::for_now(ReleaseReason::UpstreamFailed), json.clone());
            }
            StatusClass::Failed(failure) => self.give_up(failure, json.clone()),
        }
    }

    fn give_up(&mut self, failure: CallFailure, body: Bytes) {
        self.state = State::Over;
        let (status, content_type) = (BAD_GATEWAY, JSON.to_owned());
        let words = UpstreamWords { status, content_type, retry_after_s: None, body }.bounded();
        let request_id = self.request_id.clone();
        self.ready.push_back(Step::Failed(FailedCall { failure, words: Some(words), request_id }));
    }
}

/// No part of an answer came.
pub fn broken(error: &BodyError) -> UpstreamError {
    UpstreamError::new(format!("the model's server did not answer: {error}"))
}

/// A document was meant.
pub fn unreadable(body: &[u8], malformed: &Malformed) -> UpstreamError {
    let begins_as_json =
        body.trim_ascii_start().first().is_some_and(|first| matches!(first, b'{' | b'['));
    if begins_as_json {
        UpstreamError::new(format!(
            "the model's server sent an answer that is no JSON: {malformed}"
        ))
    } else {
        UpstreamError::unreadable(body)
    }
}
