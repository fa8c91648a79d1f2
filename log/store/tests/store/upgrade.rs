//! An installation of the first release is brought up to date with all that it holds.

use std::{path::Path, time::Duration};

use refinery::{Runner, Target, load_sql_migrations};
use rusqlite::Connection;
use tokio_postgres::NoTls;
use uplion_domain::{RequestId, cut::Mark, wire::Encoded};
use uplion_log_store::{
    Store, archive::Tail, event_store::Commit, people::Notes, postgres, sqlite,
};
use uplion_log_transport::stream::{StreamName, reading::events};
use uplion_tests::{
    postgres::{Server, Version},
    scratch,
};

use crate::events::{commit, created, idempotency, of, project, renamed, request, settled};

/// Of the first release, one of each table that changed since.
const PROJECT: &str = "prj_00000000000000000000000000000007";
const EVENT: &str = "'control.project.prj_00000000000000000000000000000007',
    'evt_00000000000000000000000000000007', 'uplion.project.created.v1', 7, NULL, 'admin', ";
const PAYLOAD: &str = r#"{"project":"prj_00000000000000000000000000000007","name":"old"}"#;
/// A request that had ended.
const ENDED: &str = "req_01a1ec8c3e007abc8def0123456789ab";
const COLUMNS: &str = "subject, id, kind, at, traceparent, actor, payload";

/// As the first release made it.
fn first_release(migrations: &str) -> Runner {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(migrations);
    let all = load_sql_migrations(folder).unwrap();
    Runner::new(&all).set_target(Target::Version(1))
}

fn statements(payload: &str, request: &str, seen: &str) -> [String; 8] {
    [
        "INSERT INTO tails VALUES ('TRAFFIC', 1, 7, 1)".to_owned(),
        "INSERT INTO archived VALUES ('TRAFFIC', 1, 10000000, 1)".to_owned(),
        "INSERT INTO archived VALUES ('TRAFFIC', 2, 20000000, 1)".to_owned(),
        format!(
            "INSERT INTO archive (pos, stream, epoch, sequence, effective, request, {COLUMNS})
            VALUES (2, 'TRAFFIC', 1, 1, true, {request}, 'traffic.0.settled', '{ENDED}:settled',
            'uplion.request.settled.v1', 7, NULL, NULL, {payload})"
        ),
        format!("INSERT INTO seen VALUES {seen}"),
        format!(
            "INSERT INTO events (position, aggregate, aggregate_id, version, {COLUMNS})
            VALUES (1, 'project', '{PROJECT}', 1, {EVENT} {payload})"
        ),
        format!(
            "INSERT INTO archive (pos, stream, epoch, sequence, effective, {COLUMNS})
            VALUES (1, 'CONTROL', 1, 1, true, {EVENT} {payload})"
        ),
        "INSERT INTO commands VALUES ('k', 'f', '{}', 1)".to_owned(),
    ]
}

