//! What can be said beside every change.

use crate::dev::Dev;

#[tokio::test]
async fn a_command_said_twice_under_one_key_is_carried_out_once() {
    let dev = Dev::start().await;
    let create = ["project", "create", "physics", "--idempotency-key", "monday"];
    let first = dev.json(&create).await;
    let again = dev.json(&create).await;
    assert_eq!((&first["id"], &first["repeated"]), (&again["id"], &false.into()));
    assert_eq!(again["repeated"], true);
    let other = ["project", "create", "chemistry", "--idempotency-key", "monday"];
    let refused = dev.refused(&other, 1).await;
    assert!(refused.contains("Idempotency-Key"), "{refused}");
}

#[tokio::test]
async fn a_change_at_the_version_that_was_read_is_made() {
    let dev = Dev::start().await;
    let made = dev.json(&["project", "create", "physics"]).await;
    let version = made["version"].to_string();
    let rename = ["project", "rename", "physics", "--name", "chemistry", "--if-version", &version];
    let renamed = dev.json(&rename).await;
    assert_eq!(renamed["id"], made["id"]);
    dev.stdout(&["project", "show", "chemistry"]).await;
}

#[tokio::test]
async fn a_reason_is_one_line() {
    let dev = Dev::start().await;
    let refused = dev.refused(&["project", "create", "physics", "--reason", "two\nlines"], 1).await;
    assert!(refused.contains("--reason"), "{refused}");
    dev.stdout(&["project", "create", "physics", "--reason", "für die Prüfung"]).await;
}
