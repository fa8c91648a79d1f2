//! Projections: they say what the log says, and one that cannot go on stops alone.

use uplion_domain::{
    Envelope, EventId, Nanos,
    request::{Cancelled, Failure, Outcome},
    wire::Encoded,
};
use uplion_log_store::rows::{AdvanceError, Copy, Projected};
use uplion_log_transport::stream::Condition;
use uplion_projections::{
    Projection, models::Models, projects::Projects, requests::Requests, usage_by_hour::UsageByHour,
};
use uplion_projector::{rebuild, verify};
use uplion_tests::wait;
use uuid::Uuid;

use crate::{
    events::{accepted, created, project, served, settled},
    fixtures::{Fixture, Running},
};

crate::on_each!([
    usage_is_the_sum_of_what_settled
    a_batch_that_is_delivered_again_is_refused
    a_projection_that_another_projector_moved_goes_on_from_there_and_is_not_halted
    a_row_that_cannot_be_folded_halts_its_projection_alone_until_it_is_rebuilt
    a_lost_table_halts_its_projection_alone_until_it_is_rebuilt
    an_event_of_a_later_version_halts_those_alone_that_would_have_to_know_it
    a_projector_that_takes_over_is_not_ready_while_a_projection_is_halted
]);

async fn usage_is_the_sum_of_what_settled(fixture: Fixture) {
    let running = fixture.start("a");
    let outcomes = [
        Outcome::Completed,
        Outcome::Cancelled(Cancelled::ClientGone),
        Outcome::Failed(Failure::WorkerSilent),
    ];
    let all: Vec<_> = outcomes.map(|outcome| settled(&accepted(), outcome)).into();
    fixture.append_all(all.iter().cloned().map(Envelope::settled)).await;
    fixture.append(&Envelope::accepted(accepted())).await;
    fixture.projected(4).await;
    let usage = fixture.usage().await;
    let charged: Nanos = all.iter().map(|settled| settled.charge).sum();
    assert_eq!((usage.requests, usage.completed, usage.cancelled, usage.failed), (3, 1, 1, 1));
    assert_eq!((usage.cost, usage.prompt_tokens), (charged, 200));
    running.ready().await;
}

async fn a_projection_that_another_projector_moved_goes_on_from_there_and_is_not_halted(
    fixture: Fixture,
) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    let moved =
        fixture.store.rows.advance(projected(&Models), Copy::Live, 3, 4, &[], Box::new(Some));
    moved.await.unwrap();
    fixture.append_all(served()).await;
    let reached = async || {
        assert_eq!(running.readiness.ready(), Ok(()));
        let checkpoint = fixture.store.rows.checkpoint(Models.name(), Copy::Live).await.unwrap();
        checkpoint.unwrap().pos == 6
    };
    wait::until(wait::PATIENCE, "the projection to catch up", reached).await.unwrap();
    assert_eq!(fixture.halted(Models.name()).await, None);
}

async fn a_batch_that_is_delivered_again_is_refused(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    let again = fixture
        .store
        .rows
        .advance(projected(&UsageByHour), Copy::Live, 0, 3, &[], Box::new(Some))
        .await;
    assert!(matches!(again, Err(AdvanceError::Moved(_))), "{again:?}");
    running.ready().await;
}

async fn a_row_that_cannot_be_folded_halts_its_projection_alone_until_it_is_rebuilt(
    fixture: Fixture,
) {
    let running = fixture.start("a");
    break_requests(&fixture, &running).await;
    fixture.append_all(served()).await;
    fixture.reached(UsageByHour.name(), 5).await;
    fixture.append(&created(project(), "physics")).await;
    fixture.reached(Projects.name(), 6).await;
    assert_eq!(fixture.usage().await.requests, 2);
    assert_eq!(fixture.halted(UsageByHour.name()).await, None);
    assert!(running.readiness.ready().unwrap_err().lines().count() == 1);
    mend(&fixture, &running, &Requests, 6).await;
}

async fn a_lost_table_halts_its_projection_alone_until_it_is_rebuilt(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    let version = UsageByHour.version();
    fixture.lose(&format!("usage_by_hour_v{version}_a")).await;
    fixture.append_all(served()).await;
    running.in_trouble("projection usage_by_hour").await;
    fixture.reached(Requests.name(), 6).await;
    assert_eq!(fixture.halted(Requests.name()).await, None);
    mend(&fixture, &running, &UsageByHour, 6).await;
    assert_eq!(fixture.usage().await.requests, 2);
}

async fn an_event_of_a_later_version_halts_those_alone_that_would_have_to_know_it(
    fixture: Fixture,
) {
    let running = fixture.start("a");
    let known = created(project(), "physics");
    fixture.append(&known).await;
    fixture.projected(1).await;
    let kind = "uplion.project.archived.v9".to_owned();
    let id = EventId::fresh(Uuid::now_v7());
    let unread = Encoded { id, kind, payload: b"{}".to_vec(), ..known.encode() };
    let subject = known.event.subject();
    fixture.log.streams.append(&subject, unread, Condition::default()).await.unwrap();
    fixture.append_all(served()).await;
    fixture.reached(UsageByHour.name(), 5).await;
    fixture.reached(Requests.name(), 5).await;
    assert_eq!(fixture.usage().await.requests, 1);
    running.in_trouble("projection projects").await;
    running.in_trouble("projection members").await;
    let trouble = running.readiness.ready().unwrap_err();
    assert!(
        trouble.contains("uplion.project.archived.v9") && trouble.contains("upgrade"),
        "{trouble}"
    );
    assert_eq!(trouble.lines().count(), 2, "{trouble}");
}

async fn a_projector_that_takes_over_is_not_ready_while_a_projection_is_halted(fixture: Fixture) {
    let first = fixture.start("a");
    break_requests(&fixture, &first).await;
    let second = fixture.start("b");
    second.ready().await;
    let readiness = first.readiness.clone();
    first.end().await;
    assert_eq!(readiness.ready(), Ok(()), "what is halted is the other's to tell");
    second.in_trouble("projection requests").await;
    mend(&fixture, &second, &Requests, 2).await;
}

fn projected(projection: &dyn Projection) -> Projected {
    let (name, version) = (projection.name(), projection.version());
    Projected { name, version, table: projection.table() }
}

/// Of an accepted request the row is changed by hand, so that what comes next cannot be folded.
async fn break_requests(fixture: &Fixture, running: &Running) {
    let request = accepted();
    fixture.append(&Envelope::accepted(request.clone())).await;
    fixture.projected(1).await;
    let version = Requests.version();
    fixture.by_hand(&format!("UPDATE requests_v{version}_a SET project = 'nonsense'")).await;
    fixture.append(&Envelope::settled(settled(&request, Outcome::Completed))).await;
    running.in_trouble("projection requests").await;
    let recorded = async || fixture.halted(Requests.name()).await.is_some();
    let patience = wait::PATIENCE;
    wait::until(patience, "the halt to be recorded", recorded).await.unwrap();
}

/// A rebuild sets it going again, and then it says what the log says.
async fn mend(
    fixture: &Fixture,
    running: &Running,
    projection: &'static dyn Projection,
    events: u64,
) {
    rebuild(projection, &fixture.store, || ()).await.unwrap();
    fixture.projected(events).await;
    running.ready().await;
    assert_eq!(fixture.halted(projection.name()).await, None);
    let verdict = verify(projection, &fixture.store, || ()).await.unwrap();
    assert_eq!((verdict.pos, verdict.differing), (events, vec![]));
}
