//! Whatever goes wrong, the answer is a problem.

use poem::{Body, http::Method};
use serde_json::json;

use crate::installation::{Installation, anonymous, request, with_json};

#[tokio::test]
async fn nothing_is_said_without_the_admin_key() {
    let installation = Installation::without_projector().await;
    let without = installation.send(anonymous(Method::GET, "/projects").finish()).await;
    without.problem(401, "unauthorized");
    assert_eq!(without.header("www-authenticate"), r#"Bearer realm="uplion control""#);

    let wrong = anonymous(Method::GET, "/projects").header("Authorization", "Bearer wrong");
    let wrong = installation.send(wrong.finish()).await;
    wrong.problem(401, "unauthorized");
    assert!(wrong.header("www-authenticate").contains(r#"error="invalid_token""#), "{wrong:?}");

    let wrong = anonymous(Method::POST, "/projects").header("Authorization", "Bearer wrong");
    let wrong = installation.send(with_json(wrong, &json!({ "name": "physics" }))).await;
    wrong.problem(401, "unauthorized");
    assert_eq!(installation.store.events.head().await.unwrap(), 0);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let installation = Installation::without_projector().await;
    for path in ["/nothing", "/projects/physics", "/keys/key_1", "/models/llama", "/prices/x"] {
        installation.get(path).await.problem(404, "not_found");
    }
    let key = "/keys/key_00000000000000000000000000000007";
    installation.get(key).await.problem(404, "not_found");
    installation.post(&format!("{key}/revoke"), json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_named() {
    let installation = Installation::without_projector().await;
    let answer = installation.send(request(Method::DELETE, "/projects").finish()).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, POST");
}

#[tokio::test]
async fn a_body_that_is_no_json_or_says_something_unknown_is_malformed() {
    let installation = Installation::without_projector().await;
    for body in ["", "{", "[]", "{\"nam\":\"physics\"}", "{\"name\":[]}"] {
        let post = request(Method::POST, "/projects").content_type("application/json");
        installation
            .send(post.body(Body::from_string(body.into())))
            .await
            .problem(400, "malformed");
    }
    let unknown = json!({ "name": "physics", "nmae": "x" });
    installation.post("/projects", unknown).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_text_without_quotes_is_malformed() {
    let installation = Installation::without_projector().await;
    for name in [json!(true), json!(1)] {
        let answer = installation.post("/projects", json!({ "name": name })).await;
        answer.problem(400, "malformed");
        assert!(answer.body["detail"].as_str().unwrap().starts_with("name:"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_of_another_kind_is_not_json() {
    let installation = Installation::without_projector().await;
    let post = request(Method::POST, "/projects").content_type("text/plain");
    let answer = installation.send(post.body(Body::from_string("{\"name\":\"a\"}".into()))).await;
    answer.problem(415, "not_json");
}

#[tokio::test]
async fn a_body_beyond_a_mebibyte_is_too_large() {
    let installation = Installation::without_projector().await;
    let answer = installation.post("/projects", json!({ "name": "x".repeat(1 << 20) })).await;
    answer.problem(413, "too_large");
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_is_malformed() {
    let installation = Installation::without_projector().await;
    for path in [
        "/projects?limit=many",
        "/usage?by=colour",
        "/usage?from=yesterday",
        "/projects?at=7",
        "/keys?projct=physics",
    ] {
        installation.get(path).await.problem(400, "malformed");
    }
}
