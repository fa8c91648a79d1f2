//! Following a part of a stream: its events are told in order, no others are, and whoever is called fresh has them all.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use uplion_domain::{
    AdminKeyId, Envelope, Event, EventId, Timestamp, admin_key, model,
    subject::{Filter, Subject},
    wire::Encoded,
};
use uplion_log_transport::{
    follow::{Follower, News},
    stream::{Condition, StreamName, StreamSpec, Streams},
};
use uplion_tests::{
    http,
    nats::{Server, SyncInterval},
    wait,
};

use crate::{
    backend::{Backend, connect},
    events,
    follow::Told,
};

const SOON: Duration = Duration::from_secs(10);
const ANYHOW: Condition = Condition { unique: false, last: None, created: None };

crate::on!(in_process one_server three_nodes: [
    what_is_of_a_part_is_told_in_order_and_nothing_else
    a_part_of_nothing_is_fresh_once_there_is_a_stream
    a_stream_made_anew_is_told_from_the_beginning_of_its_part
]);

fn of_model() -> (Subject, Encoded) {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    encoded(Event::Model(events::model("org/llama-3.1"), model::Event::Retired { at }))
}

fn of_admin_key() -> (Subject, Encoded) {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let id = AdminKeyId::new(events::unique());
    encoded(Event::AdminKey(id, admin_key::Event::Revoked { at }))
}

fn encoded(event: Event) -> (Subject, Encoded) {
    let (subject, id) = (event.subject(), EventId::fresh(events::unique()));
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    (subject, Envelope { id, at, traceparent: None, actor: None, request_id: None, event }.encode())
}

async fn append(streams: &dyn Streams, (subject, event): (Subject, Encoded)) -> Option<EventId> {
    let id = event.id.clone();
    streams.append(&subject, event, ANYHOW).await.unwrap();
    Some(id)
}

/// Models' events among others'; returns those of models.
async fn append_mixed(streams: &dyn Streams, count: usize) -> Vec<Option<EventId>> {
    let mut of_models = Vec::new();
    for _ in 0..count {
        append(streams, of_admin_key()).await;
        of_models.push(append(streams, of_model()).await);
        append(streams, of_admin_key()).await;
    }
    of_models
}

fn follow(streams: Arc<dyn Streams>) -> (Follower, Told) {
    let told = Told::default();
    let hears = Arc::clone(&told);
    let hear = move |news: News<'_>| {
        hears.lock().unwrap().push(match news {
            News::Event(event) => Some(event.id.clone()),
            News::Unread(subject) => Some(EventId::known(format!("unread: {subject}"))),
            News::Anew => None,
        });
    };
    (Follower::of_part(streams, StreamName::Control, Filter::ControlOfModels, hear), told)
}

/// Since it was last told to forget everything: on three nodes a consumer may be lost at any time.
fn lastly(told: &Told) -> Vec<Option<EventId>> {
    let told = told.lock().unwrap();
    told.rsplit(Option::is_none).next().unwrap_or_default().to_vec()
}

async fn is_told(told: &Told, expected: &[Option<EventId>]) {
    let all = async || lastly(told).len() >= expected.len();
    wait::until(SOON, "all to be told", all).await.unwrap();
    assert_eq!(lastly(told), expected);
}

async fn control(backend: &Backend) -> (Arc<dyn Streams>, StreamSpec) {
    let streams = backend.connect().await.streams;
    let spec = events::spec(StreamName::Control, backend.replicas());
    streams.ensure(&spec).await.unwrap();
    (streams, spec)
}

async fn what_is_of_a_part_is_told_in_order_and_nothing_else(backend: Backend) {
    let (streams, _) = control(&backend).await;
    let mut expected = append_mixed(&*streams, 200).await;
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(!follower.fresh());
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(lastly(&told), expected);
    expected.extend(append_mixed(&*streams, 3).await);
    is_told(&told, &expected).await;
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
}

async fn a_part_of_nothing_is_fresh_once_there_is_a_stream(backend: Backend) {
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(!follower.wait_fresh(Instant::now() + Duration::from_millis(300)).await);
    let (streams, _) = control(&backend).await;
    append(&*streams, of_admin_key()).await;
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(*told.lock().unwrap(), []);
    let expected = append_mixed(&*streams, 1).await;
    is_told(&told, &expected).await;
}

async fn a_stream_made_anew_is_told_from_the_beginning_of_its_part(backend: Backend) {
    let (streams, spec) = control(&backend).await;
    append_mixed(&*streams, 3).await;
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    streams.delete(StreamName::Control).await.unwrap();
    streams.ensure(&StreamSpec { epoch: 2, ..spec }).await.unwrap();
    let expected = append_mixed(&*streams, 2).await;
    let anew = async || told.lock().unwrap().contains(&None) && lastly(&told).len() >= 2;
    wait::until(SOON, "the new stream", anew).await.unwrap();
    assert_eq!(lastly(&told), expected);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
}

#[tokio::test]
async fn a_broker_that_was_away_is_read_from_the_beginning_of_the_part() {
    let server = Server::start(SyncInterval::Default).await.unwrap();
    let streams = connect(&server.url()).await.log().streams;
    streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    let of_models = append_mixed(&*streams, 5).await;
    let (follower, told) = follow(connect(&server.url()).await.log().streams);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    server.kill();
    wait::until(SOON, "staleness", async || !follower.fresh()).await.unwrap();
    assert_eq!(*told.lock().unwrap(), of_models, "what was told holds until there is better");
    server.restart().await.unwrap();
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(lastly(&told), of_models);
    assert!(told.lock().unwrap().contains(&None));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_as_that_and_what_follows_is_told_without_asking_anew() {
    let server = Server::start(SyncInterval::Default).await.unwrap();
    let streams = connect(&server.url()).await.log().streams;
    streams.ensure(&events::spec(StreamName::Control, 1)).await.unwrap();
    let mut expected = append_mixed(&*streams, 2).await;
    let (follower, told) = follow(connect(&server.url()).await.log().streams);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    let (subject, mut event) = of_model();
    event.kind = "uplion.model.retired.v999".into();
    expected.push(Some(EventId::known(format!("unread: {subject}"))));
    append(&*streams, (subject.clone(), event.clone())).await;
    // No shape of ours: nothing is told of it.
    event.kind = "uplion.model.retired.v1".into();
    event.payload = b"garbage".to_vec();
    append(&*streams, (subject, event)).await;
    expected.push(append(&*streams, of_model()).await);
    is_told(&told, &expected).await;
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    // The server keeps a consumer for half a minute after its last question, so that tries can be counted.
    let asked = format!("{}/jsz?consumers=true&streams=true&accounts=true", server.monitor_url());
    let answer = http::client().get(asked).send().await.unwrap();
    let described = answer.text().await.unwrap();
    assert_eq!(described.matches("\"part_").count(), 1, "{described}");
}
