//! Messages of streams as NATS has them: an event's attributes in headers, and what is read back.

use async_nats::{
    HeaderMap,
    header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID},
};
use uplion_domain::{Timestamp, subject::Subject, wire::Encoded};

use crate::{
    log_key::{LogKeys, Signed},
    stream::{
        AppendError, Condition, Entry, RawMessage, StreamName,
        reading::{Reading, header},
    },
};

/// Of an event that is a message of its own.
pub(super) fn headers(
    stream: StreamName,
    subject: &Subject,
    event: &Encoded,
    condition: Condition,
    keys: Option<&LogKeys>,
) -> Result<HeaderMap, AppendError> {
    let Encoded { id, kind, at, traceparent, actor, request_id, payload: _ } = event;
    let mut headers = HeaderMap::new();
    headers.insert(header::ID, id.as_str());
    headers.insert(header::TYPE, kind.as_str());
    headers.insert(header::TIME, at.to_string());
    let optional = [
        (header::TRACEPARENT, traceparent),
        (header::ACTOR, actor),
        (header::REQUEST_ID, request_id),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            headers.insert(name, value.as_str());
        }
    }
    let Condition { unique, last, created } = condition;
    if unique {
        headers.insert(NATS_MESSAGE_ID, id.as_str());
    }
    if let Some(last) = last {
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
    }
    if let Some(keys) = keys {
        let (Some(last), Some(created)) = (last, created) else {
            let reason = "a change is signed for its place, and this one has none".into();
            return Err(AppendError::Unavailable { stream, reason });
        };
        let signed = Signed::Change { created, sequence: last + 1, subject, event };
        headers.insert(header::CODE, keys.sign(&signed).to_string());
    }
    Ok(headers)
}

/// A message as it lies in a stream.
pub(super) struct Stored<'a> {
    pub sequence: u64,
    pub appended_at: Timestamp,
    pub subject: &'a str,
    pub headers: Option<&'a HeaderMap>,
    pub payload: &'a [u8],
}

pub(super) fn entries(reading: &Reading, stored: &Stored<'_>) -> Vec<Entry> {
    let Stored { sequence, appended_at, subject, headers, payload } = *stored;
    let header = |name: &str| Some(headers?.get(name)?.as_str());
    let raw = || RawMessage {
        subject: subject.to_owned(),
        headers: headers.map(pairs).unwrap_or_default(),
        payload: payload.to_vec(),
    };
    reading.entries(sequence, appended_at, subject, payload, &header, raw)
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let pairs = headers.iter().flat_map(|(name, values)| {
        values.iter().map(move |value| (name.to_string(), value.as_str().to_owned()))
    });
    pairs.collect()
}
