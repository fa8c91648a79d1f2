//! How many tokens has each project, key and model used in each hour, and what has it cost?
//!
//! Read by `uplion usage`, the billing pages and `GET /v1/organization/usage`. One row for each hour, project, key
//! and model that settled a request then; never deleted. Summing rows answers for each of the four alone.

use std::{fmt, str::FromStr};

use uplion_domain::{KeyId, ModelName, ProjectId, Timestamp};

use crate::{
    columns::{Columns, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, Value},
    totals::{self, Totals},
};

pub const NAME: &str = "usage_by_hour";

pub struct UsageByHour;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The start of the hour in which the requests are billed.
    pub hour: Timestamp,
    pub project: ProjectId,
    pub key: KeyId,
    pub model: ModelName,
    pub totals: Totals,
}

/// A line of [`GROUPED`]: none in what was not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub project: Option<ProjectId>,
    pub key: Option<KeyId>,
    pub model: Option<ModelName>,
    pub hour: Option<Timestamp>,
    pub totals: Totals,
}

const COLUMNS: [Column; 13] = {
    let [a, b, c, d, e, f, g, h, i] = totals::COLUMNS;
    let hour = Column::key("hour", Kind::BigInt);
    let project = Column::key("project", Kind::Text);
    let key = Column::key("key", Kind::Text);
    let model = Column::key("model", Kind::Text);
    [hour, project, key, model, a, b, c, d, e, f, g, h, i]
};
static TABLE: Table =
    Table { name: NAME, columns: &COLUMNS, indexes: &[&["project", "hour"], &["key", "hour"]] };

/// `$1` to `$4`: whether (1) or not (0) to tell apart projects, keys, models, hours. `$5`: from this time on;
/// `$6`: up to and without this time; whole hours count, by their start. `$7` to `$9`: only this project, key,
/// model. Null in `$5` to `$9`: all. `$10` to `$13`: a group's project, key, model and hour, of which those behind
/// it are wanted, with an empty text or -1 for what is not told apart; null from the first on. `$14`: how many.
/// Answers with [`Group`]s, in the order of their groups.
pub static GROUPED: Statement = Statement {
    name: "usage_by_hour.grouped",
    sql: "SELECT CASE WHEN CAST($1 AS BIGINT) = 1 THEN project END, \
          CASE WHEN CAST($2 AS BIGINT) = 1 THEN key END, \
          CASE WHEN CAST($3 AS BIGINT) = 1 THEN model END, \
          CASE WHEN CAST($4 AS BIGINT) = 1 THEN hour END, \
          CAST(SUM(requests) AS BIGINT), CAST(SUM(completed) AS BIGINT), \
          CAST(SUM(cancelled) AS BIGINT), CAST(SUM(failed) AS BIGINT), \
          CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT), \
          CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT), \
          CAST(SUM(cost_nanos) AS BIGINT) \
          FROM {usage_by_hour} \
          WHERE hour >= COALESCE(CAST($5 AS BIGINT), 0) \
          AND hour < COALESCE(CAST($6 AS BIGINT), 9223372036854775807) \
          AND (CAST($7 AS TEXT) IS NULL OR project = $7) \
          AND (CAST($8 AS TEXT) IS NULL OR key = $8) \
          AND (CAST($9 AS TEXT) IS NULL OR model = $9) \
          AND (CAST($10 AS TEXT) IS NULL OR \
            (CASE WHEN CAST($1 AS BIGINT) = 1 THEN project ELSE '' END, \
             CASE WHEN CAST($2 AS BIGINT) = 1 THEN key ELSE '' END, \
             CASE WHEN CAST($3 AS BIGINT) = 1 THEN model ELSE '' END, \
             CASE WHEN CAST($4 AS BIGINT) = 1 THEN hour ELSE -1 END) \
            > ($10, CAST($11 AS TEXT), CAST($12 AS TEXT), CAST($13 AS BIGINT))) \
          GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT $14",
    parameters: &[
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::BigInt,
        Kind::BigInt,
    ],
    columns: &[
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
        Kind::BigInt,
    ],
};

