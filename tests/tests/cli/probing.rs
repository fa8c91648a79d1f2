//! What is said of an upstream that is registered, before somebody waits for it in vain.

use std::time::{Duration, Instant};

use uplion_bench::upstream::Upstream;

use crate::dev::Dev;

const NOBODY: &str = "http://127.0.0.1:9/v1";

#[tokio::test]
async fn a_mistyped_url_is_told_in_a_moment_and_the_model_is_registered_all_the_same() {
    let dev = Dev::start().await;
    let began = Instant::now();
    let (_, said) = dev.both(&["model", "register", "llama", "--upstream", NOBODY]).await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(said.contains("warning") && said.contains(NOBODY), "{said}");
    assert!(said.contains("cannot be reached from here"), "{said}");
    assert_eq!(dev.json(&["model", "show", "llama"]).await["status"], "registered");
}

#[tokio::test]
async fn a_name_that_the_server_does_not_list_is_told_and_may_be_refused() {
    let dev = Dev::start().await;
    let upstream = Upstream::start().await.unwrap();
    let url = upstream.url();
    let register = ["model", "register", "llama", "--upstream", &url, "--probe", "require"];
    let refused = dev.refused(&register, 1).await;
    assert!(refused.contains("does not list llama"), "{refused}");
    dev.refused(&["model", "show", "llama"], 6).await;
    let register = ["model", "register", "llama", "--upstream", &url, "--probe", "none"];
    let (_, said) = dev.both(&register).await;
    assert!(!said.contains("warning"), "{said}");
}

#[tokio::test]
async fn workers_are_shown_with_what_they_do_and_what_is_wrong_now() {
    let dev = Dev::start().await;
    dev.stdout(&["model", "register", "llama", "--upstream", NOBODY, "--probe", "none"]).await;
    let served = async || {
        let workers = dev.json(&["workers"]).await;
        let upstreams = workers[0]["presence"]["upstreams"].as_array().cloned();
        upstreams.is_some_and(|all| all.iter().any(|one| one["model"] == "llama"))
    };
    uplion_tests::wait::until(uplion_tests::wait::PATIENCE, "the worker to say so", served)
        .await
        .unwrap();
    let shown = dev.stdout(&["workers"]).await;
    assert!(shown.contains("IN FLIGHT") && shown.contains("demo, llama"), "{shown}");
    let id = dev.json(&["workers"]).await[0]["id"].as_str().unwrap().to_owned();
    let details = dev.stdout(&["workers", &id]).await;
    assert!(details.contains(NOBODY), "{details}");
}
