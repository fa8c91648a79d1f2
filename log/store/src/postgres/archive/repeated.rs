//! Whether an event was archived before: the second one under an id does not count, however late it comes.
//!
//! Events of requests, which are nearly all, are found in the archive itself, by its index of requests. Beside it there
//! is one row for each hour: where the archive began to hold events whose ids begin with a UUID of that hour: that of a
//! request, or of an event that is made for a request of the past. No event with such an id lies before, so older
//! partitions are not looked into. Nobody's clock needs to be right for that: it is what
//! the id says, right or wrong, that was noted. All other events are few, and remembered by their ids.

use std::collections::{BTreeMap, HashMap, HashSet};

use deadpool_postgres::Transaction;
use uplion_domain::{EventId, wire::Encoded};
use uplion_log_transport::stream::Record;
use uuid::Uuid;

use crate::{
    StoreError, batch,
    number::{signed, unsigned},
    postgres::event,
};

/// For each event of the batch, whether it counts. The first gets the position behind `head`.
pub async fn effective(
    transaction: &Transaction<'_>,
    head: u64,
    batch: &[Record],
) -> Result<Vec<bool>, StoreError> {
    let mut repeated = of_requests(transaction, head, batch).await?;
    repeated.extend(of_others(transaction, batch).await?);
    // The first one of several in the batch that counts, if none was there before.
    let mut met: HashMap<&str, &Encoded> = HashMap::with_capacity(batch.len());
    let mut effective = Vec::with_capacity(batch.len());
    for record in batch {
        let (event, id) = (&record.event, record.event.id.as_str());
        let counts = !repeated.contains(id)
            && !met.contains_key(id)
            && !batch::is_late(record)
            && takes_back_the_effective_one(transaction, &met, event).await?;
        if counts {
            met.insert(id, event);
        }
        effective.push(counts);
    }
    Ok(effective)
}

/// True of every event that takes nothing back. `met` are those of this batch that count, by id.
async fn takes_back_the_effective_one(
    transaction: &Transaction<'_>,
    met: &HashMap<&str, &Encoded>,
    event: &Encoded,
) -> Result<bool, StoreError> {
    let Some(request) = batch::takes_back(event) else { return Ok(true) };
    let settled = EventId::settled(request);
    if let Some(settled) = met.get(settled.as_str()) {
        return Ok(batch::is_reversal_of(settled, event));
    }
    let sql = format!(
        "SELECT {} FROM archive WHERE request = $1 AND id = $2 AND effective",
        event::COLUMNS
    );
    let statement = transaction.prepare_cached(&sql).await?;
    let rows = transaction.query(&statement, &[&request.uuid(), &settled.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let (_, settled) = event::read(row)?;
    Ok(batch::is_reversal_of(&settled, event))
}

/// The ids under which requests of this batch have been archived.
async fn of_requests(
    transaction: &Transaction<'_>,
    head: u64,
    batch: &[Record],
) -> Result<HashSet<String>, StoreError> {
    const SQL: &str = "SELECT id FROM archive
        WHERE request = ANY($1) AND pos >= $2 AND effective";
    let mut of_hours: BTreeMap<i64, (u64, HashSet<Uuid>)> = BTreeMap::new();
    for (pos, record) in (head + 1..).zip(batch) {
        let id = &record.event.id;
        if let (Some(request), Some(made)) = (id.request(), id.uuid()) {
            let (_, requests) = of_hours.entry(hour(made)).or_insert_with(|| (pos, HashSet::new()));
            requests.insert(request.uuid());
        }
    }
    let begun = begin(transaction, &of_hours).await?;
    let mut repeated = HashSet::new();
    for (hour, from) in begun {
        let requests = of_hours.get(&hour).into_iter().flat_map(|(_, requests)| requests);
        let requests: Vec<Uuid> = requests.copied().collect();
        let statement = transaction.prepare_cached(SQL).await?;
        for row in transaction.query(&statement, &[&requests, &signed(from)]).await? {
            repeated.insert(row.try_get(0)?);
        }
    }
    Ok(repeated)
}

/// Where the archive began to hold ids of these hours. Those that begin with this batch are noted, and left out.
async fn begin(
    transaction: &Transaction<'_>,
    of_hours: &BTreeMap<i64, (u64, HashSet<Uuid>)>,
) -> Result<BTreeMap<i64, u64>, StoreError> {
    const BEGUN: &str = "SELECT hour, pos FROM request_hours WHERE hour = ANY($1)";
    const BEGIN: &str = "INSERT INTO request_hours VALUES ($1, $2)";
    if of_hours.is_empty() {
        return Ok(BTreeMap::new());
    }
    let hours: Vec<i64> = of_hours.keys().copied().collect();
    let statement = transaction.prepare_cached(BEGUN).await?;
    let rows = transaction.query(&statement, &[&hours]).await?;
    let begun = rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?))));
    let begun: BTreeMap<i64, u64> = begun.collect::<Result<_, StoreError>>()?;
    for (hour, (pos, _)) in of_hours.iter().filter(|(hour, _)| !begun.contains_key(hour)) {
        let statement = transaction.prepare_cached(BEGIN).await?;
        transaction.execute(&statement, &[hour, &signed(*pos)]).await?;
    }
    Ok(begun)
}

/// The ids of all other events of the batch that have been archived.
async fn of_others(
    transaction: &Transaction<'_>,
    batch: &[Record],
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "INSERT INTO seen SELECT * FROM unnest($1::uuid[], $2::text[])
        ON CONFLICT DO NOTHING RETURNING uuid, what";
    let others = batch.iter().map(|record| &record.event.id);
    let others: Vec<_> = others.filter(|id| id.request().is_none()).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let (uuids, whats): (Vec<Uuid>, Vec<&str>) = others.iter().map(|id| batch::parts(id)).unzip();
    let statement = transaction.prepare_cached(SQL).await?;
    let rows = transaction.query(&statement, &[&uuids, &whats]).await?;
    let mut new: HashSet<(Uuid, &str)> = HashSet::with_capacity(rows.len());
    for row in &rows {
        new.insert((row.try_get(0)?, row.try_get(1)?));
    }
    let repeated = others.iter().filter(|id| !new.contains(&batch::parts(id)));
    Ok(repeated.map(|id| id.as_str().to_owned()).collect())
}

/// Of a `UUIDv7`: the hours from 1970 to when it was made.
fn hour(uuid: Uuid) -> i64 {
    const MILLIS: u128 = 3_600_000;
    i64::try_from((uuid.as_u128() >> 80) / MILLIS).expect("48 bits fit into 64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_hour_in_which_it_was_made() {
        let made: Uuid = "01a1ec8c-3e00-7abc-8def-0123456789ab".parse().unwrap();
        assert_eq!(hour(made), 0x01a1_ec8c_3e00 / 3_600_000);
        assert_eq!(hour(Uuid::from_u128((7_199_999 << 80) | 7)), 1);
        assert_eq!(hour(Uuid::from_u128((7_200_000 << 80) | 7)), 2);
        assert_eq!(hour(Uuid::max()), (1 << 48) / 3_600_000);
    }
}
