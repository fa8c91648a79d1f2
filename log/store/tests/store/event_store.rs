//! The event store: of those who decided on the same version one wins, positions have no gaps, a command is done once.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::timeout;
use uplion_domain::{EventId, subject::Subject};
use uplion_log_store::{
    Store,
    event_store::{Commit, CommitError, Committed, Idempotency, Scope, Uniqueness},
};

use crate::events::{commit, created, idempotency, of, project, renamed};

const LATE: Duration = Duration::from_secs(20);

crate::on_each!([
    what_is_committed_is_read_back_as_it_was
    of_fifty_that_decided_on_one_version_one_wins
    positions_are_dense_and_in_commit_order_however_many_write
    a_value_is_held_by_one_and_free_once_released
    a_name_is_held_however_it_is_written
    what_somebody_must_hold_is_not_given_up_by_the_last
    of_many_that_claim_a_value_one_gets_it
    a_refused_commit_leaves_nothing_behind
    a_command_said_again_is_answered_and_not_done_again
    a_command_said_again_by_many_at_once_is_done_once
    a_key_for_another_command_is_refused
    what_somebody_else_did_under_the_same_key_is_nobody_elses_answer
    a_key_is_as_good_as_new_after_a_while
    a_commit_without_events_is_a_commit
    whoever_waits_for_a_commit_is_woken
    what_control_holds_and_the_store_lost_is_taken_in_before_what_was_never_published
    taking_in_what_is_known_changes_nothing
]);

