//! Every role with exactly its own permissions, through all that it does: nothing is refused.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use uplion_bench::upstream::Upstream;
use uplion_domain::{GatewayId, RequestId, subject::Filter};
use uplion_log_transport::{
    nats::{Nats, Role as NatsRole},
    stream::StreamName,
};
use uplion_tests::{
    installation::{ADMIN_KEY, Broker, Customer, Installation, OwnOrShared},
    nats::{Cluster, Server},
    postgres::{self, Version},
    uplion::{self, Role},
    wait,
};

use crate::{PASSWORD, access, options, server, violations};

/// For a request whose worker or gateway was killed.
const SOON: Duration = Duration::from_mins(1);
const CROWD: usize = 60;

fn role(name: &str, url: &str) -> Role {
    Role::new(name)
        .option("--nats-url", url)
        .option("--nats-user", name)
        .env("UPLION_NATS_PASSWORD", PASSWORD)
}

/// Of two gateways and two workers.
async fn installation(broker: Broker) -> Installation {
    let postgres = postgres::Server::shared(Version::V15).await;
    let database_url = postgres.database().await.unwrap();
    let addresses: Vec<String> = nodes(&broker).into_iter().map(Server::address).collect();
    let (url, replicas) = (addresses.join(","), addresses.len().to_string());
    let on_nats = |name: &str| role(name, &url).option("--nats-replicas", &replicas);
    let at_rest = |name: &str| on_nats(name).option("--database-url", &database_url);
    let control = at_rest("control").env("UPLION_ADMIN_KEY", ADMIN_KEY).launch().unwrap();
    let projector = at_rest("projector").launch().unwrap();
    let two = |name: &str| (0..2).map(|_| on_nats(name).launch().unwrap()).collect();
    let installation = Installation {
        gateways: two("gateway"),
        workers: two("worker"),
        projector,
        control,
        broker,
        postgres: OwnOrShared::Shared(postgres),
        database_url,
        nats_url: url,
    };
    installation.ready().await.unwrap();
    installation
}

async fn on_one_server() -> Installation {
    installation(Broker::One(OwnOrShared::Own(server().await))).await
}

fn nodes(broker: &Broker) -> Vec<&Server> {
    match broker {
        Broker::One(server) => vec![server],
        Broker::Three(cluster) => (0..3).map(|n| cluster.node(n)).collect(),
    }
}

fn nothing_was_refused(installation: &Installation, after: &str) {
    for node in nodes(&installation.broker) {
        let refused = violations(node);
        assert!(refused.is_empty(), "after {after}: {refused:#?}");
    }
    for process in installation.processes() {
        let output = process.output();
        let told: Vec<&str> =
            output.lines().filter(|line| line.to_lowercase().contains("permissions")).collect();
        assert!(told.is_empty(), "after {after}: {told:#?}");
    }
}

/// At both gateways, streamed and not.
async fn a_crowd_is_served(customer: &Customer) {
    let asking = (0..CROWD).map(|n| {
        let more = json!({"stream": n % 2 == 0, "mock": {"chunks": 20, "pace_ms": 10}});
        let (client, question) = (customer.at(n), customer.question(&format!("{n}"), &more));
        async move { client.ask(&question).await.unwrap() }
    });
    for answer in join_all(asking).await {
        assert!(answer.is_whole(), "{answer:?}");
    }
}

async fn is_served_again(customer: &Customer) {
    for gateway in 0..2 {
        let (client, question) = (customer.at(gateway), customer.question("?", &json!({})));
        wait::until(SOON, "an answer", async || {
            client.ask(&question).await.is_ok_and(|answer| answer.is_whole())
        })
        .await
        .unwrap();
    }
}

async fn maintains(installation: &Installation, command: &str) {
    let Installation { nats_url, database_url, .. } = installation;
    let arguments = ["log", command, "--nats-url", nats_url, "--database-url", database_url];
    let environment = [
        ("UPLION_NATS_USER", "maintenance"),
        ("UPLION_NATS_PASSWORD", PASSWORD),
        ("UPLION_LOG_KEY", uplion::LOG_KEY),
    ];
    let told = uplion::run(&arguments, &environment).await.unwrap();
    assert!(told.status.success(), "{told:?}");
}

