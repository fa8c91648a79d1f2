//! Somebody who holds credentials of NATS writes garbage and forgeries into every stream. Nobody is stopped by it and
//! nobody is fooled: requests, changes and bills go on, and what he wrote waits for a person.

use std::time::Duration;

use async_nats::{ConnectOptions, HeaderMap, ServerAddr, jetstream};
use serde_json::{Value, json};
use uplion_bench::upstream::Upstream;
use uplion_domain::{
    AdminKeyId, Envelope, Event, EventId, KeyDigest, Nanos, RequestId, Timestamp, admin_key,
    user::Access, wire::Encoded,
};
use uplion_log_transport::{
    log_key,
    nats::{Nats, NatsOptions},
    stream::{Entry, StreamName, Streams, batch, reading::header},
};
use uplion_tests::{
    installation::{Administrator, Customer, Installation, Plan},
    nats::Server,
    scratch,
    uplion::{self, CommandOutput, LOG_KEY, Role},
    wait,
};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);
const FORGED_ADMIN_KEY: &str = "forged-admin-key-of-somebody";
const TRAFFIC: &str = "traffic.batch.0";
const WORKERS: &str = "workers.batch.0";
/// A key that no role had when its messages came.
const OTHER_KEY: u8 = 9;

struct Scene {
    installation: Installation,
    customer: Customer,
    upstream: Upstream,
    outside: jetstream::Context,
    answered: Vec<String>,
}

impl Scene {
    // Of its own: what is set aside is counted.
    async fn start() -> Self {
        let plan = Plan { gateways: 1, workers: 1, ..Plan::default() };
        let installation = Installation::start(plan).await.unwrap();
        let upstream = Upstream::start().await.unwrap();
        let customer = Customer::new(&installation, "foreign", &[upstream.url()]).await.unwrap();
        let server: ServerAddr = installation.nats_url.parse().unwrap();
        let (user, password) = (server.username().unwrap(), server.password().unwrap());
        let options = ConnectOptions::with_user_and_password(user.into(), password.into());
        let outside = jetstream::new(options.connect(server).await.unwrap());
        Self { installation, customer, upstream, outside, answered: Vec::new() }
    }

    async fn serves(&mut self) {
        for _ in 0..5 {
            let answer = self.customer.ask("?", &json!({})).await.unwrap();
            assert!(answer.is_whole(), "{answer:?}");
            self.answered.push(answer.request);
        }
    }

    async fn publish(&self, subject: &str, headers: HeaderMap, payload: Vec<u8>) {
        let published =
            self.outside.publish_with_headers(subject.to_owned(), headers, payload.into());
        published.await.unwrap().await.unwrap();
    }

    /// A settlement as the log has one, of another request and for a fortune.
    async fn forged_settlement(&self) -> Encoded {
        let streams = self.streams().await;
        let mut cursor = streams.read(StreamName::Traffic, 0).await.unwrap();
        loop {
            for entry in cursor.next(100, SOON).await.unwrap() {
                let Some(record) = entry.event() else { continue };
                let envelope = Envelope::decode(&record.event).unwrap();
                let Some(settled) = envelope.event.as_settled() else { continue };
                let mut settled = settled.clone();
                settled.request = RequestId::new(Uuid::now_v7());
                settled.charge = Nanos::new(1_000_000_000_000_000);
                return Envelope::settled(settled).encode();
            }
        }
    }

    async fn streams(&self) -> std::sync::Arc<dyn Streams> {
        let (url, name) = (self.installation.nats_url.clone(), "tests".into());
        let options = NatsOptions { url, name, ..NatsOptions::default() };
        Nats::connect(options).await.unwrap().log().streams
    }

    async fn quarantine(&self, act: &[&str], keys: &str) -> CommandOutput {
        let Installation { nats_url, database_url, .. } = &self.installation;
        let command = [&["log", "quarantine"], act].concat();
        let environment = [
            ("UPLION_NATS_URL", nats_url.as_str()),
            ("UPLION_DATABASE_URL", database_url.as_str()),
            ("UPLION_LOG_KEY", keys),
        ];
        uplion::run(&command, &environment).await.unwrap()
    }

    async fn set_aside(&self) -> Vec<Value> {
        let listed = self.quarantine(&["list", "--json"], LOG_KEY).await;
        assert!(listed.status.success(), "{listed:?}");
        serde_json::from_str(&listed.stdout).unwrap()
    }

