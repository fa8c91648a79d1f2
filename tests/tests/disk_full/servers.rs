//! Separate processes, with a small disk under one of the servers.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Broker, Customer, Installation, Plan},
    small_disk::{self, SmallDisk},
    wait,
};

use crate::{BESIDE, CLIENTS, FULL, audit::Audit, is_served, is_told_at_once, load::Load};

const DEADLINE: Duration = Duration::from_secs(10);
const SWEPT: Duration = Duration::from_secs(60 + 10 + 45);

/// What is full, and what has to be done about it beside making room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    OneNats,
    NodeOfThree,
    Postgres,
}

impl Disk {
    fn small(self) -> SmallDisk {
        match self {
            Self::OneNats | Self::NodeOfThree => SmallDisk::below("nats", 48 << 20),
            // A segment of its log alone takes 16 MiB.
            Self::Postgres => SmallDisk::below("postgres", 320 << 20),
        }
    }

    fn plan(self) -> Plan {
        let replicas = if self == Self::NodeOfThree { 3 } else { 1 };
        Plan { replicas, deadline: DEADLINE, own_servers: true, ..Plan::default() }
    }

    /// A server that could not write does so again once it was started anew.
    async fn restart(self, installation: &Installation) {
        match (self, &installation.broker) {
            (Self::OneNats, Broker::One(server)) => server.restart().await.unwrap(),
            (Self::NodeOfThree, Broker::Three(cluster)) => {
                cluster.node(0).restart().await.unwrap();
            }
            (Self::Postgres, _) => installation.postgres.restart().await.unwrap(),
            (Self::OneNats | Self::NodeOfThree, _) => unreachable!("as planned"),
        }
    }
}

async fn what_is_charged_is_what_clients_got_whole(disk: Disk) {
    let small = disk.small();
    let installation = Installation::start(disk.plan()).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "full", &[upstream.url()]).await.unwrap();
    let customer = Arc::new(customer);
    let load = Load::start(&customer, CLIENTS, 1);
    sleep(BESIDE).await;
    small.fill().unwrap();
    match disk {
        Disk::OneNats => is_told_at_once(&customer).await,
        // The others have a majority, and the path of requests needs no database.
        Disk::NodeOfThree | Disk::Postgres => is_served(&customer).await,
    }
    sleep(FULL).await;
    small.free().unwrap();
    disk.restart(&installation).await;
    is_served(&customer).await;
    sleep(BESIDE).await;
    let asked = load.stop().await;

    wait::until(SWEPT, "every request to be settled", async || {
        let Ok(ledger) = installation.settled().await else { return false };
        ledger.unsettled().await.is_ok_and(|unsettled| unsettled == 0)
    })
    .await
    .unwrap();
    let ledger = installation.settled().await.unwrap();
    let audit = Audit::of(&asked, &ledger, &upstream, &customer.key).await.unwrap();
    eprintln!("{disk:?}: {} asked, {:#?} {:#?}", audit.asked, audit.ends, audit.settled);
    audit.assert_right();
    assert!(audit.whole_nanos > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_disk_of_nats_full_clients_are_charged_for_what_they_got_whole() {
    let test = "servers::with_the_disk_of_nats_full_clients_are_charged_for_what_they_got_whole";
    if small_disk::inside(test) {
        what_is_charged_is_what_clients_got_whole(Disk::OneNats).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_disk_of_one_node_of_three_full_clients_are_charged_for_what_they_got_whole() {
    let test = "servers::with_the_disk_of_one_node_of_three_full_clients_are_charged_for_what_they_got_whole";
    if small_disk::inside(test) {
        what_is_charged_is_what_clients_got_whole(Disk::NodeOfThree).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_disk_of_postgres_full_clients_are_served_and_charged_for_what_they_got_whole() {
    let test = "servers::with_the_disk_of_postgres_full_clients_are_served_and_charged_for_what_they_got_whole";
    if small_disk::inside(test) {
        what_is_charged_is_what_clients_got_whole(Disk::Postgres).await;
    }
}
