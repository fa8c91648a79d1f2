//! A place in a stream, kept across lost consumers, leaders and connections.
//!
//! The sequence is what makes it reliable: whatever comes out of order is asked for again, by a new consumer.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::consumer::{AckPolicy, Config as ConsumerConfig, DeliverPolicy};
use async_trait::async_trait;
use tokio::time::{Instant, sleep};
use uplion_domain::Timestamp;

use super::{
    Shared,
    pull::{Lost, Pull},
    record::{Stored, entries},
    streams,
};
use crate::stream::{Cursor, Entry, ReadError, StreamName, reading::Reading};

/// Messages asked for ahead.
pub(super) const AHEAD: usize = 1_024;
pub(super) const EXPIRES: Duration = Duration::from_secs(30);
/// The server forgets a consumer that nobody reads from for this long.
pub(super) const INACTIVE: Duration = Duration::from_secs(30);
/// Between attempts to read on.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct NatsCursor {
    shared: Arc<Shared>,
    stream: StreamName,
    /// Also tells the stream from one made anew under its name.
    reading: Reading,
    /// Sequence of the last event that was handed out.
    after: u64,
    pull: Option<Pull>,
    /// Nothing has come from this pull yet.
    fresh: bool,
}

impl NatsCursor {
    pub async fn new(
        shared: Arc<Shared>,
        stream: StreamName,
        after: u64,
    ) -> Result<Self, ReadError> {
        let created = streams::identity(&shared.api, stream).await?.created;
        let reading = shared.reading(stream, created);
        let mut cursor = Self { shared, stream, reading, after, pull: None, fresh: true };
        cursor.open().await?;
        Ok(cursor)
    }

    /// Reads on behind what was handed out, if that is still the same stream.
    async fn open(&mut self) -> Result<&mut Pull, ReadError> {
        let identity = streams::identity(&self.shared.api, self.stream).await?;
        if identity.created != self.reading.created || identity.last < self.after {
            return Err(ReadError::Replaced(self.stream));
        }
        let wanted = self.after + 1;
        if identity.first > wanted {
            let (stream, first) = (self.stream, identity.first);
            return Err(ReadError::Purged { stream, wanted, first });
        }
        let consumer = format!("read_{}", self.shared.unique());
        let config = ConsumerConfig {
            name: Some(consumer.clone()),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: wanted },
            ack_policy: AckPolicy::None,
            inactive_threshold: INACTIVE,
            num_replicas: 1,
            memory_storage: true,
            ..ConsumerConfig::default()
        };
        let stream = self.stream.as_str();
        let made = self.shared.api.consumer(stream, &config).await;
        made.map_err(|error| streams::read_error(self.stream, &error))?;
        let (client, link) = (&self.shared.client, self.shared.links.watch());
        let pull = Pull::new(client, link, stream, &consumer, EXPIRES).await;
        let pull = pull.map_err(|Lost(reason)| self.unavailable(reason))?;
        self.fresh = true;
        Ok(self.pull.insert(pull))
    }

    /// What `message` holds, if it is the next one; otherwise the pull is given up.
    fn accept(&mut self, message: &async_nats::Message) -> Result<Option<Vec<Entry>>, ReadError> {
        let delivery = message.reply.as_deref().and_then(Delivery::parse);
        match delivery {
            Some(Delivery { sequence, appended_at, .. }) if sequence == self.after + 1 => {
                let async_nats::Message { subject, headers, payload, .. } = message;
                let headers = headers.as_ref();
                let stored = Stored { sequence, appended_at, subject, headers, payload };
                self.after = sequence;
                self.fresh = false;
                Ok(Some(entries(&self.reading, &stored)))
            }
            // Asked for and not there: it was dropped since, or somebody deleted it.
            Some(Delivery { sequence: first, .. }) if self.fresh && first > self.after => {
                let (stream, wanted) = (self.stream, self.after + 1);
                Err(ReadError::Purged { stream, wanted, first })
            }
            Some(_) | None => {
                self.pull = None;
                Ok(None)
            }
        }
    }

    /// What one message holds, waiting for it until `until`; none if none came.
    async fn first(&mut self, until: Instant) -> Result<Vec<Entry>, ReadError> {
        loop {
            let pull = match &mut self.pull {
                Some(pull) => pull,
                None => self.open().await?,
            };
            match pull.next(AHEAD / 2, AHEAD, until).await {
                Ok(Some(message)) => {
                    if let Some(entries) = self.accept(&message)? {
                        return Ok(entries);
                    }
                }
                Ok(None) => return Ok(Vec::new()),
                Err(Lost(reason)) => {
                    self.pull = None;
                    if !self.shared.links.is_up() || Instant::now() >= until {
                        return Err(self.unavailable(reason));
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn unavailable(&self, reason: String) -> ReadError {
        ReadError::Unavailable { stream: self.stream, reason }
    }
}

#[async_trait]
impl Cursor for NatsCursor {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Entry>, ReadError> {
        let mut entries = self.first(Instant::now() + wait).await?;
        while !entries.is_empty() && entries.len() < most {
            let ready = self.pull.as_mut().map_or(Ok(None), Pull::ready);
            let accepted = match ready {
                Ok(Some(message)) => self.accept(&message).ok(),
                Ok(None) => break,
                Err(Lost(_)) => None,
            };
            // What is wrong is met again by the next call, which has nothing else to say.
            let Some(accepted) = accepted else {
                self.pull = None;
                break;
            };
            entries.extend(accepted.unwrap_or_default());
            if self.pull.is_none() {
                break;
            }
        }
        Ok(entries)
    }
}

/// What the subject says where an acknowledgement would go:
/// `$JS.ACK.<stream>.<consumer>.<delivery>.<stream sequence>.<consumer sequence>.<nanoseconds since 1970>.…`, with domain
/// and account before the stream's name if there is one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    /// 1 for the first.
    pub number: u64,
    pub sequence: u64,
    /// The consumer's own sequence.
    pub ordinal: u64,
    pub appended_at: Timestamp,
}

impl Delivery {
    pub fn parse(reply: &str) -> Option<Self> {
        let rest = reply.strip_prefix("$JS.ACK.")?;
        let skipped = if rest.split('.').count() > 7 { 4 } else { 2 };
        let mut tokens = rest.split('.').skip(skipped);
        let mut next = || tokens.next()?.parse::<u64>().ok();
        let (number, sequence, ordinal, nanos) = (next()?, next()?, next()?, next()?);
        let appended_at = Timestamp::from_micros(i64::try_from(nanos / 1_000).ok()?);
        Some(Self { number, sequence, ordinal, appended_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_where_the_server_writes_it() {
        let short = "$JS.ACK.TRAFFIC.reader.3.41.7.1700000000000000000.0";
        let long = "$JS.ACK.hub.A1b2.TRAFFIC.reader.3.41.7.1700000000000000000.0.token";
        let appended_at = Timestamp::from_micros(1_700_000_000_000_000);
        let delivery = Some(Delivery { number: 3, sequence: 41, ordinal: 7, appended_at });
        assert_eq!(Delivery::parse(short), delivery);
        assert_eq!(Delivery::parse(long), delivery);
        assert_eq!(Delivery::parse("_INBOX.1.2"), None);
    }
}
