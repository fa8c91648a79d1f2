//! Messages that are none of ours, on Postgres.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::{Row, types::ToSql};
use uplion_domain::Timestamp;
use uplion_log_transport::stream::{Foreign, RawMessage, Record, StreamName};

use super::{Partitions, PostgresArchive, writing};
use crate::{
    StoreError,
    archive::Ingested,
    batch,
    number::{limit, signed, small, unsigned},
    postgres::pool::{Session, USUAL, within},
    quarantine::{
        Count, MAX_BYTES, MAX_MESSAGES, Place, Quarantine, Quarantined, bytes, headers_as_text,
        headers_of, moved, text,
    },
};

const SELECT: &str = "SELECT stream, epoch, sequence, appended_at, reason, subject, size, headers, payload FROM quarantine";

#[async_trait]
impl Quarantine for PostgresArchive {
    async fn list(
        &self,
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE (stream, epoch, sequence) > ($1, $2, $3)
             ORDER BY stream, epoch, sequence LIMIT $4"
        );
        let (stream, epoch, sequence) = after.map_or(("", -1, 0), |place| {
            (place.stream.as_str(), i64::from(place.epoch), signed(place.sequence))
        });
        let rows = self.select(&sql, &[&stream, &epoch, &sequence, &limit(most)]).await?;
        rows.iter().map(quarantined).collect()
    }

    async fn get(&self, place: Place) -> Result<Option<Quarantined>, StoreError> {
        let sql = format!("{SELECT} WHERE stream = $1 AND epoch = $2 AND sequence = $3");
        let Place { stream, epoch, sequence } = place;
        let place: [&(dyn ToSql + Sync); 3] =
            [&stream.as_str(), &i64::from(epoch), &signed(sequence)];
        self.select(&sql, &place).await?.first().map(quarantined).transpose()
    }

    async fn count(&self, stream: StreamName) -> Result<Count, StoreError> {
        const SQL: &str = "SELECT kept, seen FROM quarantine_counts WHERE stream = $1";
        let rows = self.select(SQL, &[&stream.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(Count::default()) };
        Ok(Count { kept: unsigned(row.try_get(0)?), seen: unsigned(row.try_get(1)?) })
    }

    async fn dismiss(&self, place: Place) -> Result<bool, StoreError> {
        let mut session = self.pool.session().await?;
        let dismissed = within(USUAL, async {
            let transaction = session.transaction().await?;
            let gone = remove(&transaction, place).await?;
            transaction.commit().await?;
            Ok::<_, StoreError>(gone)
        });
        let dismissed = dismissed.await?;
        session.done();
        dismissed
    }

    async fn admit(&self, place: Place, events: &[Record]) -> Result<Option<Ingested>, StoreError> {
        let mut session = self.pool.session().await?;
        let admitted = admit(&mut session, &self.partitions, place, events);
        let admitted = within(USUAL, admitted).await?;
        session.done();
        admitted
    }
}

