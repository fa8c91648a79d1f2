//! What is down, wrong or behind, one after the other in one installation, which is well again after each.
//!
//! Servers of its own, because they are killed and told to refuse.

use std::time::Duration;

use serde_json::json;
use uplion_bench::upstream::{Script, Upstream};
use uplion_domain::{Envelope, Event, EventId, ProjectId, Timestamp, project};
use uplion_log_transport::{
    nats::{Nats, NatsOptions},
    stream::{Condition, StreamName, Streams},
};
use uplion_tests::{
    installation::{Broker, Customer, Installation, Plan},
    postgres::execute,
    wait,
};
use uuid::Uuid;

use crate::exam::Patient;

struct Ward {
    installation: Installation,
    patient: Patient,
    customer: Customer,
    /// Answers for the customer's model.
    upstream: Upstream,
}

impl Ward {
    async fn open() -> Self {
        let plan = Plan { gateways: 1, workers: 1, own_servers: true, ..Plan::default() };
        let installation = Installation::start(plan).await.unwrap();
        let nobody = Patient::of(&installation, None);
        let founded = nobody.well("the first start").await;
        assert_eq!(founded.verdict, "watch", "{founded:?}");
        assert!(founded.has("model.none") && founded.has("check.skipped"), "{founded:?}");

        let upstream = Upstream::start().await.unwrap();
        let customer = Customer::new(&installation, "doctor", &[upstream.url()]).await.unwrap();
        let patient = Patient::of(&installation, Some(&customer.secret))
            .with("UPLION_NATS_URL", &installation.nats_url)
            .with("UPLION_DATABASE_URL", &installation.database_url);
        let well = patient.well("the beginning").await;
        assert_eq!(well.verdict, "ok", "{well:?}");
        assert!(well.has("check.ok") && well.has("broker.ok"), "{well:?}");
        Self { installation, patient, customer, upstream }
    }

    async fn sql(&self, statement: &str) {
        execute(&self.installation.database_url, statement).await.unwrap();
    }

    async fn streams(&self) -> std::sync::Arc<dyn Streams> {
        let url = self.installation.nats_url.clone();
        let log_keys = Some(uplion_tests::uplion::LOG_KEY.parse().unwrap());
        let options = NatsOptions { url, name: "test".into(), log_keys, ..NatsOptions::default() };
        Nats::connect(options).await.unwrap().log().streams
    }

