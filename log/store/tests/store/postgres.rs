//! What only Postgres has: several processes, partitions, views for people, encryption.

use std::time::Duration;

use tokio_postgres::{Client, NoTls};
use uplion_domain::{EventId, subject::TrafficKind};
use uplion_log_store::{
    Store, StoreError,
    archive::Tail,
    event_store::{Commit, Idempotency},
    postgres,
    rows::{Copy, Projected},
};
use uplion_log_transport::stream::StreamName;
use uplion_projections::table::{Column, Kind, Table, Value};
use uplion_tests::postgres::{Server, Version};

use crate::events::{
    accepted, commit, idempotency, project, renamed, request, settled, traffic, unique,
};

/// The store, and the database that it is in.
async fn open(version: Version) -> (Store, Client) {
    let database = Server::shared(version).await.database().await.unwrap();
    let store = postgres::connect(&database).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&database, NoTls).await.unwrap();
    tokio::spawn(connection);
    (store, client)
}

#[tokio::test]
async fn several_processes_may_make_the_tables_at_once() {
    let database = Server::shared(Version::V15).await.database().await.unwrap();
    let stores = futures::future::join_all((0..5).map(|_| postgres::connect(&database))).await;
    for store in stores {
        assert_eq!(store.unwrap().events.head().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_archive_grows_into_partitions_that_are_made_ahead() {
    for version in [Version::V15, Version::V18] {
        let (store, client) = open(version).await;
        // Ten million events a partition; this one is about to be full.
        client.execute("UPDATE archive_head SET pos = 9999990", &[]).await.unwrap();
        let lease = store.leases.take("projector", "a", Duration::from_mins(1)).await;
        let lease = lease.unwrap().unwrap();
        let mut tail = Tail { epoch: 1, created: 7, sequence: 0 };
        for _ in 0..2 {
            let next = tail.sequence + 1..=tail.sequence + 20;
            let batch: Vec<_> = next.map(|sequence| settled(sequence, request())).collect();
            store.archive.ingest(&lease, StreamName::Traffic, tail, &batch, &[]).await.unwrap();
            tail.sequence += 20;
        }
        let archived = store.archive.read(0, 100, false).await.unwrap();
        let positions = archived.iter().map(|archived| archived.pos);
        assert!(positions.eq(9_999_991..=10_000_030));
        let sql = "SELECT count(*) FROM archive_1";
        let in_second: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(in_second, 31);
        client.query_one("SELECT count(*) FROM archive_2", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn an_end_is_recognised_again_many_partitions_later_and_nothing_but_the_archive_remembers_it()
{
    for version in [Version::V15, Version::V18] {
        let (store, client) = open(version).await;
        let count = async |sql| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
        let lease = store.leases.take("projector", "a", Duration::from_mins(1)).await;
        let (lease, ended) = (lease.unwrap().unwrap(), request());
        let worker = traffic(3, TrafficKind::Worker, EventId::fresh(unique()));
        let mut tail = Tail { epoch: 1, created: 7, sequence: 0 };
        let batch = [accepted(1, ended), settled(2, ended), worker];
        store.archive.ingest(&lease, StreamName::Traffic, tail, &batch, &[]).await.unwrap();
        assert_eq!(count("SELECT count(*) FROM seen").await, 1, "the worker's");
        assert_eq!(count("SELECT count(*) FROM request_hours").await, 1);

        client.execute("UPDATE archive_head SET pos = 35000000", &[]).await.unwrap();
        tail.sequence = 3;
        let late = [settled(4, ended), settled(5, request()), accepted(6, ended)];
        let ingested =
            store.archive.ingest(&lease, StreamName::Traffic, tail, &late, &[]).await.unwrap();
        assert_eq!(ingested.effective, [false, true, false]);
        assert_eq!(count("SELECT count(*) FROM archive_3").await, 3);
        assert_eq!(count("SELECT count(*) FROM seen").await, 1);
        assert_eq!(count("SELECT min(pos) FROM request_hours").await, 1);
    }
}

#[tokio::test]
async fn people_see_times_as_times_also_after_a_rebuild() {
    const VISITS: Projected = Projected {
        name: "visits",
        version: 1,
        table: &Table {
            name: "visits",
            columns: &[Column::key("place", Kind::Text), Column::nullable("last_at", Kind::BigInt)],
            indexes: &[],
        },
    };
    let (store, client) = open(Version::V15).await;
    let key = vec![Value::Text("here".into())];
    let write = async |copy| {
        let row = vec![Value::Text("here".into()), Value::BigInt(1_795_000_000_123_456)];
        let put = Box::new(|_| Some(vec![Some(row)]));
        store.rows.advance(VISITS, copy, 0, 1, std::slice::from_ref(&key), put).await.unwrap();
    };
    let seen = async || -> String {
        let sql = "SELECT (last_at AT TIME ZONE 'UTC')::text FROM uplion.visits";
        client.query_one(sql, &[]).await.unwrap().get(0)
    };
    store.rows.ensure(VISITS).await.unwrap();
    write(Copy::Live).await;
    assert_eq!(seen().await, "2026-11-18 11:06:40.123456");
    store.rows.start_rebuild(VISITS).await.unwrap();
    write(Copy::Rebuild).await;
    assert!(store.rows.swap(VISITS).await.unwrap());
    assert_eq!(seen().await, "2026-11-18 11:06:40.123456");
}

#[tokio::test]
async fn commands_that_are_too_old_to_be_recognised_take_no_room() {
    let (store, client) = open(Version::V15).await;
    let project = project();
    for number in 0..130 {
        let forgotten = idempotency(&format!("k{number}"), "f", "{}");
        let idempotency = Some(Idempotency { kept: Duration::from_mins(1), ..forgotten });
        let commit = commit(project, number, vec![renamed(project, "a")]);
        store.events.commit(Commit { idempotency, ..commit }).await.unwrap();
    }
    let remembered = async || -> i64 {
        client.query_one("SELECT count(*) FROM commands", &[]).await.unwrap().get(0)
    };
    assert_eq!(remembered().await, 130);
    client.execute("UPDATE commands SET at = at - 60000001", &[]).await.unwrap();
    // A hundred of them go with each that comes.
    for (version, left) in [(130, 31), (131, 2), (132, 3)] {
        let fresh = idempotency(&format!("k{version}"), "f", "{}");
        let idempotency = Some(Idempotency { kept: Duration::from_mins(1), ..fresh });
        let commit = commit(project, version, vec![renamed(project, "a")]);
        store.events.commit(Commit { idempotency, ..commit }).await.unwrap();
        assert_eq!(remembered().await, left);
    }
}

#[tokio::test]
async fn a_connection_that_must_be_encrypted_is_not_made_in_the_clear() {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = Server::shared(Version::V15).await.database().await.unwrap();
    let refused = postgres::connect(&format!("{database}?sslmode=require")).await.err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    assert!(refused.to_string().contains("TLS"), "{refused}");
}

#[tokio::test]
async fn what_a_row_holds_is_not_repeated_by_an_error() {
    let (store, _client) = open(Version::V15).await;
    let (one, other) = (project(), project());
    let event = renamed(one, "a");
    store.events.commit(commit(one, 0, vec![event.clone()])).await.unwrap();
    let refused = store.events.commit(commit(other, 0, vec![event.clone()])).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("duplicate key") && !text.contains(event.id.as_str()), "{text}");
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_being_repeated() {
    let refused = postgres::connect("postgres://me:secret@host:port/x").await.err().unwrap();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
}

#[tokio::test]
async fn its_clock_is_told_and_compared() {
    let url = Server::shared(Version::V15).await.database().await.unwrap();
    let store = postgres::connect(&url).await.unwrap();
    let told = store.leases.server_time().await.unwrap().unwrap();
    let state = postgres::examine(&url).await.unwrap();
    let offset = state.clock.unwrap();
    assert!(offset.seconds.abs() < 1.0 && offset.uncertainty < 1.0, "{offset:?}");
    let again = store.leases.server_time().await.unwrap().unwrap();
    assert!(told.micros() > 0 && again > told, "{told:?} {again:?}");
}
