//! What `uplion dev` does with a folder of which something is lost or broken: it goes on with what is left, or says in a
//! sentence what is wrong and what to do.

use std::{fs, path::Path};

use serde_json::Value;
use uplion_tests::wait::{self, PATIENCE};

use crate::dev::Dev;

const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// A `dev` that has served one request, which was billed, and was stopped.
async fn used() -> Dev {
    let dev = Dev::start().await;
    dev.stdout(&["chat", "Hello!"]).await;
    billed(&dev, 1).await;
    dev.stop().await;
    dev
}

/// Waits until so many requests are on the bill, and none more.
async fn billed(dev: &Dev, requests: u64) {
    let count = async || {
        let usage = dev.json(&["usage"]).await;
        usage.as_array().unwrap().iter().map(|line| line["requests"].as_u64().unwrap()).sum::<u64>()
    };
    wait::until(PATIENCE, "the bill", async || count().await >= requests).await.unwrap();
    assert_eq!(count().await, requests);
}

fn file(dev: &Dev, name: &str) -> std::path::PathBuf {
    Path::new(&dev.data).join(name)
}

fn remove(dev: &Dev, database: &str) {
    for ending in FILES {
        // Not all of them are there once it was stopped.
        drop(fs::remove_file(file(dev, &format!("{database}{ending}"))));
    }
}

/// What it says when it does not start in a folder.
async fn refused(data: &Path) -> String {
    let dev = Dev::launch(data, &[]);
    let said = async || dev.output().contains("uplion: ");
    wait::until(PATIENCE, "a sentence", said).await.unwrap();
    assert!(!dev.stop().await);
    let output = dev.output();
    assert!(!output.contains("panicked"), "{output}");
    output.lines().find(|line| line.starts_with("uplion: ")).unwrap().to_owned()
}

#[tokio::test]
async fn lost_credentials_are_made_anew_and_promise_no_password_that_is_none() {
    for empty in [false, true] {
        let dev = used().await;
        let credentials = file(&dev, "credentials.json");
        if empty {
            fs::write(&credentials, "").unwrap();
        } else {
            fs::remove_file(&credentials).unwrap();
        }
        dev.restart().await;
        dev.stdout(&["chat", "Hello!"]).await;
        billed(&dev, 2).await;
        let known: Value = serde_json::from_slice(&fs::read(&credentials).unwrap()).unwrap();
        assert!(known["admin_password"].is_null(), "{known}");
        let told = dev.greeting(2).await;
        assert!(told.contains("with the password that it had"), "{told}");
    }
}

#[tokio::test]
async fn a_key_that_was_revoked_is_replaced_at_the_next_start() {
    let dev = Dev::start().await;
    dev.stdout(&["chat", "Hello!"]).await;
    dev.stdout(&["key", "revoke", "made by uplion dev", "--yes"]).await;
    dev.restart().await;
    assert!(dev.output().contains("is not served any more"), "{}", dev.output());
    dev.stdout(&["chat", "Hello!"]).await;
    billed(&dev, 2).await;
}

#[tokio::test]
async fn without_its_streams_it_goes_on_behind_its_archive() {
    let told = |dev: &Dev| dev.output().matches("goes on in a new epoch").count();
    for empty in [false, true] {
        let dev = used().await;
        remove(&dev, "streams.db");
        if empty {
            fs::write(file(&dev, "streams.db"), "").unwrap();
        }
        dev.restart().await;
        assert_eq!(told(&dev), 3, "each stream: {}", dev.output());
        dev.stdout(&["chat", "Hello!"]).await;
        billed(&dev, 2).await;
        dev.restart().await;
        billed(&dev, 2).await;
        assert_eq!(told(&dev), 3, "once: {}", dev.output());
    }
}

#[tokio::test]
async fn without_its_store_it_has_keys_models_and_bills_from_its_streams() {
    let dev = used().await;
    remove(&dev, "store.db");
    dev.restart().await;
    assert!(dev.output().contains("store.db lacked"), "{}", dev.output());
    dev.stdout(&["chat", "Hello!"]).await;
    billed(&dev, 2).await;
    // The administrator of before has no address any more that anybody could sign in with.
    let url = dev.url();
    let known: Value =
        serde_json::from_slice(&fs::read(file(&dev, "credentials.json")).unwrap()).unwrap();
    let (email, password) =
        (known["admin_email"].as_str().unwrap(), known["admin_password"].as_str().unwrap());
    let login = ["login", "--url", &url];
    let told = [("UPLION_EMAIL", email), ("UPLION_PASSWORD", password)];
    dev.stdout_with(&login, &told).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_with_what_to_do() {
    let dev = used().await;
    let data = Path::new(&dev.data);
    for database in ["store.db", "streams.db"] {
        let whole = fs::read(file(&dev, database)).unwrap();
        fs::write(file(&dev, database), vec![0x5a; 100_000]).unwrap();
        let told = refused(data).await;
        assert!(told.contains(&format!("{database} is damaged: ")), "{told}");
        assert!(told.contains("move it away"), "{told}");
        fs::write(file(&dev, database), whole).unwrap();
    }
    let credentials = file(&dev, "credentials.json");
    fs::write(&credentials, "no JSON").unwrap();
    let told = refused(data).await;
    assert!(told.contains("credentials.json") && told.contains("move it away"), "{told}");
    let told = refused(&credentials).await;
    assert!(told.contains("is a file: name a folder"), "{told}");
}

#[tokio::test]
async fn a_folder_belongs_to_one_process_at_a_time_commands_of_the_log_too() {
    let dev = used().await;
    dev.restart().await;
    let told = refused(Path::new(&dev.data)).await;
    assert!(told.contains("is in use by another uplion"), "{told}");
    for command in ["epoch", "restore"] {
        let told = dev.refused(&["log", command, "--data", &dev.data], 1).await;
        assert!(told.contains("is in use by another uplion"), "{told}");
    }
    dev.stop().await;
    // The folder that is named counts, whatever the environment names for the roles.
    let elsewhere = [
        ("UPLION_NATS_URL", "nats://127.0.0.1:1"),
        ("UPLION_DATABASE_URL", "postgres://127.0.0.1:1/x"),
    ];
    let epoch = dev.stdout_with(&["log", "epoch", "--data", &dev.data], &elsewhere).await;
    assert_eq!(epoch.matches("nothing to do").count(), 3, "{epoch}");
    let restored = dev.stdout(&["log", "restore", "--data", &dev.data]).await;
    assert!(restored.starts_with("0 events"), "{restored}");
    remove(&dev, "streams.db");
    let epoch = dev.stdout(&["log", "epoch", "--data", &dev.data]).await;
    assert!(epoch.contains("in epoch 2"), "{epoch}");
    dev.restart().await;
    dev.stdout(&["chat", "Hello!"]).await;
    billed(&dev, 2).await;
}
