//! `uplion dev`, with its folder on a small disk.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::Arc,
};

use serde_json::Value;
use tokio::time::sleep;
use uplion_bench::upstream::{Delivery, Upstream};
use uplion_domain::Nanos;
use uplion_tests::{
    installation::{Customer, price},
    scratch,
    small_disk::{self, SmallDisk},
    uplion::{self, Role},
    wait,
};

use crate::{
    BESIDE, CLIENTS, FULL, is_served, is_told_at_once,
    load::{Asked, End, Load},
};

async fn told(data: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json", "--data", data.to_str().unwrap()]].concat();
    let told = uplion::run(&arguments, &[]).await.unwrap();
    assert!(told.status.success(), "{told:?}");
    serde_json::from_str(&told.stdout).unwrap()
}

/// What each request was charged.
async fn charges(data: &Path) -> HashMap<String, i64> {
    let listed = told(data, &["charges", "--limit", "100000"]).await;
    let charge = |line: &Value| {
        let charge: Nanos = line["charge"].as_str().unwrap().parse().unwrap();
        (line["request"].as_str().unwrap().to_owned(), charge.to_i64().unwrap())
    };
    listed.as_array().unwrap().iter().map(charge).collect()
}

/// What is wrong with the charge of what somebody asked.
fn wrong(asked: &Asked, charge: i64, delivered: &[&Delivery]) -> bool {
    let prices: Vec<i64> = delivered
        .iter()
        .map(|one| price(one.prompt_tokens.into(), one.completion_tokens.into()))
        .collect();
    match &asked.end {
        End::Whole => !prices.contains(&charge),
        End::Refused { .. } => charge != 0,
        // Of which it got a part.
        End::Left | End::Broken => charge > price(asked.bytes.0, asked.bytes.1),
        End::Wrong(_) => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_folder_of_dev_full_clients_are_charged_for_what_they_got_whole() {
    if !small_disk::inside(
        "dev::with_the_folder_of_dev_full_clients_are_charged_for_what_they_got_whole",
    ) {
        return;
    }
    let small = SmallDisk::below("dev", 64 << 20);
    let data = scratch::folder("dev").unwrap().join("data");
    let upstream = Upstream::start().await.unwrap();
    let dev = Role::new("dev").option("--data", &data).option("--upstream", upstream.url());
    let dev = dev.start().await.unwrap();
    told(&data, &["price", "set", "mock", "--input", "0.25", "--output", "1"]).await;
    let credentials = fs::read(data.join("credentials.json")).unwrap();
    let credentials: Value = serde_json::from_slice(&credentials).unwrap();
    let secret = credentials["api_key"].as_str().unwrap();
    let customer = Arc::new(Customer::of(&dev.url(), "mock", secret));
    let load = Load::start(&customer, CLIENTS, 1);
    sleep(BESIDE).await;
    small.fill().unwrap();
    is_told_at_once(&customer).await;
    sleep(FULL).await;
    small.free().unwrap();
    is_served(&customer).await;
    sleep(BESIDE).await;
    let asked = load.stop().await;

    let deliveries = upstream.deliveries();
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for one in &asked {
        *ends.entry(one.end.name()).or_default() += 1;
    }
    eprintln!("dev: {ends:#?}");
    assert!(ends["whole"] > 0);
    let right = async || {
        let charges = charges(&data).await;
        let wrong: Vec<&Asked> = asked
            .iter()
            .filter(|one| {
                let delivered: Vec<_> =
                    deliveries.iter().filter(|delivery| delivery.user == one.user).collect();
                let charge = charges.get(&one.request).copied().unwrap_or_default();
                wrong(one, charge, &delivered)
            })
            .collect();
        if !wrong.is_empty() {
            eprintln!("{} of {} are not right yet: {:?}", wrong.len(), asked.len(), wrong[0]);
        }
        wrong.is_empty()
    };
    wait::until(wait::PATIENCE, "the charges of what clients got whole", right).await.unwrap();
    dev.terminate().await.unwrap();
}

#[tokio::test]
async fn a_dev_that_is_started_on_a_full_disk_says_what_to_do_and_starts_once_there_is_room() {
    if !small_disk::inside(
        "dev::a_dev_that_is_started_on_a_full_disk_says_what_to_do_and_starts_once_there_is_room",
    ) {
        return;
    }
    let small = SmallDisk::below("dev", 64 << 20);
    let data = scratch::folder("dev").unwrap().join("data");
    fs::create_dir(&data).unwrap();
    small.fill().unwrap();
    let start = ["dev", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let refused = uplion::run(&start, &[]).await.unwrap();
    assert!(!refused.status.success(), "{refused:?}");
    for part in ["data", "make room", "--data"] {
        assert!(refused.stderr.contains(part), "{refused:?}");
    }
    small.free().unwrap();
    let dev = Role::new("dev").option("--data", &data).start().await.unwrap();
    dev.terminate().await.unwrap();
}
