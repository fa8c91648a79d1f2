//! Which API keys were issued, and what may they do?
//!
//! Read by `uplion key list` and `show`. One row a key, never deleted: bills name it for ever. Neither the secret nor
//! its digest is here; who has a secret asks the catalog.

use uplion_domain::{
    Event, KeyId, ProjectId, Timestamp,
    api_key::{self, Models},
};

use crate::{
    columns::{Columns, json, maybe_json, maybe_time, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, Value, kinds},
};

pub const NAME: &str = "api_keys";

pub struct ApiKeys;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub key: KeyId,
    pub project: ProjectId,
    pub name: String,
    pub models: Models,
    pub issued_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: [Column; 6] = [
    Column::key("key", Kind::Text),
    Column::required("project", Kind::Text),
    Column::required("name", Kind::Text),
    // A JSON list of names; null for all models.
    Column::nullable("models", Kind::Text),
    Column::required("issued_at", Kind::BigInt),
    Column::nullable("revoked_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[&["project", "key"]] };

/// `$1`: the key. Answers with an [`ApiKey`].
pub static ONE: Statement = Statement {
    name: "api_keys.one",
    sql: "SELECT * FROM {api_keys} WHERE key = $1",
    parameters: &[Kind::Text],
    columns: &kinds(&COLUMNS),
};

/// `$1`: only keys of this project; null for all. `$2`: a key, of which later ones are wanted; null from the first on.
/// `$3`: how many. Answers with [`ApiKey`]s in the order of their issue.
pub static LIST: Statement = Statement {
    name: "api_keys.list",
    sql: "SELECT * FROM {api_keys} \
          WHERE (CAST($1 AS TEXT) IS NULL OR project = $1) \
          AND key > COALESCE(CAST($2 AS TEXT), '') ORDER BY key LIMIT $3",
    parameters: &[Kind::Text, Kind::Text, Kind::BigInt],
    columns: &kinds(&COLUMNS),
};

impl Fold for ApiKeys {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    type Row = ApiKey;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_key(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<ApiKey>, event: &Recorded) -> Option<ApiKey> {
        let (key, event) = of_key(event)?;
        match event {
            api_key::Event::Issued { project, name, digest: _, models, at } => Some(ApiKey {
                key,
                project: *project,
                name: name.clone(),
                models: models.clone(),
                issued_at: *at,
                revoked_at: None,
            }),
            api_key::Event::Allowed { models, at: _ } => {
                row.map(|row| ApiKey { models: models.clone(), ..row })
            }
            api_key::Event::Revoked { at } => {
                row.map(|row| ApiKey { revoked_at: Some(*at), ..row })
            }
        }
    }
}

fn of_key(event: &Recorded) -> Option<(KeyId, &api_key::Event)> {
    match &event.envelope.event {
        Event::ApiKey(id, event) => Some((*id, event)),
        Event::Project(..)
        | Event::Model(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

impl TypedRow for ApiKey {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            key: columns.parsed(),
            project: columns.parsed(),
            name: columns.text(),
            models: maybe_json(columns).map_or(Models::All, |names: Vec<String>| {
                Models::Only(names.iter().map(|name| columns.read(name)).collect())
            }),
            issued_at: columns.time(),
            revoked_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { key, project, name, models, issued_at, revoked_at } = self;
        let models = match models {
            Models::All => Value::Null,
            Models::Only(models) => {
                json(&models.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
        };
        let (issued_at, revoked_at) = (time(issued_at), maybe_time(revoked_at));
        vec![text(key), text(project), text(name), models, issued_at, revoked_at]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::KeyDigest;
    use uuid::Uuid;

    use super::*;
    use crate::story::{START, control, rows, seconds, table};

    const SECRET: &str = "sk-uplion-secret";

    fn keys(events: impl IntoIterator<Item = api_key::Event>) -> Vec<ApiKey> {
        let id = KeyId::new(Uuid::from_u128(2));
        rows(&ApiKeys, events.into_iter().map(|event| control(Event::ApiKey(id, event))))
    }

    fn issued() -> api_key::Event {
        api_key::Event::Issued {
            project: ProjectId::new(Uuid::from_u128(1)),
            name: "ci".into(),
            digest: KeyDigest::of(SECRET),
            models: Models::All,
            at: START,
        }
    }

    #[test]
    fn a_key_may_do_what_it_was_last_allowed() {
        let only = || Models::Only(["org/a", "b"].map(|name| name.parse().unwrap()).into());
        assert_eq!(keys([issued()])[0].models, Models::All);
        let allowed = api_key::Event::Allowed { models: only(), at: seconds(1) };
        assert_eq!(keys([issued(), allowed])[0].models, only());
    }

    #[test]
    fn a_revoked_key_stays_in_the_list() {
        let keys = keys([issued(), api_key::Event::Revoked { at: seconds(1) }]);
        assert_eq!((keys[0].issued_at, keys[0].revoked_at), (START, Some(seconds(1))));
    }

    #[test]
    fn neither_secret_nor_digest_is_in_the_table() {
        let id = KeyId::new(Uuid::from_u128(2));
        let table = format!("{:?}", table(&ApiKeys, [control(Event::ApiKey(id, issued()))]));
        assert!(!table.contains(SECRET));
        assert!(!table.contains(&KeyDigest::of(SECRET).to_string()));
    }
}
