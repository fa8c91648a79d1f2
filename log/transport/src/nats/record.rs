//! An event as a message: attributes in headers, the payload as it is.

use async_nats::{
    HeaderMap,
    header::{HeaderName, NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID},
};
use uplion_domain::{EventId, wire::Encoded};

use crate::stream::{Condition, ReadError, Record, StreamName};

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

pub(super) fn record(
    stream: StreamName,
    sequence: u64,
    subject: &str,
    headers: Option<&HeaderMap>,
    payload: Vec<u8>,
) -> Result<Record, ReadError> {
    let foreign = |reason: String| ReadError::Foreign { stream, sequence, reason };
    let text = |name: HeaderName| Some(headers?.get(name)?.as_str().to_owned());
    let needed = |name: HeaderName| {
        text(name.clone()).ok_or_else(|| {
            foreign(format!("it has no {}", <HeaderName as AsRef<str>>::as_ref(&name)))
        })
    };
    let event = Encoded {
        id: EventId::known(needed(ID)?),
        kind: needed(TYPE)?,
        at: needed(TIME)?.parse().map_err(|error| foreign(format!("{error}")))?,
        traceparent: text(TRACEPARENT),
        actor: text(ACTOR),
        request_id: text(REQUEST_ID),
        payload,
    };
    let subject = subject.parse().map_err(|error| foreign(format!("{error}")))?;
    Ok(Record { sequence, subject, event })
}
