//! The events of users, as they are written: nothing personal is in them.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, Timestamp, UserId,
    user::Event::{
        AccessChanged, DetailsChanged, Disabled, Enabled, Erased, PasswordChanged, Registered,
    },
};

const REGISTERED: &str = "uplion.user.registered.v1";
const ACCESS_CHANGED: &str = "uplion.user.access_changed.v1";
const DETAILS_CHANGED: &str = "uplion.user.details_changed.v1";
const PASSWORD_CHANGED: &str = "uplion.user.password_changed.v1";
const DISABLED: &str = "uplion.user.disabled.v1";
const ENABLED: &str = "uplion.user.enabled.v1";
const ERASED: &str = "uplion.user.erased.v1";

pub const READERS: Readers = &[
    (REGISTERED, registered),
    (ACCESS_CHANGED, access_changed),
    (DETAILS_CHANGED, |payload, at| user(payload, DetailsChanged { at })),
    (PASSWORD_CHANGED, |payload, at| user(payload, PasswordChanged { at })),
    (DISABLED, |payload, at| user(payload, Disabled { at })),
    (ENABLED, |payload, at| user(payload, Enabled { at })),
    (ERASED, |payload, at| user(payload, Erased { at })),
];

#[derive(Serialize, Deserialize)]
struct RegisteredV1 {
    user: String,
    access: String,
    sign_in: String,
}

#[derive(Serialize, Deserialize)]
struct AccessV1 {
    user: String,
    access: String,
}

#[derive(Serialize, Deserialize)]
struct UserV1 {
    user: String,
}

pub fn encode(id: UserId, event: &crate::user::Event) -> (&'static str, Vec<u8>) {
    let user = id.to_string();
    match event {
        Registered { access, sign_in, at: _ } => {
            let (access, sign_in) = (access.to_string(), sign_in.to_string());
            (REGISTERED, json(&RegisteredV1 { user, access, sign_in }))
        }
        AccessChanged { access, at: _ } => {
            (ACCESS_CHANGED, json(&AccessV1 { user, access: access.to_string() }))
        }
        DetailsChanged { at: _ } => (DETAILS_CHANGED, json(&UserV1 { user })),
        PasswordChanged { at: _ } => (PASSWORD_CHANGED, json(&UserV1 { user })),
        Disabled { at: _ } => (DISABLED, json(&UserV1 { user })),
        Enabled { at: _ } => (ENABLED, json(&UserV1 { user })),
        Erased { at: _ } => (ERASED, json(&UserV1 { user })),
    }
}

fn registered(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let RegisteredV1 { user, access, sign_in } = shape(payload)?;
    let (access, sign_in) = (parsed(&access)?, parsed(&sign_in)?);
    Ok(Event::User(parsed(&user)?, Registered { access, sign_in, at }))
}

fn access_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let AccessV1 { user, access } = shape(payload)?;
    Ok(Event::User(parsed(&user)?, AccessChanged { access: parsed(&access)?, at }))
}

fn user(payload: &[u8], event: crate::user::Event) -> Result<Event, serde_json::Error> {
    let UserV1 { user } = shape(payload)?;
    Ok(Event::User(parsed(&user)?, event))
}
