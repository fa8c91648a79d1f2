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
    dev.stdout(&["project", "create", "physics"]).await;
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
async fn what_is_not_there_is_named_wherever_it_was_said() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
    for (said, missing) in [
        (&["project", "show", "no-such"][..], "project no-such"),
        (&["project", "list", "--member", "no@such.org"], "member no@such.org"),
        (&["project", "member", "add", "no-such", "no@such.org"], "project no-such"),
        (&["project", "member", "add", "physics", "no@such.org"], "no@such.org"),
        (&["key", "issue", "ci", "--project", "no-such"], "project no-such"),
        (&["key", "issue", "ci", "--project", "physics", "--model", "no-such"], "no-such"),
        (&["usage", "--project", "no-such"], "project no-such"),
        (&["model", "alias", "remove", "demo", "no-such"], "no-such"),
        (&["user", "show", "no@such.org"], "user no@such.org"),
        (&["session", "revoke", "no-such"], "session no-such"),
    ] {
        let refused = dev.refused(said, 6).await;
        assert!(refused.contains(missing), "{said:?}: {refused}");
    }
}

#[tokio::test]
async fn a_word_that_is_none_is_answered_with_those_there_are() {
    let dev = Dev::start().await;
    for (said, known) in [
        (&["project", "list", "--status", "opn"][..], "suspended"),
        (&["key", "list", "--status", "dead"], "expired"),
        (&["user", "list", "--status", "gone"], "erased"),
        (&["model", "list", "--status", "old"], "retired"),
        (&["workers", "--status", "idle"], "serving"),
        (&["events", "--kind", "keys"], "admin-key"),
        (&["events", "--stream", "OTHER"], "TRAFFIC"),
        (&["project", "create", "x", "--budget", "1/year"], "250/month"),
        (&["project", "create", "x", "--parallel-requests", "0"], "whole number above 0"),
        (&["key", "rotate", "x", "--grace", "tomorrow"], "24h"),
    ] {
        let answer = dev.ask(said).await;
        assert_eq!(answer.status.code(), Some(2), "{said:?}: {answer:?}");
        assert!(answer.stderr.contains(known), "{said:?}: {answer:?}");
    }
    // An amount below nothing is an amount, and the API says what is wrong with it.
    let refused = dev.refused(&["price", "set", "demo", "--input", "-1", "--output", "1"], 1).await;
    assert!(refused.contains("from 0"), "{refused}");
}

#[tokio::test]
async fn a_place_that_is_not_control_is_not_a_thing_that_is_missing() {
    let dev = Dev::start().await;
    let url = format!("{}/v1", dev.url());
    let refused = dev.refused(&["project", "list", "--url", &url, "--admin-key", "x"], 1).await;
    assert!(refused.contains("without a path"), "{refused}");
}

#[tokio::test]
async fn what_a_rule_refuses_ends_with_1_and_what_is_no_command_with_2() {
    let dev = Dev::start().await;
    dev.stdout(&["project", "create", "physics"]).await;
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
