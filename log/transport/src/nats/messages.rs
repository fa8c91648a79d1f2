//! Core messages: each listener has a connection of its own, so that what it is told waits for nothing else.

use std::{sync::Arc, time::Duration};

use async_nats::{RequestErrorKind, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use uplion_domain::subject::{Filter, Subject};

use super::{Shared, link::Member, spelled};
use crate::message::{LISTEN_BUFFER, Link, Message, Messages, SendError};

/// For room to send.
const DEADLINE: Duration = Duration::from_secs(5);
/// For the server to say that nobody listens.
const NO_ANSWER: Duration = Duration::from_millis(250);
/// The last word of an inbox that is nobody's.
pub(super) const NOBODY: &str = "nobody";
/// The last word of the inbox of what a process sends to itself.
pub(super) const ITSELF: &str = "itself";
/// Messages between the subscription, which has the large buffer, and the listener.
const HANDOVER: usize = 256;

pub(super) struct NatsMessages(pub Arc<Shared>);

#[async_trait]
impl Messages for NatsMessages {
    async fn listen(&self, filter: &Filter) -> Result<mpsc::Receiver<Message>, SendError> {
        let (client, member) = self.0.options.connect(&self.0.links, LISTEN_BUFFER).await?;
        let failed = |error: &dyn std::fmt::Display| SendError(error.to_string());
        let subscribed = client.subscribe(filter.to_string()).await;
        let messages = subscribed.map_err(|error| failed(&error))?;
        let to_itself = client.subscribe(self.0.to_itself.clone()).await;
        let to_itself = to_itself.map_err(|error| failed(&error))?;
        heard_by_server(&client).await?;
        member.listens();
        let (to, listener) = mpsc::channel(HANDOVER);
        tokio::spawn(hand_over((messages, to_itself), to, client, member));
        Ok(listener)
    }

    async fn send(&self, subject: &Subject, payload: Bytes) -> Result<(), SendError> {
        if !self.0.links.is_up() {
            return Err(SendError("not connected".into()));
        }
        match timeout(DEADLINE, self.0.client.publish(spelled(subject), payload)).await {
            Ok(sent) => sent.map_err(|error| SendError(error.to_string())),
            Err(_) => Err(SendError("no room to send".into())),
        }
    }

    async fn has_listener(&self, subject: &Subject) -> bool {
        if !self.0.links.is_up() {
            return true;
        }
        let question = self.0.client.request(spelled(subject), Bytes::new());
        // Nobody answers: the server says at once if there is nobody to.
        match timeout(NO_ANSWER, question).await {
            Ok(Err(error)) => error.kind() != RequestErrorKind::NoResponders,
            Ok(Ok(_)) | Err(_) => true,
        }
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.0.links.watch()
    }
}

/// Returns once the server has read all that was sent so far: it says that nobody answers to an inbox of nobody.
async fn heard_by_server(client: &async_nats::Client) -> Result<(), SendError> {
    match client.request(format!("{}.{NOBODY}", client.new_inbox()), Bytes::new()).await {
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
        Err(error) => Err(SendError(error.to_string())),
        Ok(_) => Err(SendError("somebody answers to an inbox of nobody".into())),
    }
}

/// Ends, and its connection with it, when nobody listens any more.
async fn hand_over(
    (messages, mut to_itself): (Subscriber, Subscriber),
    to: mpsc::Sender<Message>,
    _client: async_nats::Client,
    member: Arc<Member>,
) {
    // Not behind what is handed over: it tells of the connection, and not of the listener.
    let hearing_itself = async {
        while to_itself.next().await.is_some() {
            member.heard_itself();
        }
    };
    tokio::select! {
        () = hand_over_messages(messages, to) => {}
        () = hearing_itself => {}
    }
}

async fn hand_over_messages(mut messages: Subscriber, to: mpsc::Sender<Message>) {
    loop {
        let message = tokio::select! {
            biased;
            message = messages.next() => message,
            () = to.closed() => return,
        };
        let Some(message) = message else { return };
        // Who sends to a subject of ours what is none cannot be answered, and is not worth a line each.
        let Ok(subject) = message.subject.parse() else { continue };
        if to.send(Message { subject, payload: message.payload }).await.is_err() {
            return;
        }
    }
}
