//! Messages that are none of ours, on `SQLite`.

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use uplion_domain::Timestamp;
use uplion_log_transport::stream::{Foreign, RawMessage, Record, StreamName};

use super::{SELECT_CURSOR, SqliteArchive, append, cursor, tail};
use crate::{
    StoreError,
    archive::Ingested,
    batch,
    number::{limit, signed, small, unsigned},
    quarantine::{
        Count, MAX_BYTES, MAX_MESSAGES, Place, Quarantine, Quarantined, bytes, headers_as_text,
        headers_of, moved, text,
    },
    sqlite::connection::{execute, select, select_one},
};

const SELECT: &str = "SELECT stream, epoch, sequence, appended_at, reason, subject, size, headers, payload FROM quarantine";

#[async_trait]
impl Quarantine for SqliteArchive {
    async fn list(
        &self,
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE (stream, epoch, sequence) > (?, ?, ?)
             ORDER BY stream, epoch, sequence LIMIT ?"
        );
        let (stream, epoch, sequence) = after.map_or(("", -1, 0), |place| {
            (place.stream.as_str(), i64::from(place.epoch), signed(place.sequence))
        });
        let after = (stream, epoch, sequence, limit(most));
        self.readers.read(move |connection| select(connection, &sql, after, quarantined)).await
    }

    async fn get(&self, place: Place) -> Result<Option<Quarantined>, StoreError> {
        let sql = format!("{SELECT} WHERE stream = ? AND epoch = ? AND sequence = ?");
        let place = of(place);
        self.readers.read(move |connection| select_one(connection, &sql, place, quarantined)).await
    }

    async fn count(&self, stream: StreamName) -> Result<Count, StoreError> {
        const SQL: &str = "SELECT kept, seen FROM quarantine_counts WHERE stream = ?";
        let read =
            |row: &Row<'_>| Ok(Count { kept: unsigned(row.get(0)?), seen: unsigned(row.get(1)?) });
        let found = self
            .readers
            .read(move |connection| select_one(connection, SQL, [stream.as_str()], read));
        Ok(found.await?.unwrap_or_default())
    }

    async fn dismiss(&self, place: Place) -> Result<bool, StoreError> {
        self.writer.write(move |connection: &Connection| remove(connection, place)).await
    }

    async fn admit(&self, place: Place, events: &[Record]) -> Result<Option<Ingested>, StoreError> {
        let events = events.to_vec();
        self.writer.write(move |connection: &Connection| admit(connection, place, &events)).await
    }
}

fn admit(
    connection: &Connection,
    place: Place,
    events: &[Record],
) -> Result<Option<Ingested>, StoreError> {
    let stream = place.stream;
    let Some(tail) = tail(connection, stream)? else { return Ok(None) };
    if !remove(connection, place)? {
        return Ok(None);
    }
    let sql = format!("{SELECT_CURSOR} WHERE stream = ? ORDER BY pos DESC LIMIT 1");
    let last = select_one(connection, &sql, [stream.as_str()], cursor)?;
    let count = match last {
        Some((_, last)) if (last.epoch, last.sequence) == (tail.epoch, tail.sequence) => {
            last.index + 1
        }
        Some(_) | None => 0,
    };
    append(connection, stream, tail, &moved(events, tail.sequence, count), &[]).map(Some)
}

/// Into the table as long as there is room, and counted in any case.
pub fn set_aside(
    connection: &Connection,
    stream: StreamName,
    epoch: u32,
    foreign: &[Foreign],
) -> Result<(), StoreError> {
    const COUNTS: &str = "SELECT kept, bytes, seen FROM quarantine_counts WHERE stream = ?";
    const KEEP: &str = "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const COUNTED: &str = "INSERT OR REPLACE INTO quarantine_counts VALUES (?, ?, ?, ?)";
    if foreign.is_empty() {
        return Ok(());
    }
    let read =
        |row: &Row<'_>| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?), unsigned(row.get(2)?)));
    let counts = select_one(connection, COUNTS, [stream.as_str()], read)?;
    let (mut kept, mut held, seen) = counts.unwrap_or_default();
    for foreign in foreign {
        if kept >= MAX_MESSAGES {
            break;
        }
        let Foreign { sequence, appended_at, message, reason } = foreign;
        let size = bytes(foreign);
        let fits = held + size <= MAX_BYTES;
        let row = (
            stream.as_str(),
            epoch,
            signed(*sequence),
            appended_at.micros(),
            text(reason),
            text(&message.subject),
            signed(size),
            fits.then(|| headers_as_text(message)),
            fits.then_some(&message.payload),
        );
        execute(connection, KEEP, row)?;
        kept += 1;
        held += if fits { size } else { 0 };
    }
    let seen = seen + foreign.len() as u64;
    let row = (stream.as_str(), signed(kept), signed(held), signed(seen));
    execute(connection, COUNTED, row).map(drop)
}

fn remove(connection: &Connection, place: Place) -> Result<bool, StoreError> {
    const REMOVE: &str = "DELETE FROM quarantine WHERE stream = ? AND epoch = ? AND sequence = ?
        RETURNING CASE WHEN payload IS NULL THEN 0 ELSE size END";
    const COUNT: &str =
        "UPDATE quarantine_counts SET kept = kept - 1, bytes = bytes - ? WHERE stream = ?";
    let freed = select(connection, REMOVE, of(place), |row| Ok(row.get::<_, i64>(0)?))?;
    let Some(freed) = freed.first() else { return Ok(false) };
    execute(connection, COUNT, (freed, place.stream.as_str()))?;
    Ok(true)
}

const fn of(place: Place) -> (&'static str, u32, i64) {
    let Place { stream, epoch, sequence } = place;
    (stream.as_str(), epoch, sequence.cast_signed())
}

fn quarantined(row: &Row<'_>) -> Result<Quarantined, StoreError> {
    let stream: String = row.get(0)?;
    let subject: String = row.get(5)?;
    let headers: Option<String> = row.get(7)?;
    let payload: Option<Vec<u8>> = row.get(8)?;
    let message = headers.zip(payload).map(|(headers, payload)| RawMessage {
        subject: subject.clone(),
        headers: headers_of(&headers),
        payload,
    });
    Ok(Quarantined {
        place: Place {
            stream: batch::stream(&stream)?,
            epoch: small(row.get(1)?),
            sequence: unsigned(row.get(2)?),
        },
        appended_at: Timestamp::from_micros(row.get(3)?),
        reason: row.get(4)?,
        subject,
        bytes: unsigned(row.get(6)?),
        message,
    })
}
