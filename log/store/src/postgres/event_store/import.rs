//! Taking in events that CONTROL holds and the store lost.
//!
//! CONTROL's order is the one that is in force. Events that were committed here since, and never published, move
//! behind those that are taken in, and are published after them.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use uplion_domain::{
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use super::{POSITION_OF, execute, first, holders, insert, lock, query};
use crate::{
    StoreError,
    number::signed,
    people::undone_by,
    postgres::{
        people::change as change_person,
        pool::{SETTINGS_FOR_LONG, Session},
    },
};

pub async fn import(
    session: &mut Session,
    events: &[(Subject, Encoded)],
) -> Result<u64, StoreError> {
    let transaction = session.transaction().await?;
    transaction.batch_execute(SETTINGS_FOR_LONG).await?;
    lock(&transaction).await?;
    let mut touched = BTreeSet::new();
    let (mut place, mut new) = (0, 0);
    for (subject, event) in events {
        let Subject::Control(aggregate) = subject else {
            return Err(StoreError::Refused(format!("{subject} is not the control plane's")));
        };
        let known = query(&transaction, POSITION_OF, &[&event.id.as_str()]).await?;
        if let Some(known) = first(&known)? {
            place = known;
            continue;
        }
        take_in(&transaction, aggregate, place, event).await?;
        if let Some(change) = undone_by(event)? {
            change_person(&transaction, &change).await?;
        }
        place += 1;
        new += 1;
        touched.insert(aggregate.clone());
    }
    for aggregate in touched {
        holders::note(&transaction, &aggregate).await?;
    }
    transaction.commit().await?;
    Ok(new)
}

/// Puts the event right behind `place`.
async fn take_in(
    transaction: &Transaction<'_>,
    aggregate: &AggregateId,
    place: u64,
    event: &Encoded,
) -> Result<(), StoreError> {
    const BEFORE: &str = "SELECT count(*) FROM events
        WHERE aggregate = $1 AND aggregate_id = $2 AND position <= $3";
    // By way of negative numbers, because uniqueness is checked row by row.
    const VERSIONS: &str = "UPDATE events SET version = -(version + 1)
        WHERE aggregate = $1 AND aggregate_id = $2 AND position > $3";
    const VERSIONS_BACK: &str = "UPDATE events SET version = -version
        WHERE aggregate = $1 AND aggregate_id = $2 AND version < 0";
    const POSITIONS: &str = "UPDATE events SET position = -(position + 1) WHERE position > $1";
    const POSITIONS_BACK: &str = "UPDATE events SET position = -position WHERE position < 0";
    const COMMANDS: &str = "UPDATE commands SET position = position + 1 WHERE position > $1";
    let (kind, id, at) = (aggregate.kind(), aggregate.id(), signed(place));
    let before = query(transaction, BEFORE, &[&kind, &id, &at]).await?;
    execute(transaction, VERSIONS, &[&kind, &id, &at]).await?;
    execute(transaction, VERSIONS_BACK, &[&kind, &id]).await?;
    execute(transaction, POSITIONS, &[&at]).await?;
    execute(transaction, POSITIONS_BACK, &[]).await?;
    execute(transaction, COMMANDS, &[&at]).await?;
    let version = first(&before)?.unwrap_or(0) + 1;
    insert(transaction, aggregate, place + 1, version, event).await
}
