//! What can be asked about the installation as a whole, or without any.

use serde_json::Value;
use uplion_tests::{
    uplion::{self, CommandOutput},
    wait::{self, PATIENCE},
};

use crate::dev::Dev;

#[tokio::test]
async fn doctor_works_whether_control_does_or_not() {
    let dev = Dev::start().await;
    let well = dev.stdout(&["doctor", "--rate", "100000"]).await;
    for found in ["relay", "TRAFFIC", "went through", "--traffic-max-bytes", "gateway"] {
        assert!(well.contains(found), "{well}");
    }
    let unwell = ["doctor", "--url", "http://127.0.0.1:1", "--admin-key", "x"];
    let unwell = dev.ask(&unwell).await;
    assert_eq!(unwell.status.code(), Some(1), "{unwell:?}");
    assert!(unwell.stdout.contains("bad    control"), "{unwell:?}");
    assert!(unwell.stdout.contains("ok     gateway"), "{unwell:?}");
}

#[tokio::test]
async fn doctor_tells_what_a_worker_cannot_do_and_where_to_look() {
    let dev = Dev::start().await;
    assert!(dev.stdout(&["doctor"]).await.contains("ok     worker"));
    let lacking = ["--upstream", "http://127.0.0.1:9/v1", "--api-key-env", "NOT_SET_ANYWHERE"];
    dev.stdout(&[&["model", "register", "llama"][..], &lacking].concat()).await;
    let told = wait::until_some(PATIENCE, "doctor to tell of the worker", async || {
        let told = dev.ask(&["doctor"]).await;
        told.stdout.contains("NOT_SET_ANYWHERE").then_some(told)
    });
    let CommandOutput { stdout: told, status, .. } = told.await.unwrap();
    assert_eq!(status.code(), Some(1), "nobody else answers for the model: {told}");
    assert!(told.contains("watch  upstream") && told.contains("upstream list llama"), "{told}");
}

#[tokio::test]
async fn who_starts_a_dev_elsewhere_is_told_how_commands_find_it() {
    let dev = Dev::start().await;
    let usage = format!("`uplion usage --data {}`", dev.data);
    assert!(dev.output().contains(&usage), "{}", dev.output());
}

#[tokio::test]
async fn the_description_of_the_api_is_printed_without_any_installation() {
    let answer = uplion::run(&["openapi"], &[]).await.unwrap();
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["openapi"], "3.0.0");
}
