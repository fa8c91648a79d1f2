//! `/control/v1/prices`

use serde_json::{Value, json};
use uplion_domain::{project::Role, user::Access};

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
    for input in ["0,15", "-1", "1e3", "0.0000000001", "1000001"] {
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

#[tokio::test]
async fn a_project_may_have_a_price_of_its_own() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let set = async |project: Value, input: &str, from: &str| {
        let body = json!({
            "model": "llama", "project": project, "input": input, "output": "1", "effective_from": from,
        });
        installation.post("/prices", body).await
    };
    set(Value::Null, "1", "2020-01-01T00:00:00Z").await.made();
    set(Value::Null, "2", "2021-01-01T00:00:00Z").await.made();
    set(json!("physics"), "0.5", "2020-06-01T00:00:00Z").await.made();
    let last = set(Value::Null, "3", "2120-01-01T00:00:00Z").await;
    let inputs = async |query: &str| {
        let listed = installation.get_at(&format!("/prices?{query}"), &last).await;
        let prices = listed.body["data"].as_array().unwrap().iter();
        prices.map(|price| price["input"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(inputs("").await, ["1", "2", "3", "0.5"]);
    assert_eq!(inputs("project=physics").await, ["0.5"]);
    assert_eq!(inputs("in_force_at=2020-03-01T00:00:00Z").await, ["1"]);
    assert_eq!(inputs("in_force_at=2026-01-01T00:00:00Z").await, ["2", "0.5"]);
    let own = installation.get("/prices?project=physics").await.body["data"][0].clone();
    assert_eq!(own["project"], project);
    let page = installation.get("/prices?limit=2").await;
    assert_eq!(
        inputs(&format!("after={}", page.body["next"].as_str().unwrap())).await,
        ["3", "0.5"]
    );
    set(json!("chemistry"), "1", "2020-01-01T00:00:00Z").await.problem(404, "not_found");
}

#[tokio::test]
async fn whose_prices_one_may_not_see_one_is_not_told_of() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    for owner in [Value::Null, json!("physics")] {
        let body = json!({ "model": "llama", "project": owner, "input": "1", "output": "1" });
        installation.post("/prices", body).await.made();
    }
    let (member, stranger) = (
        installation.user("member", Access::None).await,
        installation.user("stranger", Access::None).await,
    );
    installation.member(&project, &member, Role::Member).await;
    let body = json!({ "model": "llama", "input": "2", "output": "1" });
    let last = installation.post("/prices", body).await;
    installation.get_at("/prices", &last).await;
    for (somebody, seen) in [(&member, 3), (&stranger, 2)] {
        let token = installation.token(somebody).await;
        let listed = installation.read(&token, "/prices").await;
        assert_eq!(listed.body["data"].as_array().unwrap().len(), seen, "{listed:?}");
        let own = installation.read(&token, "/prices?project=physics").await;
        let unknown = installation.read(&token, "/prices?project=nothing").await;
        unknown.problem(404, "not_found");
        match seen {
            3 => assert_eq!(own.body["data"].as_array().unwrap().len(), 1, "{own:?}"),
            _ => assert_eq!((own.status, &own.body), (404, &unknown.body)),
        }
    }
}

#[tokio::test]
async fn a_price_has_rules_of_which_the_last_applies_to_whatever_no_other_does() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let long = json!({ "when": { "context_above": 200_000 }, "rates": { "input": "2.5", "output": "15" } });
    let night = json!({
        "when": { "operation": "embedding", "from": "22:00", "until": "06:00" },
        "rates": { "input": "0.1" },
    });
    let price = json!({
        "model": "llama",
        "input": "1.25",
        "output": "10",
        "rates": { "images": "0.04" },
        "rules": [long, night],
    });
    let price = installation.post("/prices", price).await.made();
    let shown = installation.get(&format!("/prices/{price}")).await.body;
    let always = json!({ "images": "0.04", "input": "1.25", "output": "10" });
    assert_eq!(shown["rates"], always);
    assert_eq!(shown["rules"], json!([long, night, { "when": {}, "rates": always }]));
    assert_eq!((&shown["input"], &shown["cached_input"]), (&json!("1.25"), &json!("1.25")));
}

#[tokio::test]
async fn a_price_that_says_nothing_or_asks_for_what_cannot_be_is_rejected() {
    let installation = Installation::without_projector().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    for rules in [
        json!([]),
        json!([{ "when": { "from": "22:00" }, "rates": { "input": "1" } }]),
        json!([{ "when": { "from": "22:00", "until": "25:00" }, "rates": { "input": "1" } }]),
        json!([{ "when": { "operation": "Not A Word" }, "rates": { "input": "1" } }]),
        json!([{ "rates": { "input": "1" } }, { "rates": { "input": "2" } }]),
    ] {
        let price = json!({ "model": "llama", "rules": rules });
        installation.post("/prices", price).await.problem(422, "rejected");
    }
}
