//! What each role may do at NATS: with exactly that an installation works under load and through faults, and everything else
//! is refused by a real nats-server.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod allowed;
mod forbidden;

use std::collections::BTreeMap;

use uplion_log_transport::nats::{NatsOptions, Role};
use uplion_tests::{nats::Server, uplion};

/// Of every user here.
const PASSWORD: &str = "tests-of-permissions";

/// As `uplion nats permissions` says it, with the passwords that it leaves to the environment.
async fn server() -> Server {
    let printed = uplion::run(&["nats", "permissions", "--all"], &[]).await.unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let variables = Role::ALL.map(|role| {
        let name = role.as_str().to_uppercase();
        format!("UPLION_NATS_PASSWORD_{name}: \"{PASSWORD}\"\n")
    });
    Server::with_access(&format!("{}{}", variables.concat(), printed.stdout)).await.unwrap()
}

fn options(server: &Server, role: Role) -> NatsOptions {
    NatsOptions {
        url: format!("nats://{}", server.address()),
        user: Some(role.as_str().into()),
        password: Some(PASSWORD.into()),
        role: Some(role),
        ..NatsOptions::default()
    }
}

/// What the server refused, and how often.
fn violations(server: &Server) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in server.process().output().lines() {
        if let Some((_, what)) = line.split_once("Violation") {
            *found.entry(what.to_owned()).or_default() += 1;
        }
    }
    found
}

#[tokio::test]
async fn one_role_is_printed_alone_under_another_name_and_as_json() {
    let alone = ["nats", "permissions", "--role", "worker", "--user", "w-1", "--password-env", "W"];
    let printed = uplion::run(&alone, &[]).await.unwrap().stdout;
    assert!(printed.contains("user: \"w-1\"\n      password: $W\n"), "{printed}");
    assert_eq!(printed.matches("user:").count(), 1, "{printed}");
    let json = uplion::run(&[&alone[..], &["--format", "json"]].concat(), &[]).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let user = &json["users"][0];
    assert_eq!((&user["role"], &user["user"]), (&"worker".into(), &"w-1".into()));
    assert_eq!(user["password_env"], "W");
    let listed = |way: &str| {
        let subjects = user["permissions"][way]["allow"].as_array().unwrap();
        subjects.iter().all(|subject| printed.contains(&format!("{subject}")))
    };
    assert!(listed("publish") && listed("subscribe"), "{json}");
    for wrong in [
        &["nats", "permissions"][..],
        &["nats", "permissions", "--role", "dev"],
        &["nats", "permissions", "--all", "--user", "x"],
        &["nats", "permissions", "--role", "worker", "--user", "a\"b"],
        &["nats", "permissions", "--role", "worker", "--password-env", "a}b"],
    ] {
        assert_eq!(uplion::run(wrong, &[]).await.unwrap().status.code(), Some(2), "{wrong:?}");
    }
}
