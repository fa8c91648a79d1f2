//! What a key may do, how long and how much: told when it is issued, changed afterwards.

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::KeyDigest;
use uplion_log_store::event_store::Scope;

use crate::installation::{ApiResponse, Installation, request, with_json};

const FUTURE: &str = "2126-11-23T08:00:00Z";

struct Issued {
    installation: Installation,
    path: String,
    secret: String,
}

async fn issued() -> Issued {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let issued = installation.post("/keys", json!({ "project": "physics", "name": "ci" })).await;
    let secret = issued.body["secret"].as_str().unwrap().to_owned();
    Issued { path: format!("/keys/{}", issued.made()), installation, secret }
}

impl Issued {
    async fn show(&self) -> Value {
        self.installation.get(&self.path).await.body
    }

    async fn version(&self) -> String {
        self.installation.get(&self.path).await.header("etag").to_owned()
    }

    async fn change(&self, body: Value) -> ApiResponse {
        self.installation.patch(&self.path, body).await
    }

    async fn say(&self, command: &str, body: Value) -> ApiResponse {
        self.installation.post(&format!("{}/{command}", self.path), body).await
    }
}

#[tokio::test]
async fn a_key_is_issued_on_all_its_terms_at_once() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama-3.1", "aliases": ["llama"] })).await;
    let terms = json!({
        "project": "physics",
        "name": "ci",
        "description": "nightly",
        "models": ["llama"],
        "expires_at": FUTURE,
        "token_quota": 1000,
        "budget": { "amount": "2.5", "period": "month" },
        "limits": { "requests_per_minute": 60, "parallel_requests": 4 },
        "model_limits": { "llama": { "tokens_per_minute": 500 } },
    });
    let id = installation.post("/keys", terms).await.made();
    let shown = installation.get(&format!("/keys/{id}")).await;
    assert_eq!(shown.header("etag"), "\"1\"", "one event: {shown:?}");
    let shown = shown.body;
    assert_eq!((&shown["description"], &shown["owner"]), (&json!("nightly"), &Value::Null));
    assert_eq!((&shown["models"], &shown["expires_at"]), (&json!(["llama-3.1"]), &json!(FUTURE)));
    assert_eq!((&shown["status"], &shown["token_quota"]), (&json!("active"), &json!(1000)));
    assert_eq!(shown["budget"], json!({ "amount": "2.5", "period": "month" }));
    assert_eq!(shown["limits"]["requests_per_minute"], 60);
    assert_eq!(shown["limits"]["tokens_per_minute"], Value::Null);
    assert_eq!(shown["model_limits"]["llama-3.1"]["tokens_per_minute"], 500);
}

#[tokio::test]
async fn terms_that_would_serve_nothing_are_rejected() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let issue = |field: &str, value: Value| {
        let mut body = json!({ "project": "physics", "name": "ci" });
        body[field] = value;
        installation.post("/keys", body)
    };
    issue("token_quota", json!(0)).await.problem(422, "rejected");
    issue("expires_at", json!("2020-01-01T00:00:00Z")).await.problem(422, "rejected");
    issue("expires_at", json!("tomorrow")).await.problem(422, "rejected");
    issue("budget", json!({ "amount": "0", "period": "day" })).await.problem(422, "rejected");
    issue("budget", json!({ "amount": "much", "period": "day" })).await.problem(422, "rejected");
    issue("model_limits", json!({ "lama": {} })).await.problem(422, "unknown_model");
    issue("owner", json!("usr_00000000000000000000000000000001"))
        .await
        .problem(422, "unknown_user");
    assert_eq!(installation.store.events.head().await.unwrap(), 1);
}

#[tokio::test]
async fn several_changes_are_one_write_and_an_event_each() {
    let key = issued().await;
    let changed = key
        .change(json!({
            "name": "lab",
            "expires_at": FUTURE,
            "token_quota": 5,
            "limits": { "requests_per_minute": 1 },
        }))
        .await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"5\""), "{changed:?}");
    let shown = key.show().await;
    assert_eq!((&shown["name"], &shown["description"]), (&json!("lab"), &json!("")));
    assert_eq!((&shown["token_quota"], &shown["expires_at"]), (&json!(5), &json!(FUTURE)));
    let events = key.installation.store.events.after(0, 100).await.unwrap();
    let kinds: Vec<_> = events[2..].iter().map(|stored| stored.event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "uplion.api_key.described.v1",
            "uplion.api_key.expiry_changed.v1",
            "uplion.api_key.quota_changed.v1",
            "uplion.api_key.limits_changed.v1",
        ]
    );
}

