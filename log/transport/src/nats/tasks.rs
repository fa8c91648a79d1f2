//! Tickets on a work queue in nats-server's memory: one durable consumer for each model's class.

use std::sync::Arc;

use async_nats::{
    HeaderMap,
    jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use async_trait::async_trait;
use tokio::sync::Mutex;
use uplion_domain::{ModelName, request::Class, subject::Filter};

use super::{
    Shared,
    acks::{PublishAck, PublishError},
    api::ApiError,
    queue::NatsQueue,
    spelled,
};
use crate::task::{OfferError, Queue, QueueSpec, TakeError, Tasks, Ticket};

pub(super) const QUEUE: &str = "TASKS_LIVE";
/// A limit was met; the description says which.
const STORE_FAILED: u64 = 10_077;

pub(super) struct NatsTasks {
    shared: Arc<Shared>,
    /// As it was last asked for, to make the queue again, and how often that was done.
    made: Mutex<(Option<QueueSpec>, u64)>,
}

impl NatsTasks {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, made: Mutex::default() }
    }

    /// The queue is gone, as a memory stream is when its server was restarted. Whoever finds out first makes it.
    async fn make_again(&self, times_before: u64) -> Result<(), OfferError> {
        let mut made = self.made.lock().await;
        let (spec, times) = &mut *made;
        if *times != times_before {
            return Ok(());
        }
        let spec = spec.as_ref().ok_or_else(|| unavailable("there is none"))?;
        make(&self.shared, spec).await.map_err(|error| unavailable(&error.to_string()))?;
        *times += 1;
        Ok(())
    }
}

#[async_trait]
impl Tasks for NatsTasks {
    async fn ensure(&self, spec: &QueueSpec) -> Result<(), TakeError> {
        let mut made = self.made.lock().await;
        let (known, times) = &mut *made;
        *known = Some(spec.clone());
        make(&self.shared, spec).await.map_err(|error| TakeError(error.to_string()))?;
        *times += 1;
        Ok(())
    }

    async fn offer(&self, ticket: &Ticket) -> Result<(), OfferError> {
        let (publisher, headers) = (&self.shared.publisher, HeaderMap::new);
        let (subject, ticket_bytes) = (spelled(&ticket.subject()), ticket.encode());
        let answer = publisher.publish_once(subject.clone(), headers(), ticket_bytes.clone()).await;
        let answer = if let Ok(PublishAck::NoStream) = answer {
            let times = self.made.lock().await.1;
            self.make_again(times).await?;
            publisher.publish(subject, headers(), ticket_bytes).await
        } else {
            answer
        };
        match answer {
            Ok(PublishAck::Appended { sequence: _, duplicate: _ }) => Ok(()),
            Ok(PublishAck::Refused { code: STORE_FAILED, reason })
                if reason.contains("per subject") =>
            {
                Err(OfferError::Full(ticket.model.clone()))
            }
            Ok(PublishAck::Refused { code, reason }) => {
                Err(OfferError::Unavailable(format!("{reason} ({code})")))
            }
            Ok(PublishAck::NoStream) => Err(unavailable("there is none")),
            Err(PublishError::NotSent(reason) | PublishError::Unanswered(reason)) => {
                Err(OfferError::Unavailable(reason))
            }
        }
    }

    async fn queue(&self, model: &ModelName, class: Class) -> Result<Box<dyn Queue>, TakeError> {
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(NatsQueue::new(shared, model.clone(), class).await))
    }

    async fn depth(&self, model: &ModelName, class: Class) -> Result<u64, TakeError> {
        let filter = Filter::TasksOf { model: model.clone(), class }.to_string();
        let info = self.shared.api.info_of(QUEUE, &filter).await;
        let info = info.map_err(|error| TakeError(error.to_string()))?;
        Ok(info.state.subjects.unwrap_or_default().values().sum())
    }
}

async fn make(shared: &Shared, spec: &QueueSpec) -> Result<(), ApiError> {
    let QueueSpec { replicas, most_per_model, max_bytes, max_age } = spec;
    let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    let settle = |config: &mut Config| {
        config.num_replicas = usize::from(*replicas);
        config.max_messages_per_subject = limit(*most_per_model);
        config.max_bytes = limit(*max_bytes);
        config.max_age = *max_age;
    };
    let mut new = Config {
        name: QUEUE.into(),
        subjects: vec![Filter::AllTasks.to_string()],
        storage: StorageType::Memory,
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        ..Config::default()
    };
    settle(&mut new);
    shared.api.ensure(&new, settle).await.map(|_| ())
}

fn unavailable(reason: &str) -> OfferError {
    OfferError::Unavailable(reason.to_owned())
}
