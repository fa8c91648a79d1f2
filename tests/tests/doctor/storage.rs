//! Too little room: streams that are nearly full, a broker smaller than its streams, a disk that is full.

use uplion_tests::{
    installation::{Broker, Customer, Installation, Plan},
    nats,
    small_disk::{self, SmallDisk},
    uplion::Role,
};

use crate::exam::Patient;

fn plan() -> Plan {
    Plan { gateways: 1, workers: 1, ..Plan::default() }
}

#[tokio::test]
async fn a_stream_that_is_nearly_full_is_told_with_the_flag_that_makes_it_larger() {
    let small = ("UPLION_TRAFFIC_MAX_BYTES".to_owned(), "60000".to_owned());
    let plan = Plan { environment: vec![small], ..plan() };
    let installation = Installation::start(plan).await.unwrap();
    let customer = Customer::new(&installation, "full", &[]).await.unwrap();
    let patient = Patient::of(&installation, Some(&customer.secret));
    // Its own requests fill it.
    let ids = ["stream.full", "gateway.not_ready", "check.refused"];
    let found = patient.found("TRAFFIC is at 90 %", &ids).await;
    found.is_bad();
    assert!(found.said("stream.full").contains("--traffic-max-bytes"), "{found:?}");
    assert!(found.said("gateway.not_ready").contains("nearly full"), "{found:?}");
}

#[tokio::test]
async fn a_broker_that_is_smaller_than_its_streams_is_told_with_the_flag_that_makes_them_smaller() {
    let nats = nats::Server::shared().await;
    // More than the tests' servers may hold.
    let gateway = Role::new("gateway")
        .option("--nats-url", nats.account())
        .option("--control-max-bytes", (16_u64 << 40).to_string())
        .launch()
        .unwrap();
    let patient = Patient::alone(&gateway.url());
    let words = ["CONTROL", "--control-max-bytes"];
    patient.says("NATS is smaller than the streams", "gateway.not_ready", &words).await.is_bad();
}

/// A server of its own, on a disk of its own.
#[tokio::test]
async fn a_disk_that_is_full_is_told_by_the_request_and_by_the_brokers_monitoring() {
    let test = "storage::a_disk_that_is_full_is_told_by_the_request_and_by_the_brokers_monitoring";
    if small_disk::inside(test) {
        full_disk().await;
    }
}

async fn full_disk() {
    let disk = SmallDisk::below("nats", 24 << 20);
    let plan = Plan { own_servers: true, ..plan() };
    let installation = Installation::start(plan).await.unwrap();
    let Broker::One(nats) = &installation.broker else { unreachable!("the plan says one") };
    let customer = Customer::new(&installation, "disk", &[]).await.unwrap();
    let patient = Patient::of(&installation, Some(&customer.secret))
        .with("UPLION_NATS_MONITOR", nats.monitor_url());
    disk.fill().unwrap();
    let first = patient.examine(&[]).await;
    first.is_bad();
    assert!(first.has("check.unrecorded"), "{first:?}");
    // The gateway has its door shut by then.
    let found = patient.found("the disk of nats-server is full", &["broker.disk_full"]).await;
    found.is_bad();
    assert!(found.said("broker.disk_full").contains("restart"), "{found:?}");
}
