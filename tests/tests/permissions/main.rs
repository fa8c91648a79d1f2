//! What each role may do at NATS: with exactly that an installation works under load and through faults, and everything else
//! is refused by a real nats-server.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod allowed;
mod forbidden;

use std::collections::BTreeMap;

use uplion_log_transport::{
    nats::{Nats, NatsOptions, Role},
    stream::StreamName,
};
use uplion_tests::{
    nats::{Operator, Server},
    scratch, uplion,
};

/// Of every user here.
const PASSWORD: &str = "tests-of-permissions";

/// As `uplion nats permissions` says it, with the passwords that it leaves to the environment.
async fn access() -> String {
    let printed = uplion::run(&["nats", "permissions", "--all"], &[]).await.unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let variables = Role::ALL.map(|role| {
        let name = role.as_str().to_uppercase();
        format!("UPLION_NATS_PASSWORD_{name}: \"{PASSWORD}\"\n")
    });
    format!("{}{}", variables.concat(), printed.stdout)
}

async fn server() -> Server {
    Server::with_access(&access().await).await.unwrap()
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

#[tokio::test]
async fn an_operators_user_may_do_what_the_lists_of_its_jwt_say() {
    let json = ["nats", "permissions", "--role", "doctor", "--format", "json"];
    let json = uplion::run(&json, &[]).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let operator = Operator::default();
    let server = Server::with_access(&operator.lines().unwrap()).await.unwrap();
    let file = scratch::folder("permissions").unwrap().join("doctor.creds");
    operator.write_permitted(&file, None, &json["users"][0]["permissions"]).unwrap();
    let url = format!("nats://{}", server.address());
    let role = Some(Role::Doctor);
    let options = NatsOptions { url, credentials: Some(file), role, ..NatsOptions::default() };
    let streams = Nats::connect(options).await.unwrap().log().streams;
    streams.storage().await.unwrap();
    assert_eq!(violations(&server), BTreeMap::new());
    streams.purge(StreamName::Traffic, 1).await.unwrap_err();
    let refused = violations(&server);
    assert!(refused.keys().any(|what| what.contains("STREAM.PURGE.TRAFFIC")), "{refused:?}");
}
