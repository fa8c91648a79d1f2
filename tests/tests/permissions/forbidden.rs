//! What each role must not do, tried with its own credentials: a real nats-server refuses each.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use uplion_domain::subject::{Filter, Pattern};
use uplion_log_transport::{
    nats::{Nats, Role},
    stream::{StreamName, StreamSpec},
};
use uplion_tests::{nats::Server, wait};

use crate::{PASSWORD, options, server, violations};

/// As it is written to the server.
#[derive(Debug, Clone, Copy)]
enum Try {
    Say(&'static str),
    Hear(&'static str),
    HearAll(Pattern),
}
use Try::{Hear, HearAll, Say};

/// To nobody but maintenance and those who make streams, and some of it to nobody at all.
const DESTROYING: &[Try] = &[
    Say("$JS.API.STREAM.DELETE.TRAFFIC"),
    Say("$JS.API.STREAM.DELETE.CONTROL"),
    Say("$JS.API.STREAM.DELETE.WORKERS"),
    Say("$JS.API.STREAM.DELETE.TASKS_LIVE"),
    Say("$JS.API.STREAM.MSG.DELETE.CONTROL"),
    Say("$JS.API.STREAM.PURGE.CONTROL"),
    Say("$JS.API.STREAM.PURGE.TASKS_LIVE"),
    Say("$JS.API.STREAM.CREATE.OTHER"),
    Say("$JS.API.STREAM.SNAPSHOT.CONTROL"),
    Say("$JS.API.STREAM.RESTORE.CONTROL"),
    Say("$JS.API.CONSUMER.DELETE.TASKS_LIVE.task_m_interactive_all"),
    Say("$JS.API.CONSUMER.DELETE.CONTROL.read_x_0"),
    Say("$JS.API.CONSUMER.DURABLE.CREATE.CONTROL.x"),
    Say("$JS.API.DIRECT.GET.CONTROL"),
    Say("$SYS.REQ.ACCOUNT.PING"),
];

/// Where everything, or everybody's answers, would pass by.
const OVERHEARING: &[Try] = &[
    Hear(">"),
    Hear("*"),
    Hear("*.>"),
    Hear("_INBOX.>"),
    Hear("$JS.API.>"),
    Hear("$JS.ACK.>"),
    Hear("$JS.EVENT.>"),
    Hear("$SYS.>"),
    Hear("traffic.batch.0"),
    Hear("control.api_key.key_1"),
    Hear("workers.batch.0"),
];

const WORKER: &[Try] = &[
    Say("traffic.batch.0"),
    Say("control.model.m"),
    Say("control.api_key.key_1"),
    Say("task.m.interactive.0"),
    Say("worker.wrk_1.req_1"),
    Say("presence.gateway.gtw_1"),
    Say("presence.control.prc_1"),
    Say("_INBOX_gateway.x"),
    Say("_INBOX_gateway.x.1"),
    Say("_INBOX_worker.x.1"),
    Say("$JS.API.INFO"),
    Say("$JS.API.STREAM.INFO.TRAFFIC"),
    Say("$JS.API.STREAM.CREATE.CONTROL"),
    Say("$JS.API.STREAM.UPDATE.TASKS_LIVE"),
    Say("$JS.API.STREAM.PURGE.TRAFFIC"),
    Say("$JS.API.STREAM.MSG.GET.TRAFFIC"),
    Say("$JS.API.STREAM.MSG.GET.CONTROL"),
    Say("$JS.API.STREAM.MSG.GET.TASKS_LIVE"),
    Say("$JS.API.STREAM.NAMES"),
    Say("$JS.API.CONSUMER.CREATE.TRAFFIC.x"),
    Say("$JS.API.CONSUMER.CREATE.WORKERS.x"),
    Say("$JS.API.CONSUMER.CREATE.TASKS_LIVE.x"),
    Say("$JS.API.CONSUMER.CREATE.CONTROL.x"),
    Say("$JS.API.CONSUMER.CREATE.CONTROL.x.control.api_key.key_1"),
    Say("$JS.API.CONSUMER.CREATE.CONTROL.x.control.project.prj_1"),
    Say("$JS.API.STREAM.INFO.CONTROL"),
    Say("$JS.API.STREAM.INFO.TASKS_LIVE"),
    Say("$JS.API.CONSUMER.MSG.NEXT.TRAFFIC.x"),
    Say("$JS.API.CONSUMER.LIST.CONTROL"),
    Say("$JS.API.CONSUMER.NAMES.CONTROL"),
    Hear("gateway.gtw_1.req_1"),
    HearAll(Pattern::ToGateways),
    Hear("_INBOX_gateway.>"),
    Hear("_INBOX_gateway.x.*"),
    Hear("_INBOX_control.>"),
    Hear("presence.worker.*"),
    Hear("task.m.interactive.0"),
];

const GATEWAY: &[Try] = &[
    Say("control.model.m"),
    Say("control.installation.i"),
    Say("workers.batch.0"),
    Say("gateway.gtw_2.req_1"),
    Say("presence.worker.wrk_1"),
    Say("_INBOX_worker.x"),
    Say("_INBOX_control.x.1"),
    Say("$JS.API.INFO"),
    Say("$JS.API.STREAM.PURGE.TRAFFIC"),
    Say("$JS.API.STREAM.PURGE.WORKERS"),
    Say("$JS.API.STREAM.MSG.GET.TRAFFIC"),
    Say("$JS.API.STREAM.MSG.GET.CONTROL"),
    Say("$JS.API.CONSUMER.CREATE.TRAFFIC.x"),
    Say("$JS.API.CONSUMER.CREATE.TASKS_LIVE.x"),
    Say("$JS.API.CONSUMER.MSG.NEXT.TASKS_LIVE.task_m_interactive_all"),
    Say("$JS.ACK.TASKS_LIVE.x.1.1.1.1.0"),
    Hear("worker.wrk_1.req_1"),
    HearAll(Pattern::ToWorkers),
    Hear("_INBOX_worker.>"),
    Hear("_INBOX_control.>"),
    Hear("presence.gateway.*"),
    Hear("task.m.interactive.0"),
];

const CONTROL: &[Try] = &[
    Say("traffic.batch.0"),
    Say("workers.batch.0"),
    Say("task.m.interactive.0"),
    Say("gateway.gtw_1.req_1"),
    Say("worker.wrk_1.req_1"),
    Say("presence.gateway.gtw_1"),
    Say("_INBOX_gateway.x"),
    Say("$JS.API.STREAM.PURGE.TRAFFIC"),
    Say("$JS.API.STREAM.CREATE.TASKS_LIVE"),
    Say("$JS.API.CONSUMER.CREATE.TRAFFIC.x"),
    Say("$JS.API.CONSUMER.CREATE.TASKS_LIVE.x"),
    HearAll(Pattern::ToGateways),
    HearAll(Pattern::ToWorkers),
    Hear("_INBOX_gateway.>"),
    Hear("_INBOX_worker.>"),
];

const PROJECTOR: &[Try] = &[
    Say("control.model.m"),
    Say("control.api_key.key_1"),
    Say("workers.batch.0"),
    Say("task.m.interactive.0"),
    Say("gateway.gtw_1.req_1"),
    Say("worker.wrk_1.req_1"),
    Say("presence.worker.wrk_1"),
    Say("$JS.API.STREAM.CREATE.CONTROL"),
    Say("$JS.API.STREAM.MSG.GET.CONTROL"),
    Say("$JS.API.CONSUMER.CREATE.TASKS_LIVE.x"),
    HearAll(Pattern::ToGateways),
    HearAll(Pattern::ToWorkers),
    Hear("presence.worker.*"),
    Hear("_INBOX_gateway.>"),
];

/// Beside its own it is as harmless as the doctor.
const MAINTENANCE: &[Try] = &[
    Say("traffic.batch.0"),
    Say("control.model.m"),
    Say("$JS.API.STREAM.CREATE.CONTROL"),
    Say("$JS.API.STREAM.PURGE.TRAFFIC"),
    Say("$JS.API.CONSUMER.CREATE.TRAFFIC.x"),
    HearAll(Pattern::ToGateways),
    Hear("_INBOX_gateway.>"),
];

const DOCTOR: &[Try] = &[
    Say("traffic.batch.0"),
    Say("control.model.m"),
    Say("task.m.interactive.0"),
    Say("presence.gateway.gtw_1"),
    Say("$JS.API.STREAM.UPDATE.CONTROL"),
    Say("$JS.API.STREAM.PURGE.TRAFFIC"),
    Say("$JS.API.STREAM.MSG.GET.CONTROL"),
    Say("$JS.API.CONSUMER.CREATE.CONTROL.x"),
    HearAll(Pattern::ToGateways),
    Hear("presence.worker.*"),
    Hear("_INBOX_gateway.>"),
];

const fn must_not(role: Role) -> &'static [Try] {
    match role {
        Role::Gateway => GATEWAY,
        Role::Worker => WORKER,
        Role::Control => CONTROL,
        Role::Projector => PROJECTOR,
        Role::Maintenance => MAINTENANCE,
        Role::Doctor => DOCTOR,
    }
}

/// A client with a role's credentials that is told what the server refuses.
struct Intruder {
    client: Client,
    told: mpsc::UnboundedReceiver<String>,
}

impl Intruder {
    async fn connect(server: &Server, role: Role) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let options = ConnectOptions::with_user_and_password(role.as_str().into(), PASSWORD.into())
            .skip_subject_validation(true)
            .custom_inbox_prefix(role.inbox())
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    let _ = tell.send(error.to_string().to_lowercase());
                }
                std::future::ready(())
            });
        let client = options.connect(server.address()).await.unwrap();
        Self { client, told }
    }

    async fn hear(&self, subject: String) {
        // Dropped it would end, which says nothing.
        std::mem::forget(self.client.subscribe(subject).await.unwrap());
    }

    /// What the server says to the first of these that it refuses.
    async fn is_told(&mut self, tried: Try) -> String {
        match tried {
            Say(subject) => self.client.publish(subject, "{}".into()).await.unwrap(),
            Hear(subject) => self.hear(subject.to_owned()).await,
            HearAll(pattern) => self.hear(pattern.to_string()).await,
        }
        self.client.flush().await.unwrap();
        let told = timeout(wait::PATIENCE, self.told.recv()).await;
        told.unwrap_or_else(|_| panic!("{tried:?} was not refused")).unwrap()
    }
}

