//! `/control/v1/keys`

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::KeyDigest;
use uplion_log_store::event_store::Scope;

use crate::installation::{Installation, request, with_json};

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let issued = installation.post("/keys", json!({ "project": "physics", "name": "ci" })).await;
    let id = issued.made();
    let secret = issued.body["secret"].as_str().unwrap();
    assert!(secret.starts_with("sk-uplion-") && secret.len() >= 53, "{secret}");

    let holder = KeyDigest::of(secret).to_string();
    let holder = installation.store.events.holder(Scope::KeyDigest, &holder).await.unwrap();
    assert_eq!(holder.unwrap().id(), id);
    for stored in installation.store.events.after(0, 100).await.unwrap() {
        assert!(!String::from_utf8(stored.event.payload).unwrap().contains(secret));
    }
    let listed = installation.get_at("/keys?project=physics", &issued).await;
    assert_eq!(listed.body["data"][0]["id"], id);
    assert_eq!(listed.body["data"][0]["project_name"], "physics");
    assert!(!listed.body.to_string().contains(secret));
}

#[tokio::test]
async fn a_repeated_issue_does_not_show_the_secret_again() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let issue = || {
        let post = request(Method::POST, "/keys").header("Idempotency-Key", "one");
        installation.send(with_json(post, &json!({ "project": "physics", "name": "ci" })))
    };
    let (first, again) = (issue().await, issue().await);
    assert_eq!(first.made(), again.body["id"]);
    assert_eq!((again.status, &again.body["secret"]), (200, &Value::Null), "{again:?}");
    assert_eq!(again.body["repeated"], true);
}

#[tokio::test]
async fn a_key_may_use_models_that_there_are() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama-3.1", "aliases": ["llama"] })).await;
    let issue = |models: Value| {
        let body = json!({ "project": "physics", "name": "ci", "models": models });
        installation.post("/keys", body)
    };
    issue(json!(["lama"])).await.problem(422, "unknown_model");
    issue(json!([])).await.problem(422, "rejected");
    issue(json!(vec!["llama"; 1_001])).await.problem(422, "rejected");
    let id = issue(json!(["llama"])).await.made();
    let path = format!("/keys/{id}");
    assert_eq!(installation.get(&path).await.body["models"], json!(["llama-3.1"]));

    let all = installation.put(&format!("{path}/models"), json!({ "models": null })).await;
    assert_eq!(all.status, 200, "{all:?}");
    assert_eq!(installation.get(&path).await.body["models"], Value::Null);
}

#[tokio::test]
async fn a_revoked_key_stays_revoked() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let issued = installation.post("/keys", json!({ "project": "physics", "name": "ci" })).await;
    let path = format!("/keys/{}", issued.made());
    let revocation = format!("{path}/revoke");
    let revoke = || installation.post(&revocation, json!({}));
    let revoked = revoke().await;
    assert_eq!((revoked.status, &revoked.body["version"]), (200, &json!(2)), "{revoked:?}");
    assert_eq!(revoke().await.body["version"], 2);
    let allow = installation.put(&format!("{path}/models"), json!({ "models": null })).await;
    allow.problem(409, "rejected");
    assert_eq!(installation.get(&path).await.body["status"], "revoked");
}

#[tokio::test]
async fn every_project_on_a_page_is_named_however_many_there_are() {
    let installation = Installation::start().await;
    // More than are looked up at once.
    let issued = (0..130).map(|n| {
        let installation = &installation;
        async move {
            let project = installation.project(&format!("project {n}")).await;
            let body = json!({ "project": project, "name": format!("project {n}") });
            installation.post("/keys", body).await.made()
        }
    });
    futures::future::join_all(issued).await;
    let last = installation.post("/projects", json!({ "name": "last" })).await;
    let listed = installation.get_at("/keys?limit=1000", &last).await;
    let keys = listed.body["data"].as_array().unwrap();
    assert_eq!(keys.len(), 130);
    assert!(keys.iter().all(|key| key["project_name"] == key["name"]), "{listed:?}");
}
