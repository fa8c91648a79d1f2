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
use uplion_projector::{Adopted, adopt_stream, verify};

use crate::{
    events::{created, project, renamed, served},
    fixtures::Fixture,
};

const TRAFFIC: StreamName = StreamName::Traffic;
const CONTROL: StreamName = StreamName::Control;

crate::on_each!([
    a_stream_made_anew_is_continued_only_once_it_is_adopted
    a_stream_made_anew_while_no_projector_ran_is_noticed_though_it_is_longer
    events_that_were_purged_unarchived_are_missed_until_the_gap_is_adopted
    control_made_anew_is_archived_again_and_counts_once
    a_stream_that_is_the_archived_one_is_not_adopted
    a_stream_that_nobody_has_made_yet_is_not_missed
    a_stream_that_is_gone_is_continued_with_the_one_that_is_made_next
]);

async fn a_stream_made_anew_is_continued_only_once_it_is_adopted(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    fixture.make_anew(TRAFFIC).await;
    running.in_trouble("run `uplion log epoch`").await;
    assert!(running.readiness.ready().unwrap_err().contains("ingest of TRAFFIC"));

    fixture.append_all(served()).await;
    fixture.append(&created(project(), "physics")).await;
    let archived = fixture.projected(4).await;
    assert_eq!(archived[3].stream, CONTROL, "the other stream goes on");

    let tail = adopt(&fixture, TRAFFIC).await.unwrap();
    assert_eq!((tail.epoch, tail.sequence), (2, 0));
    let archived = fixture.projected(7).await;
    let places: Vec<_> = archived.iter().map(|it| (it.pos, it.epoch, it.sequence)).collect();
    assert_eq!(places[4..], [(5, 2, 1), (6, 2, 2), (7, 2, 3)]);
    assert_eq!(fixture.usage().await.requests, 2);
    running.ready().await;
}

async fn a_stream_made_anew_while_no_projector_ran_is_noticed_though_it_is_longer(
    fixture: Fixture,
) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    running.end().await;
    fixture.make_anew(TRAFFIC).await;
    fixture.append_all(served()).await;
    fixture.append_all(served()).await;
    let running = fixture.start("a");
    running.in_trouble("run `uplion log epoch`").await;
    assert_eq!(fixture.archived(3).await.len(), 3);
    adopt(&fixture, TRAFFIC).await.unwrap();
    fixture.projected(9).await;
    assert_eq!(fixture.usage().await.requests, 3);
    running.ready().await;
}

async fn events_that_were_purged_unarchived_are_missed_until_the_gap_is_adopted(fixture: Fixture) {
    fixture.append_all(served()).await;
    fixture.append_all(served()).await;
    fixture.log.streams.purge(TRAFFIC, 2).await.unwrap();
    let running = fixture.start("a");
    running.in_trouble("stream TRAFFIC lacks events 1 to 2").await;
    assert_eq!(fixture.store.archive.head().await.unwrap(), 0);
    assert_eq!(adopt(&fixture, TRAFFIC).await.unwrap().sequence, 2);
    fixture.projected(4).await;
    running.ready().await;
    running.end().await;

    fixture.append_all(served()).await;
    fixture.log.streams.purge(TRAFFIC, 8).await.unwrap();
    let running = fixture.start("a");
    running.in_trouble("stream TRAFFIC lacks events 7 to 8").await;
    adopt(&fixture, TRAFFIC).await.unwrap();
    let archived = fixture.projected(5).await;
    assert_eq!(archived[4].sequence, 9);
    running.ready().await;
}

