//! `/control/v1/projects`

use poem::http::Method;
use serde_json::json;

use crate::installation::{Installation, request};

#[tokio::test]
async fn a_project_is_found_by_its_id_and_by_its_name() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    for path in [format!("/projects/{id}"), "/projects/physics".to_owned()] {
        let shown = installation.get(&path).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        assert_eq!(shown.body["id"], id);
        assert_eq!(shown.body["name"], "physics");
        assert_eq!(shown.body["status"], "open");
    }
}

#[tokio::test]
async fn no_two_open_projects_have_one_name() {
    let installation = Installation::without_projector().await;
    installation.project("physics").await;
    let second = installation.post("/projects", json!({ "name": "physics" })).await;
    second.problem(409, "name_taken");

    let other = installation.project("chemistry").await;
    let renamed =
        installation.patch(&format!("/projects/{other}"), json!({ "name": "physics" })).await;
    renamed.problem(409, "name_taken");
}

#[tokio::test]
async fn a_name_that_is_given_up_is_free() {
    let installation = Installation::without_projector().await;
    let first = installation.project("physics").await;
    let rename = installation.patch("/projects/physics", json!({ "name": "chemistry" })).await;
    assert_eq!(rename.status, 200, "{rename:?}");
    installation.project("physics").await;

    let close = installation.post(&format!("/projects/{first}/close"), json!({})).await;
    assert_eq!(close.status, 200, "{close:?}");
    installation.project("chemistry").await;
    let closed = installation.get(&format!("/projects/{first}")).await;
    assert_eq!(closed.body["status"], "closed");
}

#[tokio::test]
async fn closing_twice_is_closing_once() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let path = format!("/projects/{id}/close");
    let close = || installation.post(&path, json!({}));
    let (first, second) = (close().await, close().await);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.body["position"], second.body["position"]);
}

#[tokio::test]
async fn a_closed_project_takes_no_keys_and_no_new_name() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    installation.post(&format!("/projects/{id}/close"), json!({})).await;
    let key = installation.post("/keys", json!({ "project": id, "name": "ci" })).await;
    key.problem(409, "rejected");
    let renamed = installation.patch(&format!("/projects/{id}"), json!({ "name": "x" })).await;
    renamed.problem(409, "rejected");
}

#[tokio::test]
async fn a_project_begins_with_what_its_creator_says() {
    let installation = Installation::without_projector().await;
    let body = json!({
        "name": "physics",
        "budget": { "amount": "250.50", "period": "month" },
        "limits": { "requests_per_minute": 600, "tokens_per_minute": 1_000_000 },
    });
    let created = installation.post("/projects", body).await;
    assert_eq!((created.status, &created.body["version"]), (201, &json!(3)), "{created:?}");
    let shown = installation.get("/projects/physics").await.body;
    assert_eq!(shown["budget"], json!({ "amount": "250.5", "period": "month" }));
    let limits = json!({
        "requests_per_minute": 600, "tokens_per_minute": 1_000_000, "parallel_requests": null,
    });
    assert_eq!(shown["limits"], limits);
    assert_eq!(shown["members"], 0);
}

#[tokio::test]
async fn several_changes_are_several_events_in_one_write() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let body = json!({
        "name": "optics",
        "budget": { "amount": "10", "period": "total" },
        "limits": { "parallel_requests": 4 },
    });
    let changed = installation.patch(&format!("/projects/{id}"), body.clone()).await;
    assert_eq!((changed.status, &changed.body["version"]), (200, &json!(4)), "{changed:?}");
    let events = installation.store.events.after(0, 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|stored| stored.event.kind.as_str()).collect();
    let named = ["created", "renamed", "budget_changed", "limits_changed"];
    assert_eq!(kinds, named.map(|what| format!("uplion.project.{what}.v1")));
    let again = installation.patch("/projects/optics", body).await;
    assert_eq!(again.body["version"], 4, "what is already so is no event");
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_takes_away() {
    let installation = Installation::without_projector().await;
    let body = json!({
        "name": "physics",
        "budget": { "amount": "10", "period": "day" },
        "limits": { "parallel_requests": 4 },
    });
    installation.post("/projects", body).await;
    installation.patch("/projects/physics", json!({ "budget": null })).await;
    let shown = installation.get("/projects/physics").await.body;
    assert_eq!(
        (&shown["budget"], &shown["limits"]["parallel_requests"]),
        (&json!(null), &json!(4))
    );
    let limits = json!({ "limits": { "requests_per_minute": 60 } });
    installation.patch("/projects/physics", limits).await;
    let shown = installation.get("/projects/physics").await.body;
    assert_eq!(shown["limits"]["parallel_requests"], json!(null));
    installation.patch("/projects/physics", json!({ "limits": null })).await;
    assert_eq!(installation.get("/projects/physics").await.body["limits"], json!(null));
}

