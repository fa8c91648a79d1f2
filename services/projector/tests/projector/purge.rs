//! The purge: what is archived leaves the stream after a while, and what is not stays.

use std::time::Duration;

use uplion_log_transport::stream::{Identity, StreamName};
use uplion_projector::Options;
use uplion_tests::wait;

use crate::{
    events::{created, project, served},
    ground::{Ground, Running},
};

const TRAFFIC: StreamName = StreamName::Traffic;

crate::on_each!([
    what_has_been_archived_for_a_day_leaves_the_stream_and_is_still_in_the_archive
    what_was_archived_lately_stays_on_the_stream
    what_is_not_archived_stays_on_the_stream_however_old
    control_is_never_purged
]);

async fn what_has_been_archived_for_a_day_leaves_the_stream_and_is_still_in_the_archive(
    ground: Ground,
) {
    let running = start(&ground);
    ground.append_all(served()).await;
    let archived = ground.projected(3).await;
    ground.put_clock_ahead(Duration::from_hours(25));
    purged(&ground, 4).await;
    assert_eq!(ground.archived(3).await, archived);
    ground.append_all(served()).await;
    ground.projected(6).await;
    assert_eq!(ground.usage().await.requests, 2);
    purged(&ground, 7).await;
    running.ready().await;
    running.end().await;

    let running = start(&ground);
    ground.append_all(served()).await;
    ground.projected(9).await;
    running.ready().await;
}

async fn what_was_archived_lately_stays_on_the_stream(ground: Ground) {
    let running = start(&ground);
    ground.append_all(served()).await;
    ground.projected(3).await;
    ground.put_clock_ahead(Duration::from_hours(23));
    ground.looked().await;
    assert_eq!(identity(&ground, TRAFFIC).await.first, 1);
    running.ready().await;
}

async fn what_is_not_archived_stays_on_the_stream_however_old(ground: Ground) {
    let running = start(&ground);
    ground.append_all(served()).await;
    ground.append_all(served()).await;
    ground.projected(6).await;
    running.end().await;
    // Its sequences are those of events that are archived, but it is another stream.
    ground.make_anew(TRAFFIC).await;
    ground.append_all(served()).await;
    let running = start(&ground);
    running.in_trouble("run `uplion log epoch`").await;
    ground.put_clock_ahead(Duration::from_hours(1_000));
    ground.looked().await;
    let Identity { first, last, .. } = identity(&ground, TRAFFIC).await;
    assert_eq!((first, last), (1, 3));
}

async fn control_is_never_purged(ground: Ground) {
    let running = start(&ground);
    ground.append(&created(project(), "physics")).await;
    ground.append_all(served()).await;
    ground.projected(4).await;
    ground.put_clock_ahead(Duration::from_hours(1_000));
    purged(&ground, 4).await;
    assert_eq!(identity(&ground, StreamName::Control).await.first, 1);
    running.ready().await;
}

/// Nothing but the purge looks at its clock.
fn start(ground: &Ground) -> Running {
    let options = Options {
        sweep_every: Duration::from_hours(1),
        purge_every: Duration::from_millis(50),
        ..Ground::options("a")
    };
    ground.start_with(options, uplion_projections::all())
}

async fn purged(ground: &Ground, first: u64) {
    let purged = async || identity(ground, TRAFFIC).await.first == first;
    wait::until(wait::PATIENCE, "the stream to be purged", purged).await.unwrap();
}

async fn identity(ground: &Ground, stream: StreamName) -> Identity {
    ground.log.streams.identity(stream).await.unwrap()
}