    /// Every answer was charged once, and nothing else was.
    async fn books_are_right(&self) {
        let ledger = self.installation.settled().await.unwrap();
        let billed = ledger.billed(None).await.unwrap();
        let mut sum = 0;
        for request in &self.answered {
            let settlement = ledger.settlement(request).await.unwrap();
            assert_eq!(settlement.outcome, "completed");
            sum += settlement.charge_nanos;
        }
        let answered = i64::try_from(self.answered.len()).unwrap();
        assert_eq!((billed.requests, billed.cost_nanos), (answered, sum));
    }
}

fn forged_admin_key() -> Encoded {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let issued = admin_key::Event::Issued {
        name: "forged".into(),
        digest: KeyDigest::of(FORGED_ADMIN_KEY),
        access: Access::Admin,
        expires_at: None,
        at,
    };
    let event = Event::AdminKey(AdminKeyId::new(Uuid::now_v7()), issued);
    let id = EventId::fresh(Uuid::now_v7());
    Envelope { id, at, traceparent: None, actor: None, request_id: None, event }.encode()
}

fn headers(event: &Encoded) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ID, event.id.as_str());
    headers.insert(header::TYPE, event.kind.as_str());
    headers.insert(header::TIME, event.at.to_string());
    headers
}

fn subject_of(event: &Encoded) -> String {
    Envelope::decode(event).unwrap().event.subject().to_string()
}

fn unsigned(event: &Encoded) -> Vec<u8> {
    batch::encode([event], None).to_vec()
}

#[tokio::test]
async fn garbage_and_forgeries_in_every_stream_stop_nobody_and_fool_nobody() {
    let mut scene = Scene::start().await;
    scene.serves().await;
    let (settled, admin) = (scene.forged_settlement().await, forged_admin_key());
    let seal = StreamName::Traffic.seal(Some(&log_key::spell([OTHER_KEY; 32]).parse().unwrap()));
    let forgeries = [
        (TRAFFIC, HeaderMap::new(), b"\x00garbage\xff".to_vec()),
        (TRAFFIC, HeaderMap::new(), Vec::new()),
        (TRAFFIC, HeaderMap::new(), unsigned(&settled)),
        (TRAFFIC, HeaderMap::new(), batch::encode([&settled], seal).to_vec()),
        (TRAFFIC, HeaderMap::new(), unsigned(&admin)),
        ("traffic.3.settled", headers(&settled), settled.payload.clone()),
        (WORKERS, HeaderMap::new(), unsigned(&settled)),
        (WORKERS, HeaderMap::new(), unsigned(&admin)),
        (WORKERS, HeaderMap::new(), b"{}".to_vec()),
        (&*subject_of(&admin), headers(&admin), admin.payload.clone()),
        ("control.nothing.of.ours", HeaderMap::new(), b"garbage".to_vec()),
        ("control.model.m", HeaderMap::new(), Vec::new()),
    ];
    let count = forgeries.len();
    for (subject, headers, payload) in forgeries {
        scene.publish(subject, headers, payload).await;
        scene.serves().await;
    }

    // Changes go on, and reach the gateway.
    let (key, secret) = scene.installation.admin().key(&scene.customer.project).await.unwrap();
    let mut other =
        Customer::of(&scene.installation.gateways[0].url(), &scene.customer.model, &secret);
    wait::until(SOON, "the new key", async || other.at(0).models().await.is_ok()).await.unwrap();
    scene.installation.admin().revoke(&key).await.unwrap();
    let refused = async || other.at(0).models().await.is_err();
    wait::until(SOON, "the revocation", refused).await.unwrap();
    other.secret.clear();

    let forged = Administrator::new(scene.installation.control.url(), FORGED_ADMIN_KEY);
    scene.books_are_right().await;
    assert!(scene.installation.admin().get("projects", &[]).await.is_ok());
    assert!(forged.get("projects", &[]).await.is_err(), "nobody issued that admin key");
    assert_eq!(scene.set_aside().await.len(), count);
    let said = scene.installation.command(&["doctor"]).await.unwrap();
    assert!(said.stdout.contains("none of ours"), "{said:?}");
    let again = scene.quarantine(&["retry", "--all"], LOG_KEY).await;
    assert!(!again.status.success(), "{again:?}");
    assert_eq!(scene.set_aside().await.len(), count, "{again:?}");
    let dismissed = scene.quarantine(&["dismiss", "--all"], LOG_KEY).await;
    assert!(dismissed.status.success(), "{dismissed:?}");
    assert!(scene.set_aside().await.is_empty());
    scene.books_are_right().await;
    drop(scene.upstream);
}