async fn what_is_committed_is_read_back_as_it_was(store: Store) {
    let (one, other) = (project(), project());
    let first = vec![created(one, "a"), renamed(one, "b")];
    let committed = store.events.commit(commit(one, 0, first.clone())).await.unwrap();
    assert_eq!(committed, Committed { position: 2, version: 2 });
    store.events.commit(commit(other, 0, vec![created(other, "c")])).await.unwrap();
    let last = renamed(one, "ü");
    store.events.commit(commit(one, 2, vec![last.clone()])).await.unwrap();

    let history = store.events.history(&of(one)).await.unwrap();
    let events: Vec<_> = history.iter().map(|stored| stored.event.clone()).collect();
    assert_eq!(events, [first.clone(), vec![last.clone()]].concat());
    let places: Vec<_> = history.iter().map(|stored| (stored.position, stored.version)).collect();
    assert_eq!(places, [(1, 1), (2, 2), (4, 3)]);
    assert!(history.iter().all(|stored| stored.subject == Subject::Control(of(one))));

    let after = store.events.after(1, 2).await.unwrap();
    assert_eq!(after.iter().map(|stored| stored.position).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(store.events.position_of(&last.id).await.unwrap(), Some(4));
    assert_eq!(store.events.position_of(&EventId::known("evt_none")).await.unwrap(), None);
    assert_eq!(store.events.head().await.unwrap(), 4);
    assert_eq!(store.events.history(&of(project())).await.unwrap(), []);
}

async fn of_fifty_that_decided_on_one_version_one_wins(store: Store) {
    let project = project();
    for version in 0..5 {
        let attempts = (0..50).map(|_| {
            let events = store.events.clone();
            let commit = commit(project, version, vec![renamed(project, "a")]);
            tokio::spawn(async move { events.commit(commit).await })
        });
        let outcomes = futures::future::join_all(attempts).await;
        let mut won = 0;
        for outcome in outcomes {
            match outcome.unwrap() {
                Ok(committed) => {
                    assert_eq!(committed.version, version + 1);
                    won += 1;
                }
                Err(CommitError::Conflict { current }) => assert_eq!(current, version + 1),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    }
    assert_eq!(store.events.head().await.unwrap(), 5);
}

async fn positions_are_dense_and_in_commit_order_however_many_write(store: Store) {
    const WRITERS: u64 = 20;
    const EACH: u64 = 10;
    let reader = {
        let events = Arc::clone(&store.events);
        // Whoever follows by position must never meet a gap that is filled later.
        tokio::spawn(async move {
            let mut seen = 0;
            while seen < WRITERS * EACH {
                events.changed(seen, 100).await.unwrap();
                for stored in events.after(seen, 7).await.unwrap() {
                    assert_eq!(stored.position, seen + 1);
                    seen = stored.position;
                }
            }
        })
    };
    let writers = (0..WRITERS).map(|_| {
        let events = store.events.clone();
        tokio::spawn(async move {
            let project = project();
            for version in 0..EACH {
                events.commit(commit(project, version, vec![renamed(project, "a")])).await.unwrap();
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    timeout(LATE, reader).await.unwrap().unwrap();
}

fn claim(value: &str) -> Uniqueness {
    Uniqueness::Claim { scope: Scope::ProjectName, value: value.into() }
}

fn release(value: &str) -> Uniqueness {
    Uniqueness::Release { scope: Scope::ProjectName, value: value.into() }
}

fn claiming(commit: Commit, claims: Vec<Uniqueness>) -> Commit {
    Commit { claims, ..commit }
}

async fn a_value_is_held_by_one_and_free_once_released(store: Store) {
    let (one, other) = (project(), project());
    let create = |project| commit(project, 0, vec![created(project, "a")]);
    store.events.commit(claiming(create(one), vec![claim("a")])).await.unwrap();
    let taken = store.events.commit(claiming(create(other), vec![claim("a")])).await;
    let Err(CommitError::Taken { scope: Scope::ProjectName, value }) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(value, "a");
    assert_eq!(store.events.holder(Scope::ProjectName, "a").await.unwrap(), Some(of(one)));
    assert_eq!(store.events.holder(Scope::ModelName, "a").await.unwrap(), None);

    // Its own claim again is no conflict, and nobody frees what another one holds.
    let again = commit(one, 1, vec![renamed(one, "a")]);
    store.events.commit(claiming(again, vec![release("a"), claim("a")])).await.unwrap();
    store.events.commit(claiming(create(other), vec![release("a")])).await.unwrap();
    assert_eq!(store.events.holder(Scope::ProjectName, "a").await.unwrap(), Some(of(one)));

    let free = commit(one, 2, vec![renamed(one, "b")]);
    store.events.commit(claiming(free, vec![release("a"), claim("b")])).await.unwrap();
    let take = commit(other, 1, vec![renamed(other, "a")]);
    store.events.commit(claiming(take, vec![claim("a")])).await.unwrap();
    assert_eq!(store.events.holder(Scope::ProjectName, "a").await.unwrap(), Some(of(other)));
}

async fn a_name_is_held_however_it_is_written(store: Store) {
    let (one, other) = (project(), project());
    let create = |project| commit(project, 0, vec![created(project, "Straße")]);
    store.events.commit(claiming(create(one), vec![claim("Straße")])).await.unwrap();
    let taken = store.events.commit(claiming(create(other), vec![claim(" STRASSE")])).await;
    let Err(CommitError::Taken { scope: Scope::ProjectName, value }) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(value, " STRASSE", "it is told as it was written");
    assert_eq!(store.events.holder(Scope::ProjectName, "strasse").await.unwrap(), Some(of(one)));
    let free = commit(one, 1, vec![renamed(one, "b")]);
    store.events.commit(claiming(free, vec![release("STRASSE"), claim("b")])).await.unwrap();
    assert_eq!(store.events.holder(Scope::ProjectName, "Straße").await.unwrap(), None);
}

async fn what_somebody_must_hold_is_not_given_up_by_the_last(store: Store) {
    let scope = Scope::Administrator;
    let (one, other) = (project(), project());
    let held = |value: &str| Uniqueness::Claim { scope, value: value.to_owned() };
    let given_up = |value: &str| Uniqueness::ReleaseUnlessLast { scope, value: value.to_owned() };
    let create = |project| commit(project, 0, vec![created(project, "a")]);
    store.events.commit(claiming(create(one), vec![held("one")])).await.unwrap();
    let leave = |project, value| {
        claiming(commit(project, 1, vec![renamed(project, "b")]), vec![given_up(value)])
    };
    let last = store.events.commit(leave(one, "one")).await;
    assert!(matches!(last, Err(CommitError::Last { .. })), "{last:?}");
    assert_eq!(store.events.holder(scope, "one").await.unwrap(), Some(of(one)));
    store.events.commit(claiming(create(other), vec![held("other")])).await.unwrap();
    let both = [(one, "one"), (other, "other")].map(|(project, value)| {
        let (events, commit) = (store.events.clone(), leave(project, value));
        tokio::spawn(async move { events.commit(commit).await.is_ok() })
    });
    let [first, second] = both;
    let left = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(left.iter().filter(|left| **left).count(), 1, "one of them stays");
}

async fn of_many_that_claim_a_value_one_gets_it(store: Store) {
    let attempts = (0..20).map(|_| {
        let events = store.events.clone();
        tokio::spawn(async move {
            let project = project();
            let create = commit(project, 0, vec![created(project, "a")]);
            events.commit(claiming(create, vec![claim("a")])).await.is_ok()
        })
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    assert_eq!(store.events.head().await.unwrap(), 1);
}

async fn a_refused_commit_leaves_nothing_behind(store: Store) {
    let (one, other) = (project(), project());
    let create = commit(one, 0, vec![created(one, "a")]);
    store.events.commit(claiming(create, vec![claim("a")])).await.unwrap();
    let refused = Commit {
        claims: vec![claim("b"), claim("a")],
        idempotency: Some(idempotency("k", "f", "{}")),
        ..commit(other, 0, vec![created(other, "b")])
    };
    store.events.commit(refused).await.unwrap_err();
    assert_eq!(store.events.holder(Scope::ProjectName, "b").await.unwrap(), None);
    assert_eq!(store.events.history(&of(other)).await.unwrap(), []);
    let retried = Commit {
        idempotency: Some(idempotency("k", "another command", "{}")),
        ..commit(other, 0, vec![created(other, "b")])
    };
    store.events.commit(retried).await.unwrap();
}

async fn a_command_said_again_is_answered_and_not_done_again(store: Store) {
    let project = project();
    let command = || Commit {
        idempotency: Some(idempotency("k", "f", "the answer")),
        ..commit(project, 0, vec![created(project, "a")])
    };
    store.events.commit(command()).await.unwrap();
    store.events.commit(commit(project, 1, vec![renamed(project, "b")])).await.unwrap();
    // Recognised before its version is looked at, which is an old one by now.
    let again = store.events.commit(command()).await;
    let Err(CommitError::Repeated { answer, position }) = again else { panic!("{again:?}") };
    assert_eq!((answer.as_str(), position), ("the answer", 1));
    assert_eq!(store.events.head().await.unwrap(), 2);
}

async fn a_command_said_again_by_many_at_once_is_done_once(store: Store) {
    let attempts = (0..20).map(|_| {
        let events = store.events.clone();
        tokio::spawn(async move {
            let project = project();
            let command = Commit {
                idempotency: Some(idempotency("k", "f", "{}")),
                ..commit(project, 0, vec![created(project, "a")])
            };
            events.commit(command).await
        })
    });
    let outcomes = futures::future::join_all(attempts).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    let repeated = |outcome: &Result<_, _>| matches!(outcome, Err(CommitError::Repeated { .. }));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| repeated(outcome)).count(), 19);
}

async fn a_key_for_another_command_is_refused(store: Store) {
    let project = project();
    let command = |fingerprint: &str, version| Commit {
        idempotency: Some(idempotency("k", fingerprint, "{}")),
        ..commit(project, version, vec![renamed(project, "a")])
    };
    store.events.commit(command("f", 0)).await.unwrap();
    let reused = store.events.commit(command("g", 1)).await;
    assert!(matches!(reused, Err(CommitError::KeyReused)), "{reused:?}");
}

async fn what_somebody_else_did_under_the_same_key_is_nobody_elses_answer(store: Store) {
    let project = project();
    let command = |actor: &str, fingerprint: &str, version| Commit {
        idempotency: Some(Idempotency {
            actor: actor.into(),
            ..idempotency("k", fingerprint, actor)
        }),
        ..commit(project, version, vec![renamed(project, "a")])
    };
    store.events.commit(command("usr_1", "f", 0)).await.unwrap();
    store.events.commit(command("usr_2", "f", 1)).await.unwrap();
    store.events.commit(command("adk_1", "g", 2)).await.unwrap();
    for (actor, fingerprint) in [("usr_1", "f"), ("usr_2", "f"), ("adk_1", "g")] {
        let again = store.events.commit(command(actor, fingerprint, 7)).await;
        let Err(CommitError::Repeated { answer, .. }) = again else { panic!("{again:?}") };
        assert_eq!(answer, actor);
    }
}

async fn a_key_is_as_good_as_new_after_a_while(store: Store) {
    const DAY: Duration = Duration::from_hours(24);
    let project = project();
    let command = |fingerprint: &str, version, kept| Commit {
        idempotency: Some(Idempotency { kept, ..idempotency("k", fingerprint, "{}") }),
        ..commit(project, version, vec![renamed(project, "a")])
    };
    store.events.commit(command("f", 0, DAY)).await.unwrap();
    store.events.commit(command("g", 1, Duration::ZERO)).await.unwrap();
    let again = store.events.commit(command("g", 1, DAY)).await;
    assert!(matches!(again, Err(CommitError::Repeated { position: 2, .. })), "{again:?}");
}

async fn a_commit_without_events_is_a_commit(store: Store) {
    let project = project();
    store.events.commit(commit(project, 0, vec![created(project, "a")])).await.unwrap();
    let nothing = Commit {
        idempotency: Some(idempotency("k", "f", "nothing happened")),
        ..commit(project, 1, vec![])
    };
    let committed = store.events.commit(nothing.clone()).await.unwrap();
    assert_eq!(committed, Committed { position: 1, version: 1 });
    let again = store.events.commit(nothing).await;
    assert!(matches!(again, Err(CommitError::Repeated { position: 1, .. })), "{again:?}");
}

async fn whoever_waits_for_a_commit_is_woken(store: Store) {
    timeout(LATE, store.events.changed(0, 1)).await.unwrap().unwrap();
    let waiting = {
        let events = Arc::clone(&store.events);
        tokio::spawn(async move { events.changed(0, 60_000).await })
    };
    let project = project();
    store.events.commit(commit(project, 0, vec![created(project, "a")])).await.unwrap();
    timeout(LATE, waiting).await.unwrap().unwrap().unwrap();
    // Already so.
    timeout(LATE, store.events.changed(0, 60_000)).await.unwrap().unwrap();
}

async fn what_control_holds_and_the_store_lost_is_taken_in_before_what_was_never_published(
    store: Store,
) {
    let (kept, lost, new) = (project(), project(), project());
    let subject = |project| Subject::Control(of(project));
    let kept_event = created(kept, "kept");
    store.events.commit(commit(kept, 0, vec![kept_event.clone()])).await.unwrap();
    // Never published: the store went back in time, and then went on by itself.
    let meanwhile = renamed(kept, "meanwhile");
    store.events.commit(commit(kept, 1, vec![meanwhile.clone()])).await.unwrap();
    let done = Commit {
        idempotency: Some(idempotency("k", "f", "{}")),
        ..commit(new, 0, vec![created(new, "new")])
    };
    store.events.commit(done.clone()).await.unwrap();

    let control = [
        (subject(kept), kept_event.clone()),
        (subject(lost), created(lost, "lost")),
        (subject(kept), renamed(kept, "renamed")),
        (subject(lost), renamed(lost, "lost and found")),
    ];
    assert_eq!(store.events.import(&control).await.unwrap(), 3);

    let all = store.events.after(0, 100).await.unwrap();
    assert_eq!(all.iter().map(|stored| stored.position).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let ids: Vec<_> = all.iter().map(|stored| &stored.event.id).collect();
    let expected: Vec<_> = control.iter().map(|(_, event)| &event.id).collect();
    assert_eq!(ids[..4], expected);
    assert_eq!(ids[4], &meanwhile.id);
    let history = store.events.history(&of(kept)).await.unwrap();
    let versions: Vec<_> = history.iter().map(|stored| (stored.version, stored.position)).collect();
    assert_eq!(versions, [(1, 1), (2, 3), (3, 5)]);
    let holder = store.events.holder(Scope::ProjectName, "lost and found").await.unwrap();
    assert_eq!(holder, Some(of(lost)));
    let again = store.events.commit(done).await;
    assert!(matches!(again, Err(CommitError::Repeated { position: 6, .. })), "{again:?}");
}

async fn taking_in_what_is_known_changes_nothing(store: Store) {
    let project = project();
    let events: Vec<_> = (0..3).map(|_| renamed(project, "a")).collect();
    store.events.commit(commit(project, 0, events.clone())).await.unwrap();
    let before = store.events.after(0, 10).await.unwrap();
    let control: Vec<_> =
        events.into_iter().map(|event| (Subject::Control(of(project)), event)).collect();
    assert_eq!(store.events.import(&control).await.unwrap(), 0);
    assert_eq!(store.events.after(0, 10).await.unwrap(), before);
    let ids: HashSet<_> = before.iter().map(|stored| stored.event.id.clone()).collect();
    assert_eq!(ids.len(), 3);
}
