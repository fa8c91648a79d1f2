//! Which API keys were issued, and what may they do?
//!
//! Read by `uplion key list` and `show`. One row a key, never deleted: bills name it for ever. Neither the secret nor
//! its digest is here; who has a secret asks the catalog.

use uplion_domain::{
    Event, KeyId, Nanos, ProjectId, Timestamp, UserId,
    api_key::{self, Switch, Terms},
};

use crate::{
    allowance,
    columns::text,
    parameters::parameters,
    projection::{Fold, Recorded},
    statement::{MANY, Statement, one_of_many},
    table::{Column, Key, Kind, Table, kinds},
};

mod row;
#[cfg(test)]
mod tests;

pub const NAME: &str = "api_keys";

pub struct ApiKeys;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub key: KeyId,
    pub terms: Terms,
    pub switch: Switch,
    pub issued_at: Timestamp,
    /// When it was last given a new secret, and until when the one before is served.
    pub rotation: Option<Rotation>,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub at: Timestamp,
    pub previous_until: Timestamp,
}

const COLUMNS: [Column; 17] = {
    let [budget_nanos, budget_period] = allowance::BUDGET;
    [
        Column::key("key", Kind::Text),
        Column::required("project", Kind::Text),
        // A user; null if it is the project's own.
        Column::nullable("owner", Kind::Text),
        Column::required("name", Kind::Text),
        Column::required("description", Kind::Text),
        // A JSON list of names; null for all models.
        Column::nullable("models", Kind::Text),
        Column::nullable("expires_at", Kind::BigInt),
        // Tokens; null if there is no end to them.
        Column::nullable("quota", Kind::BigInt),
        budget_nanos,
        budget_period,
        // JSON objects: what is limited, and the same by model.
        Column::required("limits", Kind::Text),
        Column::required("model_limits", Kind::Text),
        Column::required("enabled", Kind::Boolean),
        Column::required("issued_at", Kind::BigInt),
        Column::nullable("rotated_at", Kind::BigInt),
        Column::nullable("previous_until", Kind::BigInt),
        Column::nullable("revoked_at", Kind::BigInt),
    ]
};
static TABLE: Table =
    Table { name: NAME, columns: &COLUMNS, indexes: &[&["project", "key"], &["owner", "key"]] };

/// `$1`: the key. Answers with an [`ApiKey`].
pub static ONE: Statement = Statement {
    name: "api_keys.one",
    sql: "SELECT * FROM {api_keys} WHERE key = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

/// A key in a list, with what it has used; nothing if it never was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub key: ApiKey,
    pub tokens: u64,
    pub cost: Nanos,
    pub last_used_at: Option<Timestamp>,
}

/// What a key is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub key: KeyId,
    pub name: String,
}

const LISTED: [Kind; 20] = {
    let mut listed = [Kind::BigInt; 20];
    let (own, mut at) = (kinds(&COLUMNS), 0);
    while at < own.len() {
        listed[at] = own[at];
        at += 1;
    }
    listed
};

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Wanted {
        project: Option<ProjectId>,
        owner: Option<UserId>,
        /// As [`Status::as_str`] has it.
        status: Option<String>,
        /// When a key that expires has expired.
        now: Timestamp,
        /// A model's name, as JSON.
        allows: Option<String>,
        /// The id of a key.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Listed`] keys in the order of their ids.
pub static LIST: Statement = Statement {
    name: "api_keys.list",
    sql: "SELECT k.*, t.prompt_tokens + t.completion_tokens, t.cost_nanos, t.last_used_at \
          FROM {api_keys} AS k LEFT JOIN {tokens_by_key} AS t ON t.key = k.key \
          WHERE (CAST(:project AS TEXT) IS NULL OR k.project = :project) \
          AND (CAST(:owner AS TEXT) IS NULL OR k.owner = :owner) \
          AND (CAST(:status AS TEXT) IS NULL OR :status = CASE \
            WHEN k.revoked_at IS NOT NULL THEN 'revoked' \
            WHEN k.expires_at <= CAST(:now AS BIGINT) THEN 'expired' \
            WHEN k.enabled THEN 'active' ELSE 'disabled' END) \
          AND (CAST(:allows AS TEXT) IS NULL OR k.models IS NULL \
            OR REPLACE(k.models, :allows, '') <> k.models) \
          AND k.key > COALESCE(CAST(:after AS TEXT), '') ORDER BY k.key LIMIT :limit",
    parameters: Wanted::KINDS,
    names: Wanted::NAMES,
    columns: &LISTED,
};

/// [`MANY`] keys. Answers with each that there is as it is [`Named`].
pub static NAMES: Statement = Statement {
    name: "api_keys.names",
    sql: concat!("SELECT key, name FROM {api_keys} WHERE key IN (", one_of_many!(), ")"),
    parameters: &[Kind::Text; MANY],
    names: &[],
    columns: &[Kind::Text, Kind::Text],
};

impl Fold for ApiKeys {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 2;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["api_key."];
    type Row = ApiKey;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_key(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<ApiKey>, event: &Recorded) -> Option<ApiKey> {
        let (key, event) = of_key(event)?;
        match event {
            api_key::Event::Issued { digest: _, terms, at } => Some(ApiKey {
                key,
                terms: (**terms).clone(),
                switch: Switch::Enabled,
                issued_at: *at,
                rotation: None,
                revoked_at: None,
            }),
            api_key::Event::Described { .. }
            | api_key::Event::Allowed { .. }
            | api_key::Event::ExpiryChanged { .. }
            | api_key::Event::QuotaChanged { .. }
            | api_key::Event::BudgetChanged { .. }
            | api_key::Event::LimitsChanged { .. } => {
                row.map(|row| ApiKey { terms: row.terms.after(event), ..row })
            }
            api_key::Event::Enabled { at: _ } => {
                row.map(|row| ApiKey { switch: Switch::Enabled, ..row })
            }
            api_key::Event::Disabled { at: _ } => {
                row.map(|row| ApiKey { switch: Switch::Disabled, ..row })
            }
            api_key::Event::Rotated { digest: _, previous_until, at } => {
                let rotation = Some(Rotation { at: *at, previous_until: *previous_until });
                row.map(|row| ApiKey { rotation, ..row })
            }
            api_key::Event::Revoked { at } => {
                row.map(|row| ApiKey { revoked_at: Some(*at), ..row })
            }
        }
    }
}

/// What a key is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    Disabled,
    Expired,
    Revoked,
}

impl Status {
    /// As [`LIST`] has them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl ApiKey {
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked_at.is_some() {
            return Status::Revoked;
        }
        if self.terms.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Status::Expired;
        }
        match self.switch {
            Switch::Enabled => Status::Active,
            Switch::Disabled => Status::Disabled,
        }
    }
}

fn of_key(event: &Recorded) -> Option<(KeyId, &api_key::Event)> {
    match &event.envelope.event {
        Event::ApiKey(id, event) => Some((*id, event)),
        Event::Installation(..)
        | Event::Project(..)
        | Event::Model(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}