/// As when a projector was started without a key that its gateways sign with.
#[tokio::test]
async fn what_was_set_aside_for_want_of_a_key_counts_once_the_key_is_there() {
    let mut scene = Scene::start().await;
    scene.serves().await;
    let settled = scene.forged_settlement().await;
    let other = log_key::spell([OTHER_KEY; 32]);
    let seal = StreamName::Traffic.seal(Some(&other.parse().unwrap()));
    scene.publish(TRAFFIC, HeaderMap::new(), batch::encode([&settled], seal).to_vec()).await;
    scene.serves().await;
    scene.books_are_right().await;
    let set_aside = scene.set_aside().await;
    let [message] = &set_aside[..] else { panic!("{set_aside:?}") };
    let place = message["place"].as_str().unwrap();
    let shown = scene.quarantine(&["show", place], LOG_KEY).await;
    assert!(shown.stdout.contains("not among this process's"), "{shown:?}");

    let both = format!("{LOG_KEY},{other}");
    let taken = scene.quarantine(&["retry", place], &both).await;
    assert!(taken.status.success() && taken.stdout.contains("1 count"), "{taken:?}");
    assert!(scene.set_aside().await.is_empty());
    let request = settled.id.request().unwrap().to_string();
    let ledger = scene.installation.ledger().await.unwrap();
    let archived = async || ledger.settlement(&request).await.is_ok_and(|found| found.effective);
    wait::until(SOON, "the settlement", archived).await.unwrap();
    scene.serves().await;
    let last = scene.answered.last().unwrap().clone();
    let archived = async || ledger.settlement(&last).await.is_ok();
    wait::until(SOON, "what came later", archived).await.unwrap();
    drop(scene.upstream);
}

/// A key that leaked is taken away: CONTROL is made anew and signed with another one, and nobody notices.
#[tokio::test]
async fn control_is_signed_anew_with_another_key() {
    let mut scene = Scene::start().await;
    scene.serves().await;
    let Installation { nats_url, database_url, .. } = &scene.installation;
    let rekey = ["log", "rekey", "--nats-url", nats_url, "--database-url", database_url];
    let done = scene.installation.command(&rekey).await.unwrap();
    assert!(done.status.success(), "{done:?}");
    let streams = scene.streams().await;
    let filled = async || {
        let Ok(identity) = streams.identity(StreamName::Control).await else { return false };
        let first = streams.get(StreamName::Control, identity.first).await;
        identity.epoch == 2 && matches!(first.as_deref(), Ok([Entry::Event(_)]))
    };
    wait::until(SOON, "CONTROL to be filled", filled).await.unwrap();
    let served = async || scene.customer.ask("?", &json!({})).await.is_ok_and(|it| it.is_whole());
    wait::until(SOON, "an answer", served).await.unwrap();
    // The archive has every change once that counts, and goes on.
    let projects = scene.installation.admin().get("projects", &[]).await.unwrap();
    assert!(projects.to_string().contains(&scene.customer.project), "{projects}");
    scene.installation.admin().project("after the new key").await.unwrap();
    let ready = async || scene.installation.projector.ready().await.is_ok();
    wait::until(SOON, "the projector", ready).await.unwrap();
    assert!(scene.set_aside().await.is_empty());
    drop(scene.upstream);
}

/// `dev` on NATS signs with the key in its folder. With another one CONTROL is filled anew behind what the old one signed.
#[tokio::test]
async fn dev_on_nats_serves_with_the_key_in_its_folder_and_with_another_one() {
    let nats = Server::shared().await.account();
    let data = scratch::folder("dev").unwrap().join("data");
    for _ in 0..2 {
        let role = Role::new("dev").option("--data", &data).option("--nats-url", &nats);
        let dev = role.start().await.unwrap();
        let known = std::fs::read(data.join("credentials.json")).unwrap();
        let known: Value = serde_json::from_slice(&known).unwrap();
        let text = |field: &str| known[field].as_str().unwrap().to_owned();
        let customer = Customer::of(&dev.url(), &text("model"), &text("api_key"));
        let served = async || customer.ask("?", &json!({})).await.is_ok_and(|it| it.is_whole());
        wait::until(SOON, "an answer", served).await.unwrap();
        dev.kill();
        std::fs::write(data.join("log.key"), log_key::spell([OTHER_KEY; 32])).unwrap();
    }
}
