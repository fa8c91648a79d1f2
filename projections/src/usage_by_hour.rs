//! What has each project, key, model and operation used in each hour, and what has it cost?
//!
//! Read by `uplion usage`, the billing pages and `GET /v1/organization/usage`. One row for each hour, project, key,
//! model and operation that a settled request is billed in; never deleted. Summing rows answers for each of the five
//! alone. What is taken back is taken out of the hour that it was billed in.

use std::{fmt, str::FromStr};

use uplion_domain::{KeyId, ModelName, Operation, ProjectId, Timestamp};

use crate::{
    columns::{Columns, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table},
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
    pub operation: Operation,
    pub totals: Totals,
}

/// A line of [`GROUPED`]: none in what was not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub project: Option<ProjectId>,
    pub key: Option<KeyId>,
    pub model: Option<ModelName>,
    pub operation: Option<Operation>,
    pub hour: Option<Timestamp>,
    pub totals: Totals,
}

const COLUMNS: [Column; 16] = {
    let [a, b, c, d, e, f, g, h, i, j, k] = totals::COLUMNS;
    let hour = Column::key("hour", Kind::BigInt);
    let project = Column::key("project", Kind::Text);
    let key = Column::key("key", Kind::Text);
    let model = Column::key("model", Kind::Text);
    let operation = Column::key("operation", Kind::Text);
    [hour, project, key, model, operation, a, b, c, d, e, f, g, h, i, j, k]
};
static TABLE: Table =
    Table { name: NAME, columns: &COLUMNS, indexes: &[&["project", "hour"], &["key", "hour"]] };

parameters! {
    /// What [`GROUPED`] is asked with. None: all.
    Grouped {
        by_project: bool,
        by_key: bool,
        by_model: bool,
        by_operation: bool,
        by_hour: bool,
        /// Hours that start at this time or later.
        from: Option<Timestamp>,
        /// Hours that start before this time.
        to: Option<Timestamp>,
        project: Option<ProjectId>,
        key: Option<KeyId>,
        model: Option<ModelName>,
        operation: Option<Operation>,
        /// Of a group, of which those behind it are wanted: see [`Grouped::after`].
        after_project: Option<String>,
        after_key: Option<String>,
        after_model: Option<String>,
        after_operation: Option<String>,
        after_hour: Option<i64>,
        limit: usize,
    }
}

/// Answers with [`Group`]s, in their order. What is summed of the cost are whole units of the currency and nanos.
pub static GROUPED: Statement = Statement {
    name: "usage_by_hour.grouped",
    sql: "SELECT CASE WHEN CAST(:by_project AS BIGINT) = 1 THEN project END, \
          CASE WHEN CAST(:by_key AS BIGINT) = 1 THEN key END, \
          CASE WHEN CAST(:by_model AS BIGINT) = 1 THEN model END, \
          CASE WHEN CAST(:by_operation AS BIGINT) = 1 THEN operation END, \
          CASE WHEN CAST(:by_hour AS BIGINT) = 1 THEN hour END, \
          CAST(SUM(requests) AS BIGINT), CAST(SUM(completed) AS BIGINT), \
          CAST(SUM(cancelled) AS BIGINT), CAST(SUM(failed) AS BIGINT), \
          CAST(SUM(charged) AS BIGINT), \
          CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT), \
          CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT), \
          STRING_AGG(units, ' '), \
          CAST(SUM(cost_nanos / 1000000000) AS BIGINT), \
          CAST(SUM(cost_nanos % 1000000000) AS BIGINT) \
          FROM {usage_by_hour} \
          WHERE hour >= COALESCE(CAST(:from AS BIGINT), -9223372036854775807) \
          AND hour < COALESCE(CAST(:to AS BIGINT), 9223372036854775807) \
          AND (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:operation AS TEXT) IS NULL OR operation = :operation) \
          AND (CAST(:after_project AS TEXT) IS NULL OR \
            (CASE WHEN CAST(:by_project AS BIGINT) = 1 THEN project ELSE '' END, \
             CASE WHEN CAST(:by_key AS BIGINT) = 1 THEN key ELSE '' END, \
             CASE WHEN CAST(:by_model AS BIGINT) = 1 THEN model ELSE '' END, \
             CASE WHEN CAST(:by_operation AS BIGINT) = 1 THEN operation ELSE '' END, \
             CASE WHEN CAST(:by_hour AS BIGINT) = 1 THEN hour ELSE -1 END) \
            > (:after_project, CAST(:after_key AS TEXT), CAST(:after_model AS TEXT), \
               CAST(:after_operation AS TEXT), CAST(:after_hour AS BIGINT))) \
          GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 LIMIT :limit",
    parameters: Grouped::KINDS,
    names: Grouped::NAMES,
    columns: &[
        Kind::Text,
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
        Kind::Text,
        Kind::BigInt,
        Kind::BigInt,
    ],
};

impl Fold for UsageByHour {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 2;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["request."];
    type Row = Usage;

    fn key_of(event: &Recorded) -> Option<Key> {
        let Usage { hour, project, key, model, operation, totals: _ } = Usage::billed(event)?;
        Some(vec![time(hour), text(project), text(key), text(model), text(operation)])
    }

    fn fold_row(row: Option<Usage>, event: &Recorded) -> Option<Usage> {
        let row = row.or_else(|| Usage::billed(event))?;
        let event = &event.envelope.event;
        let totals = match (event.as_settled(), event.as_reversed()) {
            (Some(settled), _) => row.totals.with(settled),
            (None, Some(reversed)) => row.totals.without(reversed),
            (None, None) => row.totals,
        };
        Some(Usage { totals, ..row })
    }
}

