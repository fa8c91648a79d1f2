//! `/control/v1/events`, `/control/v1/requests` and `/control/v1/log`

use std::time::{Duration, Instant};

use serde_json::json;

use crate::installation::Installation;

#[tokio::test]
async fn a_requests_events_come_in_order_as_cloud_events() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    let body = json!({ "project": project, "name": "ci" });
    let key = installation.post("/keys", body).await.made();
    let request = installation.serve(&project, &key, "llama").await;

    let story = installation.get(&format!("/requests/{request}?wait=10000")).await;
    assert_eq!((story.status, &story.body["complete"]), (200, &json!(true)), "{story:?}");
    let kinds: Vec<_> = story.body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|archived| {
            assert_eq!(archived["event"]["specversion"], "1.0");
            assert_eq!(archived["event"]["data"]["request"], request.to_string());
            archived["event"]["type"].as_str().unwrap()
        })
        .collect();
    let expected =
        ["uplion.request.accepted.v2", "uplion.task.assigned.v1", "uplion.request.settled.v2"];
    assert_eq!(kinds, expected);
    let summary = &story.body["request"];
    assert_eq!((&summary["status"], &summary["cost"]), (&json!("completed"), &json!("0.000035")));
    assert_eq!((&summary["key_name"], &summary["total_ms"]), (&json!("ci"), &json!(2.5)));
}

