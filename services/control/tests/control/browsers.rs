//! What an answer tells a browser.

use poem::http::Method;
use serde_json::json;

use crate::installation::{Installation, anonymous, request};

#[tokio::test]
async fn every_answer_is_closed_to_other_sites_and_kept_by_nobody() {
    let installation = Installation::without_projector().await;
    let answers = [
        installation.post("/projects", json!({ "name": "physics" })).await,
        installation.get("/nothing").await,
        installation.send(anonymous(Method::GET, "/projects").finish()).await,
        installation.send(anonymous(Method::GET, "/openapi.json").finish()).await,
        installation.send(request(Method::DELETE, "/projects").finish()).await,
    ];
    for answer in answers {
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), policy, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("strict-transport-security"), "", "it is not over TLS");
        assert_eq!(answer.header("x-request-id").len(), 32, "{answer:?}");
    }
}

#[tokio::test]
async fn no_other_origin_reads_an_answer_unless_it_is_allowed() {
    let installation = Installation::for_pages_of("https://console.example.org").await;
    let ask = |method, origin| {
        let asked = request(method, "/sessions/current").header("Origin", origin);
        asked.header("Access-Control-Request-Method", "DELETE").finish()
    };
    let other = installation.send(ask(Method::GET, "https://evil.example")).await;
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, ""));
    let allowed = installation.send(ask(Method::GET, "https://console.example.org")).await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://console.example.org");
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert_eq!(allowed.header("vary"), "Origin");

    let preflight = installation.send(ask(Method::OPTIONS, "https://console.example.org")).await;
    assert_eq!(preflight.status, 204, "{preflight:?}");
    assert!(preflight.header("access-control-allow-methods").contains("DELETE"));
    let closed = installation.send(ask(Method::OPTIONS, "https://evil.example")).await;
    assert_eq!(closed.header("access-control-allow-methods"), "", "{closed:?}");
}

#[tokio::test]
async fn a_url_beyond_all_measure_is_malformed() {
    let installation = Installation::without_projector().await;
    let long = format!("/projects?after={}", "x".repeat(9_000));
    installation.get(&long).await.problem(400, "malformed");
}
