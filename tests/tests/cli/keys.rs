//! The whole life of a key, by commands.

use serde_json::{Value, json};

use crate::dev::Dev;

#[tokio::test]
async fn a_key_is_issued_changed_disabled_enabled_rotated_and_revoked() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
    let issue = [
        "key",
        "issue",
        "ci",
        "--project",
        "physics",
        "--description",
        "of the pipeline",
        "--model",
        "demo",
        "--expires",
        "2099-01-01T00:00:00Z",
        "--quota",
        "1000000",
        "--budget",
        "10/day",
        "--requests-per-minute",
        "600",
        "--model-limits",
        "demo=requests:60,parallel:2",
    ];
    let issued = dev.json(&issue).await;
    let (id, secret) = (issued["id"].as_str().unwrap(), issued["secret"].as_str().unwrap());
    let shown = dev.json(&["key", "show", "ci"]).await;
    for (field, value) in [
        ("id", json!(id)),
        ("description", json!("of the pipeline")),
        ("models", json!(["demo"])),
        ("expires_at", json!("2099-01-01T00:00:00Z")),
        ("token_quota", json!(1_000_000)),
        ("budget", json!({ "amount": "10", "period": "day" })),
        ("status", json!("active")),
    ] {
        assert_eq!(shown[field], value, "{field} of {shown}");
    }
    assert_eq!(shown["limits"]["requests_per_minute"], 600);
    assert_eq!(shown["model_limits"]["demo"]["parallel_requests"], 2);
    dev.stdout(&["chat", "--api-key", secret, "Hello!"]).await;

    dev.stdout(&[
        "key",
        "change",
        "ci",
        "--quota",
        "none",
        "--expires",
        "none",
        "--budget",
        "none",
        "--all-models",
    ])
    .await;
    dev.stdout(&[
        "key",
        "change",
        "ci",
        "--tokens-per-minute",
        "9000",
        "--model-limits",
        "demo=none",
    ])
    .await;
    let shown = dev.json(&["key", "show", "ci"]).await;
    for field in ["token_quota", "expires_at", "budget", "models"] {
        assert_eq!(shown[field], Value::Null, "{field} of {shown}");
    }
    assert_eq!(shown["limits"]["requests_per_minute"], 600, "a limit that is not named stays");
    assert_eq!(shown["limits"]["tokens_per_minute"], 9000);
    assert_eq!(shown["model_limits"], json!({}));

    dev.stdout(&["key", "disable", "ci"]).await;
    dev.becomes(secret, false).await;
    assert_eq!(dev.json(&["key", "list", "--status", "disabled"]).await[0]["id"], id);
    dev.stdout(&["key", "enable", "ci"]).await;
    dev.becomes(secret, true).await;

    let rotated = dev.json(&["key", "rotate", "ci", "--grace", "24h"]).await;
    let new_secret = rotated["secret"].as_str().unwrap();
    assert_ne!(new_secret, secret);
    dev.becomes(new_secret, true).await;
    dev.becomes(secret, true).await;
    let newest = dev.json(&["key", "rotate", "ci"]).await;
    dev.becomes(newest["secret"].as_str().unwrap(), true).await;

    dev.stdout(&["key", "revoke", "ci", "--reason", "the pipeline is gone"]).await;
    dev.becomes(newest["secret"].as_str().unwrap(), false).await;
    assert_eq!(dev.json(&["key", "show", id]).await["status"], "revoked");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_in_no_list() {
    let dev = Dev::start().await;
    let issue = ["key", "issue", "ci", "--idempotency-key", "monday"];
    let issued = dev.stdout(&issue).await;
    let secret = issued.lines().last().unwrap();
    assert!(secret.starts_with("sk-"), "{issued}");
    let again = dev.stdout(&issue).await;
    assert!(again.contains("was shown then") && !again.contains(secret), "{again}");
    for arguments in [&["key", "list"][..], &["key", "show", "ci"], &["events", "-n", "100"]] {
        for json in [&[][..], &["--json"]] {
            let told = dev.stdout(&[arguments, json].concat()).await;
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[tokio::test]
async fn two_changes_of_limits_at_once_lose_none() {
    let dev = Dev::start().await;
    dev.stdout(&["key", "issue", "ci"]).await;
    // Each reads what there is to change a part of it: whoever is second is told that it changed.
    let (one, other) = tokio::join!(
        dev.ask(&["key", "change", "ci", "--requests-per-minute", "60"]),
        dev.ask(&["key", "change", "ci", "--tokens-per-minute", "9000"]),
    );
    let done: Vec<bool> = [&one, &other].iter().map(|answer| answer.status.success()).collect();
    let codes = [one.status.code(), other.status.code()];
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 5))), "{codes:?}");
    let limits = &dev.json(&["key", "show", "ci"]).await["limits"];
    assert_eq!(limits["requests_per_minute"] == 60, done[0], "{limits} after {codes:?}");
    assert_eq!(limits["tokens_per_minute"] == 9000, done[1], "{limits} after {codes:?}");
}
