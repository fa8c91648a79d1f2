//! What can be asked about the installation as a whole, or without any.

use serde_json::Value;
use uplion_tests::uplion;

use crate::dev::Dev;

#[tokio::test]
async fn doctor_works_whether_control_does_or_not() {
    let dev = Dev::start().await;
    let well = dev.told(&["doctor", "--rate", "100000"]).await;
    for found in ["relay", "TRAFFIC", "usage_by_hour", "--traffic-max-bytes", "gateway"] {
        assert!(well.contains(found), "{well}");
    }
    let unwell = ["doctor", "--url", "http://127.0.0.1:1", "--admin-key", "x"];
    let unwell = dev.ask(&unwell).await;
    assert_eq!(unwell.status.code(), Some(1), "{unwell:?}");
    assert!(unwell.stdout.contains("bad    control"), "{unwell:?}");
    assert!(unwell.stdout.contains("ok     gateway"), "{unwell:?}");
}

#[tokio::test]
async fn the_description_of_the_api_is_printed_without_any_installation() {
    let answer = uplion::run(&["openapi"], &[]).await.unwrap();
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["openapi"], "3.0.0");
}
