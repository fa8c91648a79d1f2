//! The whole life of a key, by commands.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use uplion_domain::Timestamp;

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

#[tokio::test]
async fn an_id_is_taken_as_lists_show_it() {
    let dev = Dev::start().await;
    dev.stdout(&["key", "issue", "laptop"]).await;
    dev.stdout(&["key", "issue", "desk"]).await;
    let keys = dev.json(&["key", "list"]).await;
    let of = |name: &str| {
        let found = keys.as_array().unwrap().iter().find(|key| key["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (laptop, desk) = (of("laptop"), of("desk"));
    let short = format!("key_…{}", &laptop[laptop.len() - 8..]);
    let listed = dev.stdout(&["key", "list"]).await;
    assert!(listed.contains(&short[4..]), "{listed}");
    assert_eq!(dev.json(&["key", "show", &short]).await["id"], laptop.as_str());
    let dots = short.replace('…', "...");
    dev.stdout(&["key", "revoke", &dots, "--yes"]).await;
    assert_eq!(dev.json(&["key", "show", &laptop]).await["status"], "revoked");
    assert_eq!(dev.json(&["key", "show", &desk]).await["status"], "active");
    let none = dev.refused(&["key", "show", "key_…00000000"], 6).await;
    assert!(none.contains("no id among keys is key_…00000000"), "{none}");
    // Beside a command, and as a parameter.
    let projects = dev.json(&["project", "list"]).await;
    let project = projects[0]["id"].as_str().unwrap();
    let short = format!("prj_…{}", &project[project.len() - 8..]);
    dev.stdout(&["key", "issue", "third", "--project", &short]).await;
    let listed = dev.json(&["key", "list", "--project", &short]).await;
    assert!(listed.as_array().unwrap().iter().any(|key| key["name"] == "third"), "{listed}");
}

#[tokio::test]
async fn a_time_is_a_day_here_or_a_span_from_now() {
    let dev = Dev::start().await;
    dev.stdout(&["key", "issue", "laptop", "--expires", "30d"]).await;
    let expires = dev.json(&["key", "show", "laptop"]).await["expires_at"].clone();
    let expires: Timestamp = expires.as_str().unwrap().parse().unwrap();
    let now = UNIX_EPOCH.elapsed().unwrap().as_micros();
    let hours = (i128::from(expires.micros()) - i128::try_from(now).unwrap()) / 3_600_000_000;
    assert!((718..=721).contains(&hours), "{expires}");
    dev.stdout(&["key", "change", "laptop", "--expires", "2036-01-01"]).await;
    let shown = dev.json(&["key", "show", "laptop"]).await;
    assert_eq!(shown["expires_at"], "2036-01-01T00:00:00Z");
    for list in ["usage", "request", "charges", "events"] {
        dev.stdout(&[list, "--from", "24h", "--to", "2036-01-01"]).await;
        let unclear = dev.refused(&[list, "--from", "yesterday"], 2).await;
        assert!(unclear.contains("--from") && unclear.contains("24h"), "{unclear}");
    }
}
