//! The sweeper: ends what nobody is left to end, and nothing else, whatever the clock of its machine says.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uplion_domain::{
    Envelope, EventId, Nanos, RequestId, Timestamp,
    request::{Accepted, Failure, Outcome, Settled, Writer},
    wire::Encoded,
};
use uplion_log_transport::stream::{Condition, StreamName};
use uplion_projector::Options;
use uplion_tests::wait;

use crate::{
    events::{accepted, assigned, served, settled},
    fixtures::{Fixture, Running, now},
};

crate::on_each!([
    an_abandoned_request_fails_uncharged_a_minute_after_its_deadline
    a_wrong_clock_sweeps_nothing_alive_and_leaves_nothing_overdue
    what_a_gateway_with_a_slow_clock_accepted_has_its_whole_span
    what_is_settled_is_never_swept
    two_sweepers_end_a_request_once
    nothing_is_swept_while_the_stream_is_not_archived
    under_traffic_that_never_stops_it_sweeps_all_the_same
    what_cannot_be_read_of_one_request_keeps_no_other_from_its_end
]);

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

async fn an_abandoned_request_fails_uncharged_a_minute_after_its_deadline(fixture: Fixture) {
    let running = fixture.start("a");
    let early = abandon(&fixture, due(-30 * SECOND, 0)).await;
    let request = abandon(&fixture, due(-120 * SECOND, 0)).await;
    fixture.projected(4).await;
    forget(&fixture).await;
    fixture.projected(5).await;
    let ended = ends(&fixture, request.request).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].outcome, Outcome::Failed(Failure::Unsettled));
    assert_eq!((ended[0].writer, ended[0].charge), (Writer::Sweeper, Nanos::ZERO));
    assert_eq!(ended[0].worker, Some(assigned(&request).worker));
    assert_eq!((ended[0].project, ended[0].hour), (request.project, request.hour));
    assert_eq!(ended[0].rates, request.price.rules[0].rates);
    let usage = fixture.usage().await;
    assert_eq!((usage.requests, usage.failed, usage.cost), (1, 1, Nanos::ZERO));

    abandon(&fixture, due(-120 * SECOND, 0)).await;
    fixture.projected(7).await;
    forget(&fixture).await;
    fixture.projected(8).await;
    assert_eq!(ends(&fixture, request.request).await.len(), 1, "swept once");
    assert_eq!(ends(&fixture, early.request).await, [], "past its deadline, but not by a minute");
    running.ready().await;
}

async fn a_wrong_clock_sweeps_nothing_alive_and_leaves_nothing_overdue(fixture: Fixture) {
    for shifted in [HOUR, -HOUR] {
        fixture.shift_clock(shifted);
        let running = start(&fixture, "a");
        let alive = abandon(&fixture, accepted()).await;
        looks_twice(&fixture).await;
        assert_eq!(ends(&fixture, alive.request).await, [], "{shifted}");
        running.ready().await;
        running.end().await;
    }
}

async fn what_a_gateway_with_a_slow_clock_accepted_has_its_whole_span(fixture: Fixture) {
    let running = start(&fixture, "a");
    let slow = abandon(&fixture, due(-HOUR, 60 * SECOND)).await;
    looks_twice(&fixture).await;
    assert_eq!(ends(&fixture, slow.request).await, []);
    // Of what the stream does not hold any more the span is over.
    forget(&fixture).await;
    swept(&fixture, &slow).await;
    running.ready().await;
}

async fn what_is_settled_is_never_swept(fixture: Fixture) {
    // As usual, though its beginning never arrived, and before its beginning arrived.
    // Not so late that their charge would not count.
    let late = || due(-30 * SECOND, 0);
    let (usual, early) = (late(), late());
    for envelope in [
        Envelope::accepted(usual.clone()),
        Envelope::assigned(assigned(&usual)),
        Envelope::settled(settled(&usual, Outcome::Completed)),
        Envelope::settled(settled(&late(), Outcome::Completed)),
        Envelope::settled(settled(&early, Outcome::Completed)),
        Envelope::accepted(early),
    ] {
        fixture.append(&envelope).await;
    }
    let running = start(&fixture, "a");
    fixture.projected(6).await;
    looks_twice(&fixture).await;
    assert_eq!(fixture.projected(12).await.len(), 12);
    assert_eq!((fixture.usage().await.completed, fixture.usage().await.failed), (3, 2));
    running.ready().await;
}

async fn two_sweepers_end_a_request_once(fixture: Fixture) {
    let request = abandon(&fixture, overdue()).await;
    let both = [start(&fixture, "same"), start(&fixture, "same")];
    swept(&fixture, &request).await;
    looks_twice(&fixture).await;
    // Both may have written it: the first one counts.
    assert_eq!(ends(&fixture, request.request).await.len(), 1);
    for running in both {
        running.end().await;
    }
}

