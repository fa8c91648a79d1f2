//! What `uplion dev` does with a folder of which something is lost or broken: it goes on with what is left, or says in a
//! sentence what is wrong and what to do.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use uplion_tests::{
    scratch,
    uplion::{self, Role, Uplion},
    wait::{self, PATIENCE},
};

const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// A folder in which a `dev` has served one request that was billed, and was stopped.
async fn used() -> PathBuf {
    let data = scratch::folder("broken").unwrap();
    let dev = start(&data).await;
    ask(&data, &["chat", "Hello!"]).await;
    billed(&data, 1).await;
    dev.terminate().await.unwrap();
    data
}

fn role(data: &Path) -> Role {
    Role::new("dev").option("--data", data.display().to_string())
}

async fn start(data: &Path) -> Uplion {
    role(data).start().await.unwrap()
}

async fn ask(data: &Path, arguments: &[&str]) -> String {
    let data = data.display().to_string();
    let output = uplion::run(arguments, &[("UPLION_DATA", &data)]).await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", output.stderr);
    output.stdout
}

/// Waits until so many requests are on the bill, and none more.
async fn billed(data: &Path, requests: u64) {
    let count = async || {
        let usage = ask(data, &["usage", "--json"]).await;
        let lines: Value = serde_json::from_str(&usage).unwrap();
        lines.as_array().unwrap().iter().map(|line| line["requests"].as_u64().unwrap()).sum::<u64>()
    };
    wait::until(PATIENCE, "the bill", async || count().await >= requests).await.unwrap();
    assert_eq!(count().await, requests);
}

fn remove(data: &Path, database: &str) {
    for ending in FILES {
        // Not all of them are there once it was stopped.
        drop(fs::remove_file(data.join(format!("{database}{ending}"))));
    }
}

/// What it says when it does not start.
async fn refused(data: &Path) -> String {
    let dev = role(data).launch().unwrap();
    let said = async || dev.output().contains("uplion: ");
    wait::until(PATIENCE, "a sentence", said).await.unwrap();
    assert!(!dev.terminate().await.unwrap().success());
    let output = dev.output();
    assert!(!output.contains("panicked"), "{output}");
    output.lines().find(|line| line.starts_with("uplion: ")).unwrap().to_owned()
}

#[tokio::test]
async fn lost_credentials_are_made_anew_and_promise_no_password_that_is_none() {
    for empty in [false, true] {
        let data = used().await;
        let file = data.join("credentials.json");
        if empty {
            fs::write(&file, "").unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        let dev = start(&data).await;
        ask(&data, &["chat", "Hello!"]).await;
        billed(&data, 2).await;
        let known: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert!(known["admin_password"].is_null(), "{known}");
        assert!(dev.output().contains("with the password that it had"), "{}", dev.output());
    }
}

#[tokio::test]
async fn a_key_that_was_revoked_is_replaced_at_the_next_start() {
    let data = used().await;
    let dev = start(&data).await;
    ask(&data, &["key", "revoke", "made by uplion dev", "--yes"]).await;
    dev.terminate().await.unwrap();
    let dev = start(&data).await;
    assert!(dev.output().contains("is not served any more"), "{}", dev.output());
    ask(&data, &["chat", "Hello!"]).await;
    billed(&data, 2).await;
}

#[tokio::test]
async fn without_its_streams_it_goes_on_behind_its_archive() {
    for empty in [false, true] {
        let data = used().await;
        remove(&data, "streams.db");
        if empty {
            fs::write(data.join("streams.db"), "").unwrap();
        }
        let dev = start(&data).await;
        assert!(dev.output().contains("goes on in a new epoch"), "{}", dev.output());
        ask(&data, &["chat", "Hello!"]).await;
        billed(&data, 2).await;
        dev.terminate().await.unwrap();
        let dev = start(&data).await;
        billed(&data, 2).await;
        assert_eq!(dev.output().matches("goes on in a new epoch").count(), 0, "{}", dev.output());
    }
}

#[tokio::test]
async fn without_its_store_it_has_keys_models_and_bills_from_its_streams() {
    let data = used().await;
    remove(&data, "store.db");
    let dev = start(&data).await;
    assert!(dev.output().contains("store.db lacked"), "{}", dev.output());
    ask(&data, &["chat", "Hello!"]).await;
    billed(&data, 2).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_with_what_to_do() {
    let data = used().await;
    for database in ["store.db", "streams.db"] {
        let whole = fs::read(data.join(database)).unwrap();
        fs::write(data.join(database), vec![0x5a; 100_000]).unwrap();
        let told = refused(&data).await;
        assert!(told.contains(&format!("{database} is damaged: ")), "{told}");
        assert!(told.contains("move it away"), "{told}");
        fs::write(data.join(database), whole).unwrap();
    }
    fs::write(data.join("credentials.json"), "no JSON").unwrap();
    let told = refused(&data).await;
    assert!(told.contains("credentials.json") && told.contains("move it away"), "{told}");
    let file = data.join("credentials.json");
    let told = refused(&file).await;
    assert!(told.contains("is a file: name a folder"), "{told}");
}

#[tokio::test]
async fn a_folder_belongs_to_one_process_at_a_time_commands_of_the_log_too() {
    let data = used().await;
    let folder = data.display().to_string();
    let dev = start(&data).await;
    let told = refused(&data).await;
    assert!(told.contains("is in use by another uplion"), "{told}");
    for command in ["epoch", "restore"] {
        let output = uplion::run(&["log", command, "--data", &folder], &[]).await.unwrap();
        assert!(output.stderr.contains("is in use by another uplion"), "{}", output.stderr);
    }
    dev.terminate().await.unwrap();
    let epoch = ask(&data, &["log", "epoch", "--data", &folder]).await;
    assert_eq!(epoch.matches("nothing to do").count(), 3, "{epoch}");
    let restored = ask(&data, &["log", "restore", "--data", &folder]).await;
    assert!(restored.starts_with("0 events"), "{restored}");
    remove(&data, "streams.db");
    let epoch = ask(&data, &["log", "epoch", "--data", &folder]).await;
    assert!(epoch.contains("in epoch 2"), "{epoch}");
    let _dev = start(&data).await;
    ask(&data, &["chat", "Hello!"]).await;
    billed(&data, 2).await;
}
