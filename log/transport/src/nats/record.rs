//! Messages of streams: a batch as its payload says, or one event with its attributes in headers.

use async_nats::{
    HeaderMap,
    header::{HeaderName, NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID},
};
use uplion_domain::{EventId, Timestamp, subject::Subject, wire::Encoded};

use crate::stream::{self, Condition, ReadError, Record, StreamName};

const ID: HeaderName = HeaderName::from_static("ce-id");
const TYPE: HeaderName = HeaderName::from_static("ce-type");
const TIME: HeaderName = HeaderName::from_static("ce-time");
const ACTOR: HeaderName = HeaderName::from_static("ce-actor");
/// `CloudEvents` allows an attribute no other characters.
const REQUEST_ID: HeaderName = HeaderName::from_static("ce-requestid");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(super) fn headers(event: &Encoded, condition: Condition) -> HeaderMap {
    let Encoded { id, kind, at, traceparent, actor, request_id, payload: _ } = event;
    let mut headers = HeaderMap::new();
    headers.insert(ID, id.as_str());
    headers.insert(TYPE, kind.as_str());
    headers.insert(TIME, at.to_string());
    if let Some(traceparent) = traceparent {
        headers.insert(TRACEPARENT, traceparent.as_str());
    }
    if let Some(actor) = actor {
        headers.insert(ACTOR, actor.as_str());
    }
    if let Some(request) = request_id {
        headers.insert(REQUEST_ID, request.as_str());
    }
    let Condition { unique, last } = condition;
    if unique {
        headers.insert(NATS_MESSAGE_ID, id.as_str());
    }
    if let Some(last) = last {
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
    }
    headers
}

/// A message as it lies in a stream.
pub(super) struct Stored<'a> {
    pub sequence: u64,
    pub appended_at: Timestamp,
    pub subject: &'a str,
    pub headers: Option<&'a HeaderMap>,
    pub payload: &'a [u8],
}

pub(super) fn records(stream: StreamName, stored: &Stored<'_>) -> Result<Vec<Record>, ReadError> {
    let Stored { sequence, appended_at, subject, headers: _, payload } = *stored;
    let foreign = |reason: String| ReadError::Foreign { stream, sequence, reason };
    let subject: Subject = subject.parse().map_err(|error| foreign(format!("{error}")))?;
    match subject {
        Subject::TrafficBatch { .. } | Subject::WorkersBatch { .. } => {
            stream::records(stream, sequence, appended_at, &subject, payload)
        }
        Subject::Traffic { .. }
        | Subject::Control(_)
        | Subject::Task { .. }
        | Subject::Gateway { .. }
        | Subject::Worker { .. }
        | Subject::Presence(_) => {
            let event = single(stored).map_err(foreign)?;
            Ok(vec![Record { sequence, index: 0, appended_at, subject, event }])
        }
    }
}

/// The one event that the message is.
fn single(Stored { headers, payload, .. }: &Stored<'_>) -> Result<Encoded, String> {
    let text = |name: HeaderName| Some(headers.as_ref()?.get(name)?.as_str().to_owned());
    let needed = |name: HeaderName| {
        let missing = format!("it has no {}", <HeaderName as AsRef<str>>::as_ref(&name));
        text(name).ok_or(missing)
    };
    Ok(Encoded {
        id: EventId::known(needed(ID)?),
        kind: needed(TYPE)?,
        at: needed(TIME)?.parse().map_err(|error| format!("{error}"))?,
        traceparent: text(TRACEPARENT),
        actor: text(ACTOR),
        request_id: text(REQUEST_ID),
        payload: payload.to_vec(),
    })
}
