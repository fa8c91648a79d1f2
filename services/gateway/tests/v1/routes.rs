//! What is said of everything that is not in the API.

use reqwest::Method;
use serde_json::json;
use uplion_gateway::Options;

use crate::installation::{Installation, body, error, header};

#[tokio::test]
async fn an_unknown_url_is_404_in_the_shape_of_the_api() {
    let installation = Installation::start().await;
    for path in ["/", "/v1", "/v1/embeddings", "/v2/chat/completions", "/%ff"] {
        let not_found = (404, "invalid_request_error unknown_url -".to_owned());
        assert_eq!(error(installation.get(path).await).await, not_found, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_in_the_shape_of_the_api() {
    let installation = Installation::start().await;
    let not_allowed = (405, "invalid_request_error method_not_supported -".to_owned());
    let response = installation.get("/v1/chat/completions").await;
    assert_eq!(header(&response, "allow"), "POST, OPTIONS");
    assert_eq!(error(response).await, not_allowed);
    let url = format!("{}/v1/models", installation.base);
    let response = installation.client.delete(url).bearer_auth("sk-test").send().await.unwrap();
    assert_eq!(header(&response, "allow"), "GET, HEAD, OPTIONS");
    assert_eq!(error(response).await, not_allowed);
}

#[tokio::test]
async fn who_shows_no_key_that_is_served_is_told_how_to() {
    let installation = Installation::start().await;
    let url = format!("{}/v1/models", installation.base);
    let without = installation.client.get(&url).send().await.unwrap();
    assert_eq!(
        (without.status().as_u16(), header(&without, "www-authenticate")),
        (401, r#"Bearer realm="uplion""#)
    );
    let wrong = installation.client.get(&url).bearer_auth("wrong").send().await.unwrap();
    let challenge = header(&wrong, "www-authenticate").to_owned();
    assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
}

#[tokio::test]
async fn a_compressed_body_is_415_with_what_is_read_instead() {
    let installation = Installation::start().await;
    let response = installation.chat(&body(&json!({}))).header("Content-Encoding", "gzip");
    let response = response.send().await.unwrap();
    assert_eq!(header(&response, "accept-encoding"), "identity");
    let said = error(response).await;
    assert_eq!(said, (415, "invalid_request_error unsupported_content_encoding -".to_owned()));
}

#[tokio::test]
async fn what_a_path_takes_is_told_to_whoever_asks() {
    let installation = Installation::start().await;
    let ask = |method, path: &str| {
        let url = format!("{}{path}", installation.base);
        installation.client.request(method, url).send()
    };
    let options = ask(Method::OPTIONS, "/v1/chat/completions").await.unwrap();
    assert_eq!((options.status().as_u16(), header(&options, "allow")), (204, "POST, OPTIONS"));
    assert_eq!(ask(Method::OPTIONS, "/nothing").await.unwrap().status().as_u16(), 404);
    let head = ask(Method::HEAD, "/v1/models").await.unwrap();
    assert_eq!(head.status().as_u16(), 401);
}

#[tokio::test]
async fn pages_of_other_origins_call_if_they_are_named_and_are_asked_for_no_key_before() {
    let named = vec!["https://chat.example.org".to_owned()];
    let options = Options { allowed_origins: named, ..Options::default() };
    let installation = Installation::with(options).await;
    let url = format!("{}/v1/chat/completions", installation.base);
    let preflight = |origin: &'static str| {
        let asked = installation.client.request(Method::OPTIONS, &url).header("Origin", origin);
        let asked = asked.header("Access-Control-Request-Method", "POST");
        asked.header("Access-Control-Request-Headers", "authorization, content-type").send()
    };
    let allowed = preflight("https://chat.example.org").await.unwrap();
    assert_eq!(allowed.status().as_u16(), 204);
    let origin = "access-control-allow-origin";
    assert_eq!(header(&allowed, origin), "https://chat.example.org");
    assert_eq!(header(&allowed, "access-control-allow-headers"), "authorization, content-type");
    let other = preflight("https://evil.example").await.unwrap();
    assert!(other.headers().get(origin).is_none(), "{other:?}");

    let models = installation.client.get(format!("{}/v1/models", installation.base));
    let models = models.header("Origin", "https://chat.example.org").send().await.unwrap();
    assert_eq!(
        (models.status().as_u16(), header(&models, origin)),
        (401, "https://chat.example.org")
    );
    let shown = header(&models, "access-control-expose-headers").to_lowercase();
    assert!(shown.contains("x-request-id") && shown.contains("retry-after"), "{shown}");
}
