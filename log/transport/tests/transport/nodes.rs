//! One after the other of three nodes killed, while the log is in use.

use std::collections::BTreeSet;

use uplion_domain::{ModelName, RequestId, request::Class};
use uplion_log_transport::{
    stream::{Appended, Condition, StreamName},
    task::{Taken, Tasks},
};
use uplion_tests::{nats::Cluster, wait};

use crate::{
    backend::connect,
    events,
    faults::{SOON, append, next, read_on, traffic},
};

#[tokio::test]
async fn killing_each_of_three_nodes_loses_no_acknowledged_event_and_keeps_their_order() {
    let cluster = Cluster::start().await.unwrap();
    let log = connect(&cluster.url()).await.log();
    traffic(&log, 3).await;
    let mut cursor = log.streams.read(StreamName::Traffic, 0).await.unwrap();
    let mut appended = Vec::new();
    for node in 0..3 {
        for _ in 0..20 {
            appended.push(append(&*log.streams).await);
        }
        cluster.node(node).kill();
        for _ in 0..20 {
            appended.push(append(&*log.streams).await);
        }
        cluster.node(node).restart().await.unwrap();
        cluster.ready().await.unwrap();
    }
    let (last, _) = *appended.last().unwrap();
    let mut found = Vec::new();
    while found.last().is_none_or(|(sequence, _)| *sequence < last) {
        let records = read_on(&mut *cursor, 1).await;
        found.extend(records.into_iter().map(|record| (record.sequence, record.event.id)));
    }
    assert!(appended.iter().all(|event| found.contains(event)), "{appended:?} {found:?}");
    // What was appended again without an acknowledgement stands there again, right behind itself.
    found.dedup_by(|(_, again), (_, id)| again == id);
    assert!(found.iter().map(|(_, id)| id).eq(appended.iter().map(|(_, id)| id)));
}

#[tokio::test]
async fn a_stream_that_was_made_through_one_node_takes_events_through_another_at_once() {
    let [one, other, _] = Cluster::shared().await.account_by_node();
    let (one, other) = (connect(&one).await.log(), connect(&other).await.log());
    for _ in 0..30 {
        traffic(&one, 3).await;
        let (subject, event) = events::traffic(0);
        let appended = other.streams.append(&subject, event, Condition::default()).await;
        assert_eq!(appended, Ok(Appended { sequence: 1, duplicate: false }));
        one.streams.delete(StreamName::Traffic).await.unwrap();
    }
}

#[tokio::test]
async fn while_two_of_three_nodes_live_no_ticket_is_lost() {
    let cluster = Cluster::start().await.unwrap();
    let (gateway, worker) =
        (connect(&cluster.url()).await.log(), connect(&cluster.url()).await.log());
    gateway.tasks.ensure(&events::queue_spec(3)).await.unwrap();
    let model = events::model("m");
    let mut queue = worker.tasks.queue(&model, Class::Interactive).await.unwrap();
    let mut missing = BTreeSet::new();
    for node in 0..3 {
        for _ in 0..20 {
            missing.insert(offer(&*gateway.tasks, &model).await);
        }
        cluster.node(node).kill();
        missing.insert(offer(&*gateway.tasks, &model).await);
        while !missing.is_empty() {
            let Taken { ticket, delivery: _, receipt } = next(&mut *queue).await;
            // What is not said now is said at the next delivery.
            let _ = receipt.done().await;
            missing.remove(&ticket.request);
        }
        cluster.node(node).restart().await.unwrap();
        cluster.ready().await.unwrap();
    }
}

/// Offers one ticket until the queue has it.
async fn offer(tasks: &dyn Tasks, model: &ModelName) -> RequestId {
    let ticket = events::ticket(model);
    wait::until(SOON, "an offer", async || tasks.offer(&ticket).await.is_ok()).await.unwrap();
    ticket.request
}
