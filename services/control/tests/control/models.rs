//! `/control/v1/models`

use serde_json::json;

use crate::installation::{Installation, request};

#[tokio::test]
async fn a_model_with_a_slash_and_a_dot_in_its_name_is_one_path_segment() {
    let installation = Installation::start().await;
    let registered = installation
        .post(
            "/models",
            json!({
                "name": "org/llama-3.1",
                "upstreams": [{ "url": "http://127.0.0.1:8000/v1/", "api_key_env": "LLAMA_KEY" }],
                "aliases": ["llama", "org/llama-3.1"],
            }),
        )
        .await;
    assert_eq!(registered.made(), "org/llama-3.1");
    let shown = installation.get("/models/org%2Fllama-3.1").await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(shown.body["aliases"], json!(["llama"]));
    let upstream = json!({
        "id": shown.body["upstreams"][0]["id"],
        "url": "http://127.0.0.1:8000/v1",
        "model": "org/llama-3.1",
        "api_key_env": "LLAMA_KEY",
        "api_key_secret": null,
        "weight": 1,
        "max_in_flight": 16,
        "stream_options": "auto",
    });
    assert_eq!(shown.body["upstreams"], json!([upstream]));
    assert_eq!(
        (&shown.body["kind"], &shown.body["status"]),
        (&json!("remote"), &json!("registered"))
    );
    let listed = installation.get_at("/models", &registered).await;
    assert_eq!(listed.body["data"][0], shown.body);
}

#[tokio::test]
async fn terms_are_said_with_the_model_and_change_one_by_one() {
    let installation = Installation::without_projector().await;
    let terms = json!({ "deadline_s": 1200, "attempts": null });
    installation.post("/models", json!({ "name": "llama", "terms": terms })).await.made();
    let change = async |terms| {
        let changed = installation.patch("/models/llama", json!({ "terms": terms })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        installation.get("/models/llama").await.body["terms"].clone()
    };
    let all = |deadline: Option<u32>, attempts: Option<u32>| {
        json!({
            "deadline_s": deadline,
            "first_byte_s": null,
            "between_chunks_s": null,
            "attempts": attempts,
            "retry_for_s": null,
            "wait_for_worker_s": 0,
        })
    };
    let more = json!({ "attempts": 5, "wait_for_worker_s": 0 });
    assert_eq!(change(more).await, all(Some(1200), Some(5)));
    assert_eq!(change(json!({ "deadline_s": null })).await, all(None, Some(5)));
    for unusable in
        [json!({ "deadline_s": 0 }), json!({ "deadline_s": 3601 }), json!({ "attempts": 0 })]
    {
        let body = json!({ "terms": unusable });
        installation.patch("/models/llama", body.clone()).await.problem(422, "rejected");
        let body = json!({ "name": "other", "terms": body["terms"] });
        installation.post("/models", body).await.problem(422, "rejected");
    }
    assert_eq!(installation.get("/models/other").await.status, 404);
}

#[tokio::test]
async fn names_and_aliases_are_one_space() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama", "aliases": ["fast"] })).await.made();
    let register = |name: &str, alias: &str| {
        installation.post("/models", json!({ "name": name, "aliases": [alias] }))
    };
    register("fast", "x").await.problem(409, "name_taken");
    register("mistral", "llama").await.problem(409, "name_taken");
    register("mistral", "fast").await.problem(409, "name_taken");

    let moved = installation.put("/models/llama/aliases", json!({ "aliases": [] })).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    register("mistral", "fast").await.made();
    assert_eq!(installation.get("/models/fast").await.body["name"], "mistral");
}

#[tokio::test]
async fn a_retired_models_aliases_are_free_and_its_name_is_not() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama", "aliases": ["fast"] })).await.made();
    let retired = installation.post("/models/fast/retire", json!({})).await;
    assert_eq!(retired.status, 200, "{retired:?}");
    installation.post("/models", json!({ "name": "llama" })).await.problem(409, "rejected");
    installation.post("/models", json!({ "name": "fast" })).await.made();
    assert_eq!(installation.get("/models/llama").await.body["status"], "retired");
}

#[tokio::test]
async fn an_upstream_that_cannot_be_used_is_refused_with_the_reason() {
    let installation = Installation::without_projector().await;
    for upstream in [
        json!({ "url": "ftp://here/v1" }),
        json!({ "url": "http://here/v1", "max_in_flight": 0 }),
        json!({ "url": "http://here/v1", "api_key_env": "sk-secret-pasted" }),
        json!({ "url": "http://here/v1", "weight": 0 }),
        json!({ "url": "http://here/v1", "api_key_secret": { "name": "a", "key": "../b" } }),
        json!({
            "url": "http://here/v1",
            "api_key_env": "KEY",
            "api_key_secret": { "name": "a", "key": "b" },
        }),
    ] {
        let body = json!({ "name": "llama", "upstreams": [upstream] });
        installation.post("/models", body).await.problem(422, "rejected");
    }
    let unusable = json!({ "name": "two\nlines" });
    installation.post("/models", unusable).await.problem(422, "rejected");
}

