//! Rebuilds: the old copy serves until the new one is its equal, and what was changed by hand is found.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;
use uplion_log_store::rows::Copy;
use uplion_projections::{Projection, usage_by_hour::UsageByHour};
use uplion_projector::{rebuild, verify};

use crate::{events::served, fixtures::Fixture};

crate::on_each!([
    a_rebuild_under_load_takes_the_live_copys_place_and_loses_nothing
    a_row_that_was_changed_by_hand_is_found_and_mended
    what_is_verified_under_load_is_found_equal
    rebuilds_at_once_take_turns_and_each_comes_to_its_end
    a_rebuild_that_was_killed_is_gone_on_with_by_the_next
]);

async fn a_rebuild_under_load_takes_the_live_copys_place_and_loses_nothing(fixture: Fixture) {
    let running = fixture.start("a");
    under_load(&fixture, async |served| {
        for projection in uplion_projections::all() {
            rebuild(*projection, &fixture.store, || ()).await.unwrap();
            let known = served.load(Ordering::SeqCst);
            fixture.reached(UsageByHour.name(), known * 3).await;
            assert!(fixture.usage().await.requests >= known);
        }
    })
    .await;
    for projection in uplion_projections::all() {
        assert_eq!(differing(&fixture, *projection).await, 0, "{}", projection.name());
        assert_eq!(fixture.halted(projection.name()).await, None);
    }
    running.ready().await;
}

async fn what_is_verified_under_load_is_found_equal(fixture: Fixture) {
    let running = fixture.start("a");
    under_load(&fixture, async |_| {
        for projection in uplion_projections::all() {
            assert_eq!(differing(&fixture, *projection).await, 0, "{}", projection.name());
        }
    })
    .await;
    running.ready().await;
}

async fn a_row_that_was_changed_by_hand_is_found_and_mended(fixture: Fixture) {
    let running = fixture.start("a");
    fixture.append_all(served()).await;
    fixture.append_all(served()).await;
    fixture.projected(6).await;
    for projection in uplion_projections::all() {
        assert_eq!(differing(&fixture, *projection).await, 0, "{}", projection.name());
    }
    let copy = |letter: &str| format!("usage_by_hour_v{}_{letter}", UsageByHour.version());
    let (first, second) = (copy("a"), copy("b"));
    let changed = format!(
        "UPDATE {first} SET cost_nanos = cost_nanos + 1 WHERE project = (SELECT min(project) FROM {first})"
    );
    fixture.by_hand(&changed).await;
    assert_eq!(differing(&fixture, &UsageByHour).await, 1);
    rebuild(&UsageByHour, &fixture.store, || ()).await.unwrap();
    assert_eq!(differing(&fixture, &UsageByHour).await, 0);
    fixture.by_hand(&format!("DELETE FROM {second}")).await;
    assert_eq!(differing(&fixture, &UsageByHour).await, 2);
    running.ready().await;
}

async fn rebuilds_at_once_take_turns_and_each_comes_to_its_end(fixture: Fixture) {
    let running = fixture.start("a");
    let waited = AtomicU64::new(0);
    let waits = || {
        waited.fetch_add(1, Ordering::SeqCst);
    };
    under_load(&fixture, async |_| {
        for projection in uplion_projections::all() {
            let (first, second, compared) = tokio::join!(
                rebuild(*projection, &fixture.store, waits),
                rebuild(*projection, &fixture.store, waits),
                verify(*projection, &fixture.store, waits),
            );
            let name = projection.name();
            assert!(first.is_ok() && second.is_ok(), "{name}: {first:?}, {second:?}");
            assert_eq!(compared.unwrap().differing, Vec::<Vec<_>>::new(), "{name}");
        }
    })
    .await;
    assert!(waited.into_inner() > 0, "nobody had to wait");
    for projection in uplion_projections::all() {
        assert_eq!(differing(&fixture, *projection).await, 0, "{}", projection.name());
        assert_eq!(fixture.halted(projection.name()).await, None);
    }
    running.ready().await;
}

async fn a_rebuild_that_was_killed_is_gone_on_with_by_the_next(fixture: Fixture) {
    let running = fixture.start("a");
    for _ in 0..50 {
        fixture.append_all(served()).await;
    }
    fixture.projected(150).await;
    while !was_killed_in_the_middle(&fixture).await {}
    let waited = AtomicU64::new(0);
    let waits = || {
        waited.fetch_add(1, Ordering::SeqCst);
    };
    rebuild(&UsageByHour, &fixture.store, waits).await.unwrap();
    assert_eq!(waited.into_inner(), 1, "its turn ends a while after it");
    assert_eq!(differing(&fixture, &UsageByHour).await, 0);
    assert_eq!(fixture.usage().await.requests, 50);
    running.ready().await;
}

/// Begins a rebuild and ends it as soon as its copy is there; false if it was quicker.
async fn was_killed_in_the_middle(fixture: &Fixture) -> bool {
    let store = fixture.store.clone();
    let rebuilding = tokio::spawn(async move { rebuild(&UsageByHour, &store, || ()).await });
    let rows = &fixture.store.rows;
    while !rebuilding.is_finished() {
        if rows.checkpoint(UsageByHour.name(), Copy::Rebuild).await.unwrap().is_some() {
            rebuilding.abort();
            break;
        }
    }
    rebuilding.await.is_err()
}

async fn differing(fixture: &Fixture, projection: &'static dyn Projection) -> usize {
    verify(projection, &fixture.store, || ()).await.unwrap().differing.len()
}

/// Requests come while `act` acts, which is told how many; afterwards each is counted once.
async fn under_load(fixture: &Fixture, act: impl AsyncFnOnce(&AtomicU64)) {
    let requests = AtomicU64::new(0);
    fixture.append_all(served()).await;
    requests.fetch_add(1, Ordering::SeqCst);
    fixture.projected(3).await;
    let enough = CancellationToken::new();
    let load = async {
        // No faster than it is archived: what is done meanwhile may take long, and the stream holds so much.
        while !enough.is_cancelled() {
            for _ in 0..5 {
                fixture.append_all(served()).await;
                requests.fetch_add(1, Ordering::SeqCst);
            }
            fixture.reached(UsageByHour.name(), requests.load(Ordering::SeqCst) * 3).await;
        }
    };
    let acting = async {
        act(&requests).await;
        enough.cancel();
    };
    tokio::join!(load, acting);
    let requests = requests.into_inner();
    fixture.projected(requests * 3).await;
    assert_eq!(fixture.usage().await.requests, requests);
}
