//! The life of a project, by commands.

use serde_json::json;

use crate::dev::Dev;

#[tokio::test]
async fn a_project_is_created_changed_suspended_resumed_and_closed() {
    let dev = Dev::start().await;
    let create =
        ["project", "create", "physics", "--budget", "250/month", "--parallel-requests", "8"];
    dev.stdout(&create).await;
    let shown = dev.json(&["project", "show", "physics"]).await;
    assert_eq!(shown["budget"], json!({ "amount": "250", "period": "month" }));
    assert_eq!(shown["limits"]["parallel_requests"], 8);

    dev.stdout(&["project", "rename", "physics", "--name", "chemistry"]).await;
    dev.stdout(&["project", "suspend", "chemistry"]).await;
    assert_eq!(dev.json(&["project", "show", "chemistry"]).await["status"], "suspended");
    let suspended = dev.json(&["project", "list", "--status", "suspended"]).await;
    assert_eq!(suspended.as_array().unwrap().len(), 1);
    dev.stdout(&["project", "resume", "chemistry"]).await;
    let listed = dev.stdout(&["project", "list"]).await;
    let line = listed.lines().find(|line| line.starts_with("chemistry")).unwrap();
    assert!(line.contains("250.00 USD/month") && line.contains("open"), "{listed}");
    dev.stdout(&["project", "close", "chemistry"]).await;
    dev.refused(&["project", "show", "chemistry"], 6).await;
}

#[tokio::test]
async fn a_limit_that_is_not_named_stays_and_none_takes_one_away() {
    let dev = Dev::start().await;
    let create = ["project", "create", "physics", "--requests-per-minute", "60"];
    dev.stdout(&create).await;
    dev.stdout(&["project", "change", "physics", "--tokens-per-minute", "1000"]).await;
    let shown = dev.stdout(&["project", "show", "physics"]).await;
    assert!(shown.contains("60 requests a minute, 1000 tokens a minute"), "{shown}");
    dev.stdout(&["project", "change", "physics", "--requests-per-minute", "none"]).await;
    let shown = dev.json(&["project", "show", "physics"]).await;
    assert_eq!(shown["limits"]["requests_per_minute"], json!(null));
    assert_eq!(shown["limits"]["tokens_per_minute"], 1000);
    let nothing = dev.refused(&["project", "change", "physics"], 1).await;
    assert!(nothing.contains("--budget"), "{nothing}");
}

#[tokio::test]
async fn a_budget_is_taken_away_by_none_and_one_without_a_period_is_refused() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics", "--budget", "0.5/day"]).await;
    dev.stdout(&["project", "change", "physics", "--budget", "none"]).await;
    assert_eq!(dev.json(&["project", "show", "physics"]).await["budget"], json!(null));
    let unclear = dev.ask(&["project", "change", "physics", "--budget", "250"]).await;
    assert_eq!(unclear.status.code(), Some(2), "{unclear:?}");
    assert!(unclear.stderr.contains("250/month"), "{unclear:?}");
}