#[tokio::test]
async fn one_wrong_change_keeps_the_others_out() {
    let key = issued().await;
    key.change(json!({ "name": "lab", "token_quota": 0 })).await.problem(422, "rejected");
    assert_eq!(
        (key.show().await["name"].clone(), key.version().await),
        (json!("ci"), "\"1\"".into())
    );
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_takes_away() {
    let key = issued().await;
    key.change(json!({
        "token_quota": 5,
        "budget": { "amount": "1", "period": "total" },
        "limits": { "parallel_requests": 2 },
    }))
    .await;
    key.change(json!({ "description": "nightly" })).await;
    let shown = key.show().await;
    assert_eq!((&shown["name"], &shown["token_quota"]), (&json!("ci"), &json!(5)));
    assert_eq!(shown["limits"]["parallel_requests"], 2);
    key.change(json!({ "token_quota": null, "budget": null, "limits": null })).await;
    let shown = key.show().await;
    for taken in ["token_quota", "tokens_remaining", "budget", "limits"] {
        assert_eq!(shown[taken], Value::Null, "{taken}");
    }
    let version = key.version().await;
    assert_eq!(key.change(json!({})).await.status, 200);
    assert_eq!(key.version().await, version, "nothing was said, and nothing happened");
}

#[tokio::test]
async fn a_key_is_disabled_enabled_and_expires() {
    let key = issued().await;
    assert_eq!(key.say("disable", json!({})).await.header("etag"), "\"2\"");
    assert_eq!(key.say("disable", json!({})).await.header("etag"), "\"2\"");
    assert_eq!(key.show().await["status"], "disabled");
    assert_eq!(key.say("enable", json!({})).await.status, 200);
    assert_eq!(key.show().await["status"], "active");
    key.say("revoke", json!({})).await;
    key.say("enable", json!({})).await.problem(409, "rejected");
    key.change(json!({ "name": "b" })).await.problem(409, "rejected");
    key.say("rotate", json!({})).await.problem(409, "rejected");
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_the_old_ones_digest_stays_taken() {
    let key = issued().await;
    let path = format!("{}/rotate", key.path);
    let rotate = || {
        let post = request(Method::POST, &path).header("Idempotency-Key", "one");
        key.installation.send(with_json(post, &json!({ "grace_seconds": 60 })))
    };
    let (rotated, again) = (rotate().await, rotate().await);
    let new = rotated.body["secret"].as_str().unwrap();
    assert!(rotated.status == 200 && new.starts_with("sk-uplion-") && new != key.secret);
    assert_eq!((&again.body["secret"], &again.body["repeated"]), (&Value::Null, &json!(true)));
    let shown = key.show().await;
    let times = ["rotated_at", "previous_secret_until"]
        .map(|name| shown[name].as_str().unwrap().parse::<uplion_domain::Timestamp>().unwrap());
    assert_eq!(times[1].millis_since(times[0]), 60_000);
    for secret in [&*key.secret, new] {
        let digest = KeyDigest::of(secret).to_string();
        let holder = key.installation.store.events.holder(Scope::KeyDigest, &digest).await.unwrap();
        assert_eq!(format!("/keys/{}", holder.unwrap().id()), key.path);
        assert!(!shown.to_string().contains(secret));
    }
    let too_long = key.say("rotate", json!({ "grace_seconds": 2_592_001 })).await;
    assert_eq!(too_long.status, 400, "{too_long:?}");
}

#[tokio::test]
async fn what_is_left_of_a_quota_is_shown() {
    let key = issued().await;
    key.change(json!({ "token_quota": 30 })).await;
    let project = key.show().await["project"].as_str().unwrap().to_owned();
    let id = key.path.trim_start_matches("/keys/");
    for _ in 0..2 {
        key.installation.serve(&project, id, "llama").await;
    }
    key.installation.get("/usage?wait=10000").await;
    let settled = async || key.show().await["tokens_used"] == 26;
    uplion_tests::wait::until(uplion_tests::wait::PATIENCE, "the tokens to be counted", settled)
        .await
        .unwrap();
    let shown = key.show().await;
    assert_eq!((&shown["tokens_remaining"], &shown["cost"]), (&json!(4), &json!("0.00007")));
    assert!(shown["last_used_at"].is_string());
    let listed = key.installation.get("/keys").await.body["data"][0].clone();
    assert_eq!((&listed["tokens_used"], &listed["tokens_remaining"]), (&json!(26), &json!(4)));
}

#[tokio::test]
async fn keys_are_found_by_what_they_are() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    installation.project("chemistry").await;
    for name in ["llama", "mistral"] {
        installation.post("/models", json!({ "name": name })).await;
    }
    let issue = async |project: &str, name: &str, models: Value| {
        let body = json!({ "project": project, "name": name, "models": models });
        installation.post("/keys", body).await.made()
    };
    issue("physics", "all", Value::Null).await;
    let off = issue("physics", "off", json!(["llama"])).await;
    issue("chemistry", "narrow", json!(["mistral"])).await;
    let last = installation.post(&format!("/keys/{off}/disable"), json!({})).await;
    let names = async |query: &str| {
        let listed = installation.get_at(&format!("/keys?{query}"), &last).await;
        let names = listed.body["data"].as_array().unwrap().iter().map(|key| key["name"].clone());
        names.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["all", "off", "narrow"]);
    assert_eq!(names("project=physics").await, ["all", "off"]);
    assert_eq!(names("status=disabled").await, ["off"]);
    assert_eq!(names("status=active&project=physics").await, ["all"]);
    assert_eq!(names("model=llama").await, ["all", "off"]);
    assert_eq!(names("model=mistral").await, ["all", "narrow"]);
    let page = installation.get("/keys?limit=2").await;
    let next = page.body["next"].as_str().unwrap();
    assert_eq!(names(&format!("limit=2&after={next}")).await, ["narrow"]);
}
