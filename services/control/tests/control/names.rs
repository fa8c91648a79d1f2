//! Names: one thing has one, however it is written, and none is another thing's id.

use serde_json::json;
use uplion_domain::user::Access;

use crate::installation::Installation;

#[tokio::test]
async fn a_name_in_another_case_is_the_same_name() {
    let installation = Installation::start().await;
    let physics = installation.project(" Physik Straße ").await;
    let shown = installation.get("/projects/PHYSIK%20STRASSE").await;
    assert_eq!(
        (&shown.body["id"], &shown.body["name"]),
        (&json!(physics), &json!("Physik Straße"))
    );
    let again = installation.post("/projects", json!({ "name": "physik strasse" })).await;
    again.problem(409, "name_taken");

    let model = json!({ "name": "Qwen 2.5 (vision)", "aliases": ["Große Llama", "große llama"] });
    assert_eq!(installation.post("/models", model).await.made(), "Qwen 2.5 (vision)");
    for name in ["qwen%202.5%20(VISION)", "GROSSE%20LLAMA", "gro%C3%9Fe%20llama"] {
        let shown = installation.get(&format!("/models/{name}")).await;
        assert_eq!(shown.body["name"], "Qwen 2.5 (vision)", "{name}: {shown:?}");
    }
    for taken in ["QWEN 2.5 (vision)", "grosse llama"] {
        let again = installation.post("/models", json!({ "name": taken })).await;
        again.problem(409, "name_taken");
    }
    let renamed = json!({ "aliases": ["GROSSE LLAMA"] });
    let path = "/models/gro%C3%9Fe%20llama/aliases";
    assert_eq!(installation.put(path, renamed).await.status, 200);
    let shown = installation.get("/models/grosse%20llama").await;
    assert_eq!(shown.body["aliases"], json!(["GROSSE LLAMA"]));
}

#[tokio::test]
async fn a_name_has_nothing_hidden_in_it_and_is_no_id() {
    let installation = Installation::start().await;
    let physics = installation.project("physics").await;
    for name in ["a\u{202e}b", "a\u{200b}b", "a\u{1b}[2Jb", "\u{feff}", physics.as_str(), ".."] {
        let calls = [
            installation.post("/projects", json!({ "name": name })).await,
            installation.post("/models", json!({ "name": name })).await,
            installation.post("/models", json!({ "name": "m", "aliases": [name] })).await,
            installation.post("/keys", json!({ "project": physics, "name": name })).await,
            installation.post("/admin-keys", json!({ "name": name, "access": "auditor" })).await,
            installation.post("/users", json!({ "email": "a@b", "name": name })).await,
            installation.patch("/projects/physics", json!({ "name": name })).await,
        ];
        for (number, answer) in calls.iter().enumerate() {
            assert_eq!(answer.status, 422, "{name:?} in call {number}: {answer:?}");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.chars().all(uplion_domain::name::is_printable), "{detail:?}");
        }
    }
    let email = json!({ "email": "a\u{200b}@example.org", "name": "Ada" });
    installation.post("/users", email).await.problem(422, "unusable_email");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let installation = Installation::start().await;
    let register =
        |email: &str, access: &str| json!({ "email": email, "name": "Ada", "access": access });
    let ada = installation.post("/users", register("ada@example.org", "admin")).await.made();
    let refused = |answer: crate::installation::ApiResponse| {
        answer.problem(409, "rejected");
        assert!(answer.body["detail"].as_str().unwrap().contains("administrator"), "{answer:?}");
    };
    let path = format!("/users/{ada}");
    refused(installation.post(&format!("{path}/disable"), json!({})).await);
    refused(installation.post(&format!("{path}/erase"), json!({})).await);
    refused(installation.patch(&path, json!({ "access": "none" })).await);
    installation.post("/users", register("eve@example.org", "auditor")).await.made();
    refused(installation.patch(&path, json!({ "access": "auditor" })).await);

    let bob = installation.post("/users", register("bob@example.org", "admin")).await.made();
    assert_eq!(installation.post(&format!("{path}/disable"), json!({})).await.status, 200);
    refused(installation.post(&format!("/users/{bob}/disable"), json!({})).await);
    assert_eq!(installation.post(&format!("{path}/enable"), json!({})).await.status, 200);
    assert_eq!(installation.post(&format!("/users/{bob}/erase"), json!({})).await.status, 200);
    refused(installation.post(&format!("{path}/erase"), json!({})).await);
}

#[tokio::test]
async fn of_administrators_who_remove_each_other_at_once_one_stays() {
    let installation = Installation::start().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "name": name, "access": "admin" });
        ids.push(installation.post("/users", body).await.made());
    }
    let paths: Vec<String> = ids.iter().map(|id| format!("/users/{id}/disable")).collect();
    let all = paths.iter().map(|path| installation.post(path, json!({})));
    let answers = futures::future::join_all(all).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 409], "{answers:?}");
}

#[tokio::test]
async fn who_does_not_administer_is_told_no_upstreams() {
    let installation = Installation::start().await;
    let physics = installation.project("physics").await;
    let upstream = json!({ "url": "http://canary.example/v1", "api_key_env": "CANARY_KEY" });
    let model = json!({ "name": "llama", "upstreams": [upstream] });
    let made = installation.post("/models", model).await;
    made.made();
    let at = made.header("Uplion-Position").to_owned();
    let (owner, auditor) = (
        installation.user("owner", Access::None).await,
        installation.user("auditor", Access::Auditor).await,
    );
    installation.member(&physics, &owner, uplion_domain::project::Role::Owner).await;
    let owner = installation.token(&owner).await;
    let auditor = installation.token(&auditor).await;
    for path in ["/models".to_owned(), format!("/models?at={at}"), "/models/llama".to_owned()] {
        let told = installation.read(&owner, &path).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert!(!format!("{told:?}").to_lowercase().contains("canary"), "{told:?}");
        let told = installation.read(&auditor, &path).await;
        assert!(format!("{told:?}").contains("canary.example"), "{told:?}");
    }
    let changes = "/changes?kind=model&id=llama";
    for path in ["/models/llama/upstreams", changes, "/workers", "/events"] {
        installation.read(&owner, path).await.problem(403, "forbidden");
        assert_eq!(installation.read(&auditor, path).await.status, 200, "{path}");
    }
}
