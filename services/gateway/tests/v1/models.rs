//! `GET /v1/models` and `GET /v1/models/{id}`.

use serde_json::{Value, json};

use crate::installation::{DEMO_KEY, Installation, error};

#[tokio::test]
async fn the_list_holds_what_the_key_may_use() {
    let installation = Installation::start().await;
    let list: Value = installation.get("/v1/models").await.json().await.unwrap();
    let model = |id: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": "uplion"});
    assert_eq!(list, json!({"object": "list", "data": [model("demo"), model("org/model")]}));
    let url = format!("{}/v1/models", installation.base);
    let list = installation.client.get(url).bearer_auth(DEMO_KEY).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list, json!({"object": "list", "data": [model("demo")]}));
}

#[tokio::test]
async fn a_model_is_found_by_its_name_slashes_and_all_or_by_an_alias() {
    let installation = Installation::start().await;
    for (path, id) in [
        ("/v1/models/demo", "demo"),
        ("/v1/models/alias", "demo"),
        ("/v1/models/org/model", "org/model"),
        ("/v1/models/org%2Fmodel", "org/model"),
    ] {
        let model: Value = installation.get(path).await.json().await.unwrap();
        assert_eq!(model["id"], id, "{path}");
    }
}

#[tokio::test]
async fn a_model_that_the_key_may_not_use_is_not_there() {
    let installation = Installation::start().await;
    let not_found = (404, "invalid_request_error model_not_found model".to_owned());
    assert_eq!(error(installation.get("/v1/models/nothing").await).await, not_found);
    let url = format!("{}/v1/models/org/model", installation.base);
    let hidden = installation.client.get(url).bearer_auth(DEMO_KEY).send().await.unwrap();
    assert_eq!(error(hidden).await, not_found);
}

#[tokio::test]
async fn nobody_sees_models_without_a_key() {
    let installation = Installation::start().await;
    for path in ["/v1/models", "/v1/models/demo"] {
        let response = installation.client.get(format!("{}{path}", installation.base)).send().await;
        let rejected = (401, "invalid_request_error invalid_api_key -".to_owned());
        assert_eq!(error(response.unwrap()).await, rejected);
    }
}
