//! A stream that was made anew, or lost events: nothing goes on silently, and goes on where a person says so.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use uplion_domain::{Envelope, subject::AggregateId};
use uplion_log_store::{archive::Tail, event_store::Commit, relay::Relay};
use uplion_log_transport::stream::StreamName;
use uplion_projections::{
    Projection,
    projects::{self, Projects},
    requests::Requests,
    table::Value,
};
use uplion_projector::{adopt_stream, verify};

use crate::{
    events::{created, project, renamed, served},
    ground::Ground,
};

const TRAFFIC: StreamName = StreamName::Traffic;
const CONTROL: StreamName = StreamName::Control;

crate::on_each!([
    a_stream_made_anew_is_continued_only_once_it_is_adopted
    a_stream_made_anew_while_no_projector_ran_is_noticed_though_it_is_longer
    events_that_were_purged_unarchived_are_missed_until_the_gap_is_adopted
    control_made_anew_is_archived_again_and_counts_once
    a_stream_that_is_the_archived_one_is_not_adopted
]);

async fn a_stream_made_anew_is_continued_only_once_it_is_adopted(ground: Ground) {
    let running = ground.start("a");
    ground.append_all(served()).await;
    ground.projected(3).await;
    ground.make_anew(TRAFFIC).await;
    running.in_trouble("run `uplion log epoch`").await;
    assert!(running.readiness.ready().unwrap_err().contains("ingest of TRAFFIC"));

    ground.append_all(served()).await;
    ground.append(&created(project(), "physics")).await;
    let archived = ground.projected(4).await;
    assert_eq!(archived[3].stream, CONTROL, "the other stream goes on");

    let tail = adopt(&ground, TRAFFIC).await.unwrap();
    assert_eq!((tail.epoch, tail.sequence), (2, 0));
    let archived = ground.projected(7).await;
    let places: Vec<_> = archived.iter().map(|it| (it.pos, it.epoch, it.sequence)).collect();
    assert_eq!(places[4..], [(5, 2, 1), (6, 2, 2), (7, 2, 3)]);
    assert_eq!(ground.usage().await.requests, 2);
    running.ready().await;
}

async fn a_stream_made_anew_while_no_projector_ran_is_noticed_though_it_is_longer(ground: Ground) {
    let running = ground.start("a");
    ground.append_all(served()).await;
    ground.projected(3).await;
    running.end().await;
    ground.make_anew(TRAFFIC).await;
    ground.append_all(served()).await;
    ground.append_all(served()).await;
    let running = ground.start("a");
    running.in_trouble("run `uplion log epoch`").await;
    assert_eq!(ground.archived(3).await.len(), 3);
    adopt(&ground, TRAFFIC).await.unwrap();
    ground.projected(9).await;
    assert_eq!(ground.usage().await.requests, 3);
    running.ready().await;
}

async fn events_that_were_purged_unarchived_are_missed_until_the_gap_is_adopted(ground: Ground) {
    ground.append_all(served()).await;
    ground.append_all(served()).await;
    ground.log.streams.purge(TRAFFIC, 2).await.unwrap();
    let running = ground.start("a");
    running.in_trouble("stream TRAFFIC lacks events 1 to 2").await;
    assert_eq!(ground.store.archive.head().await.unwrap(), 0);
    assert_eq!(adopt(&ground, TRAFFIC).await.unwrap().sequence, 2);
    ground.projected(4).await;
    running.ready().await;
    running.end().await;

    ground.append_all(served()).await;
    ground.log.streams.purge(TRAFFIC, 8).await.unwrap();
    let running = ground.start("a");
    running.in_trouble("stream TRAFFIC lacks events 7 to 8").await;
    adopt(&ground, TRAFFIC).await.unwrap();
    let archived = ground.projected(5).await;
    assert_eq!(archived[4].sequence, 9);
    running.ready().await;
}

async fn control_made_anew_is_archived_again_and_counts_once(ground: Ground) {
    let running = ground.start("a");
    let relay = Relay::new(Arc::clone(&ground.store.events), Arc::clone(&ground.log.streams));
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let relaying = tokio::spawn(async move { relay.run(stopped).await });
    let one = project();
    commit(&ground, one, 0, &created(one, "physics")).await;
    commit(&ground, one, 1, &renamed(one, "chemistry")).await;
    ground.projected(2).await;

    ground.make_anew(CONTROL).await;
    running.in_trouble("run `uplion log epoch`").await;
    assert_eq!(adopt(&ground, CONTROL).await.unwrap().epoch, 2);
    let archived = ground.projected(4).await;
    let marks: Vec<_> = archived.iter().map(|it| (it.epoch, it.effective)).collect();
    assert_eq!(marks, [(1, true), (1, true), (2, false), (2, false)]);
    assert_eq!(name(&ground, one).await, "chemistry");

    commit(&ground, one, 2, &renamed(one, "biology")).await;
    ground.projected(5).await;
    assert_eq!(name(&ground, one).await, "biology");
    for projection in [&Projects as &'static dyn Projection, &Requests] {
        let (rows, archive) = (ground.store.rows.as_ref(), ground.store.archive.as_ref());
        assert!(verify(projection, rows, archive).await.unwrap().differing.is_empty());
    }
    running.ready().await;
    stop.cancel();
    relaying.await.unwrap();
}

async fn a_stream_that_is_the_archived_one_is_not_adopted(ground: Ground) {
    let running = ground.start("a");
    ground.append_all(served()).await;
    ground.projected(3).await;
    for stream in StreamName::ALL {
        assert_eq!(adopt(&ground, stream).await, None);
    }
    ground.append_all(served()).await;
    assert!(ground.projected(6).await.iter().all(|archived| archived.epoch == 1));
    running.ready().await;
}

async fn adopt(ground: &Ground, stream: StreamName) -> Option<Tail> {
    let (streams, archive) = (ground.log.streams.as_ref(), ground.store.archive.as_ref());
    adopt_stream(stream, streams, archive).await.unwrap()
}

async fn commit(
    ground: &Ground,
    project: uplion_domain::ProjectId,
    expected_version: u64,
    envelope: &Envelope,
) {
    let aggregate = AggregateId::Project(project);
    let commit = Commit::new(aggregate, expected_version, vec![envelope.encode()]);
    ground.store.events.commit(commit).await.unwrap();
}

async fn name(ground: &Ground, project: uplion_domain::ProjectId) -> String {
    let parameters = [Value::Text(project.to_string())];
    let rows = ground.store.rows.query(&projects::ONE, &parameters).await.unwrap();
    let Value::Text(name) = &rows[0][1] else { panic!("{rows:?}") };
    name.clone()
}