async fn holds_what_it_held_and_takes_more(store: Store) {
    let old = PROJECT.parse().unwrap();
    let history = store.events.history(&of(old)).await.unwrap();
    let [stored] = &history[..] else { panic!("{history:?}") };
    let Encoded { actor, request_id, payload, .. } = &stored.event;
    assert_eq!((actor.as_deref(), request_id.as_deref()), (Some("admin"), None));
    assert_eq!(payload, PAYLOAD.as_bytes());
    let archived = store.archive.read(0, 10, true).await.unwrap();
    assert_eq!(archived.len(), 2);
    assert_eq!((archived[0].stream, &archived[0].event), (StreamName::Control, &stored.event));
    // Its messages held one event each.
    assert!(archived.iter().all(|archived| archived.index == 0));
    let mark = store.archive.mark_before(StreamName::Traffic, i64::MAX).await.unwrap();
    assert_eq!(mark, Some(Mark { epoch: 1, sequence: 1 }));
    assert_eq!(store.archive.leaves(StreamName::Traffic).await.unwrap(), 1);
    let cursor = archived[1].cursor();
    assert_eq!(store.archive.position_of(cursor).await.unwrap(), Some(2));

    // What had ended then does not end again.
    let lease = store.leases.take("projector", "a", Duration::from_mins(1)).await.unwrap().unwrap();
    let from = Tail { epoch: 1, created: 7, sequence: 1 };
    let ended: RequestId = ENDED.parse().unwrap();
    let batch = [settled(2, ended), settled(3, request())];
    let ingested =
        store.archive.ingest(&lease, StreamName::Traffic, from, &batch, &[]).await.unwrap();
    assert_eq!(ingested.effective, [false, true]);

    // A key that was used then is a new one now.
    let event = renamed(old, "new");
    let noted = Commit {
        notes: Notes { reason: Some("why".into()), ..Notes::default() },
        idempotency: Some(idempotency("k", "f", "{}")),
        ..commit(old, 1, vec![event.clone()])
    };
    store.events.commit(noted).await.unwrap();
    assert_eq!(store.events.history(&of(old)).await.unwrap()[1].event, event);
    assert_eq!(store.people.notes(&[event.id]).await.unwrap().len(), 1);
    let project = project();
    store.events.commit(commit(project, 0, vec![created(project, "b")])).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_to_date() {
    for version in [Version::V15, Version::V18] {
        let database = Server::shared(version).await.database().await.unwrap();
        let (mut client, connection) = tokio_postgres::connect(&database, NoTls).await.unwrap();
        tokio::spawn(connection);
        first_release("postgres/migrations").run_async(&mut client).await.unwrap();
        client.batch_execute("CREATE TABLE archive_0 PARTITION OF archive FOR VALUES FROM (1) TO (10000000); UPDATE archive_head SET pos = 2").await.unwrap();
        let (uuid, payload) = (&ENDED[4..], format!("'{PAYLOAD}'::bytea"));
        let seen = format!("('{uuid}', 'settled'), ('{uuid}', 'accepted')");
        for statement in statements(&payload, &format!("'{uuid}'::uuid"), &seen) {
            client.batch_execute(&statement).await.unwrap();
        }
        holds_what_it_held_and_takes_more(postgres::connect(&database).await.unwrap()).await;
        // Once more, as after a restart.
        postgres::connect(&database).await.unwrap();
    }
}

#[tokio::test]
async fn a_data_folder_of_the_first_release_is_brought_up_to_date() {
    let folder = scratch::folder("data").unwrap();
    let mut store = Connection::open(folder.join("store.db")).unwrap();
    first_release("sqlite/migrations/store").run(&mut store).unwrap();
    let (uuid, payload) = (&ENDED[4..], format!("CAST('{PAYLOAD}' AS BLOB)"));
    let seen = format!("('{ENDED}:settled')");
    for statement in statements(&payload, &format!("X'{uuid}'"), &seen) {
        store.execute(&statement, []).unwrap();
    }
    let mut streams = Connection::open(folder.join("streams.db")).unwrap();
    first_release("sqlite/migrations/streams").run(&mut streams).unwrap();
    streams
        .execute("INSERT INTO streams VALUES ('CONTROL', 7, 1, 1, 1, 100, 1000000, 1000000)", [])
        .unwrap();
    let old = format!(
        "INSERT INTO control (sequence, {COLUMNS}, size, arrived, is_unique)
        VALUES (1, {EVENT} CAST('{PAYLOAD}' AS BLOB), 100, 7, 1)"
    );
    streams.execute(&old, []).unwrap();
    drop((store, streams));

    let (store, streams) = sqlite::open(&folder).unwrap();
    let record = events(streams.get(StreamName::Control, 1).await.unwrap()).remove(0);
    assert_eq!(record.event.request_id, None);
    assert_eq!(record.event.payload, PAYLOAD.as_bytes());
    holds_what_it_held_and_takes_more(store).await;
}
