//! What programs read: fields may be added, and none goes away or is called otherwise.

use serde_json::Value;

use crate::dev::Dev;

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Each of these is a field of that.
fn has(value: &Value, expected: &[&str]) {
    let there = fields(value);
    for field in expected {
        assert!(there.contains(field), "{field} is missing in {value}");
    }
}

#[tokio::test]
async fn a_change_says_what_it_changed_to_which_version_and_whether_it_is_in_force() {
    let dev = Dev::start().await;
    let change = ["id", "version", "position", "in_force", "repeated"];
    has(&dev.json(&["project", "create", "physics"]).await, &change);
    has(&dev.json(&["project", "rename", "physics", "--name", "x"]).await, &change);
    has(&dev.json(&["model", "register", "m"]).await, &change);
    has(&dev.json(&["price", "set", "m", "--input", "1", "--output", "2"]).await, &change);
    let issued = dev.json(&["key", "issue", "ci", "--project", "x"]).await;
    has(&issued, &[&change[..], &["secret"]].concat());
    let issued = dev.json(&["admin-key", "issue", "ci", "--access", "admin"]).await;
    has(&issued, &[&change[..], &["secret"]].concat());
    has(&dev.json(&["user", "create", "a@example.org", "--name", "A"]).await, &change);
}

#[tokio::test]
async fn a_list_is_an_array_of_what_one_thing_is_shown_as() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
    dev.stdout(&["user", "create", "a@example.org", "--name", "A"]).await;
    for (kind, expected) in [
        ("project", &["id", "name", "status", "members", "budget", "limits", "created_at"][..]),
        (
            "key",
            &["id", "name", "project", "models", "status", "expires_at", "token_quota", "cost"],
        ),
        ("model", &["name", "kind", "upstreams", "aliases", "status"]),
        ("price", &["id", "model", "project", "input", "output", "effective_from", "withdrawn_at"]),
        ("user", &["id", "name", "email", "access", "status", "registered_at"]),
    ] {
        let list = dev.json(&[kind, "list"]).await;
        let first = &list.as_array().unwrap()[0];
        has(first, expected);
        let name = if kind == "model" { &first["name"] } else { &first["id"] };
        let shown = dev.json(&[kind, "show", name.as_str().unwrap()]).await;
        assert_eq!(fields(&shown), fields(first), "{kind}");
    }
    assert_eq!(dev.json(&["session", "list", "--all"]).await, Value::Array(vec![]));
    let whoami = dev.json(&["whoami"]).await;
    has(&whoami, &["actor", "access", "user", "memberships", "session"]);
}

#[tokio::test]
async fn events_are_an_object_a_line() {
    let dev = Dev::start().await;
    for line in dev.stdout(&["events", "-n", "3", "--json"]).await.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        has(&event, &["position", "stream", "effective", "event"]);
        has(&event["event"], &["id", "type", "time", "source", "data"]);
    }
}

#[tokio::test]
async fn a_failure_prints_nothing_where_programs_read() {
    let dev = Dev::start().await;
    let refused = dev.ask(&["project", "show", "nothing", "--json"]).await;
    assert_eq!((refused.stdout.as_str(), refused.stderr.lines().count()), ("", 1), "{refused:?}");
}
