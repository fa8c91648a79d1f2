//! The sweeper: ends what nobody is left to end, and nothing else.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uplion_domain::{
    Envelope, EventId, Nanos, RequestId,
    request::{Accepted, Failure, Outcome, Settled, Writer},
    wire::Encoded,
};
use uplion_log_transport::stream::{Condition, StreamName};

use crate::{
    events::{accepted, assigned, served, settled},
    fixtures::Fixture,
};

crate::on_each!([
    an_abandoned_request_fails_uncharged_a_minute_after_its_deadline
    what_is_settled_is_never_swept
    two_sweepers_end_a_request_once
    nothing_is_swept_while_the_stream_is_not_archived
    under_traffic_that_never_stops_it_sweeps_all_the_same
    what_cannot_be_read_of_one_request_keeps_no_other_from_its_end
]);

/// Past the deadline of every request that there is, and its minute.
const LATER: Duration = Duration::from_secs(200);

async fn an_abandoned_request_fails_uncharged_a_minute_after_its_deadline(fixture: Fixture) {
    let running = fixture.start("a");
    let request = abandoned(&fixture).await;
    fixture.projected(2).await;
    fixture.put_clock_ahead(Duration::from_secs(90));
    fixture.looked().await;
    assert_eq!(fixture.archived(2).await.len(), 2, "past its deadline, but not by a minute");

    fixture.put_clock_ahead(LATER);
    fixture.projected(3).await;
    let ends = ends(&fixture, request.request).await;
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].outcome, Outcome::Failed(Failure::Unsettled));
    assert_eq!((ends[0].writer, ends[0].charge), (Writer::Sweeper, Nanos::ZERO));
    assert_eq!(ends[0].worker, Some(assigned(&request).worker));
    assert_eq!((ends[0].project, ends[0].hour), (request.project, request.hour));
    assert_eq!(ends[0].rates, request.price.rules[0].rates);
    let usage = fixture.usage().await;
    assert_eq!((usage.requests, usage.failed, usage.cost), (1, 1, Nanos::ZERO));

    fixture.looked().await;
    assert_eq!(fixture.archived(3).await.len(), 3, "swept once");
    running.ready().await;
}

async fn what_is_settled_is_never_swept(fixture: Fixture) {
    fixture.put_clock_ahead(LATER);
    fixture.append_all(served()).await;
    // Settled though its beginning never arrived, and before its beginning arrived.
    let early = accepted();
    fixture.append(&Envelope::settled(settled(&accepted(), Outcome::Completed))).await;
    fixture.append(&Envelope::settled(settled(&early, Outcome::Completed))).await;
    fixture.append(&Envelope::accepted(early)).await;
    let running = fixture.start("a");
    fixture.projected(6).await;
    fixture.looked().await;
    assert_eq!(fixture.archived(6).await.len(), 6);
    assert_eq!(fixture.usage().await.completed, 3);
    running.ready().await;
}

async fn two_sweepers_end_a_request_once(fixture: Fixture) {
    let request = abandoned(&fixture).await;
    fixture.put_clock_ahead(LATER);
    let both = [fixture.start("same"), fixture.start("same")];
    fixture.reached("requests", 3).await;
    fixture.looked().await;
    // Both may have written it: the first one counts.
    assert_eq!(ends(&fixture, request.request).await.len(), 1);
    for running in both {
        running.end().await;
    }
}

async fn nothing_is_swept_while_the_stream_is_not_archived(fixture: Fixture) {
    let running = fixture.start("a");
    abandoned(&fixture).await;
    fixture.projected(2).await;
    fixture.make_anew(StreamName::Traffic).await;
    running.in_trouble("run `uplion log epoch`").await;
    fixture.put_clock_ahead(LATER);
    fixture.looked().await;
    let identity = fixture.log.streams.identity(StreamName::Traffic).await.unwrap();
    assert_eq!(identity.last, 0, "its end may be among what was not archived");
}

async fn under_traffic_that_never_stops_it_sweeps_all_the_same(fixture: Fixture) {
    let options =
        uplion_projector::Options { sweep_every: Duration::from_secs(2), ..Fixture::options("a") };
    let running = fixture.start_with(options, uplion_projections::all());
    let request = abandoned(&fixture).await;
    fixture.put_clock_ahead(LATER);
    let enough = CancellationToken::new();
    let load = async {
        while !enough.is_cancelled() {
            fixture.append_all(served()).await;
        }
    };
    let swept = async {
        let ended = async || !ends(&fixture, request.request).await.is_empty();
        let patience = uplion_tests::wait::PATIENCE;
        let waited = uplion_tests::wait::until(patience, "the request to end", ended).await;
        enough.cancel();
        waited.unwrap();
    };
    tokio::join!(load, swept);
    running.ready().await;
}

async fn what_cannot_be_read_of_one_request_keeps_no_other_from_its_end(fixture: Fixture) {
    let running = fixture.start("a");
    let _unreadable = abandoned(&fixture).await;
    let other = abandoned(&fixture).await;
    // Under an id that is known it does not count, whatever it is.
    let again = Envelope::accepted(other.clone());
    let garbage = Encoded { payload: b"{".to_vec(), ..again.encode() };
    let subject = again.event.subject();
    fixture.log.streams.append(&subject, garbage, Condition::default()).await.unwrap();
    fixture.projected(5).await;
    fixture.by_hand("UPDATE archive SET kind = 'of.another.version' WHERE pos = 1").await;
    fixture.put_clock_ahead(LATER);
    fixture.archived(6).await;
    let end = fixture.store.archive.of_request(other.request).await.unwrap().pop().unwrap();
    assert_eq!((end.pos, end.event.id), (6, EventId::settled(other.request)));
    fixture.looked().await;
    fixture.archived(6).await;
    running.ready().await;
}

/// A request whose gateway and worker are gone.
async fn abandoned(fixture: &Fixture) -> Accepted {
    let request = accepted();
    fixture.append(&Envelope::accepted(request.clone())).await;
    fixture.append(&Envelope::assigned(assigned(&request))).await;
    request
}

/// Those that count.
async fn ends(fixture: &Fixture, request: RequestId) -> Vec<Settled> {
    let archived = fixture.store.archive.of_request(request).await.unwrap();
    let effective = archived.iter().filter(|archived| archived.effective);
    let events = effective.map(|it| Envelope::decode(&it.event).unwrap().event);
    events.filter_map(|event| event.as_settled().cloned()).collect()
}