async fn nothing_is_swept_while_the_stream_is_not_archived(fixture: Fixture) {
    let running = start(&fixture, "a");
    abandon(&fixture, due(-HOUR, 60 * SECOND)).await;
    fixture.projected(2).await;
    running.end().await;
    // Where its acceptance was lies nothing now, so that its deadline alone counts.
    fixture.make_anew(StreamName::Traffic).await;
    let running = start(&fixture, "a");
    running.in_trouble("run `uplion log epoch`").await;
    let last = async || fixture.log.streams.identity(StreamName::Traffic).await.unwrap().last;
    let written = wait::until(Duration::from_millis(500), "an end", async || last().await > 0);
    assert!(written.await.is_err(), "its end may be among what was not archived");
}

async fn under_traffic_that_never_stops_it_sweeps_all_the_same(fixture: Fixture) {
    let options = Options { sweep_every: Duration::from_secs(2), ..options("a") };
    let running = fixture.start_with(options, uplion_projections::all());
    let request = abandon(&fixture, overdue()).await;
    let enough = CancellationToken::new();
    let load = async {
        while !enough.is_cancelled() {
            fixture.append_all(served()).await;
        }
    };
    let sweeping = async {
        let ended = async || !ends(&fixture, request.request).await.is_empty();
        let waited = wait::until(wait::PATIENCE, "the request to end", ended).await;
        enough.cancel();
        waited.unwrap();
    };
    tokio::join!(load, sweeping);
    running.ready().await;
}

async fn what_cannot_be_read_of_one_request_keeps_no_other_from_its_end(fixture: Fixture) {
    let running = start(&fixture, "a");
    let _unreadable = abandon(&fixture, due(-HOUR, 60 * SECOND)).await;
    let other = abandon(&fixture, due(-HOUR, 60 * SECOND)).await;
    // Under an id that is known it does not count, whatever it is.
    let again = Envelope::accepted(other.clone());
    let kind = "uplion.request.accepted.v999".to_owned();
    let garbage = Encoded { kind, payload: b"{".to_vec(), ..again.encode() };
    let subject = again.event.subject();
    fixture.log.streams.append(&subject, garbage, Condition::default()).await.unwrap();
    fixture.projected(5).await;
    fixture.by_hand("UPDATE archive SET kind = 'of.another.version' WHERE pos = 1").await;
    forget(&fixture).await;
    fixture.archived(6).await;
    let end = fixture.store.archive.of_request(other.request).await.unwrap().pop().unwrap();
    assert_eq!((end.pos, end.event.id), (6, EventId::settled(other.request)));
    running.ready().await;
}

/// It waits for nothing beyond a deadline.
fn options(holder: &str) -> Options {
    Options { sweep_after: Duration::ZERO, ..Fixture::options(holder) }
}

fn start(fixture: &Fixture, holder: &str) -> Running {
    fixture.start_with(options(holder), uplion_projections::all())
}

/// Due so long from now, and accepted so long before that.
fn due(from_now: i64, span: i64) -> Accepted {
    let deadline = Timestamp::from_micros(now().micros() + from_now);
    Accepted { deadline, at: Timestamp::from_micros(deadline.micros() - span), ..accepted() }
}

fn overdue() -> Accepted {
    due(-600 * SECOND, 0)
}

/// Its gateway and worker are gone.
async fn abandon(fixture: &Fixture, request: Accepted) -> Accepted {
    fixture.append(&Envelope::accepted(request.clone())).await;
    fixture.append(&Envelope::assigned(assigned(&request))).await;
    request
}

/// Takes from TRAFFIC what is archived: as if all of it had come long ago.
async fn forget(fixture: &Fixture) {
    let traffic = StreamName::Traffic;
    let last = fixture.log.streams.identity(traffic).await.unwrap().last;
    fixture.log.streams.purge(traffic, last).await.unwrap();
}

/// What is overdue meanwhile is swept, and so would be what it takes for overdue.
async fn looks_twice(fixture: &Fixture) {
    for _ in 0..2 {
        let request = abandon(fixture, overdue()).await;
        swept(fixture, &request).await;
    }
}

async fn swept(fixture: &Fixture, request: &Accepted) {
    let ended = async || !ends(fixture, request.request).await.is_empty();
    wait::until(wait::PATIENCE, "a request to be swept", ended).await.unwrap();
}

/// Those that count.
async fn ends(fixture: &Fixture, request: RequestId) -> Vec<Settled> {
    let archived = fixture.store.archive.of_request(request).await.unwrap();
    let effective = archived.iter().filter(|archived| archived.effective);
    let events = effective.map(|it| Envelope::decode(&it.event).unwrap().event);
    events.filter_map(|event| event.as_settled().cloned()).collect()
}
