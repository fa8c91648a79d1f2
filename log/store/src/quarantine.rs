//! Messages of a stream that are none of ours: set aside for a person to look at, while the archive goes on behind them.
//!
//! They are kept where they can be looked at and, once what was wrong is mended (a key that was missing, a version that
//! was too old), taken into the archive after all. Nobody can fill the database with them: beyond [`MAX_BYTES`] only
//! their places are kept, and beyond [`MAX_MESSAGES`] they are only counted.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use uplion_domain::Timestamp;
use uplion_log_transport::stream::{Foreign, RawMessage, Record, StreamName};

use crate::{StoreError, archive::Ingested, batch};

/// Of one stream.
pub const MAX_MESSAGES: u64 = 100_000;
/// Of the messages that are kept of one stream.
pub const MAX_BYTES: u64 = 32 << 20;

/// Where a message that was set aside lay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub stream: StreamName,
    pub epoch: u32,
    pub sequence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub place: Place,
    /// By the stream's own clock.
    pub appended_at: Timestamp,
    pub reason: String,
    pub subject: String,
    /// Of its payload and headers.
    pub bytes: u64,
    /// None if there was no room left: the stream has it for about a day.
    pub message: Option<RawMessage>,
}

/// How many messages of a stream were set aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// That nobody has looked after yet.
    pub kept: u64,
    /// Ever.
    pub seen: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place of a message: it is written like TRAFFIC:1:17, as the list shows it")]
pub struct UnknownPlace(pub String);

#[async_trait]
pub trait Quarantine: Send + Sync {
    /// The oldest first, behind `after`.
    async fn list(&self, after: Option<Place>, most: usize)
    -> Result<Vec<Quarantined>, StoreError>;

    async fn get(&self, place: Place) -> Result<Option<Quarantined>, StoreError>;

    async fn count(&self, stream: StreamName) -> Result<Count, StoreError>;

    /// Forgets the message; false if it was not there.
    async fn dismiss(&self, place: Place) -> Result<bool, StoreError>;

    /// Takes the events of the message into the archive, behind all that it holds of the stream, and forgets the message.
    /// They count as if they had been archived when they came. None if somebody was quicker.
    async fn admit(&self, place: Place, events: &[Record]) -> Result<Option<Ingested>, StoreError>;
}

/// What a database may hold in a text.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A header a line: NATS allows no line ends in them.
pub(crate) fn headers_as_text(message: &RawMessage) -> String {
    let lines = message.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    text(&lines.collect::<String>())
}

pub(crate) fn headers_of(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(crate) fn bytes(foreign: &Foreign) -> u64 {
    let RawMessage { subject: _, headers, payload } = &foreign.message;
    let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    (headers + payload.len()) as u64
}

/// The events at their new place: behind the last one of the stream, as if they were of its last message, of which the
/// archive has `count` events.
pub(crate) fn moved(events: &[Record], sequence: u64, count: u32) -> Vec<Record> {
    let moved = (count..).zip(events);
    moved.map(|(index, record)| Record { sequence, index, ..record.clone() }).collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, epoch, sequence } = self;
        write!(f, "{stream}:{epoch}:{sequence}")
    }
}

impl FromStr for Place {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, UnknownPlace> {
        let unknown = || UnknownPlace(text.to_owned());
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or_else(unknown);
        let stream = batch::stream(&part()?.to_ascii_uppercase()).map_err(|_| unknown())?;
        let epoch = part()?.parse().map_err(|_| unknown())?;
        let sequence = part()?.parse().map_err(|_| unknown())?;
        if parts.next().is_some() {
            return Err(unknown());
        }
        Ok(Self { stream, epoch, sequence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_itself() {
        for stream in StreamName::ALL {
            let place = Place { stream, epoch: 3, sequence: 77 };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", "TRAFFIC", "TRAFFIC:1", "TRAFFIC:1:2:3", "TASKS:1:2", "TRAFFIC:-1:2"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn headers_read_back_as_themselves() {
        let headers = vec![("ce-id".into(), "a: b".into()), ("ce-type".into(), String::new())];
        let message = RawMessage { headers: headers.clone(), ..RawMessage::default() };
        assert_eq!(headers_of(&headers_as_text(&message)), headers);
    }
}
