//! What a stream holds of some subjects, by a consumer that names them: who may make no other sees nothing else.
//!
//! Sequences of the stream have gaps here, so the consumer's own are what makes it reliable; and they are no use to
//! another consumer, so whoever loses this one reads from the beginning again.

use std::{sync::Arc, time::Duration};

use async_nats::{
    Message,
    jetstream::consumer::{AckPolicy, Config as ConsumerConfig, DeliverPolicy},
};
use async_trait::async_trait;
use tokio::time::Instant;
use uplion_domain::{Timestamp, subject::Filter};

use super::{
    Shared,
    cursor::{AHEAD, Delivery, EXPIRES, INACTIVE},
    pull::{Lost, Pull},
    record::{Stored, entries},
    streams,
};
use crate::stream::{Entry, Part, ReadError, StreamName, reading::Reading};

pub(super) struct NatsPart {
    shared: Arc<Shared>,
    stream: StreamName,
    reading: Reading,
    consumer: String,
    pull: Pull,
    /// The consumer's sequence of the last message that was handed out.
    told: u64,
}

impl NatsPart {
    pub async fn open(
        shared: Arc<Shared>,
        stream: StreamName,
        filter: &Filter,
    ) -> Result<Self, ReadError> {
        let consumer = format!("part_{}", shared.unique());
        let config = ConsumerConfig {
            name: Some(consumer.clone()),
            filter_subject: filter.to_string(),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: INACTIVE,
            num_replicas: 1,
            memory_storage: true,
            ..ConsumerConfig::default()
        };
        let made = shared.api.consumer(stream.as_str(), &config).await;
        made.map_err(|error| streams::read_error(stream, &error))?;
        let (client, link) = (&shared.client, shared.links.watch());
        let pull = Pull::new(client, link, stream.as_str(), &consumer, EXPIRES).await;
        let pull = pull.map_err(|Lost(reason)| ReadError::Unavailable { stream, reason })?;
        // Who has no keys may not ask when the stream was made either, and need not know it.
        let created = match &shared.options.log_keys {
            Some(_) => streams::identity(&shared.api, stream).await?.created,
            None => Timestamp::from_micros(0),
        };
        let reading = shared.reading(stream, created);
        Ok(Self { shared, stream, reading, consumer, pull, told: 0 })
    }

    fn accept(&mut self, message: &Message) -> Result<Vec<Entry>, ReadError> {
        let delivery = message.reply.as_deref().and_then(Delivery::parse);
        let Some(delivery) = delivery.filter(|delivery| delivery.ordinal == self.told + 1) else {
            return Err(self.unavailable("a message was lost on its way".to_owned()));
        };
        let Message { subject, headers, payload, .. } = message;
        let Delivery { sequence, appended_at, ordinal, number: _ } = delivery;
        let headers = headers.as_ref();
        let stored = Stored { sequence, appended_at, subject, headers, payload };
        self.told = ordinal;
        Ok(entries(&self.reading, &stored))
    }

    fn unavailable(&self, reason: String) -> ReadError {
        ReadError::Unavailable { stream: self.stream, reason }
    }
}

#[async_trait]
impl Part for NatsPart {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Entry>, ReadError> {
        let first = self.pull.next(AHEAD / 2, AHEAD, Instant::now() + wait).await;
        let Some(first) = first.map_err(|Lost(reason)| self.unavailable(reason))? else {
            return Ok(Vec::new());
        };
        let mut entries = self.accept(&first)?;
        while entries.len() < most {
            let ready = self.pull.ready().map_err(|Lost(reason)| self.unavailable(reason))?;
            let Some(message) = ready else { break };
            entries.extend(self.accept(&message)?);
        }
        Ok(entries)
    }

    async fn is_complete(&mut self) -> Result<bool, ReadError> {
        let found = self.shared.api.consumer_info(self.stream.as_str(), &self.consumer).await;
        let found = found.map_err(|error| streams::read_error(self.stream, &error))?;
        Ok(found.num_pending == 0 && found.delivered.consumer_seq == self.told)
    }
}
