//! How events are written down: type names with a version, JSON payloads, and the reading of every version ever written.
//!
//! The structs here are a border: they never change once released. `golden/` holds an example of each type.
//!
//! A new shape is a new version of the type. In the file of its aggregate: add a constant for the new type and
//! a struct for its shape, and write that one from now on; the old constant, its line in `READERS` and the
//! function that it names stay for ever and read the old shape as today's event, deciding what it means for
//! what it did not say (`an_old_shape_is_read_as_todays_event` below shows one). Then `make generate` writes
//! the new type's example into `golden/`; the old examples are never touched.

mod admin_key;
mod api_key;
mod budget;
pub mod canonical;
mod installation;
mod model;
mod price;
mod project;
mod rates;
mod request;
mod rule;
mod session;
mod text;
mod units;
mod user;
mod worker;

use serde::{Deserialize, Serialize};

use crate::{Envelope, Event, EventId, Timestamp};

/// An event as bytes, with the attributes that travel beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub id: EventId,
    /// `CloudEvents`' `type`: `uplion.<what happened>.v<version>`.
    pub kind: String,
    pub at: Timestamp,
    pub traceparent: Option<String>,
    pub actor: Option<String>,
    pub request_id: Option<String>,
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

/// Reads one version of one type as today's event.
type Reader = fn(&[u8], Timestamp) -> Result<Event, serde_json::Error>;
type Readers = &'static [(&'static str, Reader)];

/// The busiest first: they are looked through in order.
const READERS: &[Readers] = &[
    request::READERS,
    worker::READERS,
    api_key::READERS,
    project::READERS,
    model::READERS,
    price::READERS,
    session::READERS,
    user::READERS,
    admin_key::READERS,
    installation::READERS,
];

/// Every version of every type that was ever written.
pub fn types() -> impl Iterator<Item = &'static str> {
    READERS.iter().flat_map(|readers| readers.iter()).map(|(kind, _)| *kind)
}

impl Envelope {
    pub fn encode(&self) -> Encoded {
        let (kind, payload) = match &self.event {
            Event::Installation(id, event) => installation::encode(*id, event),
            Event::Project(id, event) => project::encode(*id, event),
            Event::ApiKey(id, event) => api_key::encode(*id, event),
            Event::Model(name, event) => model::encode(name, event),
            Event::Price(id, event) => price::encode(*id, event),
            Event::User(id, event) => user::encode(*id, event),
            Event::Session(id, event) => session::encode(*id, event),
            Event::AdminKey(id, event) => admin_key::encode(*id, event),
            Event::Request(event) => request::encode(event),
            Event::Worker(event) => worker::encode(event),
        };
        Encoded {
            id: self.id.clone(),
            kind: kind.to_owned(),
            at: self.at,
            traceparent: self.traceparent.clone(),
            actor: self.actor.clone(),
            request_id: self.request_id.clone(),
            payload,
        }
    }

    pub fn decode(encoded: &Encoded) -> Result<Self, DecodeError> {
        decode(encoded, READERS)
    }
}

fn decode(encoded: &Encoded, readers: &[Readers]) -> Result<Envelope, DecodeError> {
    let named = || (encoded.id.clone(), encoded.kind.clone());
    let mut known = readers.iter().flat_map(|readers| readers.iter());
    let Some((_, read)) = known.find(|(kind, _)| *kind == encoded.kind) else {
        let (id, kind) = named();
        return Err(DecodeError::UnknownType { id, kind });
    };
    let event = read(&encoded.payload, encoded.at).map_err(|source| {
        let (id, kind) = named();
        DecodeError::Malformed { id, kind, source }
    })?;
    Ok(Envelope {
        id: encoded.id.clone(),
        at: encoded.at,
        traceparent: encoded.traceparent.clone(),
        actor: encoded.actor.clone(),
        request_id: encoded.request_id.clone(),
        event,
    })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Most events take less than this.
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, value).expect("strings, numbers and lists are always JSON");
    json
}

fn shape<'a, W: Deserialize<'a>>(payload: &'a [u8]) -> Result<W, serde_json::Error> {
    serde_json::from_slice(payload)
}

/// Reads ids, names and digests, which are text on the wire and checked here.
fn parsed<T>(text: &str) -> Result<T, serde_json::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(7);

    fn encoded(kind: &str, payload: &[u8]) -> Encoded {
        Encoded {
            id: EventId::known("evt_1"),
            kind: kind.into(),
            at: AT,
            traceparent: None,
            actor: None,
            request_id: None,
            payload: payload.into(),
        }
    }

    #[test]
    fn a_type_of_the_future_is_named_in_the_error() {
        let error = Envelope::decode(&encoded("uplion.project.created.v9", b"{}")).unwrap_err();
        assert!(error.to_string().contains("uplion.project.created.v9"), "{error}");
        assert!(matches!(error, DecodeError::UnknownType { .. }));
    }

    #[test]
    fn what_is_not_of_its_types_shape_is_refused() {
        for payload in [&b"{}"[..], b"", b"{\"project\":\"key_1\",\"name\":\"a\"}"] {
            let error = Envelope::decode(&encoded("uplion.project.created.v1", payload));
            assert!(matches!(error, Err(DecodeError::Malformed { .. })), "{error:?}");
        }
    }

    #[test]
    fn every_type_is_read_in_one_way() {
        let mut kinds: Vec<_> = types().collect();
        kinds.sort_unstable();
        let all = kinds.len();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
    }

    /// An imagined version 0 of projects, from before they had names.
    #[test]
    fn an_old_shape_is_read_as_todays_event() {
        #[derive(serde::Deserialize)]
        struct CreatedV0 {
            project: String,
        }

        fn created_v0(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
            let CreatedV0 { project } = shape(payload)?;
            let created = crate::project::Event::Created { name: project.clone(), at };
            Ok(Event::Project(parsed(&project)?, created))
        }

        let payload = br#"{"project":"prj_00000000000000000000000000000007"}"#;
        let old = encoded("uplion.project.created.v0", payload);
        let readers: &[Readers] = &[&[("uplion.project.created.v0", created_v0)]];
        let read = decode(&old, readers).unwrap();

        let name = "prj_00000000000000000000000000000007".to_owned();
        let created = crate::project::Event::Created { name: name.clone(), at: AT };
        assert_eq!(read.event, Event::Project(name.parse().unwrap(), created));
        assert_eq!(read.encode().kind, "uplion.project.created.v1");
    }
}
