//! The archive's partitions, made before they are needed.

use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::Transaction;

use crate::StoreError;

/// Positions of one partition.
const SIZE: u64 = 10_000_000;

/// Up to where this process knows that there are partitions.
#[derive(Default)]
pub struct Partitions(AtomicU64);

impl Partitions {
    /// Sees to it that there is a partition for every position up to `pos`, and the one after. Call it under the
    /// lock on the archive's head.
    pub async fn reach(&self, transaction: &Transaction<'_>, pos: u64) -> Result<(), StoreError> {
        let known = self.0.load(Ordering::Relaxed);
        let needed = pos / SIZE + 2;
        if known >= needed {
            return Ok(());
        }
        for number in pos.saturating_sub(SIZE) / SIZE..needed {
            make(transaction, number).await?;
        }
        // If the transaction fails after all, the next one finds no partition, fails too, and this is asked anew.
        self.0.store(needed, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets what it knew: a transaction was undone.
    pub fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

async fn make(transaction: &Transaction<'_>, number: u64) -> Result<(), StoreError> {
    let name = format!("archive_{number}");
    let there = transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await?;
    if there.try_get(0)? {
        return Ok(());
    }
    // Attached instead of created in place: readers of the archive need not wait for that.
    let (from, to) = (number * SIZE, (number + 1) * SIZE);
    let sql = format!(
        "CREATE TABLE {name} (LIKE archive INCLUDING ALL);
         ALTER TABLE archive ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"
    );
    Ok(transaction.batch_execute(&sql).await?)
}
