//! What versions before this one wrote is read, served and rebuilt: their data folders and databases are kept in
//! `tests/upgrades`, with what they said of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use uplion_tests::{
    chat::Client,
    http,
    installation::{ADMIN_KEY, Administrator, Ledger},
    nats,
    postgres::{Server, Version},
    scratch,
    uplion::{self, Role, Uplion},
    wait,
};

type Query = &'static [(&'static str, &'static str)];

/// What is asked again.
const ASKED: [(&str, Query); 7] = [
    ("usage", &[("by", "project,key,model")]),
    ("requests", &[("limit", "100")]),
    ("keys", &[]),
    ("models", &[]),
    ("projects", &[]),
    ("prices", &[]),
    ("users", &[]),
];
/// The demonstration model's are elsewhere after each start of `uplion dev`.
const UPSTREAMS: &str = "upstreams";

struct Kept {
    folder: PathBuf,
    said: Value,
}

fn kept() -> Vec<Kept> {
    let folders = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/upgrades")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let read = |folder: PathBuf| {
        let said = serde_json::from_slice(&unzipped(&folder.join("said.json.gz"))).unwrap();
        Kept { folder, said }
    };
    folders.map(read).collect()
}

fn unzipped(path: &Path) -> Vec<u8> {
    let unzip = Command::new("gzip").args(["--decompress", "--stdout"]).arg(path).output().unwrap();
    assert!(unzip.status.success(), "{unzip:?}");
    unzip.stdout
}

/// Everything that was said, where it still has the same name.
async fn says_what_was_said(control: &Uplion, key: &str, said: &Value, but: &[&str]) {
    let admin = Administrator::new(control.url(), key);
    for (name, query) in ASKED {
        // Until the projector has filled it anew, there is nothing to answer from.
        let answered =
            async || admin.get(name, query).await.ok().filter(|now| now["complete"] != false);
        let now = wait::until_some(wait::PATIENCE, name, answered).await;
        let now = now.unwrap_or_else(|error| panic!("{error:#}: {}", control.output()));
        let mut compared = 0;
        same(name, &said[name], &now, but, &mut compared);
        assert!(compared > 2, "nothing of {name} is called as it was: {now}");
    }
}

/// Adds up what could be compared.
fn same(at: &str, said: &Value, now: &Value, but: &[&str], compared: &mut usize) {
    match (said, now) {
        (Value::Object(said), Value::Object(now)) => {
            for (field, said) in said.iter().filter(|(field, _)| !but.contains(&&***field)) {
                if let Some(now) = now.get(field) {
                    same(&format!("{at}.{field}"), said, now, but, compared);
                }
            }
        }
        (Value::Array(said), Value::Array(now)) => {
            assert_eq!(said.len(), now.len(), "{at}: {now:?}");
            for (n, (said, now)) in said.iter().zip(now).enumerate() {
                same(&format!("{at}[{n}]"), said, now, but, compared);
            }
        }
        (said, now) => {
            assert_eq!(said, now, "{at}");
            *compared += 1;
        }
    }
}

async fn succeeds(arguments: &[&str]) -> String {
    let answer = uplion::run(arguments, &[]).await.unwrap();
    assert!(answer.status.success(), "{arguments:?}: {answer:?}");
    answer.stdout
}

async fn is_served(gateway: &str, said: &Value, model: &str) {
    let client = Client::new(http::client(), gateway, said["secret"].as_str().unwrap());
    let question = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    wait::until(wait::PATIENCE, "the key of before to be served", async || {
        client.ask(&question).await.is_ok_and(|answer| answer.is_whole())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_data_folder_of_each_version_before_says_what_it_said_and_goes_on() {
    for Kept { folder, said } in kept() {
        let said = &said["data"];
        let scratch = scratch::folder("upgrade").unwrap();
        unpack(&folder.join("data.tar.gz"), &scratch);
        let data = scratch.join("data");
        let dev = Role::new("dev").option("--data", &data).start().await.unwrap();
        let admin_key = said["admin_key"].as_str().unwrap();
        says_what_was_said(&dev, admin_key, said, &[UPSTREAMS]).await;
        is_served(&dev.url(), said, "demo").await;
        dev.terminate().await.unwrap();
        let data = data.to_str().unwrap();
        succeeds(&["projection", "verify", "--data", data]).await;
    }
}

#[tokio::test]
async fn a_database_of_each_version_before_is_rebuilt_equal_and_goes_on_with_new_streams() {
    let postgres = Server::shared(Version::V18).await;
    for Kept { folder, said } in kept() {
        let said = &said["database"];
        let database = postgres.database().await.unwrap();
        restore(&folder.join("database.sql.gz"), &database);
        let of = ["--database-url", &*database];
        let nats_url = nats::Server::shared().await.account();
        let on_nats = |role: &str| Role::new(role).option("--nats-url", &nats_url);
        let on_both = |role: &str| on_nats(role).option("--database-url", &database);
        let gateway = on_nats("gateway").launch().unwrap();
        let _worker = on_nats("worker").start().await.unwrap();
        wait::until(wait::PATIENCE, "the streams to be made anew", async || {
            let epoch = [&["log", "epoch", "--nats-url", &nats_url], &of[..]].concat();
            uplion::run(&epoch, &[]).await.is_ok_and(|answer| answer.status.success())
        })
        .await
        .unwrap();
        let control = on_both("control").env("UPLION_ADMIN_KEY", ADMIN_KEY).start().await.unwrap();
        let _projector = on_both("projector").start().await.unwrap();
        gateway.ready().await.unwrap();
        says_what_was_said(&control, ADMIN_KEY, said, &[]).await;
        let ledger = Ledger::connect(&database).await.unwrap();
        ledger.projected().await.unwrap();
        succeeds(&[&["projection", "verify"], &of[..]].concat()).await;
        succeeds(&[&["projection", "rebuild"], &of[..]].concat()).await;
        says_what_was_said(&control, ADMIN_KEY, said, &[]).await;
    }
}

fn unpack(archive: &Path, into: &Path) {
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--no-same-owner", "--file"]).arg(archive).current_dir(into);
    assert!(unpack.status().unwrap().success());
}

fn restore(dump: &Path, database: &str) {
    let script = scratch::folder("restore").unwrap().join("database.sql");
    fs::write(&script, unzipped(dump)).unwrap();
    let psql = Version::V18.binaries().unwrap().join("psql");
    let restored = Command::new(psql)
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"])
        .arg(script)
        .arg(database)
        .output()
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
}
