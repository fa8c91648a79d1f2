//! Rebuilds: the old copy serves until the new one is its equal, and what was changed by hand is found.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;
use uplion_projections::{Projection, usage_by_hour::UsageByHour};
use uplion_projector::{rebuild, verify};

use crate::{events::served, fixtures::Fixture};

crate::on_each!([
    a_rebuild_under_load_takes_the_live_copys_place_and_loses_nothing
    a_row_that_was_changed_by_hand_is_found_and_mended
    what_is_verified_under_load_is_found_equal
]);

async fn a_rebuild_under_load_takes_the_live_copys_place_and_loses_nothing(fixture: Fixture) {
    let running = fixture.start("a");
    under_load(&fixture, async |served| {
        let (rows, archive) = (fixture.store.rows.as_ref(), fixture.store.archive.as_ref());
        for projection in uplion_projections::all() {
            rebuild(*projection, rows, archive).await.unwrap();
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
    let (rows, archive) = (fixture.store.rows.as_ref(), fixture.store.archive.as_ref());
    rebuild(&UsageByHour, rows, archive).await.unwrap();
    assert_eq!(differing(&fixture, &UsageByHour).await, 0);
    fixture.by_hand(&format!("DELETE FROM {second}")).await;
    assert_eq!(differing(&fixture, &UsageByHour).await, 2);
    running.ready().await;
}

async fn differing(fixture: &Fixture, projection: &'static dyn Projection) -> usize {
    let (rows, archive) = (fixture.store.rows.as_ref(), fixture.store.archive.as_ref());
    verify(projection, rows, archive).await.unwrap().differing.len()
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
