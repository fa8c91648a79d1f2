//! What happened, who did it, why, and what it cost.

use serde_json::Value;

use crate::dev::Dev;

#[tokio::test]
async fn a_change_is_told_with_who_when_why_and_from_what_to_what() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics", "--reason", "für die Prüfung"]).await;
    dev.stdout(&["project", "rename", "physics", "--name", "chemistry", "--reason", "a new term"])
        .await;
    let changes = dev.json(&["changes", "project", "chemistry"]).await;
    let [created, renamed] = &changes.as_array().unwrap()[..] else { panic!("{changes}") };
    assert_eq!(created["reason"], "für die Prüfung");
    assert_eq!((&renamed["reason"], &renamed["actor"]), (&"a new term".into(), &"admin".into()));
    let name = renamed["fields"].as_array().unwrap().iter().find(|field| field["name"] == "name");
    let name = name.unwrap();
    assert_eq!((&name["before"], &name["after"]), (&"physics".into(), &"chemistry".into()));
    let told = dev.stdout(&["changes", "project", "chemistry"]).await;
    for part in ["by admin", "because: a new term", "\"physics\" → \"chemistry\""] {
        assert!(told.contains(part), "{told}");
    }
    dev.stdout(&["key", "issue", "ci", "--project", "chemistry"]).await;
    assert_eq!(dev.json(&["changes", "key", "ci"]).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn events_are_found_by_thing_actor_type_and_time() {
    let dev = Dev::start().await;
    let made = dev.json(&["project", "create", "physics"]).await;
    let id = made["id"].as_str().unwrap();
    dev.stdout(&["project", "create", "chemistry"]).await;
    dev.stdout(&["project", "rename", "physics", "--name", "astronomy"]).await;
    let following = dev.begin(&["events", "--follow", "--all", "--json"]);
    following.until(|line| line.contains("uplion.project.renamed.v1")).await;
    let found = async |arguments: &[&str]| {
        let told = dev.stdout(&[&["events", "--json"], arguments].concat()).await;
        let types = told.lines().map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["event"]["type"].as_str().unwrap().to_owned()
        });
        types.collect::<Vec<_>>()
    };
    let (created, renamed) = ("uplion.project.created.v1", "uplion.project.renamed.v1");
    assert_eq!(found(&["--kind", "project", "--id", id]).await, [created, renamed]);
    assert_eq!(found(&["--type", "uplion.project.renamed"]).await, [renamed]);
    assert_eq!(found(&["--kind", "project", "-n", "1"]).await, [renamed]);
    assert_eq!(found(&["--kind", "project", "--actor", "usr_nobody"]).await, [""; 0]);
    assert_eq!(found(&["--kind", "key"]).await, found(&["--kind", "api_key"]).await);
    assert_eq!(found(&["--kind", "key"]).await, ["uplion.api_key.issued.v2"]);
    assert_eq!(found(&["--kind", "project", "--to", "2020-01-01T00:00:00Z"]).await, [""; 0]);
    let all = found(&["--kind", "project", "--all"]).await;
    assert_eq!(all.iter().filter(|kind| *kind == renamed).count(), 1, "{all:?}");
}

#[tokio::test]
async fn a_charge_holds_usage_and_rates_and_a_worker_what_it_was_given() {
    let dev = Dev::start().await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["usage"]).await;
    let request = dev.json(&["request"]).await[0]["id"].as_str().unwrap().to_owned();
    // Waits until the projection that charges are read from has the request.
    let story = dev.stdout(&["request", &request]).await;
    assert!(story.contains("completed"), "{story}");
    let charges = dev.json(&["charges", "--model", "demo"]).await;
    assert_eq!(
        (&charges[0]["request"], &charges[0]["outcome"]),
        (&request.as_str().into(), &"completed".into())
    );
    assert!(charges[0]["rates"]["input"].is_string(), "{charges}");
    let told = dev.stdout(&["charges", "-n", "1", "--wide"]).await;
    assert!(told.contains(&request) && told.contains("CHARGE"), "{told}");

    let workers = dev.json(&["workers", "--status", "serving"]).await;
    let worker = workers[0]["id"].as_str().unwrap();
    let shown = dev.stdout(&["workers", worker]).await;
    assert!(shown.contains("serving"), "{shown}");
}
