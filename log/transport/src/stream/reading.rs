//! What a reader finds in a stream: events, or a message that is none of ours.
//!
//! Nothing that somebody else put there stops a reader: it is handed out as what it is, and what follows it is read.

use uplion_domain::{
    Envelope, EventId, Timestamp,
    subject::Subject,
    wire::{DecodeError, Encoded},
};

use super::{Record, StreamName, batch};
use crate::log_key::{Code, LogKeys, NotAuthentic, Signed};

/// The attributes of an event that is a message of its own, as NATS' headers.
pub mod header {
    pub const ID: &str = "ce-id";
    pub const TYPE: &str = "ce-type";
    pub const TIME: &str = "ce-time";
    pub const ACTOR: &str = "ce-actor";
    /// `CloudEvents` allows an attribute no other characters.
    pub const REQUEST_ID: &str = "ce-requestid";
    pub const TRACEPARENT: &str = "traceparent";
    /// The key's name and the tag, in hexadecimal digits.
    pub const CODE: &str = "uplion-code";
}

/// What lies at a place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Event(Record),
    Foreign(Foreign),
}

/// A message that is none of ours: not signed by who may write there, or not to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    pub sequence: u64,
    pub appended_at: Timestamp,
    pub message: RawMessage,
    /// In words.
    pub reason: String,
}

/// A message as it lies in its stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawMessage {
    pub subject: String,
    pub headers: Vec<(String, String)>,
    pub payload: Vec<u8>,
}

/// How the messages of one stream are read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub stream: StreamName,
    /// When the stream was made: a change is signed for one stream alone.
    pub created: Timestamp,
    /// None: whatever can be read is believed.
    pub keys: Option<LogKeys>,
}

/// Looks up a header of a message.
type Header<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

impl Entry {
    /// Of its message.
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Event(Record { sequence, .. }) | Self::Foreign(Foreign { sequence, .. }) => {
                *sequence
            }
        }
    }

    pub const fn appended_at(&self) -> Timestamp {
        match self {
            Self::Event(Record { appended_at, .. })
            | Self::Foreign(Foreign { appended_at, .. }) => *appended_at,
        }
    }

    pub fn event(self) -> Option<Record> {
        match self {
            Self::Event(record) => Some(record),
            Self::Foreign(_) => None,
        }
    }

    pub const fn as_event(&self) -> Option<&Record> {
        match self {
            Self::Event(record) => Some(record),
            Self::Foreign(_) => None,
        }
    }
}

/// Those that are events.
pub fn events(entries: Vec<Entry>) -> Vec<Record> {
    entries.into_iter().filter_map(Entry::event).collect()
}

impl Reading {
    /// The events of the message, or the message as foreign.
    pub fn entries(
        &self,
        sequence: u64,
        appended_at: Timestamp,
        subject: &str,
        payload: &[u8],
        header: Header<'_>,
        raw: impl FnOnce() -> RawMessage,
    ) -> Vec<Entry> {
        match self.records(sequence, appended_at, subject, payload, header) {
            Ok(records) => records.into_iter().map(Entry::Event).collect(),
            Err(reason) => {
                vec![Entry::Foreign(Foreign { sequence, appended_at, message: raw(), reason })]
            }
        }
    }

    /// The events of a message that was set aside, if it can be read by now.
    pub fn again(
        &self,
        sequence: u64,
        appended_at: Timestamp,
        message: &RawMessage,
    ) -> Result<Vec<Record>, String> {
        let RawMessage { subject, headers, payload } = message;
        let header = |name: &str| {
            let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        self.records(sequence, appended_at, subject, payload, &header)
    }

    fn records(
        &self,
        sequence: u64,
        appended_at: Timestamp,
        subject: &str,
        payload: &[u8],
        header: Header<'_>,
    ) -> Result<Vec<Record>, String> {
        let subject: Subject = subject.parse().map_err(|error| format!("{error}"))?;
        if StreamName::of(&subject) != Some(self.stream) {
            return Err(format!("{subject} is no subject of {}", self.stream));
        }
        if self.stream.batch_subject().is_some_and(|batch| batch == subject) {
            return self.batch(sequence, appended_at, &subject, payload);
        }
        let event = single(payload, header)?;
        self.is_authentic(sequence, &subject, &event, header)?;
        self.fits(Some(&subject), &event)?;
        Ok(vec![Record { sequence, index: 0, appended_at, subject, event }])
    }

    fn batch(
        &self,
        sequence: u64,
        appended_at: Timestamp,
        message: &Subject,
        payload: &[u8],
    ) -> Result<Vec<Record>, String> {
        let seal = self.stream.seal(self.keys.as_ref());
        let events = batch::decode(payload, seal.as_ref()).map_err(|error| error.to_string())?;
        let record = |(index, event): (u32, Encoded)| {
            // An event of a later version than this says nothing of itself but where it lay.
            let subject = self.fits(None, &event)?.unwrap_or_else(|| message.clone());
            Ok(Record { sequence, index, appended_at, subject, event })
        };
        (0..).zip(events).map(record).collect()
    }

    /// Of a message that is one event.
    fn is_authentic(
        &self,
        sequence: u64,
        subject: &Subject,
        event: &Encoded,
        header: Header<'_>,
    ) -> Result<(), String> {
        let Some(keys) = &self.keys else { return Ok(()) };
        let code = header(header::CODE).ok_or(NotAuthentic::Unsigned);
        let code = code.and_then(str::parse::<Code>);
        let signed = Signed::Change { created: self.created, sequence, subject, event };
        code.and_then(|code| keys.verify(&signed, &code)).map_err(|error| error.to_string())
    }

    /// Whether the event is one of this stream, and can be kept: its subject, or none if a later version wrote it.
    fn fits(&self, message: Option<&Subject>, event: &Encoded) -> Result<Option<Subject>, String> {
        let Encoded { id, kind, traceparent, actor, request_id, .. } = event;
        let texts = [Some(id.as_str()), Some(kind.as_str())];
        let more = [traceparent, actor, request_id].map(Option::as_deref);
        // Postgres keeps none in a text.
        if texts.into_iter().chain(more).flatten().any(|text| text.contains('\0')) {
            return Err("an attribute of it has a zero byte".into());
        }
        let subject = match Envelope::decode(event) {
            Ok(envelope) => envelope.event.subject(),
            Err(DecodeError::UnknownType { .. }) if self.stream.may_hold(kind) => return Ok(None),
            // Signed by one of ours: a later version may have added to what it says.
            Err(DecodeError::Malformed { .. })
                if self.keys.is_some() && self.stream.may_hold(kind) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(with_source(&error)),
        };
        let in_place = StreamName::of(&subject) == Some(self.stream)
            && message.is_none_or(|message| *message == subject);
        if in_place { Ok(Some(subject)) } else { Err(format!("event {id} is about {subject}")) }
    }
}

fn with_source(error: &DecodeError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The one event that the message is.
fn single(payload: &[u8], header: Header<'_>) -> Result<Encoded, String> {
    let text = |name: &str| header(name).map(str::to_owned);
    let needed = |name: &str| text(name).ok_or_else(|| format!("it has no {name}"));
    Ok(Encoded {
        id: EventId::known(needed(header::ID)?),
        kind: needed(header::TYPE)?,
        at: needed(header::TIME)?.parse().map_err(|error| format!("{error}"))?,
        traceparent: text(header::TRACEPARENT),
        actor: text(header::ACTOR),
        request_id: text(header::REQUEST_ID),
        payload: payload.to_vec(),
    })
}
