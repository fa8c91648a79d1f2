//! `/control/v1/events` and `/control/v1/changes`: who did what, when and why, and what it was before.

use poem::http::Method;
use serde_json::{Value, json};

use crate::installation::{ApiResponse, Installation, request, with_json};

const CREATED: &str = "uplion.project.created.v1";
const RENAMED: &str = "uplion.project.renamed.v1";

/// With a reason.
async fn because(
    installation: &Installation,
    method: Method,
    path: &str,
    body: Value,
) -> ApiResponse {
    let request = request(method, path).header("Uplion-Reason", "they asked");
    installation.send(with_json(request, &body)).await
}

fn types(page: &ApiResponse) -> Vec<&str> {
    assert_eq!(page.status, 200, "{page:?}");
    let data = page.body["data"].as_array().unwrap().iter();
    data.map(|archived| archived["event"]["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_audit_finds_events_by_thing_actor_type_time_and_stream() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    let key = installation.post("/keys", json!({ "project": project, "name": "ci" })).await.made();
    installation.serve(&project, &key, "llama").await;
    let path = format!("/projects/{project}");
    let renamed =
        because(&installation, Method::PATCH, &path, json!({ "name": "chemistry" })).await;
    installation.get_at("/projects", &renamed).await;

    let of_project = format!("/events?kind=project&id={project}");
    assert_eq!(types(&installation.get(&of_project).await), [CREATED, RENAMED]);
    let newest = installation.get(&format!("{of_project}&order=newest&limit=1")).await;
    assert_eq!(types(&newest), [RENAMED]);
    let path = format!(
        "{of_project}&order=newest&limit=1&after={}",
        newest.body["next"].as_str().unwrap()
    );
    let before = installation.get(&path).await;
    assert_eq!(types(&before), [CREATED]);
    let path = format!(
        "{of_project}&order=newest&limit=1&after={}",
        before.body["next"].as_str().unwrap()
    );
    let end = installation.get(&path).await;
    assert_eq!((types(&end), &end.body["next"]), (vec![], &Value::Null));

    let of_kind = installation.get("/events?kind=project").await;
    assert_eq!(types(&of_kind), [CREATED, RENAMED]);
    assert_eq!(types(&installation.get("/events?type=uplion.project.ren").await), [RENAMED]);
    assert_eq!(types(&installation.get("/events?actor=admin").await).len(), 3);
    assert_eq!(types(&installation.get("/events?actor=usr_7").await), [""; 0]);
    assert_eq!(types(&installation.get("/events?stream=TRAFFIC").await).len(), 3);
    assert_eq!(types(&installation.get("/events?to=2026-01-01T00:00:00Z").await), [""; 0]);
    let since = installation.get("/events?stream=CONTROL&from=2026-01-01T00:00:00Z").await;
    assert_eq!(types(&since).len(), 3);

    let archived = &newest.body["data"][0];
    assert_eq!(archived["reason"], "they asked");
    assert_eq!(archived["event"]["requestid"], renamed.header("x-request-id"));
    assert!(!archived["event"].to_string().contains("they asked"));
}

#[tokio::test]
async fn a_question_that_means_nothing_is_said_to() {
    let installation = Installation::without_projector().await;
    for wrong in [
        "id=prj_00000000000000000000000000000007",
        "kind=planet&id=7",
        "kind=project&type=uplion.model.",
        "stream=TASKS",
        "order=random",
        "actor=%20",
        "type=%20",
    ] {
        installation.get(&format!("/events?{wrong}")).await.problem(422, "rejected");
    }
    installation.get("/events?from=yesterday").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_change_is_told_with_what_was_before_and_what_is_after() {
    let installation = Installation::without_projector().await;
    let project = installation.project("physics").await;
    let body = json!({ "project": project, "name": "ci", "models": null });
    let key = installation.post("/keys", body).await.made();
    let path = format!("/projects/{project}");
    because(&installation, Method::PATCH, &path, json!({ "name": "chemistry" })).await;
    let revoked = request(Method::POST, &format!("/keys/{key}/revoke")).finish();
    assert_eq!(installation.send(revoked).await.status, 200);

    let changes = installation.get("/changes?kind=project&id=chemistry").await;
    assert_eq!(changes.status, 200, "{changes:?}");
    let [created, renamed] = &changes.body["data"].as_array().unwrap()[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((&created["version"], &created["type"]), (&json!(1), &json!(CREATED)));
    let name = |fields: &Value| {
        let mut fields = fields.as_array().unwrap().iter();
        fields.find(|field| field["name"] == "name").cloned().unwrap()
    };
    let first = json!({ "name": "name", "before": null, "after": "physics" });
    assert_eq!(name(&created["fields"]), first);
    let second = json!({ "name": "name", "before": "physics", "after": "chemistry" });
    assert_eq!(renamed["fields"], json!([second]));
    assert_eq!((&renamed["actor"], &renamed["reason"]), (&json!("admin"), &json!("they asked")));

    let path = format!("/changes?kind=api_key&id={key}&after=1");
    let revoked = &installation.get(&path).await.body["data"][0];
    let fields = revoked["fields"].as_array().unwrap();
    let at = fields.iter().find(|field| field["name"] == "revoked_at").unwrap();
    assert_eq!((&at["before"], &at["after"]), (&Value::Null, &revoked["at"]));
}

#[tokio::test]
async fn changes_come_in_pages() {
    let installation = Installation::without_projector().await;
    let project = installation.project("name 1").await;
    for number in 2..=5 {
        let body = json!({ "name": format!("name {number}") });
        installation.patch(&format!("/projects/{project}"), body).await;
    }
    let mut path = format!("/changes?kind=project&id={project}&limit=2");
    let mut versions = Vec::new();
    loop {
        let page = installation.get(&path).await;
        let data = page.body["data"].as_array().unwrap();
        versions.extend(data.iter().map(|change| change["version"].as_u64().unwrap()));
        // Also in the middle it is known what was before.
        assert!(data.iter().skip(1).all(|change| change["fields"][0]["before"].is_string()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/changes?kind=project&id={project}&limit=2&after={next}");
    }
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_never_was_has_no_changes() {
    let installation = Installation::without_projector().await;
    for never in [
        "kind=project&id=prj_00000000000000000000000000000007",
        "kind=project&id=physics",
        "kind=model&id=llama",
        "kind=planet&id=7",
        "kind=api_key&id=7",
    ] {
        installation.get(&format!("/changes?{never}")).await.problem(404, "not_found");
    }
}
