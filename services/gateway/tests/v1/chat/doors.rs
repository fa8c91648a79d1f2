//! A log that takes nothing: who is let in, what the upstream is asked for, and what is charged in the end.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use uplion_domain::{Nanos, request::Event};
use uplion_gateway::Options;
use uplion_log_transport::stream::{StreamName, StreamSpec};

use crate::installation::{Installation, body, header};

/// Who is told an error because of the log is told so after a second.
fn options() -> Options {
    let mut options = Options::default();
    options.timeouts.settle_ack = Duration::from_secs(1);
    options.bounds.traffic_percent = 100;
    options
}

/// TRAFFIC may hold so many bytes from now on.
async fn limit(installation: &Installation, max_bytes: u64) {
    let specs = options().streams.into_iter();
    let traffic = specs.filter(|spec| spec.name == StreamName::Traffic);
    for spec in traffic {
        let spec = StreamSpec { max_bytes, ..spec };
        installation.log.streams.ensure(&spec).await.unwrap();
    }
}

/// Its status, id and the seconds after which it may come again.
async fn ask(installation: &Installation) -> (u16, String, Option<u64>) {
    let answer = installation.chat(&body(&json!({"chunks": 3}))).send().await.unwrap();
    let (status, id) = (answer.status().as_u16(), header(&answer, "x-request-id").to_owned());
    let again = header(&answer, "retry-after").parse().ok();
    answer.bytes().await.unwrap();
    (status, id, again)
}

/// Requests whose charge stands.
async fn charged(installation: &Installation) -> BTreeSet<String> {
    let (mut settled, mut charged) = (BTreeSet::new(), BTreeSet::new());
    for event in installation.traffic().await {
        match event {
            // The first counts.
            Event::Settled(event) if settled.insert(event.request.to_string()) => {
                if event.charge > Nanos::ZERO {
                    charged.insert(event.request.to_string());
                }
            }
            Event::Reversed(event) => drop(charged.remove(&event.request.to_string())),
            Event::Settled(_)
            | Event::Accepted(_)
            | Event::Assigned(_)
            | Event::Rejected(_)
            | Event::Probed(_) => {}
        }
    }
    charged
}

#[tokio::test]
async fn while_the_log_takes_nothing_no_upstream_is_asked_and_afterwards_whole_answers_are_charged()
{
    let installation = Installation::with(options()).await;
    installation.add_worker("demo");
    let mut whole = BTreeSet::new();
    let (status, id, _) = ask(&installation).await;
    assert_eq!(status, 200);
    whole.insert(id);
    let held = installation.log.streams.identity(StreamName::Traffic).await.unwrap().bytes;

    limit(&installation, held + 1).await;
    let (status, _, _) = ask(&installation).await;
    assert!(status >= 500, "{status}");
    let asked = installation.server.deliveries().len();
    for _ in 0..20 {
        let (status, _, again) = ask(&installation).await;
        assert_eq!((status, again), (503, Some(1)));
    }
    assert_eq!(installation.server.deliveries().len(), asked, "an upstream worked for nothing");
    assert_eq!(installation.gateway.ready(), Ok(()), "a balancer would take every gateway away");
    assert_eq!(installation.gauge("uplion_gateway_log_stuck"), 1);

    limit(&installation, 8 << 30).await;
    installation
        .until(async || {
            let (status, id, _) = ask(&installation).await;
            if status == 200 {
                whole.insert(id);
            }
            whole.len() == 20
        })
        .await;
    installation
        .until(async || installation.gauge("uplion_gateway_settlements_waiting") == 0)
        .await;
    assert_eq!(charged(&installation).await, whole);
    // It finds out by itself, too.
    let probed =
        async || installation.traffic().await.iter().any(|event| matches!(event, Event::Probed(_)));
    installation.until(probed).await;
    installation.until(async || ask(&installation).await.0 == 200).await;
}
