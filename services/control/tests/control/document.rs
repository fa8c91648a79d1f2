//! `GET /control/v1/openapi.json`

use std::{env, fs};

use poem::http::Method;

use crate::installation::{Installation, anonymous};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/control.json");

#[tokio::test]
async fn the_generated_document_is_fresh() {
    let installation = Installation::without_projector().await;
    let fresh = installation.control.openapi() + "\n";
    if env::var_os("UPLION_GENERATE").is_some() {
        fs::write(COMMITTED, &fresh).unwrap();
    }
    let committed = fs::read_to_string(COMMITTED).unwrap();
    assert!(fresh == committed, "openapi/control.json is stale: run `make generate`");
}

#[tokio::test]
async fn the_document_is_there_for_anybody() {
    let installation = Installation::without_projector().await;
    let answer = installation.send(anonymous(Method::GET, "/openapi.json").finish()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["openapi"].as_str().unwrap().starts_with("3.0"), "{:?}", answer.body);
    assert!(answer.body["paths"]["/keys/{key}/revoke"]["post"].is_object());
}
