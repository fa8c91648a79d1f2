//! What holds for every write: it is in force when it is answered, done once, and never over somebody else's.

use poem::http::{HeaderValue, Method};
use serde_json::json;
use uplion_log_transport::stream::StreamName;

use crate::installation::{ApiResponse, Installation, request, with_json};

#[tokio::test]
async fn a_write_is_on_the_log_when_it_is_answered() {
    let installation = Installation::without_projector().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    created.made();
    assert_eq!(created.header("Uplion-Position"), "control:1:1");
    assert_eq!(created.body["position"], "control:1:1");
    assert_eq!(created.body["in_force"], true);
    let control = installation.log.streams.identity(StreamName::Control).await.unwrap();
    assert_eq!(control.last, 1);
}

#[tokio::test]
async fn a_write_that_the_log_does_not_take_is_recorded_and_not_in_force() {
    let installation = Installation::without_streams();
    let recorded = installation.post("/projects", json!({ "name": "physics" })).await;
    assert_eq!(recorded.status, 202, "{recorded:?}");
    assert_eq!(recorded.body["in_force"], false);
    assert_eq!(recorded.body["position"], serde_json::Value::Null);
    assert_eq!(installation.store.events.head().await.unwrap(), 1);
}

#[tokio::test]
async fn writes_at_once_all_stand_and_are_relayed_in_order() {
    let installation = Installation::without_projector().await;
    let created =
        (0..20).map(|n| {
            let installation = &installation;
            async move {
                installation.post("/projects", json!({ "name": format!("project {n}") })).await
            }
        });
    let created = futures::future::join_all(created).await;
    let mut positions: Vec<String> =
        created.iter().map(|answer| answer.header("Uplion-Position").to_owned()).collect();
    positions.sort_by_key(|position| position.rsplit(':').next().unwrap().parse::<u64>().unwrap());
    let expected: Vec<String> = (1..=20).map(|n| format!("control:1:{n}")).collect();
    assert_eq!(positions, expected);
}

#[tokio::test]
async fn changes_of_one_thing_at_once_all_come_through() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let renamed = (0..5).map(|n| {
        let (installation, path) = (&installation, format!("/projects/{project}"));
        async move { installation.patch(&path, json!({ "name": format!("physics {n}") })).await }
    });
    for answer in futures::future::join_all(renamed).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(installation.get(&format!("/projects/{project}")).await.header("etag"), "\"6\"");
}

#[tokio::test]
async fn who_names_a_version_changes_that_version_or_nothing() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let path = format!("/projects/{project}");
    let shown = installation.get(&path).await;
    assert_eq!(shown.header("etag"), "\"1\"");

    let renamed = rename_if(&installation, &path, "\"1\"", "chemistry").await;
    assert_eq!((renamed.status, renamed.header("etag")), (200, "\"2\""), "{renamed:?}");
    let late = rename_if(&installation, &path, "\"1\"", "biology").await;
    late.problem(412, "changed");
    assert_eq!((late.header("etag"), &late.body["version"]), ("\"2\"", &json!(2)));
    assert_eq!(installation.get(&path).await.body["name"], "chemistry");
}

#[tokio::test]
async fn a_command_said_twice_is_carried_out_once() {
    let installation = Installation::without_projector().await;
    let first = create_once(&installation, "one", "physics").await;
    let again = create_once(&installation, "one", "physics").await;
    assert_eq!((first.status, again.status), (201, 200), "{again:?}");
    assert_eq!(first.body["id"], again.body["id"]);
    assert_eq!(again.body["repeated"], true);
    assert_eq!(first.header("Uplion-Position"), again.header("Uplion-Position"));
    assert_eq!(installation.store.events.head().await.unwrap(), 1);
}

