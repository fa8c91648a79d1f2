//! What is written can be read: every event, every version ever written, for ever.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod any_event;
mod examples;
mod golden;
mod upcasts;

use any_event::{SECRET, any_envelope};
use proptest::prelude::*;
use uplion_domain::{Envelope, cloud_event, subject::Subject, wire};

proptest! {
    #[test]
    fn every_event_reads_back_as_itself(envelope in any_envelope()) {
        let encoded = envelope.encode();
        prop_assert_eq!(Envelope::decode(&encoded).unwrap(), envelope);
    }

    #[test]
    fn every_event_reads_back_from_its_canonical_bytes(envelope in any_envelope()) {
        let encoded = envelope.encode();
        prop_assert_eq!(wire::Encoded::from_canonical(&encoded.to_canonical()), Ok(encoded));
    }

    #[test]
    fn every_event_is_written_under_a_known_type(envelope in any_envelope()) {
        let kind = envelope.encode().kind;
        prop_assert!(wire::types().any(|known| known == kind), "{}", kind);
    }

    #[test]
    fn every_event_has_a_subject_of_a_stream(envelope in any_envelope()) {
        let subject = envelope.event.subject();
        let streamed = matches!(subject, Subject::Traffic { .. } | Subject::Control(_));
        prop_assert!(streamed, "{}", subject);
        prop_assert_eq!(subject.to_string().parse(), Ok(subject));
    }

    #[test]
    fn every_event_can_be_spelled_as_a_cloud_event(envelope in any_envelope()) {
        let encoded = envelope.encode();
        let spelled = cloud_event::json(cloud_event::Source::Unfounded, &encoded, &envelope.event.subject()).unwrap();
        let spelled: serde_json::Value = serde_json::from_slice(&spelled).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&encoded.payload).unwrap();
        prop_assert_eq!(&spelled["type"], &encoded.kind);
        prop_assert_eq!(&spelled["data"], &payload);
    }

    /// All keys of `any_envelope` have this secret; only its digest may come through.
    #[test]
    fn no_secret_is_in_any_encoding(envelope in any_envelope()) {
        let encoded = envelope.encode();
        let payload = String::from_utf8(encoded.payload).unwrap();
        prop_assert!(!payload.contains(SECRET));
        let printed = format!("{envelope:?}");
        prop_assert!(!printed.contains(SECRET));
    }

    #[test]
    fn whatever_arrives_is_read_or_refused(kind in any_type(), payload: Vec<u8>, json in any_json()) {
        let mut encoded = examples::all().remove(0).encode();
        encoded.kind = kind;
        for payload in [payload, json.into_bytes()] {
            encoded.payload = payload;
            let _ = Envelope::decode(&encoded);
        }
    }
}

fn any_type() -> impl Strategy<Value = String> {
    prop::sample::select(wire::types().map(str::to_owned).collect::<Vec<_>>())
}

/// The fields that events have, with anything in them.
fn any_json() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["request", "project", "key", "model", "name", "worker"]);
    let value = prop_oneof![
        "[a-z_0-9]{0,40}".prop_map(serde_json::Value::from),
        any::<i64>().prop_map(Into::into)
    ];
    prop::collection::hash_map(name, value, 0..6)
        .prop_map(|fields| serde_json::to_string(&fields).unwrap())
}
