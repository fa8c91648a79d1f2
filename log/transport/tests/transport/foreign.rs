//! What somebody else put into a stream: handed out as foreign, and nothing behind it waits for it.

use std::sync::Arc;

use async_nats::{HeaderMap, jetstream};
use uplion_domain::{
    Envelope, Timestamp,
    subject::{Filter, Subject},
    wire::Encoded,
};
use uplion_log_transport::{
    log_key::{self, LogKeys},
    nats::{Nats, NatsOptions},
    stream::{
        AppendError, Condition, Cursor, Entry, Foreign, StreamName, Streams, batch, reading::header,
    },
};
use uplion_tests::nats::Server;

use crate::{
    events,
    faults::{SOON, behind_its_back},
};

/// Of a type of a later version its name is all that tells where it may lie.
#[test]
fn the_name_of_a_type_tells_its_stream() {
    for kind in uplion_domain::wire::types() {
        let golden = format!("{}/../../domain/golden/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let events: Vec<serde_json::Value> =
            serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
        let event = Encoded {
            kind: kind.into(),
            payload: serde_json::to_vec(&events[0]["data"]).unwrap(),
            ..events::traffic(0).1
        };
        let subject = Envelope::decode(&event).unwrap().event.subject();
        for stream in StreamName::ALL {
            let there = StreamName::of(&subject) == Some(stream);
            assert_eq!(stream.may_hold(kind), there, "{kind} on {stream}");
        }
    }
}

fn keys(secret: u8) -> LogKeys {
    log_key::spell([secret; 32]).parse().unwrap()
}

async fn connect(url: &str, keys: Option<LogKeys>) -> Arc<dyn Streams> {
    let options = NatsOptions {
        url: url.into(),
        name: "tests".into(),
        log_keys: keys,
        ..NatsOptions::default()
    };
    Nats::connect(options).await.unwrap().log().streams
}

async fn entries(cursor: &mut dyn Cursor, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    while entries.len() < count {
        let more = cursor.next(count - entries.len(), SOON).await.unwrap();
        assert!(!more.is_empty(), "{} of {count} came: {entries:?}", entries.len());
        entries.extend(more);
    }
    entries
}

/// For each message of the stream its reason to be foreign; none for an event of ours.
async fn reasons(streams: &dyn Streams, stream: StreamName) -> Vec<Option<String>> {
    let last = streams.identity(stream).await.unwrap().last;
    let mut cursor = streams.read(stream, 0).await.unwrap();
    let found = entries(&mut *cursor, usize::try_from(last).unwrap()).await;
    let reason = |(entry, sequence): (Entry, u64)| {
        assert_eq!(entry.sequence(), sequence);
        match entry {
            Entry::Event(_) => None,
            Entry::Foreign(Foreign { reason, .. }) => Some(reason),
        }
    };
    found.into_iter().zip(1..).map(reason).collect()
}

async fn publish(to: &jetstream::Context, subject: &str, headers: HeaderMap, payload: &[u8]) {
    let published = to.publish_with_headers(subject.to_owned(), headers, payload.to_vec().into());
    published.await.unwrap().await.unwrap();
}

fn headers(event: &Encoded) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ID, event.id.as_str());
    headers.insert(header::TYPE, event.kind.as_str());
    headers.insert(header::TIME, event.at.to_string());
    headers
}

fn batch(event: &Encoded) -> Vec<u8> {
    batch::encode([event], None).to_vec()
}

const TRAFFIC: &str = "traffic.batch.0";