impl Fold for UsageByHour {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    type Row = Usage;

    fn key_of(event: &Recorded) -> Option<Key> {
        event.envelope.event.as_settled().map(|settled| {
            vec![time(settled.hour), text(settled.project), text(settled.key), text(&settled.model)]
        })
    }

    fn fold_row(row: Option<Usage>, event: &Recorded) -> Option<Usage> {
        let settled = event.envelope.event.as_settled()?;
        let so_far = row.map(|row| row.totals).unwrap_or_default();
        Some(Usage {
            hour: settled.hour,
            project: settled.project,
            key: settled.key,
            model: settled.model.clone(),
            totals: so_far.with(settled),
        })
    }
}

impl TypedRow for Usage {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            hour: columns.time(),
            project: columns.parsed(),
            key: columns.parsed(),
            model: columns.parsed(),
            totals: Totals::from_columns(columns),
        }
    }

    fn into_row(self) -> Row {
        let mut row = vec![time(self.hour), text(self.project), text(self.key), text(self.model)];
        self.totals.extend(&mut row);
        row
    }
}

/// The place of a group among the others: `<project>/<key>/<hour in µs>/<model>`, with nothing where nothing is told
/// apart. Only a model's name has slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    project: String,
    key: String,
    hour: i64,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place of a report on usage: say what its `next` said")]
pub struct UnknownPlace(pub String);

impl Place {
    pub fn of(group: &Group) -> Self {
        let text = |part: Option<String>| part.unwrap_or_default();
        Self {
            project: text(group.project.map(|id| id.to_string())),
            key: text(group.key.map(|id| id.to_string())),
            hour: group.hour.map_or(-1, Timestamp::micros),
            model: text(group.model.as_ref().map(ToString::to_string)),
        }
    }

