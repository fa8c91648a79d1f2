//! What is said of everything that is not in the API.

use crate::installation::{Installation, error};

#[tokio::test]
async fn an_unknown_url_is_404_in_the_shape_of_the_api() {
    let installation = Installation::start().await;
    for path in ["/", "/v1", "/v1/embeddings", "/v2/chat/completions"] {
        let not_found = (404, "invalid_request_error unknown_url -".to_owned());
        assert_eq!(error(installation.get(path).await).await, not_found, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_in_the_shape_of_the_api() {
    let installation = Installation::start().await;
    let not_allowed = (405, "invalid_request_error method_not_supported -".to_owned());
    assert_eq!(error(installation.get("/v1/chat/completions").await).await, not_allowed);
    let url = format!("{}/v1/models", installation.base);
    let response = installation.client.delete(url).bearer_auth("sk-test").send().await.unwrap();
    assert_eq!(error(response).await, not_allowed);
}
