//! A command that fails says in one sentence what to do, and by its code what kind of failure it is.

use uplion_tests::uplion;

use crate::dev::Dev;

const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn what_cannot_be_reached_ends_with_3() {
    let dev = Dev::start().await;
    let nowhere = ["project", "list", "--url", NOBODY, "--admin-key", "x"];
    let refused = dev.refused(&nowhere, 3).await;
    assert!(refused.contains("uplion doctor"), "{refused}");
}

#[tokio::test]
async fn who_is_not_signed_in_or_shows_what_is_not_valid_ends_with_4() {
    let dev = Dev::start().await;
    let refused = dev.refused(&["project", "list", "--admin-key", "wrong"], 4).await;
    assert!(refused.contains("UPLION_ADMIN_KEY"), "{refused}");
    let refused = dev.refused(&["project", "list", "--url", NOBODY], 4).await;
    assert!(refused.contains("uplion login --url http://127.0.0.1:1"), "{refused}");
    let refused = dev.refused(&["chat", "--api-key", "wrong", "Hello!"], 4).await;
    assert!(refused.contains("UPLION_API_KEY"), "{refused}");
}

#[tokio::test]
async fn what_is_taken_or_has_changed_ends_with_5() {
    let dev = Dev::start().await;
    dev.told(&["project", "create", "physics"]).await;
    let refused = dev.refused(&["project", "create", "physics"], 5).await;
    assert!(refused.contains("another open project is called physics"), "{refused}");
    let stale = ["project", "rename", "physics", "--name", "chemistry", "--if-version", "7"];
    let refused = dev.refused(&stale, 5).await;
    assert!(refused.contains("it is at version 1"), "{refused}");
}

#[tokio::test]
async fn what_is_not_there_ends_with_6() {
    let dev = Dev::start().await;
    for missing in ["project", "key", "model", "price"] {
        dev.refused(&[missing, "show", "nothing-of-this-name"], 6).await;
    }
}

#[tokio::test]
async fn what_a_rule_refuses_ends_with_1_and_what_is_no_command_with_2() {
    let dev = Dev::start().await;
    dev.told(&["project", "create", "physics"]).await;
    let refused = dev.refused(&["key", "create"], 1).await;
    assert!(refused.contains("--project"), "{refused}");
    let refused = dev.refused(&["price", "create", "demo", "--input", "much"], 1).await;
    assert!(refused.contains("much"), "{refused}");
    assert_eq!(dev.ask(&["key", "destroy", "x"]).await.status.code(), Some(2));
}

#[tokio::test]
async fn the_help_says_what_the_codes_mean() {
    let help = uplion::run(&["--help"], &[]).await.unwrap().stdout;
    for code in 0..=6 {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {code}  "))), "{help}");
    }
}
