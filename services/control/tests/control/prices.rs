//! `/control/v1/prices`

use serde_json::{Value, json};

use crate::installation::Installation;

#[tokio::test]
async fn a_rate_that_is_left_out_is_as_its_kind() {
    let installation = Installation::start().await;
    installation.post("/models", json!({ "name": "llama", "aliases": ["fast"] })).await.made();
    let body = json!({
        "model": "fast", "input": "0.15", "output": "0.6", "effective_from": "2020-01-01T00:00:00Z",
    });
    let set = installation.post("/prices", body).await;
    let id = set.made();
    let shown = installation.get(&format!("/prices/{id}")).await;
    let rates = ["input", "cached_input", "output", "reasoning", "request"]
        .map(|rate| shown.body[rate].as_str().unwrap().to_owned());
    assert_eq!(rates, ["0.15", "0.15", "0.6", "0.6", "0"]);
    assert_eq!(shown.body["model"], "llama");
    assert_eq!(shown.body["effective_from"], "2020-01-01T00:00:00Z");
    let listed = installation.get_at("/prices?model=fast", &set).await;
    assert_eq!(listed.body["data"], json!([shown.body]));
}

#[tokio::test]
async fn money_is_text_with_at_most_nine_decimals() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    for input in ["0,15", "-1", "1e3", "0.0000000001", "10001"] {
        let body = json!({ "model": "llama", "input": input, "output": "1" });
        installation.post("/prices", body).await.problem(422, "rejected");
    }
    let unknown = json!({ "model": "lama", "input": "1", "output": "1" });
    installation.post("/prices", unknown).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_withdrawn_price_is_still_shown_as_such() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let body = json!({ "model": "llama", "input": "1", "output": "1" });
    let path = format!("/prices/{}", installation.post("/prices", body).await.made());
    assert_eq!(installation.get(&path).await.body["withdrawn_at"], Value::Null);
    assert_eq!(installation.post(&format!("{path}/withdraw"), json!({})).await.status, 200);
    assert!(installation.get(&path).await.body["withdrawn_at"].is_string());
}
