//! What lists look like: as wide as a terminal, whole, or separated by commas; and what is asked of them.

use crate::dev::Dev;

const ESCAPES: &str = "a\u{1b}[31mred";

fn fits(list: &str) {
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
}

#[tokio::test]
async fn every_list_fits_a_terminal_and_tells_all_where_it_is_asked_to() {
    let dev = Dev::start().await;
    let long = "a very long name of a project that nobody would type again if they need not";
    dev.stdout(&["project", "create", long, "--budget", "250/month"]).await;
    dev.stdout(&[
        "model",
        "create",
        "org/a-long-name-of-a-model-3.1-405b-instruct",
        "--upstream",
        "http://127.0.0.1:9/v1",
    ])
    .await;
    dev.stdout(&[
        "price",
        "set",
        "demo",
        "--input",
        "0.123456789",
        "--output",
        "1.5",
        "--rate",
        "images=2",
    ])
    .await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["usage"]).await;
    let request = dev.json(&["request"]).await[0]["id"].as_str().unwrap().to_owned();
    dev.stdout(&["request", &request]).await;
    for list in [
        vec!["usage"],
        vec!["usage", "--by", "project,user,key,model,operation,day"],
        vec!["project", "list"],
        vec!["key", "list"],
        vec!["model", "list"],
        vec!["model", "upstream", "list", "demo"],
        vec!["price", "list"],
        vec!["user", "list"],
        vec!["admin-key", "list"],
        vec!["session", "list", "--all"],
        vec!["request"],
        vec!["charges"],
        vec!["workers"],
        vec!["changes"],
        vec!["project", "member", "list", "default"],
    ] {
        let short = dev.stdout(&list).await;
        fits(&short);
        assert!(short.lines().count() >= 1 && !short.contains("T0"), "{short}");
        let wide = dev.stdout(&[&list[..], &["--wide"]].concat()).await;
        assert_eq!(wide.lines().count(), short.lines().count(), "{wide}");
        let csv = dev.stdout(&[&list[..], &["--csv"]].concat()).await;
        assert_eq!(csv.lines().count(), short.lines().count(), "{csv}");
        assert!(!csv.lines().any(|line| line.contains("  ")), "{csv}");
    }
    let projects = dev.stdout(&["project", "list", "--csv"]).await;
    assert!(projects.starts_with("name,id,members,budget,status,created\n"), "{projects}");
    assert!(projects.contains(long) && projects.contains("prj_0"), "{projects}");
    let charges = dev.stdout(&["charges", "--csv"]).await;
    assert!(charges.contains(&request), "{charges}");
}

#[tokio::test]
async fn usage_is_told_by_month_by_day_and_by_person() {
    let dev = Dev::start().await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["usage"]).await;
    let hour = dev.json(&["usage", "--by", "hour"]).await[0]["hour"].as_str().unwrap().to_owned();
    let (month, day) = (&hour[..7], &hour[..10]);
    let by_day = dev.json(&["usage", "--by", "day"]).await;
    assert_eq!((&by_day[0]["day"], &by_day[0]["requests"]), (&day.into(), &1.into()), "{by_day}");
    assert!(by_day[0]["hour"].is_null(), "{by_day}");
    let this = dev.json(&["usage", "--month", month, "--by", "user"]).await;
    assert_eq!(this[0]["requests"], 1, "{this}");
    assert!(this[0]["key"].is_null(), "{this}");
    let before = dev.json(&["usage", "--month", "2001-01"]).await;
    assert_eq!(before, serde_json::json!([]));
    let csv = dev.stdout(&["usage", "--by", "day", "--csv"]).await;
    assert!(csv.starts_with("day,requests,") && csv.contains(day), "{csv}");
    let told = dev.refused(&["usage", "--month", "never"], 2).await;
    assert!(told.contains("--month") && told.contains("2026-11"), "{told}");
}

#[tokio::test]
async fn what_happened_lately_is_told_without_naming_anything() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics", "--reason", "a new chair"]).await;
    let told = dev.stdout(&["changes", "--wide"]).await;
    let newest = told.lines().nth(1).unwrap();
    for part in ["project.created", "physics", "a new chair"] {
        assert!(newest.contains(part), "{told}");
    }
    fits(&dev.stdout(&["changes", "-n", "5"]).await);
    let told = dev.refused(&["changes", "project"], 2).await;
    assert!(told.contains("missing"), "{told}");
}

#[tokio::test]
async fn of_prices_it_is_told_which_counts_now() {
    let dev = Dev::start().await;
    dev.stdout(&["model", "create", "llama"]).await;
    for (output, from) in [
        ("1", "2026-01-01T00:00:00Z"),
        ("2", "2026-02-01T00:00:00Z"),
        ("3", "2999-01-01T00:00:00Z"),
    ] {
        dev.stdout(&["price", "set", "llama", "--input", "1", "--output", output, "--from", from])
            .await;
    }
    let withdrawn = ["price", "set", "llama", "--free", "--from", "2026-03-01T00:00:00Z"];
    let price = dev.json(&withdrawn).await["id"].as_str().unwrap().to_owned();
    dev.stdout(&["price", "withdraw", &price]).await;
    let told = dev.stdout(&["price", "list", "--model", "llama", "--csv"]).await;
    let standing: Vec<&str> =
        told.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(standing, ["replaced", "in force", "withdrawn", "to come"], "{told}");
}