#[tokio::test]
async fn each_role_is_refused_what_is_not_its_own() {
    let server = server().await;
    for role in Role::ALL {
        let mut intruder = Intruder::connect(&server, role).await;
        for tried in [DESTROYING, OVERHEARING, must_not(role)].concat() {
            let (way, subject) = match tried {
                Say(subject) => ("publish", subject.to_owned()),
                Hear(subject) => ("subscription", subject.to_owned()),
                HearAll(pattern) => ("subscription", pattern.to_string()),
            };
            let told = intruder.is_told(tried).await;
            let refused =
                format!("permissions violation for {way} to \"{}\"", subject.to_lowercase());
            assert!(told.contains(&refused), "{role:?} {tried:?}: {told}");
        }
    }
    // What the tests of what is allowed look for is there where something was refused.
    assert!(violations(&server).len() > must_not(Role::Worker).len());
}

/// Otherwise the test above would see refusals of a server that refuses everything.
#[tokio::test]
async fn what_is_its_own_is_not_refused() {
    let server = server().await;
    for role in Role::ALL {
        let mut intruder = Intruder::connect(&server, role).await;
        let allowed = role.permissions();
        for subject in allowed.publish {
            intruder.client.publish(subject, "{}".into()).await.unwrap();
        }
        for subject in allowed.subscribe {
            intruder.hear(subject).await;
        }
        let told = intruder.is_told(Say("nothing.of.ours")).await;
        assert!(told.contains("nothing.of.ours"), "{role:?}: {told}");
    }
}

