//! A message of a stream, as it lies in a row.

use rusqlite::{Row, types::ValueRef};
use uplion_domain::{Timestamp, wire::Encoded};
use uplion_log_transport::stream::{
    Entry, Foreign, RawMessage, StreamName,
    reading::{Reading, header},
};

use crate::{StoreError, number::unsigned, sqlite::event};

/// In the order of the columns that events have.
const HEADERS: [(usize, &str); 5] = [
    (1, header::ID),
    (2, header::TYPE),
    (4, header::TRACEPARENT),
    (5, header::ACTOR),
    (6, header::REQUEST_ID),
];
const SUBJECT: usize = 0;
const TIME: usize = 3;
const PAYLOAD: usize = 7;

/// Whatever somebody put into the row, it is read as a message: as an event of ours, or as none.
pub fn entries(stream: StreamName, row: &Row<'_>) -> Result<Vec<Entry>, StoreError> {
    let sequence = unsigned(row.get(event::NEXT)?);
    let appended_at = Timestamp::from_micros(row.get(event::NEXT + 1)?);
    // Nothing in the file is signed.
    let reading = Reading { stream, created: Timestamp::from_micros(0), keys: None };
    let Ok((subject, event)) = event::read_columns(row, 0) else {
        let (message, reason) = (raw(row), "its row is not as this program writes it".into());
        return Ok(vec![Entry::Foreign(Foreign { sequence, appended_at, message, reason })]);
    };
    let time = event.at.to_string();
    let header = |name: &str| attribute(&event, &time, name);
    Ok(reading.entries(sequence, appended_at, &subject, &event.payload, &header, || raw(row)))
}

fn attribute<'a>(event: &'a Encoded, time: &'a str, name: &str) -> Option<&'a str> {
    match name {
        header::ID => Some(event.id.as_str()),
        header::TYPE => Some(&event.kind),
        header::TIME => Some(time),
        header::TRACEPARENT => event.traceparent.as_deref(),
        header::ACTOR => event.actor.as_deref(),
        header::REQUEST_ID => event.request_id.as_deref(),
        _ => None,
    }
}

/// As much of it as can be told.
fn raw(row: &Row<'_>) -> RawMessage {
    let text =
        |column| bytes(row, column).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let headers =
        HEADERS.iter().filter_map(|(column, name)| Some(((*name).to_owned(), text(*column)?)));
    let time = row.get::<_, i64>(TIME).ok().map(Timestamp::from_micros);
    let time = time.map(|time| (header::TIME.to_owned(), time.to_string()));
    RawMessage {
        subject: text(SUBJECT).unwrap_or_default(),
        headers: headers.chain(time).collect(),
        payload: bytes(row, PAYLOAD).unwrap_or_default(),
    }
}

fn bytes(row: &Row<'_>, column: usize) -> Option<Vec<u8>> {
    match row.get_ref(column).ok()? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
    }
}
