//! Streams on `JetStream`: file storage, full streams refuse, the epoch in the stream's metadata.

use std::sync::Arc;

use async_nats::{
    HeaderMap,
    jetstream::{
        ErrorCode,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use uplion_domain::{
    Timestamp,
    subject::{Filter, Subject},
    wire::Encoded,
};

use super::{
    Shared,
    acks::{PublishAck, PublishError, Publisher},
    api::{Api, ApiError, BriefConfig, State},
    cursor::NatsCursor,
    part::NatsPart,
    record::{Stored, entries, headers},
    spelled,
};
use crate::stream::{
    AppendError, Appended, Condition, Cursor, Entry, Foreign, Identity, Part, RawMessage,
    ReadError, Storage, StreamName, StreamSpec, Streams, WriteTrouble, batch,
    batch_writer::BatchSink,
};

const EPOCH: &str = "uplion-epoch";
/// nats-server answers either one, depending on replicas and on what is under way.
const WRONG_LAST: [u64; 2] = [10_071, 10_164];
/// A limit was met; the description says which.
const STORE_FAILED: u64 = 10_077;

pub(super) struct NatsStreams(pub Arc<Shared>);

#[async_trait]
impl Streams for NatsStreams {
    async fn ensure(&self, spec: &StreamSpec) -> Result<Identity, ReadError> {
        let StreamSpec { name, epoch, first_sequence, max_bytes, replicas, dedup_window } = spec;
        let settle = |config: &mut Config| {
            config.max_bytes = bytes(*max_bytes);
            config.num_replicas = usize::from(*replicas);
            config.duplicate_window = *dedup_window;
        };
        let mut new = Config {
            name: name.as_str().into(),
            subjects: vec![everything(*name).to_string()],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            // So that a single event is read from the leader, who knows the last one.
            allow_direct: false,
            first_sequence: (*first_sequence > 1).then_some(*first_sequence),
            metadata: [(EPOCH.to_owned(), epoch.to_string())].into(),
            ..Config::default()
        };
        settle(&mut new);
        let ensured = self.0.api.ensure(&new, settle).await;
        let info = ensured.map_err(|error| {
            if error.is_short_of_storage() {
                let reason = error.to_string();
                return ReadError::TooLarge { stream: *name, bytes: *max_bytes, reason };
            }
            read_error(*name, &error)
        })?;
        let config =
            BriefConfig { max_bytes: info.config.max_bytes, metadata: info.config.metadata };
        described(*name, &info.created, &config, &info.state)
    }

    async fn identity(&self, stream: StreamName) -> Result<Identity, ReadError> {
        identity(&self.0.api, stream).await
    }

    async fn append(
        &self,
        subject: &Subject,
        event: Encoded,
        condition: Condition,
    ) -> Result<Appended, AppendError> {
        let stream = stream_of(subject)?;
        if let Some(writer) = self.0.writer(stream) {
            return writer.append(&event).await;
        }
        let keys = self.0.options.log_keys.as_ref();
        let headers = headers(stream, subject, &event, condition, keys)?;
        let published =
            self.0.publisher.publish(spelled(subject), headers, event.payload.into()).await;
        appended(stream, condition, published)
    }

    async fn append_batch(
        &self,
        stream: StreamName,
        events: &[Encoded],
    ) -> Result<Appended, AppendError> {
        let batch = batch::encode(events, stream.seal(self.0.options.log_keys.as_ref()));
        let sequence = self.0.publisher.append_message(stream, batch).await?;
        Ok(Appended { sequence, duplicate: false })
    }

    fn append_soon(&self, subject: &Subject, event: Encoded) {
        let stream = stream_of(subject).ok();
        if let Some(writer) = stream.and_then(|stream| self.0.writer(stream)) {
            writer.append_soon(&event);
        } else {
            tracing::error!(%subject, "stream.append.lost");
        }
    }

    async fn read(&self, stream: StreamName, after: u64) -> Result<Box<dyn Cursor>, ReadError> {
        Ok(Box::new(NatsCursor::new(Arc::clone(&self.0), stream, after).await?))
    }

    async fn read_part(
        &self,
        stream: StreamName,
        filter: &Filter,
    ) -> Result<Option<Box<dyn Part>>, ReadError> {
        Ok(Some(Box::new(NatsPart::open(Arc::clone(&self.0), stream, filter).await?)))
    }

    async fn get(&self, stream: StreamName, sequence: u64) -> Result<Vec<Entry>, ReadError> {
        // The server takes 0 for a question without a sequence, and refuses it.
        if sequence == 0 {
            return Ok(Vec::new());
        }
        let got = self.0.api.get(stream.as_str(), sequence).await;
        let Some(raw) = got.map_err(|error| read_error(stream, &error))? else {
            return Ok(Vec::new());
        };
        let created = match &self.0.options.log_keys {
            Some(_) if stream == StreamName::Control => self.identity(stream).await?.created,
            Some(_) | None => Timestamp::from_micros(0),
        };
        let micros = i64::try_from(raw.time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
        let appended_at = Timestamp::from_micros(micros);
        let reading = self.0.reading(stream, created);
        let message: async_nats::jetstream::message::StreamMessage = match raw.try_into() {
            Ok(message) => message,
            Err(error) => {
                let (message, reason) = (RawMessage::default(), format!("{error}"));
                let foreign = Foreign { sequence, appended_at, message, reason };
                return Ok(vec![Entry::Foreign(foreign)]);
            }
        };
        let (subject, headers) = (message.subject.as_str(), Some(&message.headers));
        let payload = &message.payload;
        Ok(entries(&reading, &Stored { sequence, appended_at, subject, headers, payload }))
    }

    async fn purge(&self, stream: StreamName, sequence: u64) -> Result<(), ReadError> {
        let purged = self.0.api.purge_before(stream.as_str(), sequence + 1).await;
        purged.map_err(|error| read_error(stream, &error))
    }

    async fn set_epoch(&self, stream: StreamName, epoch: u32) -> Result<(), ReadError> {
        let set = self.0.api.set_metadata(stream.as_str(), EPOCH, epoch.to_string()).await;
        set.map_err(|error| read_error(stream, &error))
    }

    async fn storage(&self) -> Result<Storage, ReadError> {
        let account = self.0.api.account().await;
        // It is about all of them; whoever reads the error thinks of the one that fills.
        let account = account.map_err(|error| read_error(StreamName::Traffic, &error))?;
        Ok(account.storage())
    }

    /// Of the node that leads WORKERS, the one stream of which every role may know how it is.
    async fn server_time(&self) -> Result<Option<Timestamp>, ReadError> {
        self.0.leaders_time(StreamName::Workers).await
    }

    async fn time(&self, stream: StreamName) -> Result<Timestamp, ReadError> {
        self.0.leaders_time(stream).await?.ok_or_else(|| ReadError::Unavailable {
            stream,
            reason: "its server does not say what time it is".into(),
        })
    }

    fn write_trouble(&self, stream: StreamName) -> Option<WriteTrouble> {
        self.0.writer(stream)?.trouble()
    }

    async fn delete(&self, stream: StreamName) -> Result<(), ReadError> {
        let deleted = self.0.api.delete(stream.as_str()).await;
        deleted.map_err(|error| read_error(stream, &error))
    }
}

impl Shared {
    /// As the stream's leader says it; servers before 2.10 do not.
    async fn leaders_time(&self, stream: StreamName) -> Result<Option<Timestamp>, ReadError> {
        let info = self.api.info(stream.as_str()).await;
        let said = info.map_err(|error| read_error(stream, &error))?.ts;
        let unreadable = |reason: String| ReadError::Unavailable { stream, reason };
        said.map(|text| text.parse().map_err(|error| unreadable(format!("{error}")))).transpose()
    }
}

/// A batch as one message.
#[async_trait]
impl BatchSink for Publisher {
    async fn append_message(&self, stream: StreamName, batch: Bytes) -> Result<u64, AppendError> {
        let subject = stream.batch_subject().ok_or_else(|| AppendError::Unavailable {
            stream,
            reason: "it takes single events only".into(),
        })?;
        let published = self.publish(spelled(&subject), HeaderMap::new(), batch).await;
        appended(stream, Condition::default(), published).map(|appended| appended.sequence)
    }
}

fn appended(
    stream: StreamName,
    condition: Condition,
    published: Result<PublishAck, PublishError>,
) -> Result<Appended, AppendError> {
    let unavailable = |reason: String| AppendError::Unavailable { stream, reason };
    match published {
        Ok(PublishAck::Appended { sequence, duplicate }) => Ok(Appended { sequence, duplicate }),
        Ok(PublishAck::Refused { code, reason: _ }) if WRONG_LAST.contains(&code) => {
            Err(AppendError::WrongLast { stream, expected: condition.last.unwrap_or_default() })
        }
        Ok(PublishAck::Refused { code: STORE_FAILED, reason }) if reason.starts_with("maximum") => {
            Err(AppendError::Full(stream))
        }
        Ok(PublishAck::Refused { code, reason }) => Err(unavailable(format!("{reason} ({code})"))),
        Ok(PublishAck::NoStream) => Err(unavailable("no stream takes the event".into())),
        Err(PublishError::NotSent(reason)) => Err(unavailable(reason)),
        Err(PublishError::Unanswered(reason)) => {
            Err(AppendError::Unacknowledged { stream, reason })
        }
    }
}

pub(super) async fn identity(api: &Api, stream: StreamName) -> Result<Identity, ReadError> {
    let info = api.info(stream.as_str()).await;
    let info = info.map_err(|error| read_error(stream, &error))?;
    described(stream, &info.created, &info.config, &info.state)
}

pub(super) fn read_error(stream: StreamName, error: &ApiError) -> ReadError {
    if error.is(ErrorCode::STREAM_NOT_FOUND) {
        return ReadError::Missing(stream);
    }
    ReadError::Unavailable { stream, reason: error.to_string() }
}

fn described(
    stream: StreamName,
    created: &str,
    config: &BriefConfig,
    state: &State,
) -> Result<Identity, ReadError> {
    let unavailable = |reason: String| ReadError::Unavailable { stream, reason };
    let created: Timestamp = created.parse().map_err(|error| unavailable(format!("{error}")))?;
    let State { messages, bytes, first_seq, last_seq, subjects: _ } = state;
    Ok(Identity {
        created,
        // A stream that somebody made by hand is the first of its name.
        epoch: config.metadata.get(EPOCH).and_then(|epoch| epoch.parse().ok()).unwrap_or(1),
        first: if *messages == 0 { last_seq + 1 } else { *first_seq },
        last: *last_seq,
        bytes: *bytes,
        max_bytes: config.max_bytes.try_into().unwrap_or(u64::MAX),
    })
}

fn stream_of(subject: &Subject) -> Result<StreamName, AppendError> {
    // Tasks and core messages are no events: nobody has a stream for them.
    StreamName::of(subject).ok_or_else(|| AppendError::Unavailable {
        stream: StreamName::Traffic,
        reason: format!("{subject} is not a stream's subject"),
    })
}

const fn everything(stream: StreamName) -> Filter {
    match stream {
        StreamName::Traffic => Filter::AllTraffic,
        StreamName::Control => Filter::AllControl,
        StreamName::Workers => Filter::AllWorkers,
    }
}

fn bytes(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