#[tokio::test]
async fn a_command_that_would_be_rejected_now_is_answered_as_when_it_was_done() {
    let installation = Installation::without_projector().await;
    let model = json!({ "name": "llama" });
    let register = || {
        let post = request(Method::POST, "/models").header("Idempotency-Key", "one");
        installation.send(with_json(post, &model))
    };
    let (first, again) = (register().await, register().await);
    assert_eq!((first.status, again.status), (201, 200), "{again:?}");
    assert_eq!((&again.body["id"], &again.body["repeated"]), (&json!("llama"), &json!(true)));
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_remembered_like_any_other() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let say = |command: &str, key: &str| {
        let post = request(Method::POST, &format!("/projects/{project}/{command}"));
        installation.send(post.header("Idempotency-Key", key).finish())
    };
    let first = say("resume", "one").await;
    assert_eq!((first.status, &first.body["version"]), (200, &json!(1)), "{first:?}");
    assert_eq!(first.body["repeated"], false);
    say("suspend", "one").await.problem(422, "idempotency_key_reused");
    say("suspend", "two").await;
    let again = say("resume", "one").await;
    assert_eq!((&again.body["repeated"], &again.body["version"]), (&json!(true), &json!(1)));
    assert_eq!(installation.get("/projects/physics").await.body["status"], "suspended");
    let suspended = say("suspend", "two").await;
    assert_eq!(suspended.body["repeated"], true, "also what is so already: {suspended:?}");
}

#[tokio::test]
async fn what_is_too_much_for_the_log_is_refused_before_it_stands_in_its_way() {
    let installation = Installation::without_projector().await;
    let url = format!("http://host/{}", "x".repeat(600 << 10));
    let model = json!({ "name": "llama", "upstreams": [{ "url": url }] });
    installation.post("/models", model).await.problem(422, "too_much");
    assert_eq!(installation.store.events.head().await.unwrap(), 0);
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_command() {
    let installation = Installation::without_projector().await;
    create_once(&installation, "one", "physics").await.made();
    let other = create_once(&installation, "one", "chemistry").await;
    other.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_read_that_names_a_write_sees_it() {
    let installation = Installation::start().await;
    for n in 0..5 {
        let name = format!("project {n}");
        let created = installation.post("/projects", json!({ "name": name })).await;
        let listed = installation.get_at("/projects", &created).await;
        let newest = listed.body["data"].as_array().unwrap().last().unwrap();
        assert_eq!(newest["name"], name, "{listed:?}");
    }
}

#[tokio::test]
async fn a_read_that_cannot_see_a_write_in_time_says_what_is_behind() {
    let installation = Installation::without_projector().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    let listed = installation.get_at("/projects", &created).await;
    listed.problem(503, "behind");
    assert_eq!(listed.header("retry-after"), "1");
    assert!(listed.body["detail"].as_str().unwrap().contains("projector"), "{listed:?}");
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_not_passed_over() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let change = request(Method::PATCH, &format!("/projects/{project}"))
        .header("If-Match", HeaderValue::from_bytes(b"\"\xd7\"").unwrap());
    let changed = installation.send(with_json(change, &json!({ "name": "chemistry" }))).await;
    changed.problem(400, "malformed");
    assert!(changed.body["detail"].as_str().unwrap().contains("If-Match"), "{changed:?}");
}

#[tokio::test]
async fn a_position_that_was_never_answered_is_not_waited_for() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    for position in ["control:1:2", "control:2:1"] {
        let listed = installation.get(&format!("/projects?at={position}")).await;
        listed.problem(422, "unknown_position");
        assert!(listed.body["detail"].as_str().unwrap().contains("control:1:1"), "{listed:?}");
    }
}

#[tokio::test]
async fn who_asks_for_the_newest_sees_every_write_before() {
    let installation = Installation::start().await;
    for n in 1..=20 {
        installation.project(&format!("physics-{n}")).await;
        let listed = installation.get("/projects?at=newest").await;
        assert_eq!(listed.body["data"].as_array().unwrap().len(), n, "{listed:?}");
    }
    installation.get("/projects?at=latest").await.problem(400, "malformed");
}

async fn create_once(installation: &Installation, key: &str, name: &str) -> ApiResponse {
    let post = request(Method::POST, "/projects").header("Idempotency-Key", key);
    installation.send(with_json(post, &json!({ "name": name }))).await
}

async fn rename_if(
    installation: &Installation,
    path: &str,
    version: &str,
    name: &str,
) -> ApiResponse {
    let asked = request(Method::PATCH, path).header("If-Match", version);
    installation.send(with_json(asked, &json!({ "name": name }))).await
}
