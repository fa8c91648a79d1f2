//! What `uplion dev` says when it starts is true: who signs in, which model is asked, and where its log is.

use serde_json::Value;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    http, scratch,
    uplion::{self, Role},
};

use crate::dev::Dev;

fn credentials(dev: &Dev) -> Value {
    let file = std::path::Path::new(&dev.data).join("credentials.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn line(output: &str, begin: &str) -> String {
    let line = output.lines().find(|line| line.trim_start().starts_with(begin));
    line.unwrap_or_else(|| panic!("no {begin} in {output}")).to_owned()
}

#[tokio::test]
async fn nobody_is_promised_who_was_erased_or_disabled() {
    let dev = Dev::start().await;
    assert!(line(&dev.greeting(1).await, "sign in").contains("admin@localhost"));
    assert_eq!(credentials(&dev)["admin_email"], "admin@localhost");
    let ada = ["user", "create", "ada@example.org", "--name", "Ada", "--access", "admin"];
    dev.stdout(&ada).await;
    dev.stdout(&["user", "erase", "admin@localhost", "--yes"]).await;
    for start in [2, 3] {
        dev.restart().await;
        let told = line(&dev.greeting(start).await, "sign in");
        assert!(told.contains("ada@example.org"), "{told}");
        assert!(told.contains("admin@localhost does not sign in any more"), "{told}");
        let known = credentials(&dev);
        assert!(known["admin_email"].is_null() && known["admin_password"].is_null(), "{known}");
        let users = dev.json(&["user", "list", "--status", "active"]).await;
        assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
    }
}

#[tokio::test]
async fn a_retired_model_is_not_promised_and_chat_asks_the_one_that_is_named() {
    let upstream = Upstream::start().await.unwrap();
    let dev = Dev::start_with(&["--upstream", &upstream.url()]).await;
    assert_eq!(credentials(&dev)["model"], "mock");
    assert!(line(&dev.greeting(1).await, "curl").contains(r#""model":"mock""#));
    dev.stdout(&["chat", "Hello!"]).await;
    let asked = async |dev: &Dev| dev.json(&["request", "-n", "1"]).await[0]["model"].clone();
    assert_eq!(asked(&dev).await, "mock");
    dev.stdout(&["model", "retire", "mock"]).await;
    dev.stdout(&["chat", "Hello!"]).await;
    assert_eq!(asked(&dev).await, "demo", "the one that was named is not there any more");
    dev.restart().await;
    let greeting = dev.greeting(2).await;
    let models = line(&greeting, "models");
    assert!(models.contains("demo") && !models.contains("mock"), "{models}");
    assert!(line(&greeting, "curl").contains(r#""model":"demo""#));
}

#[tokio::test]
async fn servers_that_only_the_environment_names_are_not_used_and_named() {
    let data = scratch::folder("cli").unwrap().display().to_string();
    let dev = Role::new("dev")
        .option("--data", &data)
        .env("UPLION_NATS_URL", "nats://127.0.0.1:1")
        .env("UPLION_DATABASE_URL", "postgres://127.0.0.1:1/canary");
    let dev = dev.start().await.unwrap();
    for (variable, flag) in
        [("UPLION_NATS_URL", "--nats-url"), ("UPLION_DATABASE_URL", "--database-url")]
    {
        let told = line(&dev.output(), &format!("uplion: {variable}"));
        assert!(told.contains("not used") && told.contains(flag), "{told}");
    }
    assert!(!dev.output().contains("canary"), "{}", dev.output());
}

#[tokio::test]
async fn what_is_wrong_with_a_configuration_file_is_told() {
    let folder = scratch::folder("configuration").unwrap();
    let file = folder.join("uplion.toml");
    for (text, part) in [
        ("[dev]\nnats-url = 'nats://127.0.0.1:1'", "nats-url in [dev] counts only"),
        ("[dev]\nlisen = 'x'", "lisen in [dev]"),
        ("listen", "is not TOML"),
    ] {
        std::fs::write(&file, text).unwrap();
        let named = [("UPLION_CONFIG", file.to_str().unwrap())];
        let refused = uplion::run(&["dev"], &named).await.unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(refused.stderr.contains(part), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    }
}

#[tokio::test]
async fn whatever_is_asked_of_it_is_answered_in_the_words_of_whoever_is_asked() {
    let dev = Dev::start().await;
    for (path, status, kind, part) in [
        ("/v1/models/%ff", 401, "application/json", "invalid_api_key"),
        ("/%ff", 404, "application/json", "unknown_url"),
        ("/control/v1/models/%ff", 400, "application/problem+json", "UTF-8"),
        ("/control/v1", 404, "application/problem+json", "openapi.json"),
        ("/control/v2/models", 404, "application/json", "unknown_url"),
        ("/control/v1x", 404, "application/json", "unknown_url"),
    ] {
        let answer = http::client().get(format!("{}{path}", dev.url())).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], kind, "{path}");
        let told = answer.text().await.unwrap();
        assert!(told.contains(part), "{path}: {told}");
    }
}
