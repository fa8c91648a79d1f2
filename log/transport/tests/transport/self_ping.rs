//! Processes whose connections sit on two sides of a cut: two servers that know nothing of each other.

use bytes::Bytes;
use futures::future::join_all;
use tokio::time::timeout;
use uplion_domain::{GatewayId, RequestId, subject::Filter, subject::Subject};
use uplion_log_transport::{
    message::Message,
    nats::{Nats, NatsOptions},
};
use uplion_tests::{
    nats::{Server, SyncInterval},
    wait,
};
use uuid::Uuid;

use crate::faults::SOON;

/// Of which it is likely that one at least sits on both sides.
const PROCESSES: u128 = 12;

#[tokio::test]
async fn whoever_sits_on_both_sides_of_a_cut_connects_anew_until_it_hears_itself() {
    let sides = [
        Server::start(SyncInterval::Default).await.unwrap(),
        Server::start(SyncInterval::Default).await.unwrap(),
    ];
    let url = sides.each_ref().map(Server::url).join(",");
    let processes = join_all((0..PROCESSES).map(async |number| {
        let options = NatsOptions { url: url.clone(), ..NatsOptions::default() };
        let messages = Nats::connect(options).await.unwrap().hearing_itself().log().messages;
        let gateway = GatewayId::new(Uuid::from_u128(number));
        let listener = messages.listen(&Filter::ToGateway(gateway)).await.unwrap();
        (messages, Subject::Gateway { gateway, request: RequestId::new(Uuid::nil()) }, listener)
    }))
    .await;
    let mut cut = 0;
    for (messages, to_itself, mut listener) in processes {
        let mut comes_back = async || {
            drop(messages.send(&to_itself, Bytes::from_static(b"ping")).await);
            matches!(timeout(SOON / 20, listener.recv()).await, Ok(Some(Message { .. })))
        };
        cut += u32::from(!comes_back().await);
        // A server is drawn anew every eleven seconds.
        let until = tokio::time::Instant::now() + 6 * wait::PATIENCE;
        while !comes_back().await {
            assert!(tokio::time::Instant::now() < until, "it hears itself on no side");
        }
    }
    assert!(cut > 0, "nobody sat on both sides");
}