async fn control_made_anew_is_archived_again_and_counts_once(fixture: Fixture) {
    let running = fixture.start("a");
    let relay = Relay::new(Arc::clone(&fixture.store.events), Arc::clone(&fixture.log.streams));
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let relaying = tokio::spawn(async move { relay.run(stopped).await });
    let one = project();
    commit(&fixture, one, 0, &created(one, "physics")).await;
    commit(&fixture, one, 1, &renamed(one, "chemistry")).await;
    fixture.projected(2).await;

    fixture.make_anew(CONTROL).await;
    running.in_trouble("run `uplion log epoch`").await;
    assert_eq!(adopt(&fixture, CONTROL).await.unwrap().epoch, 2);
    // Positions are told by the stream, and compared with the archive's.
    assert_eq!(fixture.log.streams.identity(CONTROL).await.unwrap().epoch, 2);
    let archived = fixture.projected(4).await;
    let marks: Vec<_> = archived.iter().map(|it| (it.epoch, it.effective)).collect();
    assert_eq!(marks, [(1, true), (1, true), (2, false), (2, false)]);
    assert_eq!(name(&fixture, one).await, "chemistry");

    commit(&fixture, one, 2, &renamed(one, "biology")).await;
    fixture.projected(5).await;
    assert_eq!(name(&fixture, one).await, "biology");
    for projection in [&Projects as &'static dyn Projection, &Requests] {
        assert!(verify(projection, &fixture.store, || ()).await.unwrap().differing.is_empty());
    }
    running.ready().await;
    stop.cancel();
    relaying.await.unwrap();
}

async fn a_stream_that_is_the_archived_one_is_not_adopted(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    for stream in StreamName::ALL {
        assert_eq!(adopt(&fixture, stream).await, None);
    }
    fixture.append_all(served()).await;
    assert!(fixture.projected(6).await.iter().all(|archived| archived.epoch == 1));
    running.ready().await;
}

async fn a_stream_that_nobody_has_made_yet_is_not_missed(fixture: Fixture) {
    fixture.log.streams.delete(StreamName::Workers).await.unwrap();
    let (streams, archive) = (fixture.log.streams.as_ref(), fixture.store.archive.as_ref());
    let adopted = adopt_stream(StreamName::Workers, streams, archive).await.unwrap();
    assert_eq!(adopted, Adopted::Unknown);
}

async fn a_stream_that_is_gone_is_continued_with_the_one_that_is_made_next(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    running.end().await;
    fixture.log.streams.delete(TRAFFIC).await.unwrap();
    let (streams, archive) = (fixture.log.streams.as_ref(), fixture.store.archive.as_ref());
    for _ in 0..2 {
        assert_eq!(adopt_stream(TRAFFIC, streams, archive).await.unwrap(), Adopted::Next(2));
    }
    // As whoever comes first makes it: he knows of no other before it.
    fixture.make(TRAFFIC, 1).await;
    fixture.append_all(served()).await;
    let running = fixture.start("b");
    let archived = fixture.projected(6).await;
    assert_eq!(archived.iter().map(|it| it.epoch).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2]);
    running.ready().await;
    assert_eq!(fixture.log.streams.identity(TRAFFIC).await.unwrap().epoch, 2);
}

async fn adopt(fixture: &Fixture, stream: StreamName) -> Option<Tail> {
    let (streams, archive) = (fixture.log.streams.as_ref(), fixture.store.archive.as_ref());
    match adopt_stream(stream, streams, archive).await.unwrap() {
        Adopted::From(tail) => Some(tail),
        Adopted::Same | Adopted::Unknown | Adopted::Next(_) => None,
    }
}

async fn commit(
    fixture: &Fixture,
    project: uplion_domain::ProjectId,
    expected_version: u64,
    envelope: &Envelope,
) {
    let aggregate = AggregateId::Project(project);
    let commit = Commit::new(aggregate, expected_version, vec![envelope.encode()]);
    fixture.store.events.commit(commit).await.unwrap();
}

async fn name(fixture: &Fixture, project: uplion_domain::ProjectId) -> String {
    let parameters = [Value::Text(project.to_string())];
    let rows = fixture.store.rows.query(&projects::ONE, &parameters).await.unwrap();
    let Value::Text(name) = &rows[0][1] else { panic!("{rows:?}") };
    name.clone()
}
