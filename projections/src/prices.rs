//! Which prices were set, and which is in force?
//!
//! Read by `uplion price list` and `show`. One row a price, never deleted. Gateways do not read it: they have the catalog,
//! which comes to the same answer.

use uplion_domain::{
    Event, ModelName, PriceId, ProjectId, Rates, Timestamp,
    installation::Currency,
    price::{self, Rule},
};

use crate::{
    columns::{Columns, maybe_text, maybe_time, text, time},
    parameters::parameters,
    pricing,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "prices";

pub struct Prices;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub price: PriceId,
    pub model: ModelName,
    /// None: for whoever has no price of its own.
    pub project: Option<ProjectId>,
    /// None from before the installation had one.
    pub currency: Option<Currency>,
    /// The first that applies to a request counts; the last always does.
    pub rules: Vec<Rule>,
    pub effective_from: Timestamp,
    pub set_at: Timestamp,
    /// As if it had never been, from then on.
    pub withdrawn_at: Option<Timestamp>,
}

const COLUMNS: [Column; 8] = [
    Column::key("price", Kind::Text),
    Column::required("model", Kind::Text),
    Column::nullable("project", Kind::Text),
    Column::nullable("currency", Kind::Text),
    // A JSON list; rates are nano-units of the currency.
    Column::required("rules", Kind::Text),
    Column::required("effective_from", Kind::BigInt),
    Column::required("set_at", Kind::BigInt),
    Column::nullable("withdrawn_at", Kind::BigInt),
];
static TABLE: Table =
    Table { name: NAME, columns: &COLUMNS, indexes: &[&["model", "effective_from"]] };

/// `$1`: the price. Answers with a [`Price`].
pub static ONE: Statement = Statement {
    name: "prices.one",
    sql: "SELECT * FROM {prices} WHERE price = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Listed {
        model: Option<ModelName>,
        /// Only those that this project alone pays.
        project: Option<ProjectId>,
        in_force_at: Option<Timestamp>,
        /// The id of a price.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Price`]s by model, everybody's before those of single projects, the earliest first; withdrawn ones
/// are among them unless only those in force are wanted.
pub static LIST: Statement = Statement {
    name: "prices.list",
    sql: "SELECT * FROM {prices} AS listed WHERE (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:in_force_at AS BIGINT) IS NULL OR (effective_from <= :in_force_at AND withdrawn_at IS NULL \
            AND NOT EXISTS (SELECT 1 FROM {prices} AS later \
              WHERE later.model = listed.model \
              AND COALESCE(later.project, '') = COALESCE(listed.project, '') \
              AND later.withdrawn_at IS NULL AND later.effective_from <= :in_force_at \
              AND (later.effective_from, later.set_at, later.price) \
                > (listed.effective_from, listed.set_at, listed.price)))) \
          AND (CAST(:after AS TEXT) IS NULL OR (model, COALESCE(project, ''), effective_from, set_at, price) > \
            (SELECT last.model, COALESCE(last.project, ''), last.effective_from, last.set_at, \
              last.price \
              FROM {prices} AS last WHERE last.price = :after)) \
          ORDER BY model, COALESCE(project, ''), effective_from, set_at, price LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`IN_FORCE`] is asked with.
    InForce {
        model: Option<ModelName>,
        project: Option<ProjectId>,
        at: Timestamp,
    }
}

/// Answers with the [`Price`] that the project pays then, if there is one.
pub static IN_FORCE: Statement = Statement {
    name: "prices.in_force",
    sql: "SELECT * FROM {prices} WHERE model = :model AND (project IS NULL OR project = :project) \
          AND effective_from <= :at AND withdrawn_at IS NULL \
          ORDER BY CASE WHEN project IS NULL THEN 1 ELSE 0 END, effective_from DESC, \
          set_at DESC, price DESC LIMIT 1",
    parameters: InForce::KINDS,
    names: InForce::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Prices {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 3;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["price."];
    type Row = Price;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_price(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<Price>, event: &Recorded) -> Option<Price> {
        let (price, event) = of_price(event)?;
        match event {
            price::Event::Set { model, project, currency, rules, effective_from, at } => {
                Some(Price {
                    price,
                    model: model.clone(),
                    project: *project,
                    currency: *currency,
                    rules: rules.clone(),
                    effective_from: *effective_from,
                    set_at: *at,
                    withdrawn_at: None,
                })
            }
            price::Event::Withdrawn { at } => {
                row.map(|row| Price { withdrawn_at: Some(*at), ..row })
            }
        }
    }
}

impl Price {
    /// Those of the rule that applies to whatever no other does.
    pub fn rates(&self) -> Rates {
        self.rules.last().map(|rule| rule.rates.clone()).unwrap_or_default()
    }
}

fn of_price(event: &Recorded) -> Option<(PriceId, &price::Event)> {
    match &event.envelope.event {
        Event::Price(id, event) => Some((*id, event)),
        Event::Installation(..)
        | Event::Project(..)
        | Event::ApiKey(..)
        | Event::Model(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

impl TypedRow for Price {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            price: columns.parsed(),
            model: columns.parsed(),
            project: columns.maybe_parsed(),
            currency: columns.maybe_parsed(),
            rules: pricing::rules_from(columns),
            effective_from: columns.time(),
            set_at: columns.time(),
            withdrawn_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        vec![
            text(self.price),
            text(self.model),
            maybe_text(self.project),
            maybe_text(self.currency),
            pricing::rules(&self.rules),
            time(self.effective_from),
            time(self.set_at),
            maybe_time(self.withdrawn_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{Nanos, Unit};
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn prices(events: impl IntoIterator<Item = price::Event>) -> Vec<Price> {
        let id = PriceId::new(Uuid::from_u128(4));
        rows(&Prices, events.into_iter().map(|event| control(Event::Price(id, event))))
    }

    fn set() -> price::Event {
        price::Event::Set {
            model: "llama".parse().unwrap(),
            project: Some(ProjectId::new(Uuid::from_u128(1))),
            currency: None,
            rules: vec![Rule::always(Rates::default().with(Unit::OUTPUT, Nanos::new(600_000_000)))],
            effective_from: seconds(60),
            at: START,
        }
    }

    #[test]
    fn a_price_is_listed_with_its_rules() {
        let prices = prices([set()]);
        assert_eq!((prices[0].effective_from, prices[0].set_at), (seconds(60), START));
        assert_eq!(prices[0].rates().of(&Unit::OUTPUT), Nanos::new(600_000_000));
        assert_eq!(prices[0].project, Some(ProjectId::new(Uuid::from_u128(1))));
    }

    #[test]
    fn a_withdrawn_price_stays_in_the_list() {
        let prices = prices([set(), price::Event::Withdrawn { at: seconds(1) }]);
        assert_eq!((prices.len(), prices[0].withdrawn_at), (1, Some(seconds(1))));
    }
}
