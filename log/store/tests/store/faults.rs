//! Postgres killed and restarted under those who write, and brought back to what it was an hour ago.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uplion_log_store::{
    Store, StoreError,
    archive::{IngestError, Tail},
    event_store::{CommitError, Committed},
    postgres,
    relay::Relay,
    restore::restore,
    rows::{AdvanceError, Copy, Projected},
    sqlite,
};
use uplion_log_transport::stream::{Record, StreamName, StreamSpec, reading::events};
use uplion_projections::table::{Column, Kind, Table, Value};
use uplion_tests::{
    postgres::{Server, Version},
    scratch, wait,
};

use crate::events::{commit, created, project, renamed, request, settled};

const TRAFFIC: StreamName = StreamName::Traffic;
const RESTARTS: usize = 4;

/// On a server of its own.
async fn start(version: Version) -> (Server, Store) {
    let server = Server::start(version).await.unwrap();
    let store = postgres::connect(&server.database().await.unwrap()).await.unwrap();
    (server, store)
}

/// Kills the server whenever `progress` has moved, at whatever those who write are doing.
async fn restart_under(server: &Server, progress: &AtomicU64) {
    for _ in 0..RESTARTS {
        let before = progress.load(Ordering::Relaxed);
        wait::until(wait::PATIENCE, "progress", || async {
            progress.load(Ordering::Relaxed) > before + 20
        })
        .await
        .unwrap();
        server.restart().await.unwrap();
    }
}

#[tokio::test]
async fn an_acknowledged_commit_survives_every_kill_of_postgres() {
    let (server, store) = start(Version::V15).await;
    let progress = Arc::new(AtomicU64::new(0));
    let stop = CancellationToken::new();
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (store, progress, stop) = (store.clone(), Arc::clone(&progress), stop.clone());
            tokio::spawn(async move { commit_until(&store, &progress, &stop).await })
        })
        .collect();
    restart_under(&server, &progress).await;
    stop.cancel();
    for writer in writers {
        for (committed, id) in writer.await.unwrap() {
            let known = store.events.position_of(&id).await.unwrap();
            assert_eq!(known, Some(committed.position));
        }
    }
    let all = store.events.after(0, 100_000).await.unwrap();
    assert!(all.iter().map(|stored| stored.position).eq(1..=all.len() as u64));
}

