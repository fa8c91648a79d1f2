//! How events are written down: type names with a version, JSON payloads, and the reading of every version ever written.
//!
//! The structs here are a border: they never change once released. A new shape is a new version, and an
//! upcaster that reads the old one as today's event. `golden/` holds an example of each.

mod control;
mod rates;
mod traffic;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Envelope, Event, EventId, Timestamp, event};

/// An event as bytes, with the attributes that travel beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub id: EventId,
    /// `CloudEvents`' `type`: `uplion.<what happened>.v<version>`.
    pub kind: String,
    pub at: Timestamp,
    pub traceparent: Option<String>,
    pub actor: Option<String>,
    /// JSON.
    pub payload: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error(
        "event {id} is of type {kind}, which this version does not know: upgrade before reading this log"
    )]
    UnknownType { id: EventId, kind: String },
    #[error("event {id} of type {kind} cannot be read")]
    Malformed { id: EventId, kind: String, source: serde_json::Error },
}

impl Envelope {
    pub fn encode(&self) -> Encoded {
        let (kind, payload) = match &self.event {
            Event::Project(id, event) => control::encode_project(*id, event),
            Event::ApiKey(id, event) => control::encode_api_key(*id, event),
            Event::Model(name, event) => control::encode_model(name, event),
            Event::Price(id, event) => control::encode_price(*id, event),
            Event::Request(event) => traffic::encode_request(event),
            Event::Worker(event) => traffic::encode_worker(event),
        };
        Encoded {
            id: self.id.clone(),
            kind: kind.to_owned(),
            at: self.at,
            traceparent: self.traceparent.clone(),
            actor: self.actor.clone(),
            payload,
        }
    }

    pub fn decode(encoded: &Encoded) -> Result<Self, DecodeError> {
        let event = match read(&encoded.kind, &encoded.payload, encoded.at) {
            Some(Ok(event)) => event,
            Some(Err(source)) => {
                let (id, kind) = (encoded.id.clone(), encoded.kind.clone());
                return Err(DecodeError::Malformed { id, kind, source });
            }
            None => {
                let (id, kind) = (encoded.id.clone(), encoded.kind.clone());
                return Err(DecodeError::UnknownType { id, kind });
            }
        };
        Ok(Self {
            id: encoded.id.clone(),
            at: encoded.at,
            traceparent: encoded.traceparent.clone(),
            actor: encoded.actor.clone(),
            event,
        })
    }
}

/// `None` if no version of ours ever wrote this type.
fn read(
    kind: &str,
    payload: &[u8],
    at: Timestamp,
) -> Option<Result<event::Event, serde_json::Error>> {
    traffic::read(kind, payload, at).or_else(|| control::read(kind, payload, at))
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings, numbers and lists are always JSON")
}

fn from_json<W: DeserializeOwned>(
    payload: &[u8],
    into: impl FnOnce(W) -> Result<event::Event, serde_json::Error>,
) -> Option<Result<event::Event, serde_json::Error>> {
    Some(serde_json::from_slice(payload).and_then(into))
}

/// Reads ids, names and digests, which are text on the wire and checked here.
fn parsed<T>(text: &str) -> Result<T, serde_json::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(serde::de::Error::custom)
}
