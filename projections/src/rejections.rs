//! How many requests were not let in, minute by minute, and why?
//!
//! Read by whoever asks what other limits would have let through. One row for each minute, key, model and reason, of all
//! gateways together; never deleted.

use uplion_domain::{KeyId, ModelName, Timestamp, request::RejectionReason};

use crate::{
    columns::{Columns, count, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, Value, kinds},
};

pub const NAME: &str = "rejections";

pub struct Rejections;

/// Requests of one minute that were not let in for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub minute: Timestamp,
    /// None if no key was shown that is known.
    pub key: Option<KeyId>,
    /// None if it is none of the installation's.
    pub model: Option<ModelName>,
    pub reason: RejectionReason,
    pub requests: u64,
    /// Of their prompts.
    pub estimated_tokens: u64,
}

const COLUMNS: [Column; 6] = [
    Column::key("minute", Kind::BigInt),
    // Empty if there is none: a part of a table's key is never null.
    Column::key("key", Kind::Text),
    Column::key("model", Kind::Text),
    Column::key("reason", Kind::Text),
    Column::required("requests", Kind::BigInt),
    Column::required("estimated_tokens", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[&["key", "minute"]] };

parameters! {
    /// What [`BETWEEN`] is asked with. None: all.
    Between {
        from: Timestamp,
        /// Without this minute itself.
        to: Timestamp,
        key: Option<KeyId>,
        model: Option<ModelName>,
        reason: Option<RejectionReason>,
        limit: usize,
    }
}

/// Answers with what was [`Rejected`], by minute.
pub static BETWEEN: Statement = Statement {
    name: "rejections.between",
    sql: "SELECT * FROM {rejections} \
          WHERE minute >= CAST(:from AS BIGINT) AND minute < CAST(:to AS BIGINT) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:reason AS TEXT) IS NULL OR reason = :reason) \
          ORDER BY minute, key, model, reason LIMIT :limit",
    parameters: Between::KINDS,
    names: Between::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Rejections {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["requests."];
    type Row = Rejected;

    fn key_of(event: &Recorded) -> Option<Key> {
        let rejected = event.envelope.event.as_rejected()?;
        Some(vec![
            time(rejected.minute),
            text_or_empty(rejected.key),
            text_or_empty(rejected.model.as_ref()),
            text(&rejected.reason),
        ])
    }

    fn fold_row(row: Option<Rejected>, event: &Recorded) -> Option<Rejected> {
        let rejected = event.envelope.event.as_rejected()?;
        let (requests, tokens) = row.map_or((0, 0), |row| (row.requests, row.estimated_tokens));
        Some(Rejected {
            minute: rejected.minute,
            key: rejected.key,
            model: rejected.model.clone(),
            reason: rejected.reason.clone(),
            requests: requests.saturating_add(rejected.count),
            estimated_tokens: tokens.saturating_add(rejected.estimated_tokens),
        })
    }
}

fn text_or_empty(value: Option<impl std::fmt::Display>) -> Value {
    value.map_or_else(|| Value::Text(String::new()), text)
}

impl TypedRow for Rejected {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            minute: columns.time(),
            key: columns.parsed_unless_empty(),
            model: columns.parsed_unless_empty(),
            reason: columns.parsed(),
            requests: columns.count(),
            estimated_tokens: columns.count(),
        }
    }

    fn into_row(self) -> Row {
        vec![
            time(self.minute),
            text_or_empty(self.key),
            text_or_empty(self.model),
            text(self.reason),
            count(self.requests),
            count(self.estimated_tokens),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{Event, GatewayId, request};
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn rejected(gateway: u128, key: Option<u128>, minute: Timestamp) -> request::Rejected {
        request::Rejected {
            gateway: GatewayId::new(Uuid::from_u128(gateway)),
            minute,
            key: key.map(|key| KeyId::new(Uuid::from_u128(key))),
            model: None,
            reason: RejectionReason::RATE_LIMIT,
            count: 3,
            estimated_tokens: 100,
            at: seconds(60),
        }
    }

    fn folded(events: impl IntoIterator<Item = request::Rejected>) -> Vec<Rejected> {
        let event = |one| control(Event::Request(request::Event::Rejected(one)));
        rows(&Rejections, events.into_iter().map(event))
    }

    #[test]
    fn what_gateways_rejected_in_a_minute_is_summed() {
        let rows = folded([rejected(1, Some(7), START), rejected(2, Some(7), START)]);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].requests, rows[0].estimated_tokens), (6, 200));
    }

    #[test]
    fn a_key_that_is_not_known_and_another_minute_are_rows_of_their_own() {
        let later = rejected(1, Some(7), seconds(60));
        let rows = folded([rejected(1, Some(7), START), rejected(1, None, START), later]);
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().any(|row| row.key.is_none()));
    }
}
