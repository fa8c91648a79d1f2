//! `/control/v1/usage`

use serde_json::{Value, json};
use uplion_log_store::rows::Projected;
use uplion_projections::{
    table::{Column, Kind, Table},
    usage_by_hour,
};
use uplion_tests::wait;

use crate::installation::Installation;

struct Served {
    installation: Installation,
    project: String,
    keys: [String; 2],
}

/// Two keys of one project; the first was used twice, with two models.
async fn served() -> Served {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    let issue = async |name: &str| {
        let body = json!({ "project": project, "name": name });
        installation.post("/keys", body).await.made()
    };
    let keys = [issue("ci").await, issue("lab").await];
    installation.serve(&project, &keys[0], "llama").await;
    installation.serve(&project, &keys[0], "mistral").await;
    installation.serve(&project, &keys[1], "llama").await;
    Served { installation, project, keys }
}

#[tokio::test]
async fn who_waits_sees_what_had_happened() {
    let Served { installation, project, keys } = served().await;
    let usage = installation.get("/usage?wait=10000").await;
    assert_eq!((usage.status, &usage.body["complete"]), (200, &json!(true)), "{usage:?}");
    let lines = usage.body["data"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    let line = &lines[0];
    assert_eq!((&line["project"], &line["project_name"]), (&json!(project), &json!("physics")));
    assert_eq!((&line["key"], &line["key_name"]), (&json!(keys[0]), &json!("ci")));
    assert_eq!((&line["model"], &line["hour"]), (&json!("llama"), &Value::Null));
    assert_eq!(line["requests"], 1);
    assert_eq!((&line["prompt_tokens"], &line["completion_tokens"]), (&json!(10), &json!(3)));
    assert_eq!(line["cost"], "0.000035");
}

#[tokio::test]
async fn usage_is_told_apart_by_what_one_asks_for() {
    let Served { installation, project, keys } = served().await;
    let counts = async |query: &str| {
        let usage = installation.get(&format!("/usage?wait=10000&{query}")).await;
        let lines = usage.body["data"].as_array().unwrap().iter();
        lines.map(|line| line["requests"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(counts("by=project").await, [3]);
    assert_eq!(counts("by=key").await, [2, 1]);
    assert_eq!(counts("by=model").await, [2, 1]);
    assert_eq!(counts("by=project,hour").await.iter().sum::<u64>(), 3);
    assert_eq!(counts(&format!("by=model&key={}", keys[1])).await, [1]);
    assert_eq!(counts("by=key&project=physics").await, [2, 1]);
    assert_eq!(counts(&format!("by=key&project={project}&to=2020-01-01T00:00:00Z")).await, [0; 0]);
    assert_eq!(counts("by=project&from=2020-01-01T00:00:00Z").await, [3]);
}

#[tokio::test]
async fn operations_are_told_apart_and_every_unit_is_counted() {
    let Served { installation, project, keys } = served().await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    installation.serve_images(&project, &keys[1], "llama").await;
    let lines = async |query: &str| {
        let usage = installation.get(&format!("/usage?wait=10000&{query}")).await;
        usage.body["data"].as_array().unwrap_or_else(|| panic!("{usage:?}")).clone()
    };
    let each = lines("by=operation").await;
    let operations: Vec<_> = each.iter().map(|line| line["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["chat_completion", "image_generation"]);
    let units =
        |line: &Value| ["input", "output", "images"].map(|unit| line["units"][unit].clone());
    assert_eq!(units(&each[0]), [json!(30), json!(9), Value::Null]);
    assert_eq!(units(&each[1]), [Value::Null, Value::Null, json!(2)]);
    assert_eq!(each[1]["prompt_tokens"], 0);

    let images = lines("by=key&operation=image_generation").await;
    assert_eq!((images.len(), &images[0]["key"]), (1, &json!(keys[1])));
    assert_eq!((&images[0]["requests"], &images[0]["operation"]), (&json!(1), &Value::Null));
    assert_eq!(lines("operation=speech").await, [Value::Null; 0]);
    let all = lines("by=model&model=llama").await;
    assert_eq!(units(&all[0]), [json!(20), json!(6), json!(2)]);
    installation.get("/usage?operation=Chat").await.problem(422, "rejected");
}

#[tokio::test]
async fn usage_that_the_projector_has_not_seen_is_said_to_be_missing() {
    let Served { installation, project, keys } = served().await;
    installation.get("/usage?wait=10000").await;
    installation.stop_projector().await;
    installation.serve(&project, &keys[0], "llama").await;

    let usage = installation.get("/usage?by=project&wait=50").await;
    assert_eq!((usage.status, &usage.body["complete"]), (200, &json!(false)), "{usage:?}");
    assert_eq!(usage.body["data"][0]["requests"], 3);
    assert!(usage.body["missing"].as_str().unwrap().contains("TRAFFIC"), "{usage:?}");
}

#[tokio::test]
async fn usage_before_the_first_projector_says_what_to_start() {
    let installation = Installation::without_projector().await;
    let usage = installation.get("/usage").await;
    usage.problem(503, "behind");
    assert!(usage.body["detail"].as_str().unwrap().contains("projector"), "{usage:?}");
}

/// What a release before this one left: another table under the same name.
#[tokio::test]
async fn what_an_earlier_version_filled_is_behind_until_a_projector_of_this_one_has_filled_it_anew()
{
    static COLUMNS: [Column; 1] = [Column::key("hour", Kind::Text)];
    static BEFORE: Table = Table { name: usage_by_hour::NAME, columns: &COLUMNS, indexes: &[] };
    let installation = Installation::without_projector().await;
    let before = Projected { name: usage_by_hour::NAME, version: 1, table: &BEFORE };
    installation.store.rows.ensure(before).await.unwrap();
    let usage = installation.get("/usage").await;
    usage.problem(503, "behind");
    let detail = usage.body["detail"].as_str().unwrap();
    assert!(detail.contains("version 1") && detail.contains("projector"), "{detail}");

    installation.start_projector().await;
    let filled = async || installation.get("/usage").await.status == 200;
    wait::until(wait::PATIENCE, "the new version to be filled", filled).await.unwrap();
}

#[tokio::test]
async fn usage_is_read_page_by_page_whatever_is_told_apart() {
    let Served { installation, .. } = served().await;
    for by in ["project,key,model", "key,hour", "model,operation", "model", "project"] {
        let all = installation.get(&format!("/usage?wait=10000&by={by}")).await.body;
        assert_eq!(all["next"], Value::Null, "{all}");
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = installation.get(&format!("/usage?by={by}&limit=1{after}")).await;
            let lines = page.body["data"].as_array().unwrap_or_else(|| panic!("{page:?}"));
            assert!(lines.len() <= 1, "{page:?}");
            paged.extend(lines.clone());
            let Some(next) = page.body["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(json!(paged), all["data"], "{by}");
    }
    installation.get("/usage?after=there").await.problem(422, "rejected");
}
