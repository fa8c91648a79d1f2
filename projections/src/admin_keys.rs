//! Which admin keys were issued, and which may still do something?
//!
//! Read by `GET /control/v1/admin-keys`. One row a key, never deleted: events name it for ever. Neither the secret nor its
//! digest is here.

use uplion_domain::{AdminKeyId, Event, Timestamp, admin_key, user::Access};

use crate::{
    columns::{Columns, maybe_time, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "admin_keys";

pub struct AdminKeys;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    pub admin_key: AdminKeyId,
    pub name: String,
    pub access: Access,
    /// None: never.
    pub expires_at: Option<Timestamp>,
    pub issued_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: [Column; 6] = [
    Column::key("admin_key", Kind::Text),
    Column::required("name", Kind::Text),
    Column::required("access", Kind::Text),
    Column::nullable("expires_at", Kind::BigInt),
    Column::required("issued_at", Kind::BigInt),
    Column::nullable("revoked_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

parameters! {
    /// What [`LIST`] is asked with. None: from the first on.
    Listed {
        /// The id of an admin key.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`AdminKey`]s in the order of their ids.
pub static LIST: Statement = Statement {
    name: "admin_keys.list",
    sql: "SELECT * FROM {admin_keys} WHERE admin_key > COALESCE(CAST(:after AS TEXT), '') \
          ORDER BY admin_key LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for AdminKeys {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["admin_key."];
    type Row = AdminKey;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_admin_key(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<AdminKey>, event: &Recorded) -> Option<AdminKey> {
        let (admin_key, event) = of_admin_key(event)?;
        match event {
            admin_key::Event::Issued { name, digest: _, access, expires_at, at } => {
                Some(AdminKey {
                    admin_key,
                    name: name.clone(),
                    access: *access,
                    expires_at: *expires_at,
                    issued_at: *at,
                    revoked_at: None,
                })
            }
            admin_key::Event::Revoked { at } => {
                row.map(|row| AdminKey { revoked_at: Some(*at), ..row })
            }
        }
    }
}

fn of_admin_key(event: &Recorded) -> Option<(AdminKeyId, &admin_key::Event)> {
    if let Event::AdminKey(id, event) = &event.envelope.event { Some((*id, event)) } else { None }
}

impl TypedRow for AdminKey {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            admin_key: columns.parsed(),
            name: columns.text(),
            access: columns.parsed(),
            expires_at: columns.maybe_time(),
            issued_at: columns.time(),
            revoked_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { admin_key, name, access, expires_at, issued_at, revoked_at } = self;
        vec![
            text(admin_key),
            text(name),
            text(access),
            maybe_time(expires_at),
            time(issued_at),
            maybe_time(revoked_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::KeyDigest;
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds, table};

    fn history() -> [uplion_domain::Envelope; 2] {
        let id = AdminKeyId::new(Uuid::from_u128(1));
        let (name, digest) = ("terraform".into(), KeyDigest::of("secret"));
        let (access, expires_at) = (Access::Auditor, Some(seconds(60)));
        let issued = admin_key::Event::Issued { name, digest, access, expires_at, at: START };
        let revoked = admin_key::Event::Revoked { at: seconds(1) };
        [issued, revoked].map(|event| control(Event::AdminKey(id, event)))
    }

    #[test]
    fn a_revoked_admin_key_stays_in_the_list() {
        let keys: Vec<AdminKey> = rows(&AdminKeys, history());
        assert_eq!((&*keys[0].name, keys[0].revoked_at), ("terraform", Some(seconds(1))));
        assert_eq!((keys[0].access, keys[0].expires_at), (Access::Auditor, Some(seconds(60))));
    }

    #[test]
    fn not_even_the_secrets_digest_is_in_a_row() {
        let rows = format!("{:?}", table(&AdminKeys, history()));
        assert!(!rows.contains(&KeyDigest::of("secret").to_string()));
    }
}
