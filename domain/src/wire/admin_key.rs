//! The events of admin keys, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    AdminKeyId, Event, Timestamp,
    admin_key::Event::{Issued, Revoked},
};

const ISSUED: &str = "uplion.admin_key.issued.v1";
const REVOKED: &str = "uplion.admin_key.revoked.v1";

pub const READERS: Readers = &[(ISSUED, issued), (REVOKED, revoked)];

#[derive(Serialize, Deserialize)]
struct IssuedV1 {
    admin_key: String,
    name: String,
    /// SHA-256 of the secret, hexadecimal.
    digest: String,
    access: String,
    /// Microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct AdminKeyV1 {
    admin_key: String,
}

pub fn encode(id: AdminKeyId, event: &crate::admin_key::Event) -> (&'static str, Vec<u8>) {
    let admin_key = id.to_string();
    match event {
        Issued { name, digest, access, expires_at, at: _ } => {
            let (name, digest, access) = (name.clone(), digest.to_string(), access.to_string());
            let expires_at = expires_at.map(Timestamp::micros);
            (ISSUED, json(&IssuedV1 { admin_key, name, digest, access, expires_at }))
        }
        Revoked { at: _ } => (REVOKED, json(&AdminKeyV1 { admin_key })),
    }
}

fn issued(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let IssuedV1 { admin_key, name, digest, access, expires_at } = shape(payload)?;
    let (digest, access) = (parsed(&digest)?, parsed(&access)?);
    let expires_at = expires_at.map(Timestamp::from_micros);
    Ok(Event::AdminKey(parsed(&admin_key)?, Issued { name, digest, access, expires_at, at }))
}

fn revoked(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AdminKeyV1 { admin_key } = shape(payload)?;
    Ok(Event::AdminKey(parsed(&admin_key)?, Revoked { at }))
}
