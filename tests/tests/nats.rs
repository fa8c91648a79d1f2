//! The harness's own nats-servers do what tests rely on.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::time::Duration;

use async_nats::{
    ConnectOptions, ServerAddr,
    jetstream::{
        self,
        stream::{Config, StorageType},
    },
};
use uplion_tests::{
    nats::{Cluster, Server, SyncInterval},
    wait,
};

const STREAM: &str = "NUMBERS";

fn stream(replicas: usize) -> Config {
    Config {
        name: STREAM.into(),
        subjects: vec!["number".into()],
        storage: StorageType::File,
        num_replicas: replicas,
        max_bytes: 10 << 30,
        ..Config::default()
    }
}

async fn connected(url: &str) -> jetstream::Context {
    let servers: Vec<ServerAddr> = url.split(',').map(|url| url.parse().unwrap()).collect();
    let (user, password) = (servers[0].username().unwrap(), servers[0].password().unwrap());
    let options = ConnectOptions::with_user_and_password(user.into(), password.into());
    jetstream::new(options.connect(servers).await.unwrap())
}

async fn count(jetstream: &jetstream::Context) -> Option<u64> {
    let mut stream = jetstream.get_stream(STREAM).await.ok()?;
    Some(stream.info().await.ok()?.state.messages)
}

#[tokio::test]
async fn accounts_share_a_server_and_no_stream() {
    let server = Server::shared().await;
    let one = connected(&server.account()).await;
    let other = connected(&server.account()).await;
    one.create_stream(stream(1)).await.unwrap();
    other.create_stream(stream(1)).await.unwrap();
    one.publish("number", "1".into()).await.unwrap().await.unwrap();
    assert_eq!((count(&one).await, count(&other).await), (Some(1), Some(0)));
}

#[tokio::test]
async fn a_stream_outlives_kill_and_restart_but_not_an_empty_one() {
    let server = Server::start(SyncInterval::Default).await.unwrap();
    let jetstream = connected(&server.url()).await;
    jetstream.create_stream(stream(1)).await.unwrap();
    jetstream.publish("number", "1".into()).await.unwrap().await.unwrap();
    server.restart().await.unwrap();
    wait::until(wait::PATIENCE, "the message again", async || count(&jetstream).await == Some(1))
        .await
        .unwrap();
    server.restart_empty().await.unwrap();
    wait::until(wait::PATIENCE, "the stream's absence", async || {
        let error = jetstream.get_stream(STREAM).await.err();
        error.is_some_and(|error| error.to_string().contains("not found"))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_stopped_server_answers_when_it_is_continued() {
    let server = Server::start(SyncInterval::Default).await.unwrap();
    let mut jetstream = connected(&server.url()).await;
    jetstream.create_stream(stream(1)).await.unwrap();
    jetstream.set_timeout(Duration::from_millis(300));
    server.stop();
    assert_eq!(count(&jetstream).await, None);
    server.cont();
    wait::until(wait::PATIENCE, "an answer", async || count(&jetstream).await == Some(0))
        .await
        .unwrap();
}

#[tokio::test]
async fn two_of_three_nodes_acknowledge_and_the_third_catches_up() {
    let cluster = Cluster::start().await.unwrap();
    let jetstream = connected(&cluster.account()).await;
    jetstream.create_stream(stream(3)).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    leader.kill();
    wait::until(wait::PATIENCE, "a publish without the leader", async || {
        match jetstream.publish("number", "1".into()).await {
            Ok(ack) => ack.await.is_ok(),
            Err(_) => false,
        }
    })
    .await
    .unwrap();
    leader.restart().await.unwrap();
    cluster.ready().await.unwrap();
    assert!(count(&jetstream).await.unwrap() >= 1);
}
