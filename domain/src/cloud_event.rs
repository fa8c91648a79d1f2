//! An event spelled out as `CloudEvents` 1.0 in JSON: exports, webhooks and the API. The log itself spares the attributes that are
//! the same for all or said by the subject.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{subject::Subject, wire::Encoded};

pub const SOURCE: &str = "uplion";
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// Attributes in lower case, as the standard has them; `actor`, `requestid` and `traceparent` are extensions.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'static str,
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

/// The event as one JSON object. Fails only if the payload is not JSON: then it was not written by us.
pub fn json(event: &Encoded, subject: &Subject) -> Result<Vec<u8>, serde_json::Error> {
    let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
    serde_json::to_vec(&CloudEvent {
        specversion: "1.0",
        id: id.as_str(),
        source: SOURCE,
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

        let spelled = json(&envelope.encode(), &subject).unwrap();
        assert_eq!(
            String::from_utf8(spelled).unwrap(),
            concat!(
                r#"{"specversion":"1.0","id":"evt_7","source":"uplion","type":"uplion.project.created.v1","#,
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
        assert!(json(&event, &subject).is_err());
    }
}
