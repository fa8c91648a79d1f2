//! Taking in events that CONTROL holds and the store lost.
//!
//! CONTROL's order is the one that is in force. Events that were committed here since, and never published, move
//! behind those that are taken in, and are published after them.

use std::collections::BTreeSet;

use rusqlite::Connection;
use uplion_domain::{
    subject::{AggregateId, Subject},
    wire::Encoded,
};

use super::{holders, insert, position_of};
use crate::{
    StoreError,
    number::{signed, unsigned},
    people::undone_by,
    sqlite::{
        connection::{execute, select_one},
        people,
    },
};

pub fn import(connection: &Connection, events: &[(Subject, Encoded)]) -> Result<u64, StoreError> {
    let mut place = 0;
    let mut touched = BTreeSet::new();
    let mut new = 0;
    for (subject, event) in events {
        let Subject::Control(aggregate) = subject else {
            return Err(StoreError::Refused(format!("{subject} is not the control plane's")));
        };
        if let Some(known) = position_of(connection, &event.id)? {
            place = known;
            continue;
        }
        take_in(connection, aggregate, place, event)?;
        if let Some(change) = undone_by(event)? {
            people::change(connection, &change)?;
        }
        place += 1;
        new += 1;
        touched.insert(aggregate.clone());
    }
    for aggregate in touched {
        holders::note(connection, &aggregate)?;
    }
    Ok(new)
}

/// Puts the event right behind `place`.
fn take_in(
    connection: &Connection,
    aggregate: &AggregateId,
    place: u64,
    event: &Encoded,
) -> Result<(), StoreError> {
    const BEFORE: &str = "SELECT count(*) FROM events
        WHERE aggregate = ? AND aggregate_id = ? AND position <= ?";
    // By way of negative numbers, because uniqueness is checked row by row.
    const VERSIONS: &str = "UPDATE events SET version = -(version + 1)
        WHERE aggregate = ? AND aggregate_id = ? AND position > ?";
    const POSITIONS: &str = "UPDATE events SET position = -(position + 1) WHERE position > ?";
    const COMMANDS: &str = "UPDATE commands SET position = position + 1 WHERE position > ?";
    let of = (aggregate.kind(), aggregate.id(), signed(place));
    let before = select_one(connection, BEFORE, of, |row| Ok(unsigned(row.get(0)?)))?;
    execute(connection, VERSIONS, (aggregate.kind(), aggregate.id(), signed(place)))?;
    execute(connection, "UPDATE events SET version = -version WHERE version < 0", [])?;
    execute(connection, POSITIONS, [signed(place)])?;
    execute(connection, "UPDATE events SET position = -position WHERE position < 0", [])?;
    execute(connection, COMMANDS, [signed(place)])?;
    insert(connection, aggregate, place + 1, before.unwrap_or(0) + 1, event)
}
