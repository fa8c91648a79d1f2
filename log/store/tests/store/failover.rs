//! Servers that take no writes any more, and others that take them now.

use std::time::Duration;

use tokio_postgres::NoTls;
use uplion_log_store::{Store, StoreError, event_store::CommitError, postgres};
use uplion_tests::{
    postgres::{Server, Version},
    wait,
};

use crate::events::{commit, created, project};

/// As a standby that was promoted, or a primary that became one.
async fn takes_writes(url: &str, writes: bool) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let read_only = if writes { "off" } else { "on" };
    for statement in [
        &format!("ALTER SYSTEM SET default_transaction_read_only = {read_only}"),
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(statement).await.unwrap();
    }
    wait::until(wait::PATIENCE, "the setting to be in force", || async {
        let said = client.query_one("SHOW default_transaction_read_only", &[]).await.unwrap();
        said.get::<_, &str>(0) == read_only
    })
    .await
    .unwrap();
}

async fn write(store: &Store) -> Result<u64, CommitError> {
    let project = project();
    let written = store.events.commit(commit(project, 0, vec![created(project, "a")])).await;
    written.map(|committed| committed.position)
}

/// Once the setting has reached the backends of the store's connections, each by itself.
async fn refused(store: &Store) -> CommitError {
    let refused = wait::until_some(wait::PATIENCE, "a write to be refused", || async {
        write(store).await.err()
    });
    refused.await.unwrap()
}

#[tokio::test]
async fn a_database_that_takes_no_writes_says_so_and_takes_them_again_by_itself() {
    let server = Server::start(Version::V15).await.unwrap();
    let url = server.database().await.unwrap();
    let store = postgres::connect(&url).await.unwrap();
    assert_eq!(write(&store).await.unwrap(), 1);
    takes_writes(&url, false).await;
    let refused = refused(&store).await;
    let CommitError::Store(StoreError::Unavailable(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("read-only"), "{why}");
    // What is there can be read.
    assert!(store.events.head().await.unwrap() >= 1);
    takes_writes(&url, true).await;
    wait::until(wait::PATIENCE, "a write", || async { write(&store).await.is_ok() }).await.unwrap();
}

#[tokio::test]
async fn of_two_servers_the_one_that_takes_writes_is_found_and_found_again() {
    let servers = [Version::V15, Version::V18].map(Server::start);
    let [one, other] = servers;
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let urls = [one.database().await.unwrap(), other.database().await.unwrap()];
    let alone =
        [postgres::connect(&urls[0]).await.unwrap(), postgres::connect(&urls[1]).await.unwrap()];
    let address = |url: &str| url.split_once('@').unwrap().1.to_owned();
    let (first, second) = (address(&urls[0]), address(&urls[1]));
    let (host, database) = first.split_once('/').unwrap();
    assert!(second.ends_with(database), "{second} has another name");
    let both = format!("postgres://postgres@{host},{second}");

    takes_writes(&urls[0], false).await;
    let store = postgres::connect(&both).await.unwrap();
    for position in 1..=3 {
        assert_eq!(write(&store).await.unwrap(), position);
    }
    assert_eq!(alone[1].events.head().await.unwrap(), 3, "they are at the second");

    takes_writes(&urls[1], false).await;
    takes_writes(&urls[0], true).await;
    let refused = refused(&store).await;
    assert!(matches!(refused, CommitError::Store(StoreError::Unavailable(_))), "{refused:?}");
    // The connections to the second are not used again, though they are alive.
    let written = wait::until_some(Duration::from_secs(5), "a write at the first", || async {
        write(&store).await.ok()
    });
    assert_eq!(written.await.unwrap(), 1);
    assert_eq!(alone[0].events.head().await.unwrap(), 1);
}
