//! `/control/v1/admin-keys`

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::KeyDigest;
use uplion_log_store::event_store::Scope;

use crate::installation::{Installation, now, request, with_json};

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let installation = Installation::start().await;
    let body = json!({ "name": "terraform", "access": "admin" });
    let issued = installation.post("/admin-keys", body).await;
    let id = issued.made();
    let secret = issued.body["secret"].as_str().unwrap();
    assert!(id.starts_with("adk_") && secret.starts_with("sk-admin-"), "{id} {secret}");

    let digest = KeyDigest::of(secret).to_string();
    let holder = installation.store.events.holder(Scope::KeyDigest, &digest).await.unwrap();
    assert_eq!(holder.unwrap().id(), id);
    let events = installation.store.events.after(0, 9).await.unwrap();
    assert!(!String::from_utf8(events[0].event.payload.clone()).unwrap().contains(secret));
    let listed = installation.get_at("/admin-keys", &issued).await;
    let [key] = &listed.body["data"].as_array().unwrap()[..] else { panic!("{listed:?}") };
    assert_eq!((&key["name"], &key["access"]), (&json!("terraform"), &json!("admin")));
    assert_eq!((&key["status"], &key["expires_at"]), (&json!("active"), &Value::Null));
    assert!(!listed.body.to_string().contains(&digest));
}

#[tokio::test]
async fn a_repeated_issue_does_not_show_the_secret_again() {
    let installation = Installation::without_projector().await;
    let issue = || {
        let post = request(Method::POST, "/admin-keys").header("Idempotency-Key", "one");
        installation.send(with_json(post, &json!({ "name": "ci", "access": "auditor" })))
    };
    let (first, again) = (issue().await, issue().await);
    assert_eq!(first.made(), again.body["id"]);
    assert_eq!((&again.body["secret"], &again.body["repeated"]), (&Value::Null, &json!(true)));
}

#[tokio::test]
async fn an_admin_key_is_of_use() {
    let installation = Installation::without_projector().await;
    let issue = |body: Value| installation.post("/admin-keys", body);
    issue(json!({ "name": "ci", "access": "none" })).await.problem(400, "malformed");
    issue(json!({ "name": " ", "access": "admin" })).await.problem(422, "rejected");
    let past = now().plus_millis(-1).to_string();
    let body = json!({ "name": "ci", "access": "admin", "expires_at": past });
    issue(body).await.problem(422, "rejected");
    let body = json!({ "name": "ci", "access": "admin", "expires_at": "tomorrow" });
    issue(body).await.problem(422, "rejected");
}

#[tokio::test]
async fn a_revoked_admin_key_stays_in_the_list() {
    let installation = Installation::start().await;
    let later = now().plus_millis(60_000).to_string();
    let body = json!({ "name": "ci", "access": "auditor", "expires_at": later });
    let id = installation.post("/admin-keys", body).await.made();
    let path = format!("/admin-keys/{id}/revoke");
    let revoke = || installation.post(&path, json!({}));
    let (first, second) = (revoke().await, revoke().await);
    assert_eq!((first.status, &first.body["version"]), (200, &json!(2)), "{first:?}");
    assert_eq!((second.status, &second.body["version"]), (200, &json!(2)), "{second:?}");
    let listed = installation.get_at("/admin-keys", &second).await;
    assert_eq!(listed.body["data"][0]["status"], "revoked");
    assert_eq!(listed.body["data"][0]["expires_at"], later);
    installation.post("/admin-keys/nonsense/revoke", json!({})).await.problem(404, "not_found");
    let unknown = "/admin-keys/adk_00000000000000000000000000000007/revoke";
    installation.post(unknown, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_machine_does_what_its_key_lets_it_until_that_is_revoked() {
    let installation = Installation::without_projector().await;
    let issue = async |access: &str| {
        let issued =
            installation.post("/admin-keys", json!({ "name": "ci", "access": access })).await;
        (issued.made(), issued.body["secret"].as_str().unwrap().to_owned())
    };
    let ((admin, secret), (_, auditor)) = (issue("admin").await, issue("auditor").await);
    let create = async |secret: &str, name: &str| {
        installation.ask(secret, Method::POST, "/projects", json!({ "name": name })).await
    };
    let created = create(&secret, "physics").await;
    assert_eq!(created.status, 201, "{created:?}");
    let events = installation.store.events.after(2, 9).await.unwrap();
    assert_eq!(events[0].event.actor.as_deref(), Some(&*admin));
    create(&auditor, "optics").await.problem(403, "forbidden");
    assert_eq!(installation.read(&auditor, "/projects/physics").await.status, 200);

    installation.post(&format!("/admin-keys/{admin}/revoke"), json!({})).await;
    create(&secret, "optics").await.problem(401, "unauthorized");
}