#[tokio::test]
async fn one_rejected_change_keeps_them_all_from_happening() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let path = format!("/projects/{id}");
    let change = |budget: &str| {
        let body = json!({ "name": "optics", "budget": { "amount": budget, "period": "month" } });
        installation.patch(&path, body)
    };
    change("0").await.problem(422, "rejected");
    change("much").await.problem(422, "rejected");
    let limits = json!({ "name": "optics", "limits": { "parallel_requests": 0 } });
    installation.patch(&path, limits).await.problem(400, "malformed");
    let shown = installation.get(&path).await;
    assert_eq!((&shown.body["name"], shown.header("ETag")), (&json!("physics"), "\"1\""));
}

#[tokio::test]
async fn a_suspended_project_is_resumed_or_closed() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let path = format!("/projects/{id}");
    let status = async |what: &str| {
        let done = installation.post(&format!("{path}/{what}"), json!({})).await;
        assert_eq!(done.status, 200, "{done:?}");
        let shown = installation.get(&path).await.body;
        (shown["status"].as_str().unwrap().to_owned(), shown["suspended_at"].is_string())
    };
    assert_eq!(status("suspend").await, ("suspended".to_owned(), true));
    assert_eq!(status("suspend").await, ("suspended".to_owned(), true));
    assert_eq!(status("resume").await, ("open".to_owned(), false));
    status("suspend").await;
    assert_eq!(status("close").await, ("closed".to_owned(), true));
    installation.post(&format!("{path}/resume"), json!({})).await.problem(409, "rejected");
}

#[tokio::test]
async fn suspending_names_the_version_that_was_seen_and_is_done_once() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let suspend = |header: &'static str, value: &'static str| {
        let post = request(Method::POST, &format!("/projects/{id}/suspend"));
        installation.send(post.header(header, value).finish())
    };
    suspend("If-Match", "\"7\"").await.problem(412, "changed");
    let first = suspend("Idempotency-Key", "one").await;
    assert_eq!((first.status, &first.body["version"]), (200, &json!(2)), "{first:?}");
    installation.post(&format!("/projects/{id}/resume"), json!({})).await;
    let again = suspend("Idempotency-Key", "one").await;
    assert_eq!(again.body["repeated"], true, "{again:?}");
    assert_eq!(installation.get("/projects/physics").await.body["status"], "open");
}

#[tokio::test]
async fn projects_are_listed_by_status() {
    let installation = Installation::start().await;
    for name in ["a", "b", "c"] {
        installation.project(name).await;
    }
    installation.post("/projects/b/suspend", json!({})).await;
    let last = installation.post("/projects/c/close", json!({})).await;
    for (status, names) in [("open", ["a"]), ("suspended", ["b"]), ("closed", ["c"])] {
        let page = installation.get_at(&format!("/projects?status={status}"), &last).await;
        let listed = page.body["data"].as_array().unwrap().iter();
        assert_eq!(listed.map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
    }
    installation.get("/projects?status=asleep").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let installation = Installation::start().await;
    let mut last = None;
    for name in ["a", "b", "c"] {
        last = Some(installation.post("/projects", json!({ "name": name })).await);
    }
    let last = last.unwrap();
    let first = installation.get_at("/projects?limit=2", &last).await;
    let names = |page: &serde_json::Value| {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|project| project["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first.body), ["a", "b"]);
    let after = first.body["next"].as_str().unwrap();
    let second = installation.get(&format!("/projects?limit=2&after={after}")).await;
    assert_eq!(names(&second.body), ["c"]);
    assert_eq!(second.body["next"], serde_json::Value::Null);
}