/// What was acknowledged.
async fn commit_until(
    store: &Store,
    progress: &AtomicU64,
    stop: &CancellationToken,
) -> Vec<(Committed, uplion_domain::EventId)> {
    let project = project();
    let mut acknowledged = Vec::new();
    let mut version = 0;
    while !stop.is_cancelled() {
        let event = renamed(project, "a");
        let id = event.id.clone();
        match store.events.commit(commit(project, version, vec![event])).await {
            Ok(committed) => {
                version = committed.version;
                acknowledged.push((committed, id));
                progress.fetch_add(1, Ordering::Relaxed);
            }
            // It was written after all, though nobody could say so.
            Err(CommitError::Conflict { current }) => version = current,
            Err(CommitError::Store(StoreError::Unavailable(_))) => {
                tokio::task::yield_now().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

#[tokio::test]
async fn every_event_is_archived_once_though_postgres_is_killed() {
    let (server, store) = start(Version::V18).await;
    let progress = Arc::new(AtomicU64::new(0));
    let stop = CancellationToken::new();
    let ingest = {
        let (store, progress, stop) = (store.clone(), Arc::clone(&progress), stop.clone());
        tokio::spawn(async move { ingest_until(&store, &progress, &stop).await })
    };
    restart_under(&server, &progress).await;
    stop.cancel();
    ingest.await.unwrap();

    let tail = store.archive.tail(TRAFFIC).await.unwrap().unwrap();
    let all = store.archive.read(0, 1_000_000, false).await.unwrap();
    assert_eq!(tail.sequence, all.len() as u64);
    assert_eq!(store.archive.head().await.unwrap(), tail.sequence);
    let places = all.iter().map(|archived| (archived.pos, archived.sequence, archived.effective));
    assert!(places.eq((1..=tail.sequence).map(|number| (number, number, true))));
}

/// As the projector does: after an error it asks the archive where it ends.
async fn ingest_until(store: &Store, progress: &AtomicU64, stop: &CancellationToken) {
    let lease = store.leases.take("projector", "a", Duration::from_mins(5)).await;
    let lease = lease.unwrap().unwrap();
    let mut tail = Tail { epoch: 1, created: 7, sequence: 0 };
    while !stop.is_cancelled() {
        let next = tail.sequence + 1..=tail.sequence + 50;
        let batch: Vec<Record> = next.map(|sequence| settled(sequence, request())).collect();
        match store.archive.ingest(&lease, TRAFFIC, tail, &batch, &[]).await {
            Ok(_) => {
                tail.sequence += 50;
                progress.fetch_add(1, Ordering::Relaxed);
            }
            Err(IngestError::Store(StoreError::Unavailable(_)) | IngestError::Moved { .. }) => {
                if let Ok(Some(known)) = store.archive.tail(TRAFFIC).await {
                    tail = known;
                }
                tokio::task::yield_now().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

const COUNT: Projected = Projected {
    name: "count",
    version: 1,
    table: &Table {
        name: "count",
        columns: &[Column::key("id", Kind::BigInt), Column::required("total", Kind::BigInt)],
        indexes: &[],
    },
};

#[tokio::test]
async fn a_batch_is_folded_once_though_postgres_is_killed() {
    let (server, store) = start(Version::V15).await;
    store.rows.ensure(COUNT).await.unwrap();
    let progress = Arc::new(AtomicU64::new(0));
    let stop = CancellationToken::new();
    let folding = {
        let (store, progress, stop) = (store.clone(), Arc::clone(&progress), stop.clone());
        tokio::spawn(async move { fold_until(&store, &progress, &stop).await })
    };
    restart_under(&server, &progress).await;
    stop.cancel();
    let pos = folding.await.unwrap();

    // The row counts the batches that it saw: as many as the checkpoint counts.
    let key = vec![Value::BigInt(1)];
    let expected = i64::try_from(pos).unwrap();
    let look = Box::new(move |rows: Vec<Option<Vec<Value>>>| {
        assert_eq!(rows, [Some(vec![Value::BigInt(1), Value::BigInt(expected)])]);
        Some(rows)
    });
    store.rows.advance(COUNT, Copy::Live, pos, pos, &[key], look).await.unwrap();
}

async fn fold_until(store: &Store, progress: &AtomicU64, stop: &CancellationToken) -> u64 {
    let mut pos = 0;
    loop {
        let one_more = Box::new(|rows: Vec<Option<Vec<Value>>>| {
            let total = match rows[0].as_deref() {
                Some([_, Value::BigInt(total)]) => *total,
                Some(other) => panic!("{other:?}"),
                None => 0,
            };
            Some(vec![Some(vec![Value::BigInt(1), Value::BigInt(total + 1)])])
        });
        let key = vec![Value::BigInt(1)];
        match store.rows.advance(COUNT, Copy::Live, pos, pos + 1, &[key], one_more).await {
            Ok(()) => {
                pos += 1;
                progress.fetch_add(1, Ordering::Relaxed);
                if stop.is_cancelled() {
                    return pos;
                }
            }
            Err(AdvanceError::Store(StoreError::Unavailable(_)) | AdvanceError::Moved(_)) => {
                if let Ok(Some(checkpoint)) = store.rows.checkpoint("count", Copy::Live).await {
                    pos = checkpoint.pos;
                }
                tokio::task::yield_now().await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_database_from_an_hour_ago_is_brought_up_to_control_and_the_relay_goes_on() {
    let (server, store) = start(Version::V18).await;
    let streams = sqlite::open(&scratch::folder("streams").unwrap()).unwrap().1;
    let spec = StreamSpec {
        name: StreamName::Control,
        epoch: 1,
        first_sequence: 1,
        max_bytes: 64 << 20,
        replicas: 1,
        dedup_window: Duration::from_mins(2),
    };
    streams.ensure(&spec).await.unwrap();
    let relay = Arc::new(Relay::new(Arc::clone(&store.events), Arc::clone(&streams)));
    let running = Arc::clone(&relay);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move { running.run(stopped).await });
    let write = async |name: &str| {
        let project = project();
        let commit = commit(project, 0, vec![created(project, name)]);
        let event = commit.events[0].id.clone();
        store.events.commit(commit).await.map(|committed| (event, committed.position))
    };

    let (before, _) = write("before").await.unwrap();
    assert_eq!(relay.wait_for(&before, 1, wait::PATIENCE).await, Some((1, 1)));
    let backup = server.backup().await.unwrap();
    let second = wait::until_some(wait::PATIENCE, "postgres to be back", || async {
        write("since").await.ok()
    });
    let (since, second) = second.await.unwrap();
    assert_eq!(second, 2);
    assert_eq!(relay.wait_for(&since, 2, wait::PATIENCE).await, Some((1, 2)));

    server.restore(&backup).await.unwrap();
    // Before the relay looks again, which still knows of another second event.
    let at_once = wait::until_some(wait::PATIENCE, "postgres to be back", || async {
        write("at once").await.ok()
    });
    let (at_once, position) = at_once.await.unwrap();
    assert_eq!(position, 2);
    let brief = Duration::from_millis(200);
    assert_eq!(relay.wait_for(&at_once, 2, brief).await, None, "another event is there");
    let halted = || async { relay.trouble().is_some_and(|why| why.contains("uplion log restore")) };
    wait::until(wait::PATIENCE, "the relay to notice", halted).await.unwrap();
    // Recorded, not in force.
    let (meanwhile, third) = write("meanwhile").await.unwrap();
    assert_eq!(third, 3);
    assert_eq!(relay.wait_for(&meanwhile, 3, brief).await, None);
    assert_eq!(streams.identity(StreamName::Control).await.unwrap().last, 2);

    // Whoever waits since before that is told where it came to stand.
    let waits = tokio::join!(
        relay.wait_for(&at_once, 2, wait::PATIENCE),
        relay.wait_for(&meanwhile, 3, wait::PATIENCE),
        async { assert_eq!(restore(&*store.events, &*streams).await.unwrap(), 1) }
    );
    assert_eq!((waits.0, waits.1), (Some((1, 3)), Some((1, 4))));
    let known: Vec<_> = store.events.after(0, 10).await.unwrap();
    for stored in known {
        let record = events(streams.get(StreamName::Control, stored.position).await.unwrap());
        assert_eq!(record[0].event, stored.event);
    }
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_postgres_that_says_nothing_is_given_up_and_found_again() {
    let (server, store) = start(Version::V15).await;
    server.stop();
    let asked = tokio::time::timeout(wait::PATIENCE, store.events.head()).await.unwrap();
    assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
    server.cont();
    let back = wait::until(wait::PATIENCE, "postgres to answer", || async {
        store.events.head().await.is_ok()
    });
    back.await.unwrap();
}