async fn doctor_looks(installation: &Installation, url: &str) {
    let arguments = ["doctor", "--json", "--nats-url", &installation.nats_url];
    let environment = [
        ("UPLION_NATS_USER", "doctor"),
        ("UPLION_NATS_PASSWORD", PASSWORD),
        ("UPLION_URL", url),
        ("UPLION_ADMIN_KEY", ADMIN_KEY),
        ("HOME", "/nonexistent"),
    ];
    let told = uplion::run(&arguments, &environment).await.unwrap();
    assert!(told.stdout.contains("\"broker.ok\""), "{told:?}");
    assert!(told.stdout.contains("nats-server's clock is as this machine's"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_works_with_what_its_roles_may_and_nothing_else() {
    let installation = on_one_server().await;
    let server = nodes(&installation.broker)[0];
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "permitted", &[upstream.url()]).await.unwrap();
    a_crowd_is_served(&customer).await;
    installation.settled().await.unwrap();
    nothing_was_refused(&installation, "load");

    doctor_looks(&installation, &installation.control.url()).await;
    // Without control it asks the broker for more.
    doctor_looks(&installation, "http://127.0.0.1:1").await;
    maintains(&installation, "restore").await;
    nothing_was_refused(&installation, "doctor and restore");

    server.restart().await.unwrap();
    is_served_again(&customer).await;
    nothing_was_refused(&installation, "a restart of the broker");

    let long =
        customer.question("long", &json!({"stream": true, "mock": {"chunks": 400, "pace_ms": 50}}));
    let mut hanging = customer.at(0).send(&long).await.unwrap();
    hanging.chunk().await.unwrap();
    installation.gateways[0].restart().await.unwrap();
    drop(hanging);
    is_served_again(&customer).await;
    installation.workers[0].kill();
    is_served_again(&customer).await;
    installation.settled().await.unwrap();
    nothing_was_refused(&installation, "a lost gateway and a lost worker");

    server.restart_empty().await.unwrap();
    let made = async || {
        let nats = Nats::connect(options(server, NatsRole::Doctor)).await;
        let Ok(nats) = nats else { return false };
        nats.log().streams.identity(StreamName::Traffic).await.is_ok()
    };
    wait::until(SOON, "the streams to be made anew", made).await.unwrap();
    maintains(&installation, "epoch").await;
    let known = async || customer.at(0).models().await.is_ok_and(|models| !models.is_empty());
    wait::until(SOON, "the gateway to know its models again", known).await.unwrap();
    is_served_again(&customer).await;
    installation.settled().await.unwrap();
    assert!(installation.workers[1].terminate().await.unwrap().success());
    assert!(installation.gateways[1].terminate().await.unwrap().success());
    nothing_was_refused(&installation, "streams made anew, and an end");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_three_nodes_of_which_one_dies_nothing_is_refused_either() {
    let cluster = Cluster::with_access(&access().await).await.unwrap();
    let installation = installation(Broker::Three(Box::new(OwnOrShared::Own(cluster)))).await;
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "three", &[upstream.url()]).await.unwrap();
    a_crowd_is_served(&customer).await;
    for node in nodes(&installation.broker) {
        node.kill();
        is_served_again(&customer).await;
        node.restart().await.unwrap();
        is_served_again(&customer).await;
    }
    a_crowd_is_served(&customer).await;
    installation.settled().await.unwrap();
    nothing_was_refused(&installation, "load, and nodes that died");
}

/// What a run of minutes does not come to.
#[tokio::test]
async fn what_is_done_seldom_is_allowed_to_whom_it_is_for() {
    let installation = on_one_server().await;
    let broker = nodes(&installation.broker)[0];
    let log = |role| {
        let options = options(broker, role);
        async { Nats::connect(options).await.unwrap().log() }
    };
    let projector = log(NatsRole::Projector).await.streams;
    // The sweeper's questions.
    projector.time(StreamName::Traffic).await.unwrap();
    projector.get(StreamName::Traffic, 1).await.unwrap();
    for stream in [StreamName::Traffic, StreamName::Workers] {
        projector.purge(stream, 1).await.unwrap();
    }
    let maintenance = log(NatsRole::Maintenance).await.streams;
    for streams in [&projector, &maintenance] {
        for stream in StreamName::ALL {
            let epoch = streams.identity(stream).await.unwrap().epoch;
            streams.set_epoch(stream, epoch + 1).await.unwrap();
            streams.set_epoch(stream, epoch).await.unwrap();
        }
    }
    let control = log(NatsRole::Control).await.streams;
    for stream in StreamName::ALL {
        control.get(stream, 1).await.unwrap();
    }
    let id = uuid::Uuid::from_u128(7);
    let listens = Filter::ToGateway(GatewayId::new(id));
    let heard = log(NatsRole::Gateway).await.messages.listen(&listens).await.unwrap();
    let gateway = uplion_domain::subject::Subject::Gateway {
        gateway: GatewayId::new(id),
        request: RequestId::new(id),
    };
    let worker = log(NatsRole::Worker).await.messages;
    assert!(worker.has_listener(&gateway).await);
    drop(heard);
    wait::until(SOON, "nobody to listen", async || !worker.has_listener(&gateway).await)
        .await
        .unwrap();
    nothing_was_refused(&installation, "what is done seldom");
}