    async fn change(&self) {
        let name = format!("project {}", Uuid::now_v7());
        self.installation.admin().project(&name).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_cure_and_gone_once_it_is_mended() {
    let ward = Ward::open().await;
    keys(&ward).await;
    roles(&ward).await;
    models(&ward).await;
    projections(&ward).await;
    broker(&ward).await;
    traffic_made_anew(&ward).await;
    database(&ward).await;
    // After those that want to hear of nothing: it is told for a week.
    charges(&ward).await;
    relay(&ward).await;
}

async fn keys(ward: &Ward) {
    let wrong = ward.patient.clone().with("UPLION_ADMIN_KEY", "adm-wrong-wrong-wrong");
    let found = wrong.found("a wrong admin key", &["control.key_refused", "broker.ok"]).await;
    found.is_bad();
    assert!(found.said("control.key_refused").contains("UPLION_ADMIN_KEY"), "{found:?}");

    let wrong = ward.patient.clone().with("UPLION_API_KEY", "sk-uplion-wrong");
    let found = wrong.found("a wrong API key", &["key.refused"]).await;
    found.is_bad();
    assert!(found.said("key.refused").contains("uplion key create"), "{found:?}");
}

async fn roles(ward: &Ward) {
    let Installation { control, gateways, projector, workers, .. } = &ward.installation;
    control.kill();
    let ids = ["control.unreachable", "gateway.ready", "check.answered", "stream.ok"];
    ward.patient.found("control is down", &ids).await.is_bad();
    control.restart().await.unwrap();
    ward.patient.well("control is back").await;

    gateways[0].kill();
    ward.patient.found("the gateway is down", &["gateway.unreachable"]).await.is_bad();
    gateways[0].restart().await.unwrap();

    projector.kill();
    ward.patient.found("no projector runs", &["projector.none", "check.unarchived"]).await.is_bad();
    projector.restart().await.unwrap();
    ward.patient.well("the projector is back").await;

    workers[0].kill();
    ward.patient.found("no worker runs", &["worker.none", "check.unserved"]).await.is_bad();
    workers[0].restart().await.unwrap();
    ward.patient.well("the worker is back").await;
}

async fn models(ward: &Ward) {
    let admin = ward.installation.admin();
    admin.model("nobody-serves-it", &[], 1).await.unwrap();
    let found = ward.patient.found("a model without a worker", &["model.unserved"]).await;
    assert!(found.said("model.unserved").contains("nobody-serves-it"), "{found:?}");
    admin.retire("nobody-serves-it").await.unwrap();

    // Refused for the worker's own question as for everybody's: its credential is wrong.
    let refusing = Upstream::start().await.unwrap();
    refusing.set_default(Script { status: 401, ..Script::default() });
    admin.model("nobody-answers-for-it", &[refusing.url()], 1).await.unwrap();
    let ids = ["model.unavailable", "upstream.down"];
    let asked = json!({ "model": "nobody-answers-for-it" });
    wait::until(wait::PATIENCE, "the upstream to be found down", async || {
        drop(ward.customer.ask("hello", &asked).await);
        let findings = ward.patient.examine(&["--no-request"]).await;
        ids.iter().all(|id| findings.has(id))
    })
    .await
    .unwrap();
    let found = ward.patient.found("all upstreams of a model are down", &ids).await;
    found.is_bad();
    assert!(found.said("model.unavailable").contains("nobody-answers-for-it"), "{found:?}");
    admin.retire("nobody-answers-for-it").await.unwrap();

    let lacking = json!({
        "name": "lacking",
        "upstreams": [{ "url": "http://127.0.0.1:9/v1", "api_key_env": "NOT_SET_ANYWHERE" }],
    });
    admin.post("models", &lacking).await.unwrap();
    let words = ["NOT_SET_ANYWHERE"];
    ward.patient.says("a credential that is not there", "upstream.down", &words).await.is_bad();
    admin.retire("lacking").await.unwrap();
}

async fn charges(ward: &Ward) {
    let said = ward.patient.examine(&["--no-request"]).await.said("charge.ok").to_owned();
    assert!(said.contains("follows from what was accepted"), "{said}");
    ward.upstream.set_default(Script { chunks: 500, ..Script::default() });
    ward.customer.ask("hello", &json!({ "max_tokens": 10 })).await.unwrap();
    ward.upstream.set_default(Script::default());
    let (case, words) =
        ("an upstream does not heed `max_tokens`", ["1 of the last", "beyond_asked"]);
    let found = ward.patient.says(case, "charge.marked", &words).await;
    assert_eq!(found.exit, Some(0), "{found:?}");
}

/// The table of the projection `projects`, under another name.
fn renamed(from: &str, to: &str) -> String {
    format!(
        "DO $$ DECLARE live text; BEGIN
            SELECT live_copy INTO live FROM projections WHERE name = 'projects';
            EXECUTE format('ALTER TABLE %I RENAME TO %I', live || '{from}', live || '{to}');
        END $$"
    )
}

/// As if no projector had ever filled the projection `prices`.
const UNFILLED: &str = "DO $$ DECLARE live text; BEGIN
        SELECT live_copy INTO live FROM projections WHERE name = 'prices';
        EXECUTE format('DROP TABLE %I CASCADE', live);
        DELETE FROM projections WHERE name = 'prices';
    END $$";

async fn projections(ward: &Ward) {
    ward.sql(&renamed("", "_away")).await;
    ward.change().await;
    let found = ward
        .patient
        .found("a projection stands still", &["projection.halted", "process.hindered"])
        .await;
    found.is_bad();
    assert!(found.said("projection.halted").contains("projects"), "{found:?}");
    ward.sql(&renamed("_away", "")).await;
    ward.patient.well("the table is back").await;

    ward.installation.projector.kill();
    ward.sql("UPDATE projections SET live_version = 0 WHERE name = 'models'").await;
    let found = ward.patient.found("an older version is live", &["projection.version"]).await;
    assert!(found.said("projection.version").contains("models"), "{found:?}");
    ward.sql(UNFILLED).await;
    let found = ward.patient.found("one was never filled", &["projection.unfilled"]).await;
    found.is_bad();
    ward.installation.projector.restart().await.unwrap();
    ward.patient.well("a projector filled them").await;
}

async fn broker(ward: &Ward) {
    let Broker::One(nats) = &ward.installation.broker else { unreachable!("the plan says one") };
    nats.kill();
    let ids = ["stream.unavailable", "gateway.not_ready", "broker.unreachable", "relay.halted"];
    ward.patient.found("NATS is down", &ids).await.is_bad();
    nats.restart().await.unwrap();
    ward.patient.well("NATS is back").await;
}

async fn traffic_made_anew(ward: &Ward) {
    let streams = ward.streams().await;
    // Otherwise it is made anew within a second.
    ward.installation.gateways[0].stop();
    streams.delete(StreamName::Traffic).await.unwrap();
    let found = ward.patient.found("TRAFFIC is gone", &["stream.unavailable"]).await;
    assert!(found.said("stream.unavailable").contains("does not exist"), "{found:?}");
    ward.installation.gateways[0].cont();
    let ids = ["stream.replaced", "check.unarchived"];
    let found = ward.patient.found("TRAFFIC is another one", &ids).await;
    found.is_bad();
    assert!(found.said("stream.replaced").contains("uplion log epoch"), "{found:?}");

    ward.installation.begin_epoch().await.unwrap();
    let well = ward.patient.well("`uplion log epoch`").await;
    assert_eq!(well.verdict, "ok", "{well:?}");
    // Also of what is told up to where it is complete.
    ward.customer.ask("hello", &json!({})).await.unwrap();
    ward.installation.settled().await.unwrap();
}

async fn database(ward: &Ward) {
    // Each by itself: several at once would be a transaction, in which a system is not altered.
    ward.sql("ALTER SYSTEM SET default_transaction_read_only = on").await;
    ward.sql("SELECT pg_reload_conf()").await;
    let ids = ["database.refuses", "database.read_only"];
    let found = ward.patient.found("Postgres is read-only", &ids).await;
    found.is_bad();
    ward.sql("ALTER SYSTEM RESET default_transaction_read_only").await;
    ward.sql("SELECT pg_reload_conf()").await;
    ward.patient.well("Postgres takes writes again").await;

    ward.installation.postgres.kill();
    let ids = ["control.silent", "database.unreachable", "gateway.ready", "check.answered"];
    ward.patient.found("Postgres is down", &ids).await.is_bad();
    ward.installation.postgres.restart().await.unwrap();
    ward.patient.well("Postgres is back").await;
}

/// CONTROL has what Postgres does not know.
async fn relay(ward: &Ward) {
    let at = Timestamp::from_micros(0);
    let id = ProjectId::new(Uuid::now_v7());
    let event = Event::Project(id, project::Event::Closed { at });
    let envelope = Envelope {
        id: EventId::fresh(Uuid::now_v7()),
        at,
        traceparent: None,
        actor: None,
        request_id: None,
        event,
    };
    let (streams, subject) = (ward.streams().await, envelope.event.subject());
    let end = streams.identity(StreamName::Control).await.unwrap();
    let (last, created) = (Some(end.last), Some(end.created));
    let condition = Condition { unique: true, last, created };
    streams.append(&subject, envelope.encode(), condition).await.unwrap();
    let found = ward.patient.found("Postgres went back in time", &["relay.halted"]).await;
    found.is_bad();
    assert!(found.said("relay.halted").contains("uplion log restore"), "{found:?}");
    wait::until(Duration::from_secs(10), "control not to be ready", async || {
        ward.patient.examine(&["--no-request"]).await.has("control.not_ready")
    })
    .await
    .unwrap();
}
