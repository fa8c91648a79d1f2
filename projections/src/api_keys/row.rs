//! A key as a row of its table.

use uplion_domain::{
    Nanos,
    api_key::{Models, Quota, Switch, Terms},
};

use super::{ApiKey, Listed, Named, Rotation};
use crate::{
    allowance,
    columns::{Columns, json, maybe_count, maybe_json, maybe_text, maybe_time, text, time},
    projection::TypedRow,
    table::{Row, Value},
};

impl TypedRow for ApiKey {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            key: columns.parsed(),
            terms: terms_from(columns),
            switch: if columns.boolean() { Switch::Enabled } else { Switch::Disabled },
            issued_at: columns.time(),
            rotation: rotation_from(columns),
            revoked_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { key, terms, switch, issued_at, rotation, revoked_at } = self;
        let mut row = vec![text(key)];
        extend(&mut row, terms);
        row.extend([
            Value::Boolean(match switch {
                Switch::Enabled => true,
                Switch::Disabled => false,
            }),
            time(issued_at),
            maybe_time(rotation.map(|rotation| rotation.at)),
            maybe_time(rotation.map(|rotation| rotation.previous_until)),
            maybe_time(revoked_at),
        ]);
        row
    }
}

impl Listed {
    /// # Panics
    /// If the row is not one of [`super::LIST`].
    pub fn from_row(row: Row) -> Self {
        let mut columns = Columns::new(row);
        let listed = Self {
            key: ApiKey::from_columns(&mut columns),
            tokens: columns.maybe_count().unwrap_or(0),
            cost: Nanos::new(columns.maybe_big_int().unwrap_or(0).into()),
            last_used_at: columns.maybe_time(),
        };
        columns.end();
        listed
    }
}

impl Named {
    /// # Panics
    /// If the row is not one of [`super::NAMES`].
    pub fn from_row(row: Row) -> Self {
        let mut columns = Columns::new(row);
        let named = Self { key: columns.parsed(), name: columns.text() };
        columns.end();
        named
    }
}

fn terms_from(columns: &mut Columns) -> Terms {
    Terms {
        project: columns.parsed(),
        owner: columns.maybe_parsed(),
        name: columns.text(),
        description: columns.text(),
        models: maybe_json(columns).map_or(Models::All, |names: Vec<String>| {
            Models::Only(names.iter().map(|name| columns.read(name)).collect())
        }),
        expires_at: columns.maybe_time(),
        quota: columns.maybe_count().map_or(Quota::Unlimited, Quota::Tokens),
        budget: allowance::budget_from(columns),
        limits: allowance::limits_from(columns),
        model_limits: allowance::limits_by_from(columns),
    }
}

fn extend(row: &mut Row, terms: Terms) {
    let Terms {
        project,
        owner,
        name,
        description,
        models,
        expires_at,
        quota,
        budget,
        limits,
        model_limits,
    } = terms;
    row.extend([text(project), maybe_text(owner), text(name), text(description)]);
    row.push(match models {
        Models::All => Value::Null,
        Models::Only(models) => json(&models.iter().map(ToString::to_string).collect::<Vec<_>>()),
    });
    row.push(maybe_time(expires_at));
    row.push(maybe_count(match quota {
        Quota::Unlimited => None,
        Quota::Tokens(tokens) => Some(tokens),
    }));
    allowance::extend(row, budget);
    row.extend([allowance::limits(limits), allowance::limits_by(&model_limits)]);
}

fn rotation_from(columns: &mut Columns) -> Option<Rotation> {
    let (at, previous_until) = (columns.maybe_time(), columns.maybe_time());
    at.zip(previous_until).map(|(at, previous_until)| Rotation { at, previous_until })
}
