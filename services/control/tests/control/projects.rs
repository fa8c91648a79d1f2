//! `/control/v1/projects`

use serde_json::json;

use crate::installation::Installation;

#[tokio::test]
async fn a_project_is_found_by_its_id_and_by_its_name() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    for path in [format!("/projects/{id}"), "/projects/physics".to_owned()] {
        let shown = installation.get(&path).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        assert_eq!(shown.body["id"], id);
        assert_eq!(shown.body["name"], "physics");
        assert_eq!(shown.body["status"], "open");
    }
}

#[tokio::test]
async fn no_two_open_projects_have_one_name() {
    let installation = Installation::without_projector().await;
    installation.project("physics").await;
    let second = installation.post("/projects", json!({ "name": "physics" })).await;
    second.problem(409, "name_taken");

    let other = installation.project("chemistry").await;
    let renamed =
        installation.patch(&format!("/projects/{other}"), json!({ "name": "physics" })).await;
    renamed.problem(409, "name_taken");
}

#[tokio::test]
async fn a_name_that_is_given_up_is_free() {
    let installation = Installation::without_projector().await;
    let first = installation.project("physics").await;
    let rename = installation.patch("/projects/physics", json!({ "name": "chemistry" })).await;
    assert_eq!(rename.status, 200, "{rename:?}");
    installation.project("physics").await;

    let close = installation.post(&format!("/projects/{first}/close"), json!({})).await;
    assert_eq!(close.status, 200, "{close:?}");
    installation.project("chemistry").await;
    let closed = installation.get(&format!("/projects/{first}")).await;
    assert_eq!(closed.body["status"], "closed");
}

#[tokio::test]
async fn closing_twice_is_closing_once() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let path = format!("/projects/{id}/close");
    let close = || installation.post(&path, json!({}));
    let (first, second) = (close().await, close().await);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.body["position"], second.body["position"]);
}

#[tokio::test]
async fn a_closed_project_takes_no_keys_and_no_new_name() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    installation.post(&format!("/projects/{id}/close"), json!({})).await;
    let key = installation.post("/keys", json!({ "project": id, "name": "ci" })).await;
    key.problem(409, "rejected");
    let renamed = installation.patch(&format!("/projects/{id}"), json!({ "name": "x" })).await;
    renamed.problem(409, "rejected");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let installation = Installation::start().await;
    let mut last = None;
    for name in ["a", "b", "c"] {
        last = Some(installation.post("/projects", json!({ "name": name })).await);
    }
    let last = last.unwrap();
    let first = installation.get_at("/projects?limit=2", &last).await;
    let names = |page: &serde_json::Value| {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|project| project["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first.body), ["a", "b"]);
    let after = first.body["next"].as_str().unwrap();
    let second = installation.get(&format!("/projects?limit=2&after={after}")).await;
    assert_eq!(names(&second.body), ["c"]);
    assert_eq!(second.body["next"], serde_json::Value::Null);
}
