//! An event as it lies in a row, the same in every table that holds events.

use tokio_postgres::Row;
use uplion_domain::{EventId, Timestamp, subject::Subject, wire::Encoded};

use crate::StoreError;

/// In the order in which [`read`] takes them, from the first column on.
pub const COLUMNS: &str = "subject, id, kind, at, traceparent, actor, request_id, payload";
/// Where a statement's own columns begin.
pub const NEXT: usize = 8;

pub fn read(row: &Row) -> Result<(Subject, Encoded), StoreError> {
    let subject: &str = row.try_get(0)?;
    let event = Encoded {
        id: EventId::known(row.try_get::<_, &str>(1)?),
        kind: row.try_get(2)?,
        at: Timestamp::from_micros(row.try_get(3)?),
        traceparent: row.try_get(4)?,
        actor: row.try_get(5)?,
        request_id: row.try_get(6)?,
        payload: row.try_get(7)?,
    };
    let subject = subject.parse().map_err(|error| StoreError::Unreadable(format!("{error}")))?;
    Ok((subject, event))
}
