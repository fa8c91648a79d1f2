//! Messages: in order from one sender, to those who listen for them and to nobody else.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};
use uplion_domain::{
    GatewayId, RequestId, WorkerId,
    subject::{Filter, Subject},
};
use uplion_log_transport::message::{LISTEN_BUFFER, Link, Message, Messages};

use crate::{backend::Backend, events};

const SOON: Duration = Duration::from_secs(10);

crate::on!(in_process one_server three_nodes: [
    what_one_sender_says_is_heard_in_order
    a_listener_hears_only_what_is_for_it
    two_listeners_hear_the_same
    who_does_not_listen_loses_messages_and_keeps_nobody_waiting
    nobody_needs_to_listen
    a_large_message_comes_whole
    whether_anybody_listens_is_known
    the_link_is_up
]);

fn to(gateway: GatewayId) -> Subject {
    Subject::Gateway { gateway, request: RequestId::new(events::unique()) }
}

fn gateway() -> GatewayId {
    GatewayId::new(events::unique())
}

/// Listens, and returns once `sender` is heard: another node of a cluster learns a moment later that somebody listens.
async fn listen(
    receiver: &dyn Messages,
    sender: &dyn Messages,
    subject: &Subject,
) -> mpsc::Receiver<Message> {
    let filter = match subject {
        Subject::Gateway { gateway, request: _ } => Filter::ToGateway(*gateway),
        Subject::Worker { worker, request: _ } => Filter::ToWorker(*worker),
        Subject::Presence(_) => Filter::AllPresence,
        Subject::Traffic { .. }
        | Subject::TrafficBatch { .. }
        | Subject::WorkersBatch { .. }
        | Subject::Control(_)
        | Subject::Task { .. } => unreachable!(),
    };
    let mut listener = receiver.listen(&filter).await.unwrap();
    let tried = Duration::from_millis(20);
    loop {
        sender.send(subject, "known?".into()).await.unwrap();
        if timeout(tried, listener.recv()).await.is_ok() {
            break;
        }
    }
    sender.send(subject, "known".into()).await.unwrap();
    while heard(&mut listener).await.payload != "known" {}
    listener
}

async fn heard(listener: &mut mpsc::Receiver<Message>) -> Message {
    timeout(SOON, listener.recv()).await.expect("a message in time").expect("a listener")
}

async fn what_one_sender_says_is_heard_in_order(backend: Backend) {
    let gateway = gateway();
    let receiver = backend.connect().await.messages;
    let sender = backend.connect().await.messages;
    let mut listener = listen(&*receiver, &*sender, &to(gateway)).await;
    let subject = to(gateway);
    let say = async {
        for number in 0..5_000_u32 {
            let payload = Bytes::copy_from_slice(&number.to_be_bytes());
            sender.send(&subject, payload).await.unwrap();
        }
    };
    let hear = async {
        for number in 0..5_000_u32 {
            let message = heard(&mut listener).await;
            assert_eq!(message.subject, subject);
            assert_eq!(message.payload[..], number.to_be_bytes());
        }
    };
    tokio::join!(say, hear);
}

async fn a_listener_hears_only_what_is_for_it(backend: Backend) {
    let (one, other) = (gateway(), gateway());
    let worker = WorkerId::new(events::unique());
    let messages = backend.connect().await.messages;
    let request = RequestId::new(events::unique());
    let for_worker = Subject::Worker { worker, request };
    let mut to_one = listen(&*messages, &*messages, &to(one)).await;
    let mut to_worker = listen(&*messages, &*messages, &for_worker).await;
    messages.send(&to(other), "other".into()).await.unwrap();
    messages.send(&for_worker, "worker".into()).await.unwrap();
    messages.send(&to(one), "one".into()).await.unwrap();
    assert_eq!(heard(&mut to_one).await.payload, "one");
    assert_eq!(heard(&mut to_worker).await.payload, "worker");
    assert!(to_one.try_recv().is_err() && to_worker.try_recv().is_err());
}

async fn two_listeners_hear_the_same(backend: Backend) {
    let gateway = gateway();
    let messages = backend.connect().await.messages;
    let mut one = listen(&*messages, &*messages, &to(gateway)).await;
    let mut other = listen(&*messages, &*messages, &to(gateway)).await;
    messages.send(&to(gateway), "both".into()).await.unwrap();
    for listener in [&mut one, &mut other] {
        while heard(listener).await.payload != "both" {}
    }
}

async fn who_does_not_listen_loses_messages_and_keeps_nobody_waiting(backend: Backend) {
    let (deaf, awake) = (gateway(), gateway());
    let receiver = backend.connect().await.messages;
    let sender = backend.connect().await.messages;
    let mut unheard = listen(&*receiver, &*sender, &to(deaf)).await;
    let mut listener = listen(&*receiver, &*sender, &to(awake)).await;
    let (to_deaf, to_awake) = (to(deaf), to(awake));
    let sent = LISTEN_BUFFER + LISTEN_BUFFER / 2;
    for _ in 0..sent {
        sender.send(&to_deaf, Bytes::new()).await.unwrap();
    }
    sender.send(&to_awake, "awake".into()).await.unwrap();
    assert_eq!(heard(&mut listener).await.payload, "awake");
    let mut kept = 0;
    while let Ok(Some(_)) = timeout(Duration::from_millis(500), unheard.recv()).await {
        kept += 1;
    }
    assert!((LISTEN_BUFFER..sent).contains(&kept), "{kept} of {sent}");
    sender.send(&to_deaf, "again".into()).await.unwrap();
    assert_eq!(heard(&mut unheard).await.payload, "again");
}

async fn nobody_needs_to_listen(backend: Backend) {
    let gateway = gateway();
    let messages = backend.connect().await.messages;
    messages.send(&to(gateway), "nobody".into()).await.unwrap();
    drop(messages.listen(&Filter::ToGateway(gateway)).await.unwrap());
    messages.send(&to(gateway), "nobody any more".into()).await.unwrap();
    let mut listener = listen(&*messages, &*messages, &to(gateway)).await;
    messages.send(&to(gateway), "somebody".into()).await.unwrap();
    assert_eq!(heard(&mut listener).await.payload, "somebody");
}

async fn a_large_message_comes_whole(backend: Backend) {
    let gateway = gateway();
    let messages = backend.connect().await.messages;
    let mut listener = listen(&*messages, &*messages, &to(gateway)).await;
    let payload: Bytes =
        (0..512 * 1024_u32).map(|n| n.to_le_bytes()[0]).collect::<Vec<u8>>().into();
    messages.send(&to(gateway), payload.clone()).await.unwrap();
    assert_eq!(heard(&mut listener).await.payload, payload);
}

async fn the_link_is_up(backend: Backend) {
    let link = backend.connect().await.messages.link();
    assert_eq!(*link.borrow(), Link::Up { session: 1 });
}

async fn whether_anybody_listens_is_known(backend: Backend) {
    let receiver = backend.connect().await.messages;
    let sender = backend.connect().await.messages;
    let (ours, other) = (to(gateway()), to(gateway()));
    let listener = listen(&*receiver, &*sender, &ours).await;
    assert!(sender.has_listener(&ours).await);
    assert!(!sender.has_listener(&other).await);
    drop(listener);
    let deadline = Instant::now() + SOON;
    while sender.has_listener(&ours).await {
        assert!(Instant::now() < deadline, "it is still said to be listened to");
        tokio::task::yield_now().await;
    }
}