/// The subject is what nats-server holds against the permissions, and the filter that it names against the consumer.
#[tokio::test]
async fn a_worker_gets_no_consumer_that_reads_more_than_its_subject_says() {
    let server = server().await;
    let makes = Nats::connect(options(&server, Role::Gateway)).await.unwrap().log().streams;
    for name in StreamName::ALL {
        let (epoch, first_sequence, max_bytes, replicas) = (1, 1, 1 << 20, 1);
        let dedup_window = Duration::from_mins(1);
        let spec = StreamSpec { name, epoch, first_sequence, max_bytes, replicas, dedup_window };
        makes.ensure(&spec).await.unwrap();
    }
    let worker = Intruder::connect(&server, Role::Worker).await;
    let models = Filter::ControlOfModels.to_string();
    let everything = Filter::AllControl.to_string();
    let asks = async |stream: &str, more: Value| {
        let mut config =
            json!({"name": "x", "ack_policy": "none", "inactive_threshold": 1_000_000_000});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let question = json!({"stream_name": stream, "config": config}).to_string();
        let subject = format!("$JS.API.CONSUMER.CREATE.CONTROL.x.{models}");
        let answer = worker.client.request(subject, question.into()).await.unwrap();
        serde_json::from_slice::<Value>(&answer.payload).unwrap()["error"].clone()
    };
    assert_eq!(asks("CONTROL", json!({"filter_subject": models})).await, Value::Null);
    for (stream, more) in [
        ("CONTROL", json!({})),
        ("CONTROL", json!({"filter_subject": everything})),
        ("CONTROL", json!({"filter_subjects": [everything]})),
        ("CONTROL", json!({"filter_subject": models, "filter_subjects": [everything]})),
        ("TRAFFIC", json!({"filter_subject": models})),
    ] {
        assert_ne!(asks(stream, more.clone()).await, Value::Null, "{stream} {more}");
    }
}
