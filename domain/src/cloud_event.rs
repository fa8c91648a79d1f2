//! An event spelled out as `CloudEvents` 1.0 in JSON: exports, webhooks and the API.
//!
//! The log itself spares the attributes that are the same for all or said by the subject.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{InstallationId, subject::Subject, wire::Encoded};

pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// Attributes in lower case, as the standard has them; `actor`, `requestid` and `traceparent` are extensions.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    kind: &'a str,
    time: String,
    subject: String,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(rename = "requestid", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    data: &'a RawValue,
}

/// Where events come from: the installation, so that those of two can lie in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Installation(InstallationId),
    /// Events from before the installation was founded.
    Unfounded,
}

/// A URI reference, as the standard asks: `/installations/ins_…`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation(id) => write!(f, "/installations/{id}"),
            Self::Unfounded => f.write_str("uplion"),
        }
    }
}

impl From<Option<InstallationId>> for Source {
    fn from(id: Option<InstallationId>) -> Self {
        id.map_or(Self::Unfounded, Self::Installation)
    }
}

/// The event as one JSON object. Fails only if the payload is not JSON: then it was not written by us.
pub fn json(
    source: Source,
    event: &Encoded,
    subject: &Subject,
) -> Result<Vec<u8>, serde_json::Error> {
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    serde_json::to_vec(&CloudEvent {
        specversion: "1.0",
        id: id.as_str(),
        source: source.to_string(),
        kind,
        time: at.to_string(),
        subject: subject.to_string(),
        datacontenttype: "application/json",
        traceparent: traceparent.as_deref(),
        actor: actor.as_deref(),
        request_id: request_id.as_deref(),
        data: serde_json::from_slice(payload)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Envelope, Event, EventId, Timestamp, project};

    #[test]
    fn an_event_is_spelled_with_every_attribute_that_the_standard_asks_for() {
        let project = "prj_00000000000000000000000000000007".parse().unwrap();
        let at = Timestamp::from_micros(1_795_430_000_000_000);
        let event = Event::Project(project, project::Event::Created { name: "ü".into(), at });
        let subject = event.subject();
        let traceparent = Some("00-1-2-01".to_owned());
        let id = EventId::known("evt_7");
        let request_id = Some("req_7".to_owned());
        let envelope = Envelope { id, at, traceparent, actor: None, request_id, event };

        let source = Source::Installation("ins_00000000000000000000000000000001".parse().unwrap());
        let spelled = json(source, &envelope.encode(), &subject).unwrap();
        assert_eq!(
            String::from_utf8(spelled).unwrap(),
            concat!(
                r#"{"specversion":"1.0","id":"evt_7","source":"/installations/ins_00000000000000000000000000000001","type":"uplion.project.created.v1","#,
                r#""time":"2026-11-23T10:33:20Z","subject":"control.project.prj_00000000000000000000000000000007","#,
                r#""datacontenttype":"application/json","traceparent":"00-1-2-01","requestid":"req_7","#,
                r#""data":{"project":"prj_00000000000000000000000000000007","name":"ü"}}"#,
            )
        );
    }

    #[test]
    fn what_is_not_json_is_not_passed_on() {
        let event = Encoded {
            id: EventId::known("evt_7"),
            kind: "uplion.project.created.v1".into(),
            at: Timestamp::default(),
            traceparent: None,
            actor: None,
            request_id: None,
            payload: b"{".to_vec(),
        };
        let project = "prj_00000000000000000000000000000007".parse().unwrap();
        let subject = Subject::Control(crate::subject::AggregateId::Project(project));
        assert!(json(Source::Unfounded, &event, &subject).is_err());
    }
}
