//! Ingest: everything comes into the archive once, in order, whatever becomes of the projectors.

use uplion_domain::{Envelope, EventId, request::Outcome};
use uplion_log_store::archive::Archived;
use uplion_log_transport::stream::StreamName;

use crate::{
    events::{accepted, created, project, served, settled},
    fixtures::Fixture,
};

crate::on_each!([
    what_is_appended_to_both_streams_is_archived_once_and_in_order
    a_second_projector_waits_for_the_first_to_end
    a_killed_projector_is_followed_by_another_once_its_lease_is_over
    a_projector_killed_in_the_middle_is_continued_without_a_gap
    two_projectors_at_once_archive_and_count_nothing_twice
    what_was_said_twice_is_archived_twice_and_counted_once
]);

async fn what_is_appended_to_both_streams_is_archived_once_and_in_order(fixture: Fixture) {
    let running = fixture.start("a");
    let traffic = append_requests(&fixture, 40);
    let control = async {
        let mut ids = Vec::new();
        for number in 0..60 {
            let event = created(project(), &format!("project {number}"));
            fixture.append(&event).await;
            ids.push(event.id);
        }
        ids
    };
    let (traffic, control) = tokio::join!(traffic, control);
    let archived = fixture.archived(180).await;
    assert!((1..).zip(&archived).all(|(pos, archived)| archived.pos == pos));
    assert!(archived.iter().all(|archived| archived.effective && archived.epoch == 1));
    assert_eq!(ids(&archived, StreamName::Traffic), traffic);
    assert_eq!(ids(&archived, StreamName::Control), control);
    running.ready().await;
}

async fn a_second_projector_waits_for_the_first_to_end(fixture: Fixture) {
    let first = fixture.start("a");
    first.working().await;
    let second = fixture.start("b");
    fixture.append_all(served()).await;
    fixture.projected(3).await;
    assert!(first.readiness.working() && !second.readiness.working());
    second.ready().await;
    first.end().await;
    second.working().await;
    fixture.append_all(served()).await;
    fixture.projected(6).await;
    assert_eq!(fixture.usage().await.requests, 2);
}

async fn a_killed_projector_is_followed_by_another_once_its_lease_is_over(fixture: Fixture) {
    let first = fixture.start("a");
    first.working().await;
    let second = fixture.start("b");
    first.kill().await;
    fixture.append_all(served()).await;
    second.working().await;
    fixture.projected(3).await;
    assert_eq!(fixture.usage().await.requests, 1);
}

async fn a_projector_killed_in_the_middle_is_continued_without_a_gap(fixture: Fixture) {
    let appended = append_requests(&fixture, 100);
    let killing = async {
        for events in [1, 60, 150] {
            let running = fixture.start("a");
            let head = async || fixture.store.archive.head().await.unwrap() >= events;
            uplion_tests::wait::until(uplion_tests::wait::PATIENCE, "some events", head)
                .await
                .unwrap();
            running.kill().await;
        }
    };
    let (appended, ()) = tokio::join!(appended, killing);
    let running = fixture.start("a");
    let archived = fixture.projected(300).await;
    assert_eq!(ids(&archived, StreamName::Traffic), appended);
    assert_eq!(fixture.usage().await.requests, 100);
    running.ready().await;
}

/// Under one name, each takes the lease from the other: what a paused process that wakes up is like.
async fn two_projectors_at_once_archive_and_count_nothing_twice(fixture: Fixture) {
    let both = [fixture.start("same"), fixture.start("same")];
    let appended = append_requests(&fixture, 200).await;
    let archived = fixture.projected(600).await;
    assert_eq!(ids(&archived, StreamName::Traffic), appended);
    assert_eq!(fixture.usage().await.requests, 200);
    let [one, other] = both;
    other.end().await;
    one.working().await;
    one.ready().await;
    fixture.append_all(served()).await;
    fixture.projected(603).await;
    for projection in uplion_projections::all() {
        assert_eq!(fixture.halted(projection.name()).await, None, "{}", projection.name());
    }
}

async fn what_was_said_twice_is_archived_twice_and_counted_once(fixture: Fixture) {
    let running = fixture.start("a");
    let request = accepted();
    let first = settled(&request, Outcome::Completed);
    let charge = first.charge;
    assert_ne!(charge, uplion_domain::Nanos::ZERO);
    let accepted = Envelope::accepted(request);
    let renamed = created(project(), "physics");
    let said = [accepted.clone(), Envelope::settled(first.clone()), renamed.clone()];
    fixture.append_all(said.clone()).await;
    fixture.projected(3).await;
    fixture.append_all(said).await;
    fixture.append(&Envelope::settled(first)).await;
    let archived = fixture.projected(7).await;
    let effective = archived.iter().filter(|archived| archived.effective);
    let effective: Vec<_> = effective.map(|archived| &archived.event.id).collect();
    assert_eq!(effective.len(), 3, "{effective:?}");
    let usage = fixture.usage().await;
    assert_eq!((usage.requests, usage.cost), (1, charge));
    running.ready().await;
}

async fn append_requests(fixture: &Fixture, requests: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    for _ in 0..requests {
        for event in served() {
            fixture.append(&event).await;
            ids.push(event.id);
        }
    }
    ids
}

/// Of a stream, in the order of its sequences, which must be that of the archive.
fn ids(archived: &[Archived], stream: StreamName) -> Vec<EventId> {
    let of_stream: Vec<_> = archived.iter().filter(|it| it.stream == stream).collect();
    assert!((1..).zip(&of_stream).all(|(sequence, archived)| archived.sequence == sequence));
    of_stream.into_iter().map(|archived| archived.event.id.clone()).collect()
}