impl Usage {
    /// The row that the event counts in, with nothing in it; none if it is neither a settlement nor takes one back, or
    /// if somebody only checked the installation.
    fn billed(event: &Recorded) -> Option<Self> {
        let event = &event.envelope.event;
        let of_settled = event.as_settled().map(|settled| Self {
            hour: settled.hour,
            project: settled.project,
            key: settled.key,
            model: settled.model.clone(),
            operation: settled.operation.clone(),
            totals: Totals::default(),
        });
        let billed = of_settled.or_else(|| {
            event.as_reversed().map(|reversed| Self {
                hour: reversed.hour,
                project: reversed.project,
                key: reversed.key,
                model: reversed.model.clone(),
                operation: reversed.operation.clone(),
                totals: Totals::default(),
            })
        });
        billed.filter(|usage| !usage.model.is_check())
    }
}

impl TypedRow for Usage {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            hour: columns.time(),
            project: columns.parsed(),
            key: columns.parsed(),
            model: columns.parsed(),
            operation: columns.parsed(),
            totals: Totals::from_columns(columns),
        }
    }

    fn into_row(self) -> Row {
        let mut row = vec![
            time(self.hour),
            text(self.project),
            text(self.key),
            text(self.model),
            text(self.operation),
        ];
        self.totals.extend(&mut row);
        row
    }
}

/// Where a page of groups ends: `<project>/<key>/<operation>/<hour in µs>/<model>`, with nothing where nothing is told
/// apart. Only a model's name has slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCursor {
    project: String,
    key: String,
    operation: String,
    hour: i64,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place of a report on usage: say what its `next` said")]
pub struct UnknownCursor(pub String);

impl PageCursor {
    pub fn of(group: &Group) -> Self {
        let text = |part: Option<String>| part.unwrap_or_default();
        Self {
            project: text(group.project.map(|id| id.to_string())),
            key: text(group.key.map(|id| id.to_string())),
            operation: text(group.operation.as_ref().map(ToString::to_string)),
            hour: group.hour.map_or(-1, Timestamp::micros),
            model: text(group.model.as_ref().map(ToString::to_string)),
        }
    }
}

impl Grouped {
    /// Only the groups behind the cursor.
    #[must_use]
    pub fn after(self, cursor: PageCursor) -> Self {
        let PageCursor { project, key, operation, hour, model } = cursor;
        Self {
            after_project: Some(project),
            after_key: Some(key),
            after_model: Some(model),
            after_operation: Some(operation),
            after_hour: Some(hour),
            ..self
        }
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, key, operation, hour, model } = self;
        write!(f, "{project}/{key}/{operation}/{hour}/{model}")
    }
}

impl FromStr for PageCursor {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> Result<Self, UnknownCursor> {
        let unknown = || UnknownCursor(text.to_owned());
        let parts: Vec<&str> = text.splitn(5, '/').collect();
        let [project, key, operation, hour, model] = parts[..] else { return Err(unknown()) };
        let hour = hour.parse().map_err(|_| unknown())?;
        let (project, key, operation) = (project.into(), key.into(), operation.into());
        Ok(Self { project, key, operation, hour, model: model.into() })
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
            operation: columns.maybe_parsed(),
            hour: columns.maybe_time(),
            totals: Totals::summed_from(&mut columns),
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
    use crate::request_timeline::{START, accepted, assigned, rows, settled, settlement};

    fn usage(events: impl IntoIterator<Item = Settled>) -> Vec<Usage> {
        rows(&UsageByHour, events.into_iter().map(Envelope::settled))
    }

    #[test]
    fn a_settled_request_counts_with_its_tokens_and_its_charge() {
        let usage = usage([settled(&accepted(1), Outcome::Completed)]);
        let totals = Totals {
            requests: 1,
            completed: 1,
            charged: 1,
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
    fn what_is_taken_back_is_taken_out_of_its_hour() {
        let kept = settled(&accepted(1), Outcome::Completed);
        let taken = Settled { hour: START.plus_millis(3_600_000), ..kept.clone() };
        let reversed = Envelope::reversed(taken.reverse(taken.at));
        let events = [Envelope::settled(kept), Envelope::settled(taken), reversed];
        let usage: Vec<Usage> = rows(&UsageByHour, events);
        assert_eq!(usage[0].totals.cost, Nanos::new(200));
        let nothing = Totals { requests: 1, failed: 1, ..Totals::default() };
        assert_eq!(usage[1].totals, nothing);
    }

    #[test]
    fn another_hour_key_model_or_operation_is_another_row() {
        let first = settled(&accepted(1), Outcome::Completed);
        let later = Settled { hour: START.plus_millis(3_600_000), ..first.clone() };
        let model = Settled { model: "mistral".parse().unwrap(), ..first.clone() };
        let key = Settled { key: KeyId::new(uuid::Uuid::from_u128(9)), ..first.clone() };
        let operation = Settled { operation: Operation::EMBEDDING, ..first.clone() };
        assert_eq!(usage([first, later, model, key, operation]).len(), 5);
    }

    #[test]
    fn what_has_not_ended_is_not_used() {
        let accepted = accepted(1);
        let assigned = Envelope::assigned(assigned(&accepted, 1));
        let rows: Vec<Usage> = rows(&UsageByHour, [Envelope::accepted(accepted), assigned]);
        assert_eq!(rows, []);
    }

    #[test]
    fn a_cursor_reads_back_as_itself() {
        let cursor: PageCursor = "prj_1//embedding/-1/org/model".parse().unwrap();
        assert_eq!((cursor.model.as_str(), cursor.hour), ("org/model", -1));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!("prj_1/key_1".parse::<PageCursor>().is_err());
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
