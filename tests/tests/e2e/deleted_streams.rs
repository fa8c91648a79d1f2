//! Streams that somebody deletes while all run: made anew within seconds, and meanwhile everybody is told to come again.

use std::time::{Duration, Instant};

use serde_json::json;
use uplion_bench::upstream::Upstream;
use uplion_log_transport::{
    nats::{Nats, NatsOptions},
    stream::StreamName,
};
use uplion_tests::{
    installation::{Customer, Installation, Plan},
    wait,
};

/// From the deletion to answers as before, on a busy machine.
const SOON: Duration = Duration::from_secs(15);
/// Answered in a row after a stream was made anew.
const IN_A_ROW: usize = 20;

struct Scene {
    installation: Installation,
    customer: Customer,
    _upstream: Upstream,
    log: uplion_log_transport::Log,
    /// Requests that were answered whole.
    whole: Vec<String>,
}

impl Scene {
    // Of its own: its streams are deleted.
    async fn start() -> Self {
        let plan = Plan { gateways: 1, workers: 1, ..Plan::default() };
        let installation = Installation::start(plan).await.unwrap();
        let upstream = Upstream::start().await.unwrap();
        let customer = Customer::new(&installation, "deleted", &[upstream.url()]).await.unwrap();
        let (url, name) = (installation.nats_url.clone(), "tests".into());
        let options = NatsOptions { url, name, ..NatsOptions::default() };
        let log = Nats::connect(options).await.unwrap().log();
        Self { installation, customer, _upstream: upstream, log, whole: Vec::new() }
    }

    /// Whether one more request is answered whole; otherwise it is told to come again, and nothing else.
    async fn is_served(&mut self) -> bool {
        let answer = self.customer.ask("?", &json!({})).await.unwrap();
        if answer.is_whole() {
            self.whole.push(answer.request);
            return true;
        }
        assert_eq!(answer.status, 503, "{answer:?}");
        false
    }

    async fn is_served_as_before(&mut self) {
        let (began, mut row) = (Instant::now(), 0);
        while row < IN_A_ROW {
            assert!(began.elapsed() < SOON, "{row} answers in a row");
            row = if self.is_served().await { row + 1 } else { 0 };
        }
    }

    async fn loses(&mut self, stream: StreamName) {
        let created = self.log.streams.identity(stream).await.unwrap().created;
        self.log.streams.delete(stream).await.unwrap();
        let anew = async || {
            self.log.streams.identity(stream).await.is_ok_and(|found| found.created != created)
        };
        wait::until(SOON, "the stream to be made anew", anew).await.unwrap();
        self.is_served_as_before().await;
    }

    /// Every answer that a client got whole was charged for.
    async fn is_all_charged(&self) {
        let ledger = self.installation.settled().await.unwrap();
        for request in &self.whole {
            assert_eq!(ledger.settlement(request).await.unwrap().outcome, "completed");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_deleted_is_made_anew_and_nobody_is_told_anything_but_to_come_again() {
    let mut scene = Scene::start().await;
    scene.is_served_as_before().await;
    scene.is_all_charged().await;
    for stream in [StreamName::Control, StreamName::Workers, StreamName::Traffic] {
        scene.loses(stream).await;
        // What the deleted one held beyond the archive only a person can give up.
        scene.installation.begin_epoch().await.unwrap();
        scene.is_all_charged().await;
    }
    // Changes go on, too.
    let (_, secret) = scene.installation.admin().key(&scene.customer.project).await.unwrap();
    scene.customer.secret = secret;
    let known = async || scene.customer.at(0).models().await.is_ok_and(|models| !models.is_empty());
    wait::until(SOON, "the new key to be known", known).await.unwrap();
    assert!(scene.is_served().await);
}
