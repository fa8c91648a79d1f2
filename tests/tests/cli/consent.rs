//! What cuts somebody off is asked at a terminal, unless it was said to be meant; programs are not asked.

use tokio::{io::AsyncWriteExt as _, process::Command};
use uplion_tests::uplion;

use crate::dev::Dev;

/// Each cuts off somebody, or takes away what cannot be had again. They are asked before anything is looked for.
const DESTRUCTIVE: [&str; 16] = [
    "key revoke demo-key",
    "key disable demo-key",
    "key rotate demo-key",
    "key rotate demo-key --grace 0s",
    "project suspend default",
    "project close default",
    "project member remove default ada@example.org",
    "user disable admin@localhost",
    "user change admin@localhost --access none",
    "model retire demo",
    "model change demo --no-upstreams",
    "model alias remove demo other",
    "model upstream remove demo ups_1",
    "price withdraw prc_1",
    "session revoke ses_1",
    "admin-key revoke adk_1",
];

/// What is seen at a terminal, and how the command ends, if this is typed.
async fn at_terminal(dev: &Dev, command: &str, typed: &str) -> (String, Option<i32>) {
    let line = format!("'{}' {command}", uplion::binary().unwrap().display());
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]);
    terminal.env("UPLION_DATA", &dev.data).env("HOME", &dev.home);
    terminal.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut terminal = terminal.spawn().unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).await.unwrap();
    let output = terminal.wait_with_output().await.unwrap();
    drop(keyboard);
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[tokio::test]
async fn what_cuts_somebody_off_is_asked_and_not_done_if_it_is_not_meant() {
    let dev = Dev::start().await;
    let before = dev.json(&["events", "-n", "1"]).await["position"].clone();
    for command in DESTRUCTIVE {
        let (seen, code) = at_terminal(&dev, command, "n\n").await;
        assert!(seen.contains("Go on? [y/N]") && seen.contains("nothing was done"), "{seen}");
        assert_eq!(code, Some(1), "{command}: {seen}");
    }
    let (seen, _) = at_terminal(&dev, "user erase admin@localhost", "y\n").await;
    assert!(seen.contains("Type admin@localhost") && seen.contains("nothing was done"), "{seen}");
    assert_eq!(dev.json(&["events", "-n", "1"]).await["position"], before);
}

#[tokio::test]
async fn what_is_meant_is_done_and_programs_are_not_asked() {
    let dev = Dev::start().await;
    for name in ["a", "b", "c"] {
        dev.stdout(&["key", "create", name]).await;
    }
    let (seen, code) = at_terminal(&dev, "key revoke a", "y\n").await;
    assert_eq!(code, Some(0), "{seen}");
    let (seen, code) = at_terminal(&dev, "key revoke b --yes", "").await;
    assert!(code == Some(0) && !seen.contains("[y/N]"), "{seen}");
    dev.stdout(&["key", "revoke", "c"]).await;
    for name in ["a", "b", "c"] {
        assert_eq!(dev.json(&["key", "show", name]).await["status"], "revoked", "{name}");
    }
    let refused = dev.refused(&["user", "erase", "admin@localhost"], 1).await;
    assert!(refused.contains("say --yes"), "{refused}");
}
