//! The harness's own Postgres servers do what tests rely on.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use tokio_postgres::{Client, NoTls};
use uplion_tests::postgres::{Server, Version};

async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count(url: &str) -> i64 {
    connected(url).await.query_one("SELECT COUNT(*) FROM numbers", &[]).await.unwrap().get(0)
}

async fn is_of(version: Version, number: &str) {
    let url = Server::shared(version).await.database().await.unwrap();
    let said = connected(&url).await.query_one("SHOW server_version", &[]).await.unwrap();
    assert!(said.get::<_, &str>(0).starts_with(number));
}

#[tokio::test]
async fn fifteen_is_fifteen() {
    is_of(Version::V15, "15.").await;
}

#[tokio::test]
async fn eighteen_is_eighteen_and_durable() {
    is_of(Version::V18, "18.").await;
    let url = Server::shared(Version::V18).await.database().await.unwrap();
    let client = connected(&url).await;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let said = client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap();
        assert_eq!(said.get::<_, &str>(0), "on", "{setting}");
    }
}

async fn survives(version: Version) {
    let server = Server::start(version).await.unwrap();
    let url = server.database().await.unwrap();
    let client = connected(&url).await;
    client
        .batch_execute("CREATE TABLE numbers (n BIGINT); INSERT INTO numbers VALUES (1)")
        .await
        .unwrap();
    server.restart().await.unwrap();
    assert_eq!(count(&url).await, 1);
    assert!(client.is_closed());

    let backup = server.backup().await.unwrap();
    connected(&url).await.batch_execute("INSERT INTO numbers VALUES (2)").await.unwrap();
    assert_eq!(count(&url).await, 2);
    server.restore(&backup).await.unwrap();
    assert_eq!(count(&url).await, 1, "what came after the backup is gone");
}

#[tokio::test]
async fn fifteen_survives_a_kill_and_goes_back_to_a_backup() {
    survives(Version::V15).await;
}

#[tokio::test]
async fn eighteen_survives_a_kill_and_goes_back_to_a_backup() {
    survives(Version::V18).await;
}

#[tokio::test]
async fn a_stopped_server_answers_when_it_is_continued() {
    let server = Server::start(Version::V18).await.unwrap();
    let url = server.database().await.unwrap();
    let client = connected(&url).await;
    server.stop();
    let mut answer = Box::pin(client.query_one("SELECT 1", &[]));
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, &mut answer).await.is_err());
    server.cont();
    assert_eq!(answer.await.unwrap().get::<_, i32>(0), 1);
}