#[tokio::test]
async fn garbage_on_traffic_is_foreign_and_what_follows_is_read() {
    let url = Server::shared().await.account();
    let streams = connect(&url, None).await;
    streams.ensure(&events::spec(StreamName::Traffic, 1)).await.unwrap();
    let outside = behind_its_back(&url).await;
    let ours = events::traffic(0).1;
    let with = |change: fn(&mut Encoded)| {
        let mut event = events::traffic(1).1;
        change(&mut event);
        batch(&event)
    };
    let cut = &batch(&ours)[..20];
    let garbage = [
        (TRAFFIC, Vec::new()),
        (TRAFFIC, b"\x00\xff garbage".to_vec()),
        (TRAFFIC, cut.to_vec()),
        (TRAFFIC, with(|event| event.payload = b"{}".to_vec())),
        (TRAFFIC, with(|event| event.kind = "uplion.admin_key.issued.v9".into())),
        (TRAFFIC, batch(&events::control().1)),
        (TRAFFIC, batch(&events::stopped().1)),
        (TRAFFIC, with(|event| event.actor = Some("a\0b".into()))),
        ("traffic.7.settled", ours.payload.clone()),
        ("traffic.anything.else", b"{}".to_vec()),
    ];
    for (subject, payload) in &garbage {
        publish(&outside, subject, HeaderMap::new(), payload).await;
        streams.append(&events::traffic(0).0, ours.clone(), Condition::default()).await.unwrap();
    }
    let found = reasons(&*streams, StreamName::Traffic).await;
    for (number, pair) in found.chunks(2).enumerate() {
        assert!(pair[0].is_some(), "{number}: {pair:?}");
        assert_eq!(pair[1], None, "{number}");
    }
    let third = streams.get(StreamName::Traffic, 3).await.unwrap();
    assert!(
        matches!(&third[..], [Entry::Foreign(foreign)] if foreign.message.payload == garbage[1].1)
    );
}

#[tokio::test]
async fn workers_say_nothing_but_reports() {
    let url = Server::shared().await.account();
    let streams = connect(&url, Some(keys(1))).await;
    streams.ensure(&events::spec(StreamName::Workers, 1)).await.unwrap();
    let outside = behind_its_back(&url).await;
    let own = events::stopped();
    for event in [events::traffic(0).1, events::control().1, own.1.clone()] {
        publish(&outside, "workers.batch.0", HeaderMap::new(), &batch(&event)).await;
    }
    streams.append(&own.0, own.1, Condition::default()).await.unwrap();
    let found = reasons(&*streams, StreamName::Workers).await;
    assert!(found[0].is_some() && found[1].is_some(), "{found:?}");
    assert_eq!(found[2..], [None, None]);
}

#[tokio::test]
async fn who_has_a_key_believes_nothing_on_traffic_that_is_not_signed_with_one() {
    let url = Server::shared().await.account();
    let signing = connect(&url, Some(keys(1))).await;
    signing.ensure(&events::spec(StreamName::Traffic, 1)).await.unwrap();
    let both: LogKeys =
        format!("{},{}", log_key::spell([2; 32]), log_key::spell([1; 32])).parse().unwrap();
    let [without, other, both] = [
        connect(&url, None).await,
        connect(&url, Some(keys(2))).await,
        connect(&url, Some(both)).await,
    ];
    for streams in [&signing, &without, &other, &both] {
        let (subject, event) = events::traffic(0);
        streams.append(&subject, event, Condition::default()).await.unwrap();
    }
    let believed = async |streams: &Arc<dyn Streams>| -> Vec<bool> {
        let reasons = reasons(&**streams, StreamName::Traffic).await;
        reasons.iter().map(Option::is_none).collect()
    };
    assert_eq!(believed(&signing).await, [true, false, false, false]);
    assert_eq!(believed(&without).await, [true; 4]);
    assert_eq!(believed(&other).await, [false, false, true, true]);
    assert_eq!(believed(&both).await, [true, false, true, true]);
}

/// A change at the end of CONTROL, as the relay appends it.
async fn append_change(streams: &dyn Streams) -> (Subject, Encoded) {
    let (subject, event) = events::control();
    let end = streams.identity(StreamName::Control).await.unwrap();
    let (last, created) = (Some(end.last), Some(end.created));
    let condition = Condition { unique: true, last, created };
    streams.append(&subject, event.clone(), condition).await.unwrap();
    (subject, event)
}