async fn admit(
    session: &mut Session,
    partitions: &Partitions,
    place: Place,
    events: &[Record],
) -> Result<Option<Ingested>, StoreError> {
    let stream = place.stream;
    // The stream spelled out, because that is what the indexes are made for.
    let last = format!(
        "SELECT epoch, sequence, message_index FROM archive
         WHERE stream = '{stream}' ORDER BY pos DESC LIMIT 1"
    );
    let transaction = session.transaction().await?;
    let head = writing::lock_head(&transaction).await?;
    let Some(tail) = writing::current(&transaction, stream).await? else { return Ok(None) };
    if !remove(&transaction, place).await? {
        return Ok(None);
    }
    let statement = transaction.prepare_cached(&last).await?;
    let last = transaction.query_opt(&statement, &[]).await?;
    let last =
        last.map(|row| Ok::<_, StoreError>((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let of_tail = (i64::from(tail.epoch), signed(tail.sequence));
    let count = match last.transpose()? {
        Some((epoch, sequence, index)) if (epoch, sequence) == of_tail => small(index) + 1,
        Some(_) | None => 0,
    };
    let events = moved(events, tail.sequence, count);
    let ingested = writing::append(transaction, partitions, stream, tail, head, &events, &[]).await;
    ingested.inspect_err(|_| partitions.forget()).map(Some)
}

/// Into the table as long as there is room, and counted in any case.
pub async fn set_aside(
    transaction: &Transaction<'_>,
    stream: StreamName,
    epoch: u32,
    foreign: &[Foreign],
) -> Result<(), StoreError> {
    const COUNT: &str = "INSERT INTO quarantine_counts (stream, kept, bytes, seen)
        VALUES ($1, 0, 0, 0) ON CONFLICT (stream) DO UPDATE SET seen = quarantine_counts.seen
        RETURNING kept, bytes";
    const KEEP: &str = "INSERT INTO quarantine (stream, epoch, sequence, appended_at, reason,
        subject, size, headers, payload) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const COUNTED: &str = "UPDATE quarantine_counts SET kept = $2, bytes = $3, seen = seen + $4
        WHERE stream = $1";
    if foreign.is_empty() {
        return Ok(());
    }
    let statement = transaction.prepare_cached(COUNT).await?;
    let row = transaction.query_one(&statement, &[&stream.as_str()]).await?;
    let (mut kept, mut held) = (unsigned(row.try_get(0)?), unsigned(row.try_get(1)?));
    for foreign in foreign {
        if kept >= MAX_MESSAGES {
            break;
        }
        let Foreign { sequence, appended_at, message, reason } = foreign;
        let size = bytes(foreign);
        let fits = held + size <= MAX_BYTES;
        let headers = fits.then(|| headers_as_text(message));
        let payload = fits.then_some(&message.payload);
        let row: [&(dyn ToSql + Sync); 9] = [
            &stream.as_str(),
            &i64::from(epoch),
            &signed(*sequence),
            &appended_at.micros(),
            &text(reason),
            &text(&message.subject),
            &signed(size),
            &headers,
            &payload,
        ];
        writing::execute(transaction, KEEP, &row).await?;
        kept += 1;
        held += if fits { size } else { 0 };
    }
    let seen = signed(foreign.len() as u64);
    let row: [&(dyn ToSql + Sync); 4] = [&stream.as_str(), &signed(kept), &signed(held), &seen];
    writing::execute(transaction, COUNTED, &row).await.map(drop)
}

async fn remove(transaction: &Transaction<'_>, place: Place) -> Result<bool, StoreError> {
    const REMOVE: &str = "DELETE FROM quarantine
        WHERE stream = $1 AND epoch = $2 AND sequence = $3
        RETURNING CASE WHEN payload IS NULL THEN 0 ELSE size END";
    const COUNT: &str =
        "UPDATE quarantine_counts SET kept = kept - 1, bytes = bytes - $2 WHERE stream = $1";
    let Place { stream, epoch, sequence } = place;
    let statement = transaction.prepare_cached(REMOVE).await?;
    let place: [&(dyn ToSql + Sync); 3] = [&stream.as_str(), &i64::from(epoch), &signed(sequence)];
    let Some(row) = transaction.query_opt(&statement, &place).await? else { return Ok(false) };
    let freed: i64 = row.try_get(0)?;
    writing::execute(transaction, COUNT, &[&stream.as_str(), &freed]).await?;
    Ok(true)
}

fn quarantined(row: &Row) -> Result<Quarantined, StoreError> {
    let (stream, epoch) = (batch::stream(row.try_get(0)?)?, small(row.try_get(1)?));
    let subject: String = row.try_get(5)?;
    let headers: Option<&str> = row.try_get(7)?;
    let payload: Option<Vec<u8>> = row.try_get(8)?;
    let message = headers.zip(payload).map(|(headers, payload)| RawMessage {
        subject: subject.clone(),
        headers: headers_of(headers),
        payload,
    });
    Ok(Quarantined {
        place: Place { stream, epoch, sequence: unsigned(row.try_get(2)?) },
        appended_at: Timestamp::from_micros(row.try_get(3)?),
        reason: row.try_get(4)?,
        subject,
        bytes: unsigned(row.try_get(6)?),
        message,
    })
}