    /// As [`GROUPED`] wants it.
    pub fn parameters(place: Option<&Self>) -> [Value; 4] {
        place.map_or([const { Value::Null }; 4], |Self { project, key, hour, model }| {
            [text(project), text(key), text(model), Value::BigInt(*hour)]
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, key, hour, model } = self;
        write!(f, "{project}/{key}/{hour}/{model}")
    }
}

impl FromStr for Place {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, UnknownPlace> {
        let parts: Vec<&str> = text.splitn(4, '/').collect();
        let [project, key, hour, model] = parts[..] else {
            return Err(UnknownPlace(text.to_owned()));
        };
        let hour = hour.parse().map_err(|_| UnknownPlace(text.to_owned()))?;
        Ok(Self { project: project.into(), key: key.into(), hour, model: model.into() })
    }
}

impl Group {
    /// # Panics
    /// If the row is not one of [`GROUPED`].
    pub fn from_row(row: Row) -> Self {
        let mut columns = Columns::new(row);
        let group = Self {
            project: columns.maybe_parsed(),
            key: columns.maybe_parsed(),
            model: columns.maybe_parsed(),
            hour: columns.maybe_time(),
            totals: Totals::from_columns(&mut columns),
        };
        columns.end();
        group
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uplion_domain::{
        Envelope, Nanos, Rates, Unit, Usage as Tokens,
        price::Rule,
        request::{Cancelled, Failure, Outcome, Settled, Settlement, Writer},
        usage::Source,
    };

    use super::*;
    use crate::story::{START, accepted, assigned, rows, settled, settlement};

    fn usage(events: impl IntoIterator<Item = Settled>) -> Vec<Usage> {
        rows(&UsageByHour, events.into_iter().map(Envelope::settled))
    }

    #[test]
    fn a_settled_request_counts_with_its_tokens_and_its_charge() {
        let usage = usage([settled(&accepted(1), Outcome::Completed)]);
        let totals = Totals {
            requests: 1,
            completed: 1,
            prompt_tokens: 100,
            completion_tokens: 20,
            cost: Nanos::new(200),
            ..Totals::default()
        };
        assert_eq!(usage.len(), 1);
        assert_eq!((usage[0].hour, &usage[0].totals), (START, &totals));
    }

    #[test]
    fn a_failed_request_counts_and_costs_nothing() {
        let usage = usage([settled(&accepted(1), Outcome::Failed(Failure::WorkerSilent))]);
        let totals = Totals { requests: 1, failed: 1, ..Totals::default() };
        assert_eq!(usage[0].totals, totals);
    }

    #[test]
    fn requests_of_one_hour_key_and_model_are_one_row() {
        let outcomes = [Outcome::Completed, Outcome::Cancelled(Cancelled::Deadline)];
        let usage = usage(outcomes.map(|outcome| settled(&accepted(1), outcome)));
        assert_eq!(usage.len(), 1);
        let Totals { requests, completed, cancelled, cost, .. } = usage[0].totals;
        assert_eq!((requests, completed, cancelled, cost), (2, 1, 1, Nanos::new(400)));
    }

    #[test]
    fn another_hour_key_or_model_is_another_row() {
        let first = settled(&accepted(1), Outcome::Completed);
        let later = Settled { hour: START.plus_millis(3_600_000), ..first.clone() };
        let model = Settled { model: "mistral".parse().unwrap(), ..first.clone() };
        let key = Settled { key: KeyId::new(uuid::Uuid::from_u128(9)), ..first.clone() };
        assert_eq!(usage([first, later, model, key]).len(), 4);
    }

    #[test]
    fn what_has_not_ended_is_not_used() {
        let accepted = accepted(1);
        let assigned = Envelope::assigned(assigned(&accepted, 1));
        let rows: Vec<Usage> = rows(&UsageByHour, [Envelope::accepted(accepted), assigned]);
        assert_eq!(rows, []);
    }

    fn any_settled() -> impl Strategy<Value = Settled> {
        let outcome = prop_oneof![
            Just(Outcome::Completed),
            Just(Outcome::Cancelled(Cancelled::ClientGone)),
            Just(Outcome::Failed(Failure::UpstreamFailed)),
        ];
        let tokens = (0..1_000_000_u64, 0..1_000_000_u64);
        let rates = (0..10_000_000_000_i64, 0..10_000_000_000_i64);
        let place = (1..4_u128, 1..4_u128, 0..10_000_000_i64, prop::bool::ANY);
        (outcome, tokens, rates, place).prop_map(|(outcome, tokens, rates, place)| {
            let (project, key, millis, other) = place;
            let mut accepted = accepted(1);
            accepted.project = ProjectId::new(uuid::Uuid::from_u128(project));
            accepted.key = KeyId::new(uuid::Uuid::from_u128(key));
            accepted.model = if other { "mistral" } else { "llama" }.parse().unwrap();
            let rates = Rates::default()
                .with(Unit::INPUT, Nanos::new(rates.0.into()))
                .with(Unit::OUTPUT, Nanos::new(rates.1.into()));
            accepted.price.rules = vec![Rule::always(rates)];
            accepted.hour = START.plus_millis(millis).hour();
            let delivered = Tokens::tokens(tokens.0, 0, tokens.1, 0, Source::Counted);
            let writer = Writer::Sweeper;
            accepted.settle(Settlement { delivered, writer, ..settlement(&accepted, outcome) })
        })
    }

    proptest! {
        #[test]
        fn the_rows_sum_to_what_was_charged(events in prop::collection::vec(any_settled(), 0..40)) {
            let rows = usage(events.clone());
            let cost: Nanos = rows.iter().map(|row| row.totals.cost).sum();
            prop_assert_eq!(cost, events.iter().map(|settled| settled.charge).sum());
            let requests: u64 = rows.iter().map(|row| row.totals.requests).sum();
            prop_assert_eq!(requests, u64::try_from(events.len()).unwrap());
            let tokens: u64 = rows.iter().map(|row| row.totals.prompt_tokens).sum();
            let settled: u64 = events.iter().map(|settled| settled.usage.prompt_tokens()).sum();
            prop_assert_eq!(tokens, settled);
        }

        #[test]
        fn the_order_in_which_requests_end_does_not_matter(
            (events, shuffled) in prop::collection::vec(any_settled(), 0..20)
                .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        ) {
            prop_assert_eq!(usage(events), usage(shuffled));
        }
    }
}
