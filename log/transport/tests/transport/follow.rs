//! Following: everything is told once and in order, and nobody is called fresh who may have missed something.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;
use uplion_domain::EventId;
use uplion_log_transport::{
    follow::{Follower, News, Position},
    stream::{Condition, StreamName, StreamSpec, Streams},
};
use uplion_tests::wait;

use crate::{backend::Backend, events};

const SOON: Duration = Duration::from_secs(10);
const ANYHOW: Condition = Condition { unique: false, last: None, created: None };

crate::on!(in_process one_server three_nodes: [
    a_follower_is_fresh_once_it_has_told_everything
    what_is_appended_is_told_within_a_tenth_of_a_second
    a_follower_of_nothing_is_not_fresh_until_there_is_a_stream
    a_stream_made_anew_is_told_from_its_beginning
    what_cannot_be_read_is_told_as_that_and_what_follows_is_told
]);

/// What was told; `None` where everything was to be forgotten.
pub type Told = Arc<Mutex<Vec<Option<EventId>>>>;

pub fn follow(streams: Arc<dyn Streams>) -> (Follower, Told) {
    let told = Told::default();
    let hears = Arc::clone(&told);
    let hear = move |news: News<'_>| {
        hears.lock().unwrap().push(match news {
            News::Event(event) => Some(event.id.clone()),
            News::Unread(subject) => Some(EventId::known(format!("unread: {subject}"))),
            News::Anew => None,
        });
    };
    (Follower::start(streams, StreamName::Traffic, hear), told)
}

pub async fn append(streams: &dyn Streams, count: i64) -> Vec<Option<EventId>> {
    let mut ids = Vec::new();
    for number in 0..count {
        let (subject, event) = events::traffic(number);
        ids.push(Some(event.id.clone()));
        streams.append(&subject, event, ANYHOW).await.unwrap();
    }
    ids
}

async fn traffic(backend: &Backend) -> (Arc<dyn Streams>, StreamSpec) {
    let streams = backend.connect().await.streams;
    let spec = events::spec(StreamName::Traffic, backend.replicas());
    streams.ensure(&spec).await.unwrap();
    (streams, spec)
}

async fn a_follower_is_fresh_once_it_has_told_everything(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let appended = append(&*streams, 500).await;
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(!follower.fresh());
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(*told.lock().unwrap(), appended);
    assert_eq!(follower.position(), Position { epoch: Some(1), sequence: 500 });
    assert!(!follower.wait_until(501, Instant::now() + Duration::from_millis(50)).await);
}

async fn what_is_appended_is_told_within_a_tenth_of_a_second(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let (follower, _) = follow(backend.connect().await.streams);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    let mut took = Vec::new();
    for sequence in 1..=50 {
        append(&*streams, 1).await;
        let appended = Instant::now();
        assert!(follower.wait_until(sequence, appended + SOON).await);
        took.push(appended.elapsed());
    }
    took.sort();
    assert!(took[took.len() / 2] < Duration::from_millis(100), "{took:?}");
    assert!(follower.fresh());
}

async fn a_follower_of_nothing_is_not_fresh_until_there_is_a_stream(backend: Backend) {
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(!follower.wait_fresh(Instant::now() + Duration::from_millis(300)).await);
    assert_eq!(follower.position(), Position { epoch: None, sequence: 0 });
    let (streams, _) = traffic(&backend).await;
    let appended = append(&*streams, 1).await;
    assert!(follower.wait_until(1, Instant::now() + SOON).await);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(*told.lock().unwrap(), appended);
}

async fn a_stream_made_anew_is_told_from_its_beginning(backend: Backend) {
    let (streams, spec) = traffic(&backend).await;
    let mut expected = append(&*streams, 3).await;
    let (follower, told) = follow(backend.connect().await.streams);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);

    streams.delete(StreamName::Traffic).await.unwrap();
    streams.ensure(&StreamSpec { epoch: 2, ..spec }).await.unwrap();
    expected.push(None);
    expected.extend(append(&*streams, 5).await);
    let told_all = async || told.lock().unwrap().len() == expected.len();
    wait::until(SOON, "the new stream", told_all).await.unwrap();
    assert_eq!(*told.lock().unwrap(), expected);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
    assert_eq!(follower.position(), Position { epoch: Some(2), sequence: 5 });
}

async fn what_cannot_be_read_is_told_as_that_and_what_follows_is_told(backend: Backend) {
    let (streams, _) = traffic(&backend).await;
    let mut expected = append(&*streams, 1).await;
    let (follower, told) = follow(backend.connect().await.streams);
    let (subject, mut event) = events::traffic(0);
    event.kind = "uplion.request.paused.v999".into();
    streams.append(&subject, event, ANYHOW).await.unwrap();
    expected.push(Some(EventId::known("unread: traffic.batch.0")));
    // Of a worker: nothing that gateways may say.
    let (subject, mut event) = events::traffic(0);
    event.kind = "uplion.worker.stopped.v999".into();
    streams.append(&subject, event, ANYHOW).await.unwrap();
    expected.extend(append(&*streams, 1).await);
    assert!(follower.wait_until(4, Instant::now() + SOON).await);
    assert_eq!(*told.lock().unwrap(), expected);
    assert!(follower.wait_fresh(Instant::now() + SOON).await);
}