#[tokio::test]
async fn the_newest_requests_come_first() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    let key = "key_00000000000000000000000000000007";
    let mut requests = Vec::new();
    for _ in 0..3 {
        requests.push(installation.serve(&project, key, "llama").await.to_string());
    }
    installation.get(&format!("/requests/{}?wait=10000", requests[2])).await;
    let ids = |page: &serde_json::Value| {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|request| request["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest = installation.get("/requests?limit=2&project=physics").await;
    assert_eq!(ids(&newest.body), [requests[2].clone(), requests[1].clone()]);
    let next = newest.body["next"].as_str().unwrap();
    let rest = installation.get(&format!("/requests?limit=2&after={next}")).await;
    assert_eq!(ids(&rest.body), [requests[0].clone()]);
}

#[tokio::test]
async fn requests_are_found_by_project_key_model_status_and_time() {
    let installation = Installation::start().await;
    let (physics, chemistry) =
        (installation.project("physics").await, installation.project("chemistry").await);
    for name in ["llama", "mistral"] {
        installation.post("/models", json!({ "name": name })).await.made();
    }
    let issue = async |project: &str| {
        installation.post("/keys", json!({ "project": project, "name": "ci" })).await.made()
    };
    let (ours, theirs) = (issue(&physics).await, issue(&chemistry).await);
    let first = installation.serve(&physics, &ours, "llama").await.to_string();
    let second = installation.serve(&physics, &ours, "mistral").await.to_string();
    let third = installation.serve(&chemistry, &theirs, "llama").await.to_string();
    let story = installation.get(&format!("/requests/{second}?wait=10000")).await;
    let begun = story.body["request"]["accepted_at"].as_str().unwrap().to_owned();
    installation.get(&format!("/requests/{third}?wait=10000")).await;
    let ids = async |query: &str| {
        let page = installation.get(&format!("/requests?{query}")).await;
        let data = page.body["data"].as_array().unwrap_or_else(|| panic!("{page:?}")).iter();
        data.map(|request| request["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [&*third, &second, &first]);
    assert_eq!(ids("project=physics").await, [&*second, &first]);
    assert_eq!(ids(&format!("key={theirs}")).await, [&*third]);
    assert_eq!(ids("model=llama").await, [&*third, &first]);
    assert_eq!(ids("project=physics&model=llama&status=completed").await, [&*first]);
    assert_eq!(ids("status=failed").await, [""; 0]);
    assert_eq!(ids(&format!("from={begun}")).await, [&*third, &second]);
    assert_eq!(ids(&format!("to={begun}")).await, [&*first]);
    installation.get("/requests?status=lost").await.problem(400, "malformed");
    installation.get("/requests?from=yesterday").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_request_that_never_was_is_not_found() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let never = "/requests/req_00000000000000000000000000000007?wait=10000";
    installation.get(never).await.problem(404, "not_found");
    installation.get("/requests/7").await.problem(404, "not_found");
}

#[tokio::test]
async fn who_follows_the_log_hears_of_an_event_when_it_is_archived() {
    let installation = Installation::start().await;
    installation.project("physics").await;
    let first = installation.get("/events?wait=30000").await;
    assert_eq!(first.body["data"][0]["event"]["data"]["name"], "physics");
    let next = first.body["next"].as_str().unwrap();

    let started = Instant::now();
    let path = format!("/events?after={next}&wait=30000");
    let followed = installation.get(&path);
    let (followed, ()) = tokio::join!(followed, async {
        installation.project("chemistry").await;
    });
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(followed.body["data"][0]["event"]["data"]["name"], "chemistry");
    assert_eq!(followed.body["data"][0]["position"], followed.body["next"]);
    let newest = format!("/events?after={}&order=newest", followed.body["next"].as_str().unwrap());
    let newest = installation.get(&newest).await;
    assert_eq!(newest.body["data"][0]["position"], next, "{newest:?}");
}

#[tokio::test]
async fn the_logs_health_names_what_lags_behind_what() {
    let installation = Installation::start().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    installation.get_at("/projects", &created).await;
    let health = installation.get("/log").await;
    assert_eq!(health.status, 200, "{health:?}");
    let control = &health.body["streams"][1];
    assert_eq!((&control["name"], &control["epoch"]), (&json!("CONTROL"), &json!(1)));
    assert_eq!(
        (&control["last"], &control["archived"], &control["lag"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let relay = json!({ "recorded": 1, "published": 1, "lag": 0, "trouble": null });
    assert_eq!(health.body["relay"], relay);
    let projections = health.body["projections"].as_array().unwrap();
    let projects = projections.iter().find(|projection| projection["name"] == "projects").unwrap();
    assert_eq!((&projects["lag"], &projects["halted"]), (&json!(0), &json!(null)));
}

#[tokio::test]
async fn the_logs_health_is_told_also_when_the_streams_are_gone() {
    let installation = Installation::without_streams();
    let health = installation.get("/log").await;
    assert_eq!(health.status, 200, "{health:?}");
    assert!(health.body["streams"][0]["trouble"].is_string(), "{health:?}");
}

#[tokio::test]
async fn the_logs_health_says_how_far_a_stopped_projector_is_behind() {
    let installation = Installation::start().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    installation.get_at("/projects", &created).await;
    installation.stop_projector().await;
    for name in ["chemistry", "biology"] {
        installation.project(name).await;
    }
    let health = installation.get("/log").await.body;
    let control = &health["streams"][1];
    assert_eq!(
        (&control["last"], &control["archived"], &control["lag"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!((&health["archive"]["head"], &health["relay"]["published"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn an_audit_that_names_a_write_sees_it() {
    let installation = Installation::start().await;
    for n in 0..5 {
        let name = format!("project {n}");
        let created = installation.post("/projects", json!({ "name": name })).await;
        let newest = installation.get_at("/events?order=newest&limit=1", &created).await;
        assert_eq!(newest.body["data"][0]["event"]["data"]["name"], name, "{newest:?}");
    }
}

#[tokio::test]
async fn who_follows_what_seldom_happens_does_not_look_through_the_same_again() {
    let installation = Installation::start().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    let seldom = "/events?type=uplion.project.closed";
    let nothing = installation.get_at(seldom, &created).await;
    let created = installation.get("/events").await.body["data"][0]["position"].clone();
    assert_eq!((&nothing.body["data"], &nothing.body["next"]), (&json!([]), &created));
    let created = created.as_str().unwrap();
    let closed = installation.post("/projects/physics/close", json!({})).await;
    let found = installation.get_at(&format!("{seldom}&after={created}"), &closed).await;
    assert_eq!(found.body["data"][0]["event"]["type"], "uplion.project.closed.v1", "{found:?}");
}

#[tokio::test]
async fn a_position_that_nobody_was_given_is_refused_with_what_to_do() {
    let installation = Installation::start().await;
    let created = installation.post("/projects", json!({ "name": "physics" })).await;
    installation.get_at("/events", &created).await;
    for never in ["1", "e1k1zffz0", "e1k7z1z0", "there"] {
        let refused = installation.get(&format!("/events?after={never}")).await;
        refused.problem(422, "rejected");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(never) && detail.contains("position"), "{refused:?}");
    }
}