#[tokio::test]
async fn nothing_is_free_because_nothing_was_said() {
    let dev = Dev::start().await;
    for set in [vec!["--input", "1"], vec!["--output", "1"], vec!["--cached-input", "1"]] {
        let told = dev.refused(&[&["price", "set", "demo"], &set[..]].concat(), 1).await;
        assert!(told.contains("say 0 if it is free"), "{told}");
    }
    let told = dev.refused(&["price", "set", "demo"], 1).await;
    assert!(told.contains("--free"), "{told}");
    dev.stdout(&["price", "set", "demo", "--input", "1", "--output", "0"]).await;
    dev.stdout(&["price", "set", "demo", "--free"]).await;
    dev.stdout(&["price", "set", "demo", "--request", "0.01"]).await;
}

#[tokio::test]
async fn a_bound_that_is_set_is_told_not_to_be_enforced_yet() {
    let dev = Dev::start().await;
    let project = dev.ask(&["project", "create", "physics", "--budget", "250/month"]).await;
    assert!(
        project.stderr.contains("budgets") && project.stderr.contains("not enforced yet"),
        "{project:?}"
    );
    let key = dev
        .ask(&[
            "key",
            "create",
            "ci",
            "--project",
            "physics",
            "--quota",
            "1000",
            "--requests-per-minute",
            "5",
        ])
        .await;
    assert!(key.stderr.contains("limits, quotas"), "{key:?}");
    let none = dev.ask(&["project", "create", "chemistry"]).await;
    assert_eq!(none.stderr, "", "{none:?}");
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_shown_and_not_sent() {
    let dev = Dev::start().await;
    let told = dev.refused(&["project", "create", ESCAPES], 1).await;
    assert!(!told.contains('\u{1b}'), "{told}");
    dev.stdout(&["project", "create", "physics", "--reason", "because"]).await;
    let described =
        ["key", "create", "ci", "--project", "physics", "--description", "a\u{9b}b\u{202e}c"];
    let answer = dev.ask(&described).await;
    for list in [
        vec!["key", "list", "--wide"],
        vec!["key", "show", "ci"],
        vec!["key", "list", "--json"],
        vec!["changes"],
    ] {
        let told = dev.ask(&list).await.stdout;
        assert!(!told.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{told:?} behind {answer:?}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_is_no_failure() {
    let dev = Dev::start().await;
    let command = uplion_tests::uplion::binary().unwrap();
    for list in
        ["usage", "project list", "events", "request", "doctor", "openapi", "--help", "key --help"]
    {
        let line = format!("set -o pipefail; '{}' {list} | true", command.display());
        let mut shell = tokio::process::Command::new("bash");
        shell.args(["-c", &line]).env("UPLION_DATA", &dev.data).env("HOME", &dev.home);
        let output = shell.output().await.unwrap();
        assert!(matches!(output.status.code(), Some(0 | 141)), "{list}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{list}");
    }
}

#[tokio::test]
async fn a_member_is_shown_no_upstreams() {
    let (dev, account) = (Dev::start().await, crate::account::Account::new());
    let upstream = ["--upstream", "http://canary.example/v1", "--api-key-env", "CANARY_KEY"];
    dev.stdout(&[&["model", "create", "llama"], &upstream[..]].concat()).await;
    dev.registers("ada@example.org", "Ada", "correct horse battery", &[]).await;
    account.sign_in(&dev.url(), "ada@example.org", "correct horse battery").await;
    for list in [
        vec!["model", "list", "--wide"],
        vec!["model", "show", "llama"],
        vec!["model", "list", "--json"],
    ] {
        let told = account.ask(&list, &[]).await;
        assert!(told.status.success() && told.stdout.contains("llama"), "{told:?}");
        assert!(!format!("{told:?}").to_lowercase().contains("canary"), "{told:?}");
    }
    dev.stdout(&["project", "member", "add", "default", "ada@example.org", "--role", "owner"])
        .await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["usage"]).await;
    let request = dev.json(&["request", "-n", "1"]).await[0]["id"].as_str().unwrap().to_owned();
    let of_administrators = dev.stdout(&["request", &request, "--json"]).await;
    assert!(of_administrators.contains("ups_"), "{of_administrators}");
    for shown in [
        vec!["request", &request, "--json"],
        vec!["request", &request],
        vec!["request", "--json"],
        vec!["charges", "--json"],
        vec!["usage", "--json"],
        vec!["price", "list", "--json"],
        vec!["key", "list", "--json"],
        vec!["project", "list", "--json"],
    ] {
        let told = account.ask(&shown, &[]).await;
        assert!(told.status.success(), "{told:?}");
        assert!(!told.stdout.contains("ups_") && !told.stdout.contains("http"), "{told:?}");
    }
    for hidden in [
        vec!["model", "upstream", "list", "llama"],
        vec!["changes"],
        vec!["changes", "model", "llama"],
        vec!["events"],
        vec!["workers"],
    ] {
        let refused = account.ask(&hidden, &[]).await;
        assert_eq!(refused.status.code(), Some(4), "{hidden:?}: {refused:?}");
    }
}
