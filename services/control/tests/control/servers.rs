//! The same over real servers: what holds when Postgres or NATS is away, and that it goes on afterwards.

use std::time::Duration;

use poem::http::Method;
use serde_json::json;
use tokio::sync::Mutex;
use tokio_postgres::NoTls;
use uplion_log_store::{postgres, restore::restore};
use uplion_log_transport::{
    nats::{Nats, NatsOptions},
    stream::{StreamName, reading::events},
};
use uplion_tests::{
    nats::{self, SyncInterval},
    postgres::{Server, Version},
    wait,
};

use crate::installation::{ApiResponse, Installation, anonymous, control, request, with_json};
use crate::permissions::every_cell;

pub async fn over(nats_url: String, database: &str) -> Installation {
    let options = NatsOptions { url: nats_url, name: "control".into(), ..NatsOptions::default() };
    let log = Nats::connect(options).await.unwrap().log();
    let store = postgres::connect(database).await.unwrap();
    let control = control(Duration::from_secs(5), &log, &store);
    let installation = Installation::over(log, store, control);
    installation.make_streams().await;
    installation
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_reads_meet_on_postgres_and_nats() {
    for version in [Version::V15, Version::V18] {
        let database = Server::shared(version).await.database().await.unwrap();
        let installation = over(nats::Server::shared().await.account(), &database).await;
        installation.start_projector().await;
        let project = installation.project("physics").await;
        let body = json!({ "project": project, "name": "ci" });
        let issued = installation.post("/keys", body).await;
        let key = issued.made();
        let listed = installation.get_at("/keys", &issued).await;
        assert_eq!(listed.body["data"][0]["id"], key, "{listed:?}");
        installation.serve(&project, &key, "llama").await;
        let usage = installation.get("/usage?wait=10000").await;
        assert_eq!(usage.body["data"][0]["cost"], "0.000035", "{usage:?}");
        assert_eq!(usage.body["data"][0]["key_name"], "ci", "{usage:?}");
        let again = installation.post("/projects", json!({ "name": "physics" })).await;
        again.problem(409, "name_taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_away_writes_are_told_to_come_back() {
    let server = Server::start(Version::V15).await.unwrap();
    let database = server.database().await.unwrap();
    let installation = over(nats::Server::shared().await.account(), &database).await;
    installation.project("physics").await;

    server.kill();
    let refused = installation.post("/projects", json!({ "name": "chemistry" })).await;
    refused.problem(503, "database_unavailable");
    assert_eq!(refused.header("retry-after"), "1");

    server.restart().await.unwrap();
    let created = in_force(&installation, "chemistry").await;
    assert_eq!(created.body["position"], "control:1:2");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_read_only_writes_are_told_to_come_back() {
    let server = Server::start(Version::V18).await.unwrap();
    let database = server.database().await.unwrap();
    let installation = over(nats::Server::shared().await.account(), &database).await;
    installation.start_projector().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    assert_eq!(installation.get_at("/projects", &created).await.status, 200);
    let (client, connection) = tokio_postgres::connect(&database, NoTls).await.unwrap();
    tokio::spawn(connection);
    let set = async |setting: &str| {
        client.batch_execute(&format!("ALTER SYSTEM {setting}")).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    };

    set("SET default_transaction_read_only = on").await;
    wait::until(wait::PATIENCE, "writes to be refused", async || {
        installation.post("/projects", json!({ "name": "chemistry" })).await.status != 201
    })
    .await
    .unwrap();
    let refused = installation.post("/projects", json!({ "name": "biology" })).await;
    refused.problem(503, "database_unavailable");
    assert_eq!(installation.get("/projects").await.status, 200);

    set("RESET default_transaction_read_only").await;
    in_force(&installation, "biology").await;
}

/// Answers of writes that are in force name the events that they wrote, also while the database is of an hour ago.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_database_was_set_back_no_write_is_in_force_at_another_s_position() {
    let server = Server::start(Version::V15).await.unwrap();
    let database = server.database().await.unwrap();
    let account = nats::Server::shared().await.account();
    let installation = over(account.clone(), &database).await;
    installation.project("before").await;
    let backup = server.backup().await.unwrap();
    for name in ["one", "two", "three"] {
        in_force(&installation, name).await;
    }
    server.restore(&backup).await.unwrap();

    let mut answers = Vec::new();
    for n in 0..3 {
        answers.push(installation.post("/projects", json!({ "name": format!("since {n}") })).await);
    }
    let said: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(said.contains(&202) && !said.contains(&201), "{said:?}");

    let options = NatsOptions { url: account, name: "tests".into(), ..NatsOptions::default() };
    let streams = Nats::connect(options).await.unwrap().log().streams;
    let store = postgres::connect(&database).await.unwrap();
    assert_eq!(restore(&*store.events, &*streams).await.unwrap(), 3);
    answers.push(in_force(&installation, "after").await);
    for answer in answers.iter().filter(|answer| answer.body["in_force"] == true) {
        let position = answer.body["position"].as_str().unwrap();
        let sequence = position.rsplit(':').next().unwrap().parse().unwrap();
        let record = events(streams.get(StreamName::Control, sequence).await.unwrap());
        let id = answer.body["id"].as_str().unwrap();
        assert!(record[0].subject.to_string().contains(id), "{answer:?}: {:?}", record[0].subject);
    }
    let recorded = answers.iter().filter(|answer| answer.status == 202).count() as u64;
    let control = streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(control.last, 5 + recorded, "all of them are in force in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nats_is_away_writes_are_recorded_and_come_into_force_later() {
    let server = nats::Server::start(SyncInterval::Default).await.unwrap();
    let database = Server::shared(Version::V15).await.database().await.unwrap();
    let installation = over(server.url(), &database).await;
    installation.project("physics").await;

    server.kill();
    let recorded = installation.post("/projects", json!({ "name": "chemistry" })).await;
    assert_eq!((recorded.status, &recorded.body["in_force"]), (202, &json!(false)), "{recorded:?}");

    server.restart().await.unwrap();
    let created = in_force(&installation, "biology").await;
    assert_eq!(created.body["position"], "control:1:3");
}

/// Says it again under the same key until it is in force: it is done once, however often it was said.
async fn in_force(installation: &Installation, name: &str) -> ApiResponse {
    let answered = Mutex::new(None);
    let said = async || {
        let post = request(Method::POST, "/projects").header("Idempotency-Key", name);
        let answer = installation.send(with_json(post, &json!({ "name": name }))).await;
        assert!([200, 201, 202, 503].contains(&answer.status), "{answer:?}");
        let done = answer.body["in_force"] == true;
        *answered.lock().await = Some(answer);
        done
    };
    wait::until(wait::PATIENCE, "a write to be in force", said).await.unwrap();
    answered.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_answered_as_the_table_says_on_postgres_and_nats_too() {
    let database = Server::shared(Version::V18).await.database().await.unwrap();
    let installation = over(nats::Server::shared().await.account(), &database).await;
    installation.start_projector().await;
    every_cell(&installation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_character_is_refused_wherever_it_is_said_and_halts_nothing() {
    let database = Server::shared(Version::V15).await.database().await.unwrap();
    let installation = over(nats::Server::shared().await.account(), &database).await;
    installation.start_projector().await;
    let project = installation.project("physics").await;
    for path in
        ["/projects/%00", "/users/a%00@b.org", "/models/%00", "/keys?after=%00", "/users?email=%00"]
    {
        installation.get(path).await.problem(422, "zero_character");
    }
    let key = |field: &str, text: &str| {
        let mut body = json!({ "project": project, "name": "ci" });
        body[field] = text.into();
        installation.post("/keys", body)
    };
    key("description", "\0").await.problem(422, "zero_character");
    key("description", "\u{7}").await.problem(422, "rejected");
    let sign_in = json!({ "email": "\0", "password": "x", "mode": "token" });
    let anybody = anonymous(Method::POST, "/sessions");
    installation.send(with_json(anybody, &sign_in)).await.problem(422, "zero_character");

    let issued = key("description", "one\ntwo").await;
    let listed = installation.get_at("/keys", &issued).await;
    assert_eq!(listed.body["data"][0]["description"], "one\ntwo", "{listed:?}");
}
