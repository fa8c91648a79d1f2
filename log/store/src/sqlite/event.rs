//! An event as it lies in a row, the same in every table that holds events.

use rusqlite::{Row, types::FromSql};
use uplion_domain::{EventId, Timestamp, subject::Subject, wire::Encoded};

use crate::StoreError;

/// In the order in which [`read`] takes them.
pub const COLUMNS: &str = "subject, id, kind, at, traceparent, actor, request_id, payload";

/// Where a statement's own columns begin, if the event's are the first.
pub const NEXT: usize = 8;

/// The event whose columns begin at `first`.
pub fn read(row: &Row<'_>, first: usize) -> Result<(Subject, Encoded), StoreError> {
    let (subject, event) = read_columns(row, first)?;
    let subject = subject.parse().map_err(|error| StoreError::Unreadable(format!("{error}")))?;
    Ok((subject, event))
}

/// With its subject as it is spelled.
pub fn read_columns(row: &Row<'_>, first: usize) -> Result<(String, Encoded), StoreError> {
    let subject: String = row.get(first)?;
    let event = Encoded {
        id: EventId::known(column::<String>(row, first + 1)?),
        kind: column(row, first + 2)?,
        at: Timestamp::from_micros(column(row, first + 3)?),
        traceparent: column(row, first + 4)?,
        actor: column(row, first + 5)?,
        request_id: column(row, first + 6)?,
        payload: column(row, first + 7)?,
    };
    Ok((subject, event))
}

fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    Ok(row.get(index)?)
}