#[tokio::test]
async fn upstreams_change_as_a_whole() {
    let installation = Installation::without_projector().await;
    let upstream = |port: u16| json!({ "url": format!("http://127.0.0.1:{port}/v1") });
    let body = json!({ "name": "llama", "upstreams": [upstream(1)] });
    installation.post("/models", body).await.made();
    let body = json!({ "upstreams": [upstream(2), upstream(3)] });
    assert_eq!(installation.put("/models/llama/upstreams", body).await.status, 200);
    let shown = installation.get("/models/llama").await;
    let urls: Vec<_> = shown.body["upstreams"].as_array().unwrap().iter().collect();
    assert_eq!(urls[0]["url"], "http://127.0.0.1:2/v1");
    assert_eq!(urls.len(), 2);
}

#[tokio::test]
async fn one_upstream_is_added_changed_and_removed() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let place = "/models/llama/upstreams";
    let secret = json!({ "name": "open-ai", "key": "api-key" });
    let upstream = json!({
        "url": "http://127.0.0.1:1/v1", "api_key_secret": secret, "weight": 3, "max_in_flight": 2,
    });
    assert_eq!(installation.post(place, upstream.clone()).await.status, 201);
    installation.post(place, upstream).await.problem(409, "rejected");
    installation.post(place, json!({ "url": "http://127.0.0.1:2/v1" })).await;
    let listed = installation.get(place).await;
    assert_eq!((listed.status, listed.header("etag")), (200, "\"3\""), "{listed:?}");
    let first = listed.body["data"][0].clone();
    assert_eq!((&first["api_key_secret"], &first["weight"]), (&secret, &json!(3)));

    let path = format!("{place}/{}", first["id"].as_str().unwrap());
    let changed = json!({ "weight": 7, "api_key_env": "KEY" });
    assert_eq!(installation.patch(&path, changed).await.status, 200);
    let after = installation.get(place).await.body["data"][0].clone();
    assert_eq!((&after["id"], &after["weight"]), (&first["id"], &json!(7)));
    assert_eq!((&after["api_key_env"], &after["max_in_flight"]), (&json!("KEY"), &json!(2)));
    assert_eq!(
        (&after["api_key_secret"], &after["stream_options"]),
        (&json!(null), &json!("auto"))
    );
    installation.patch(&path, json!({ "stream_options": "never" })).await;
    let never = installation.get(place).await.body["data"][0].clone();
    assert_eq!((&never["stream_options"], &never["weight"]), (&json!("never"), &json!(7)));
    let wrong = installation.patch(&path, json!({ "stream_options": "no" })).await;
    wrong.problem(400, "malformed");

    let remove = || poem::http::Method::DELETE;
    let removed = installation.send(request(remove(), &path).finish()).await;
    assert_eq!(removed.status, 200, "{removed:?}");
    installation.send(request(remove(), &path).finish()).await.problem(404, "not_found");
    installation.patch(&path, json!({ "weight": 1 })).await.problem(404, "not_found");
    assert_eq!(installation.get(place).await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn several_changes_of_a_model_are_one_write() {
    let installation = Installation::start().await;
    installation.post("/models", json!({ "name": "llama", "kind": "local" })).await.made();
    let changed = json!({ "kind": "remote", "max_processes": 2, "aliases": ["fast"] });
    let changed = installation.patch("/models/llama", changed).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"4\""), "{changed:?}");
    let shown = installation.get("/models/fast").await.body;
    assert_eq!((&shown["kind"], &shown["max_processes"]), (&json!("remote"), &json!(2)));
    let wrong = json!({ "kind": "local", "max_processes": 0 });
    installation.patch("/models/llama", wrong).await.problem(422, "rejected");
    assert_eq!(installation.get("/models/llama").await.body["kind"], "remote");

    let retired = installation.post("/models", json!({ "name": "old" })).await;
    retired.made();
    let last = installation.post("/models/old/retire", json!({})).await;
    let names = async |query: &str| {
        let listed = installation.get_at(&format!("/models?{query}"), &last).await;
        let names = listed.body["data"].as_array().unwrap().iter();
        names.map(|model| model["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["llama", "old"]);
    assert_eq!(names("kind=remote").await, ["llama"]);
    assert_eq!(names("status=retired").await, ["old"]);
}

#[tokio::test]
async fn nobody_takes_the_name_of_the_check_model() {
    let installation = Installation::start().await;
    for body in
        [json!({ "name": "uplion-check" }), json!({ "name": "x", "aliases": ["Uplion-Check"] })]
    {
        installation.post("/models", body).await.problem(422, "rejected");
    }
}
