//! The events of API keys, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, KeyId, Timestamp,
    api_key::{
        self,
        Event::{Allowed, Issued, Revoked},
        Models,
    },
};

const ISSUED: &str = "uplion.api_key.issued.v1";
const ALLOWED: &str = "uplion.api_key.allowed.v1";
const REVOKED: &str = "uplion.api_key.revoked.v1";

pub const READERS: Readers = &[(ISSUED, issued), (ALLOWED, allowed), (REVOKED, revoked)];

#[derive(Serialize, Deserialize)]
struct IssuedV1 {
    key: String,
    project: String,
    name: String,
    /// SHA-256 of the secret, hexadecimal.
    digest: String,
    /// None: all models.
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct AllowedV1 {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct KeyV1 {
    key: String,
}

pub fn encode(id: KeyId, event: &api_key::Event) -> (&'static str, Vec<u8>) {
    let key = id.to_string();
    match event {
        Issued { project, name, digest, models, at: _ } => {
            let (project, digest) = (project.to_string(), digest.to_string());
            let (name, models) = (name.clone(), texts(models));
            (ISSUED, json(&IssuedV1 { key, project, name, digest, models }))
        }
        Allowed { models, at: _ } => (ALLOWED, json(&AllowedV1 { key, models: texts(models) })),
        Revoked { at: _ } => (REVOKED, json(&KeyV1 { key })),
    }
}

fn issued(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let IssuedV1 { key, project, name, digest, models } = shape(payload)?;
    let (project, digest, models) = (parsed(&project)?, parsed(&digest)?, names(models)?);
    Ok(Event::ApiKey(parsed(&key)?, Issued { project, name, digest, models, at }))
}

fn allowed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AllowedV1 { key, models } = shape(payload)?;
    Ok(Event::ApiKey(parsed(&key)?, Allowed { models: names(models)?, at }))
}

fn revoked(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let KeyV1 { key } = shape(payload)?;
    Ok(Event::ApiKey(parsed(&key)?, Revoked { at }))
}

fn texts(models: &Models) -> Option<Vec<String>> {
    match models {
        Models::All => None,
        Models::Only(models) => Some(models.iter().map(ToString::to_string).collect()),
    }
}

fn names(models: Option<Vec<String>>) -> Result<Models, serde_json::Error> {
    match models {
        None => Ok(Models::All),
        Some(models) => {
            models.iter().map(|name| parsed(name)).collect::<Result<_, _>>().map(Models::Only)
        }
    }
}
