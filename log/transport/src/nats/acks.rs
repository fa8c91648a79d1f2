//! Publishing to streams: what was published, and what the stream said to it.
//!
//! Every message asks for its acknowledgement under a number. One task reads them all, so that nothing is spawned or
//! subscribed for a single message.

mod pending;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{Client, HeaderMap, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout_at},
};

use self::pending::Pending;
use super::link::Links;
use crate::message::Link;

const DEADLINE: Duration = Duration::from_secs(5);
/// A node of a cluster hears a moment later than another that a stream was made or has a new leader. Nothing was
/// appended where no stream answers, so it is asked again.
const WITHOUT_STREAM: Duration = Duration::from_secs(2);
const WITHOUT_STREAM_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Publisher {
    client: Client,
    links: Arc<Links>,
    /// Ends with a dot; the message's number follows.
    inbox: String,
    pending: Arc<Mutex<Pending>>,
    _collector: CollectorTask,
}

#[derive(Debug)]
struct CollectorTask(tokio::task::JoinHandle<()>);

impl Drop for CollectorTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a stream answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublishAck {
    Appended {
        sequence: u64,
        duplicate: bool,
    },
    Refused {
        code: u64,
        reason: String,
    },
    /// No stream takes the subject, or nobody leads it.
    NoStream,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublishError {
    NotSent(String),
    /// It may have been appended all the same.
    Unanswered(String),
}

#[derive(Deserialize)]
struct AckV1 {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<RefusalV1>,
}

#[derive(Deserialize)]
struct RefusalV1 {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

impl Publisher {
    pub async fn new(client: Client, links: Arc<Links>) -> Result<Self, String> {
        let inbox = format!("{}.", client.new_inbox());
        let acks =
            client.subscribe(format!("{inbox}*")).await.map_err(|error| error.to_string())?;
        let pending = Arc::new(Mutex::new(Pending::default()));
        let collector = Collector { acks, digits: inbox.len(), pending: Arc::clone(&pending) }
            .run(links.watch());
        let task = CollectorTask(tokio::spawn(collector));
        Ok(Self { client, links, inbox, pending, _collector: task })
    }

    /// Returns what the stream said; that there is none only if that lasts.
    pub async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<PublishAck, PublishError> {
        let until = Instant::now() + WITHOUT_STREAM;
        loop {
            let said = self.publish_once(subject.clone(), headers.clone(), payload.clone()).await?;
            if said != PublishAck::NoStream || Instant::now() >= until {
                return Ok(said);
            }
            sleep(WITHOUT_STREAM_PAUSE).await;
        }
    }

    /// Returns what the stream said, or that none answered.
    pub async fn publish_once(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<PublishAck, PublishError> {
        if !self.links.is_up() {
            return Err(PublishError::NotSent("not connected".into()));
        }
        let deadline = Instant::now() + DEADLINE;
        let (answer, answered) = oneshot::channel();
        let number = self.pending().awaited(answer);
        let sent = self.send(subject, number, headers, payload);
        match timeout_at(deadline, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(PublishError::NotSent(reason)),
            Err(_) => return Err(PublishError::NotSent("no room to send".into())),
        }
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(PublishError::Unanswered("the connection was lost".into())),
            Err(_) => Err(PublishError::Unanswered(format!("no answer in {DEADLINE:?}"))),
        }
    }

    async fn send(
        &self,
        subject: String,
        number: u64,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), String> {
        let reply = format!("{}{number}", self.inbox);
        let sent = if headers.is_empty() {
            self.client.publish_with_reply(subject, reply, payload).await
        } else {
            self.client.publish_with_reply_and_headers(subject, reply, headers, payload).await
        };
        sent.map_err(|error| error.to_string())
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Collector {
    acks: Subscriber,
    /// Where the number starts in an acknowledgement's subject.
    digits: usize,
    pending: Arc<Mutex<Pending>>,
}

impl Collector {
    async fn run(mut self, mut link: watch::Receiver<Link>) {
        let mut sweep = interval(Duration::from_secs(1));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ack = self.acks.next() => match ack {
                    Some(ack) => self.take(&ack),
                    None => return,
                },
                changed = link.changed() => match changed {
                    // Answers to what was sent before do not come any more.
                    Ok(()) => self.pending().disconnected(),
                    Err(_) => return,
                },
                _ = sweep.tick() => self.pending().sweep(),
            }
        }
    }

    fn take(&self, ack: &Message) {
        let number = ack.subject.as_str().get(self.digits..).and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            self.pending().answer(number, answer(ack));
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(ack: &Message) -> Result<PublishAck, String> {
    if ack.status == Some(StatusCode::NO_RESPONDERS) {
        return Ok(PublishAck::NoStream);
    }
    let AckV1 { seq, duplicate, error } =
        serde_json::from_slice(&ack.payload).map_err(|error| error.to_string())?;
    Ok(match error {
        Some(RefusalV1 { err_code, description }) => {
            PublishAck::Refused { code: err_code, reason: description }
        }
        None => PublishAck::Appended { sequence: seq, duplicate },
    })
}
