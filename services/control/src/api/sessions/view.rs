//! Sessions and those who have them, as callers read them.

use poem_openapi::Object;
use uplion_domain::SessionId;
use uplion_projections::sessions;

// No `Debug` on what is known of a person: it would be one slip away from a log line.

/// Who calls, and what it is to whom.
#[derive(Object)]
pub struct CurrentSession {
    /// As events name it: a user's or an admin key's id, or `admin` for the installation's first admin key.
    pub actor: String,
    /// `admin`, `auditor` or `none`: in the whole installation.
    pub access: String,
    /// Null for a key.
    pub user: Option<CurrentUser>,
    /// By the project's id.
    pub memberships: Vec<Membership>,
    /// The session's id; null for a key.
    pub session: Option<String>,
}

#[derive(Object)]
pub struct CurrentUser {
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Object)]
pub struct Membership {
    pub project: String,
    pub project_name: Option<String>,
    /// `owner` or `member`.
    pub role: String,
}

/// Somebody who is signed in, from one place.
#[derive(Debug, Object)]
#[oai(rename = "Session")]
pub struct SessionView {
    id: String,
    user: String,
    opened_at: String,
    expires_at: String,
    /// The one that this was asked with.
    current: bool,
}

impl SessionView {
    pub fn of(row: &sessions::Session, current: Option<SessionId>) -> Self {
        let sessions::Session { session, user, opened_at, expires_at } = row;
        Self {
            id: session.to_string(),
            user: user.to_string(),
            opened_at: opened_at.to_string(),
            expires_at: expires_at.to_string(),
            current: current == Some(*session),
        }
    }
}
