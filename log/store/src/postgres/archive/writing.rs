//! One batch into the archive, in one transaction.

use deadpool_postgres::Transaction;
use futures::pin_mut;
use tokio_postgres::{
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};
use uplion_domain::wire::Encoded;
use uplion_log_transport::stream::{Foreign, Record, StreamName};

use super::{Partitions, quarantine, repeated, tail};
use crate::{
    StoreError,
    archive::{IngestError, Ingested, Tail},
    batch, clock,
    lease::Lease,
    number::{signed, unsigned},
    postgres::pool::Session,
};

pub const TAIL: &str = "SELECT epoch, created, sequence FROM tails WHERE stream = $1";

pub async fn ingest(
    session: &mut Session,
    partitions: &Partitions,
    lease: &Lease,
    stream: StreamName,
    from: Tail,
    (batch, foreign): (&[Record], &[Foreign]),
) -> Result<Ingested, IngestError> {
    let transaction = session.transaction().await.map_err(StoreError::from)?;
    if !holds(&transaction, lease).await? {
        return Err(IngestError::Moved { stream });
    }
    let head = lock_head(&transaction).await?;
    if !batch::continues_at(current(&transaction, stream).await?, from) {
        return Err(IngestError::Moved { stream });
    }
    let ingested = append(transaction, partitions, stream, from, head, batch, foreign).await;
    // It may have been undone with partitions that it had made.
    Ok(ingested.inspect_err(|_| partitions.forget())?)
}

pub async fn append(
    transaction: Transaction<'_>,
    partitions: &Partitions,
    stream: StreamName,
    from: Tail,
    head: u64,
    batch: &[Record],
    foreign: &[Foreign],
) -> Result<Ingested, StoreError> {
    let Some(sequence) = batch::last(batch, foreign) else {
        return Ok(Ingested { head, effective: Vec::new() });
    };
    quarantine::set_aside(&transaction, stream, from.epoch, foreign).await?;
    let end = head + batch.len() as u64;
    partitions.reach(&transaction, end).await?;
    let effective = repeated::effective(&transaction, head, batch).await?;
    copy(&transaction, stream, from.epoch, head, batch, &effective).await?;
    let tail = Tail { sequence, ..from };
    set_tail(&transaction, stream, tail, batch.len() as u64).await?;
    note_time(&transaction, stream, tail).await?;
    execute(&transaction, "UPDATE archive_head SET pos = $1", &[&signed(end)]).await?;
    transaction.commit().await?;
    Ok(Ingested { head: end, effective })
}

pub async fn begin_epoch(
    session: &mut Session,
    stream: StreamName,
    tail: Tail,
) -> Result<(), StoreError> {
    let transaction = session.transaction().await?;
    lock_head(&transaction).await?;
    set_tail(&transaction, stream, tail, 0).await?;
    execute(&transaction, "UPDATE tails SET leaves = 0 WHERE stream = $1", &[&stream.as_str()])
        .await?;
    Ok(transaction.commit().await?)
}

pub async fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u64, StoreError> {
    let statement = transaction.prepare_cached(sql).await?;
    Ok(transaction.execute(&statement, parameters).await?)
}

/// Nobody can take the lease before the transaction is through.
async fn holds(transaction: &Transaction<'_>, lease: &Lease) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM leases WHERE job = $1 AND token = $2 FOR SHARE";
    Ok(execute(transaction, SQL, &[&lease.job, &lease.token]).await? == 1)
}

/// Whoever else archives waits for this transaction, so positions are in commit order.
///
/// The transaction's plans are made for any batch, and by index: planned for a particular one of thousands of ids, or
/// while the newest partition is empty, the search for ids would read a partition from end to end for as long as
/// nobody has counted its rows.
pub async fn lock_head(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT pos, set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
        FROM archive_head FOR UPDATE";
    let statement = transaction.prepare_cached(SQL).await?;
    Ok(unsigned(transaction.query_one(&statement, &[]).await?.try_get(0)?))
}

pub async fn current(
    transaction: &Transaction<'_>,
    stream: StreamName,
) -> Result<Option<Tail>, StoreError> {
    let statement = transaction.prepare_cached(TAIL).await?;
    let row = transaction.query_opt(&statement, &[&stream.as_str()]).await?;
    row.as_ref().map(tail).transpose()
}

async fn copy(
    transaction: &Transaction<'_>,
    stream: StreamName,
    epoch: u32,
    head: u64,
    batch: &[Record],
    effective: &[bool],
) -> Result<(), StoreError> {
    const SQL: &str =
        "COPY archive (pos, stream, epoch, sequence, message_index, effective, request, subject,
        id, kind, at, traceparent, actor, request_id, payload) FROM STDIN BINARY";
    const TYPES: [Type; 15] = [
        Type::INT8,
        Type::TEXT,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::BOOL,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BYTEA,
    ];
    let writer = BinaryCopyInWriter::new(transaction.copy_in(SQL).await?, &TYPES);
    pin_mut!(writer);
    for (pos, (record, effective)) in (head + 1..).zip(batch.iter().zip(effective)) {
        let Record { sequence, index, appended_at: _, subject, event } = record;
        let Encoded { id, kind, at, traceparent, actor, request_id, payload } = event;
        let row: [&(dyn ToSql + Sync); 15] = [
            &signed(pos),
            &stream.as_str(),
            &i64::from(epoch),
            &signed(*sequence),
            &i64::from(*index),
            effective,
            &id.request().map(|request| request.uuid()),
            &subject.to_string(),
            &id.as_str(),
            kind,
            &at.micros(),
            traceparent,
            actor,
            request_id,
            payload,
        ];
        writer.as_mut().write(&row).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// With so many more leaves.
async fn set_tail(
    transaction: &Transaction<'_>,
    stream: StreamName,
    tail: Tail,
    more: u64,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO tails (stream, epoch, created, sequence, leaves)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (stream)
        DO UPDATE SET epoch = excluded.epoch, created = excluded.created,
        sequence = excluded.sequence, leaves = tails.leaves + excluded.leaves";
    let Tail { epoch, created, sequence } = tail;
    let row: [&(dyn ToSql + Sync); 5] =
        [&stream.as_str(), &i64::from(epoch), &created, &signed(sequence), &signed(more)];
    execute(transaction, SQL, &row).await.map(drop)
}

async fn note_time(
    transaction: &Transaction<'_>,
    stream: StreamName,
    tail: Tail,
) -> Result<(), StoreError> {
    const NOTE: &str = "INSERT INTO marks (stream, minute, archived_at, epoch, sequence)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (stream, minute)
        DO UPDATE SET archived_at = excluded.archived_at, epoch = excluded.epoch,
        sequence = excluded.sequence";
    let (now, Tail { epoch, sequence, created: _ }) = (clock::now_micros(), tail);
    let row: [&(dyn ToSql + Sync); 5] = [
        &stream.as_str(),
        &(now / batch::MINUTE_MICROS),
        &now,
        &i64::from(epoch),
        &signed(sequence),
    ];
    execute(transaction, NOTE, &row).await.map(drop)
}