#[tokio::test]
async fn a_change_that_is_forged_or_said_again_is_foreign() {
    let url = Server::shared().await.account();
    let streams = connect(&url, Some(keys(1))).await;
    streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    let outside = behind_its_back(&url).await;
    let (subject, event) = append_change(&*streams).await;
    let stored = outside.get_stream("CONTROL").await.unwrap().get_raw_message(1).await.unwrap();
    let signed = stored.headers.clone();
    let subject = subject.to_string();
    // Said again with its code; without one; with other words; about another; without what an event has.
    let mut again = signed.clone();
    again.insert("Nats-Msg-Id", "another");
    again.insert("Nats-Expected-Last-Sequence", "1");
    publish(&outside, &subject, again, &event.payload).await;
    publish(&outside, &subject, headers(&event), &event.payload).await;
    let mut forged = headers(&event);
    forged.insert(header::CODE, signed.get(header::CODE).unwrap().as_str());
    publish(&outside, &subject, forged.clone(), br#"{"model":"org/other"}"#).await;
    publish(&outside, "control.model.other", forged, &event.payload).await;
    publish(&outside, &subject, HeaderMap::new(), b"garbage").await;
    publish(&outside, "control.nothing.of.ours", HeaderMap::new(), b"").await;
    append_change(&*streams).await;
    let found = reasons(&*streams, StreamName::Control).await;
    assert_eq!((&found[0], &found[7]), (&None, &None));
    assert!(found[1..7].iter().all(Option::is_some), "{found:?}");
}

/// `uplion dev` on NATS is a worker and has the keys as well.
#[tokio::test]
async fn a_part_of_control_is_believed_by_who_has_the_key_and_by_who_has_none() {
    let url = Server::shared().await.account();
    let streams = connect(&url, Some(keys(1))).await;
    streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    append_change(&*streams).await;
    for (reader, is_ours) in [(Some(keys(1)), true), (None, true), (Some(keys(2)), false)] {
        let reader = connect(&url, reader).await;
        let part = reader.read_part(StreamName::Control, &Filter::ControlOfModels).await;
        let found = part.unwrap().unwrap().next(1, SOON).await.unwrap();
        assert_eq!(matches!(found[..], [Entry::Event(_)]), is_ours, "{found:?}");
    }
}

#[tokio::test]
async fn a_change_of_one_stream_is_foreign_in_another_of_its_name() {
    let url = Server::shared().await.account();
    let streams = connect(&url, Some(keys(1))).await;
    let spec = events::spec(StreamName::Control, 1);
    streams.ensure(&spec).await.unwrap();
    let outside = behind_its_back(&url).await;
    let (subject, event) = append_change(&*streams).await;
    let stored = outside.get_stream("CONTROL").await.unwrap().get_raw_message(1).await.unwrap();
    streams.delete(StreamName::Control).await.unwrap();
    streams.ensure(&spec).await.unwrap();
    publish(&outside, &subject.to_string(), stored.headers, &event.payload).await;
    let found = reasons(&*streams, StreamName::Control).await;
    assert!(found[0].is_some(), "{found:?}");
    let there = streams.get(StreamName::Control, 1).await.unwrap();
    assert!(matches!(there[..], [Entry::Foreign(_)]), "{there:?}");
}

#[tokio::test]
async fn who_signs_changes_says_where_they_go() {
    let url = Server::shared().await.account();
    let streams = connect(&url, Some(keys(1))).await;
    streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    let (subject, event) = events::control();
    for (last, created) in [(None, None), (Some(0), None), (None, Some(Timestamp::from_micros(1)))]
    {
        let condition = Condition { unique: true, last, created };
        let refused = streams.append(&subject, event.clone(), condition).await;
        assert!(matches!(refused, Err(AppendError::Unavailable { .. })), "{refused:?}");
    }
}
