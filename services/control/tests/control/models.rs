//! `/control/v1/models`

use serde_json::json;

use crate::installation::Installation;

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
        "url": "http://127.0.0.1:8000/v1", "model": "org/llama-3.1", "api_key_env": "LLAMA_KEY", "max_in_flight": 16,
    });
    assert_eq!(shown.body["upstreams"], json!([upstream]));
    let listed = installation.get_at("/models", &registered).await;
    assert_eq!(listed.body["data"][0], shown.body);
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
    ] {
        let body = json!({ "name": "llama", "upstreams": [upstream] });
        installation.post("/models", body).await.problem(422, "rejected");
    }
    let unusable = json!({ "name": "two words" });
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
