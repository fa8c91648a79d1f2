//! How many tokens has each API key used in its life, what have they cost, and when was it used last?
//!
//! Read where keys are shown: what is left of a key's quota. One row for each key that ever settled a request.

use uplion_domain::{KeyId, Timestamp};

use crate::{
    columns::{Columns, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
    totals::{self, Totals},
};

pub const NAME: &str = "tokens_by_key";

pub struct TokensByKey;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub key: KeyId,
    pub totals: Totals,
    /// When its newest request ended.
    pub last_used_at: Timestamp,
}

const COLUMNS: [Column; 13] = {
    let [a, b, c, d, e, f, g, h, i, j, k] = totals::COLUMNS;
    let last_used_at = Column::required("last_used_at", Kind::BigInt);
    [Column::key("key", Kind::Text), a, b, c, d, e, f, g, h, i, j, k, last_used_at]
};
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the key. Answers with what it has [`Used`], if it ever was.
pub static ONE: Statement = Statement {
    name: "tokens_by_key.one",
    sql: "SELECT * FROM {tokens_by_key} WHERE key = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

impl Fold for TokensByKey {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 2;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["request."];
    type Row = Used;

    fn key_of(event: &Recorded) -> Option<Key> {
        let event = &event.envelope.event;
        let settled = event.as_settled().map(|settled| settled.key);
        let key = settled.or_else(|| event.as_reversed().map(|reversed| reversed.key));
        key.map(|key| vec![text(key)])
    }

    fn fold_row(row: Option<Used>, event: &Recorded) -> Option<Used> {
        let event = &event.envelope.event;
        if let Some(reversed) = event.as_reversed() {
            return row.map(|row| Used { totals: row.totals.without(reversed), ..row });
        }
        let settled = event.as_settled()?;
        let (totals, before) =
            row.map_or((Totals::default(), settled.at), |row| (row.totals, row.last_used_at));
        let last_used_at = before.max(settled.at);
        Some(Used { key: settled.key, totals: totals.with(settled), last_used_at })
    }
}

impl Used {
    /// Of prompts and answers, as they were charged.
    pub const fn tokens(&self) -> u64 {
        self.totals.prompt_tokens.saturating_add(self.totals.completion_tokens)
    }
}

impl TypedRow for Used {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            key: columns.parsed(),
            totals: Totals::from_columns(columns),
            last_used_at: columns.time(),
        }
    }

    fn into_row(self) -> Row {
        let mut row = vec![text(self.key)];
        self.totals.extend(&mut row);
        row.push(time(self.last_used_at));
        row
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{
        Envelope,
        request::{Accepted, Failure, Outcome, Settled},
    };

    use super::*;
    use crate::request_timeline::{accepted, rows, seconds, settled};

    fn used(settled: impl IntoIterator<Item = Settled>) -> Vec<Used> {
        rows(&TokensByKey, settled.into_iter().map(Envelope::settled))
    }

    #[test]
    fn a_key_has_used_what_its_requests_were_charged() {
        let end = |request, outcome| settled(&accepted(request), outcome);
        let failed = Outcome::Failed(Failure::UpstreamFailed);
        let used = used([end(1, Outcome::Completed), end(2, Outcome::Completed), end(3, failed)]);
        assert_eq!((used.len(), used[0].tokens(), used[0].totals.failed), (1, 240, 1));
    }

    #[test]
    fn a_key_was_last_used_when_its_newest_request_ended_in_whatever_order_they_arrive() {
        let begun = |request, at| Accepted { at: seconds(at), ..accepted(request) };
        let late = settled(&begun(1, 100), Outcome::Completed);
        let early = settled(&begun(2, 0), Outcome::Completed);
        let newest = late.at;
        assert_eq!(used([late, early])[0].last_used_at, newest);
    }

    #[test]
    fn what_is_taken_back_was_not_used() {
        let settled = settled(&accepted(1), Outcome::Completed);
        let reversed = Envelope::reversed(settled.reverse(settled.at));
        let used: Vec<Used> = rows(&TokensByKey, [Envelope::settled(settled), reversed]);
        assert_eq!((used[0].tokens(), used[0].totals.failed), (0, 1));
    }

    #[test]
    fn tokens_beyond_what_can_be_counted_are_as_many_as_can() {
        let row = used([settled(&accepted(1), Outcome::Completed)]).remove(0);
        let totals = Totals { prompt_tokens: u64::MAX, ..row.totals };
        assert_eq!(Used { totals, ..row }.tokens(), u64::MAX);
    }
}
