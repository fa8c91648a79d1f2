//! The purge: what is archived leaves the stream after a while, and what is not stays.

use std::time::Duration;

use uplion_log_transport::stream::{Identity, StreamName};
use uplion_projector::Options;
use uplion_tests::wait;

use crate::{
    events::{created, project, served},
    fixtures::{Fixture, Running},
};

const TRAFFIC: StreamName = StreamName::Traffic;

crate::on_each!([
    what_has_been_archived_for_a_day_leaves_the_stream_and_is_still_in_the_archive
    what_was_archived_lately_stays_on_the_stream
    what_is_not_archived_stays_on_the_stream_however_old
    control_is_never_purged
]);

async fn what_has_been_archived_for_a_day_leaves_the_stream_and_is_still_in_the_archive(
    fixture: Fixture,
) {
    let running = start(&fixture);
    fixture.append_all(served()).await;
    let archived = fixture.projected(3).await;
    fixture.put_clock_ahead(Duration::from_hours(25));
    purged(&fixture, 4).await;
    assert_eq!(fixture.archived(3).await, archived);
    fixture.append_all(served()).await;
    fixture.projected(6).await;
    assert_eq!(fixture.usage().await.requests, 2);
    purged(&fixture, 7).await;
    running.ready().await;
    running.end().await;

    let running = start(&fixture);
    fixture.append_all(served()).await;
    fixture.projected(9).await;
    running.ready().await;
}

async fn what_was_archived_lately_stays_on_the_stream(fixture: Fixture) {
    let running = start(&fixture);
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    fixture.put_clock_ahead(Duration::from_hours(23));
    fixture.looked().await;
    assert_eq!(identity(&fixture, TRAFFIC).await.first, 1);
    running.ready().await;
}

async fn what_is_not_archived_stays_on_the_stream_however_old(fixture: Fixture) {
    let running = start(&fixture);
    fixture.append_all(served()).await;
    fixture.append_all(served()).await;
    fixture.projected(6).await;
    running.end().await;
    // Its sequences are those of events that are archived, but it is another stream.
    fixture.make_anew(TRAFFIC).await;
    fixture.append_all(served()).await;
    let running = start(&fixture);
    running.in_trouble("run `uplion log epoch`").await;
    fixture.put_clock_ahead(Duration::from_hours(1_000));
    fixture.looked().await;
    let Identity { first, last, .. } = identity(&fixture, TRAFFIC).await;
    assert_eq!((first, last), (1, 3));
}

async fn control_is_never_purged(fixture: Fixture) {
    let running = start(&fixture);
    fixture.append(&created(project(), "physics")).await;
    fixture.append_all(served()).await;
    fixture.projected(4).await;
    fixture.put_clock_ahead(Duration::from_hours(1_000));
    purged(&fixture, 4).await;
    assert_eq!(identity(&fixture, StreamName::Control).await.first, 1);
    running.ready().await;
}

/// Nothing but the purge looks at its clock.
fn start(fixture: &Fixture) -> Running {
    let options = Options {
        sweep_every: Duration::from_hours(1),
        purge_every: Duration::from_millis(50),
        ..Fixture::options("a")
    };
    fixture.start_with(options, uplion_projections::all())
}

async fn purged(fixture: &Fixture, first: u64) {
    let purged = async || identity(fixture, TRAFFIC).await.first == first;
    wait::until(wait::PATIENCE, "the stream to be purged", purged).await.unwrap();
}

async fn identity(fixture: &Fixture, stream: StreamName) -> Identity {
    fixture.log.streams.identity(stream).await.unwrap()
}
