//! Secrets and prompts are nowhere: not on the log, not in the archive, not in tables, not in what processes print.

use std::path::Path;

use serde_json::json;
use uplion_tests::installation::{ADMIN_KEY, Broker};

use crate::{customer, streamed};

/// Files below `folder` that hold any of these.
fn files_with(folder: &Path, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, needles));
            continue;
        }
        // One that is removed meanwhile holds nothing.
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds =
            |needle: &&&str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        found.extend(
            needles.iter().filter(holds).map(|needle| format!("{needle} in {}", path.display())),
        );
    }
    found
}

#[tokio::test]
async fn no_secret_and_no_prompt_is_written_down() {
    let (installation, upstream, customer) = customer("secretive").await;
    let prompt = format!("my-prompt-{}", customer.project);
    let question = customer.question(&prompt, &json!({}));
    let answer = customer.at(0).ask(&question).await.unwrap();
    let text = answer.text();
    // What an answer starts with is like no other answer.
    let mark = &text[..16];
    let stream = customer.question(&prompt, &streamed(&json!({"hang_after": 2})));
    let mut hanging = customer.at(1).send(&stream).await.unwrap();
    assert!(hanging.chunk().await.unwrap().is_some());
    assert_eq!(upstream.running(), 1, "a prompt is under way while we look");
    let ledger = installation.settled().await.unwrap();

    let secrets = [customer.secret.as_str(), ADMIN_KEY, prompt.as_str(), mark];
    for secret in secrets {
        assert_eq!(ledger.columns_with(secret).await.unwrap(), [""; 0], "{secret}");
        for process in installation.processes() {
            assert!(!process.output().contains(secret), "{secret}: {}", process.output());
        }
    }
    // What may be written down is found by the same means.
    let columns = ledger.columns_with(&answer.request).await.unwrap();
    assert!(columns.contains(&"archive.payload".to_owned()), "{columns:?}");
    let Broker::One(server) = &installation.broker else { panic!("one server") };
    assert_eq!(files_with(&server.store(), &secrets), [""; 0]);
    assert_ne!(files_with(&server.store(), &[&answer.request]), [""; 0]);
}
