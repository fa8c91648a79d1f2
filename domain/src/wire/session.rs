//! The events of sessions, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, SessionId, Timestamp,
    session::Event::{Closed, Opened},
};

const OPENED: &str = "uplion.session.opened.v1";
const CLOSED: &str = "uplion.session.closed.v1";

pub const READERS: Readers = &[(OPENED, opened), (CLOSED, closed)];

#[derive(Serialize, Deserialize)]
struct OpenedV1 {
    session: String,
    user: String,
    /// SHA-256 of the secret, hexadecimal.
    digest: String,
    /// Microseconds since 1970.
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ClosedV1 {
    session: String,
    why: String,
}

pub fn encode(id: SessionId, event: &crate::session::Event) -> (&'static str, Vec<u8>) {
    let session = id.to_string();
    match event {
        Opened { user, digest, expires_at, at: _ } => {
            let (user, digest, expires_at) =
                (user.to_string(), digest.to_string(), expires_at.micros());
            (OPENED, json(&OpenedV1 { session, user, digest, expires_at }))
        }
        Closed { why, at: _ } => (CLOSED, json(&ClosedV1 { session, why: why.to_string() })),
    }
}

fn opened(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let OpenedV1 { session, user, digest, expires_at } = shape(payload)?;
    let (user, digest) = (parsed(&user)?, parsed(&digest)?);
    let expires_at = Timestamp::from_micros(expires_at);
    Ok(Event::Session(parsed(&session)?, Opened { user, digest, expires_at, at }))
}

fn closed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ClosedV1 { session, why } = shape(payload)?;
    Ok(Event::Session(parsed(&session)?, Closed { why: parsed(&why)?, at }))
}
