//! Which sessions are open?
//!
//! Read by `GET /control/v1/sessions`. One row a session until it is closed; one that expired unclosed stays, and is not
//! listed. Whether a session is still good is never asked here, but of its own history: this may be behind.

use uplion_domain::{Event, SessionId, Timestamp, UserId, session};

use crate::{
    columns::{Columns, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "sessions";

pub struct Sessions;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub session: SessionId,
    pub user: UserId,
    pub opened_at: Timestamp,
    pub expires_at: Timestamp,
}

const COLUMNS: [Column; 4] = [
    Column::key("session", Kind::Text),
    // `user` alone is a reserved word.
    Column::required("user_id", Kind::Text),
    Column::required("opened_at", Kind::BigInt),
    Column::required("expires_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[&["user_id", "session"]] };

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Listed {
        user: Option<UserId>,
        /// Only those that have not expired at this time.
        open_at: Timestamp,
        /// The id of a session.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with open [`Session`]s in the order of their ids.
pub static LIST: Statement = Statement {
    name: "sessions.list",
    sql: "SELECT * FROM {sessions} \
          WHERE (CAST(:user AS TEXT) IS NULL OR user_id = :user) AND expires_at > :open_at \
          AND session > COALESCE(CAST(:after AS TEXT), '') ORDER BY session LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Sessions {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["session."];
    type Row = Session;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_session(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(_row: Option<Session>, event: &Recorded) -> Option<Session> {
        let (session, event) = of_session(event)?;
        match event {
            session::Event::Opened { user, digest: _, expires_at, at } => {
                Some(Session { session, user: *user, opened_at: *at, expires_at: *expires_at })
            }
            session::Event::Closed { .. } => None,
        }
    }
}

fn of_session(event: &Recorded) -> Option<(SessionId, &session::Event)> {
    if let Event::Session(id, event) = &event.envelope.event { Some((*id, event)) } else { None }
}

impl TypedRow for Session {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            session: columns.parsed(),
            user: columns.parsed(),
            opened_at: columns.time(),
            expires_at: columns.time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { session, user, opened_at, expires_at } = self;
        vec![text(session), text(user), time(opened_at), time(expires_at)]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::KeyDigest;
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn session(number: u128, event: session::Event) -> Event {
        Event::Session(SessionId::new(Uuid::from_u128(number)), event)
    }

    fn opened(number: u128) -> Event {
        let (user, digest) = (UserId::new(Uuid::from_u128(1)), KeyDigest::of("secret"));
        let opened = session::Event::Opened { user, digest, expires_at: seconds(60), at: START };
        session(number, opened)
    }

    #[test]
    fn an_open_session_is_listed_until_it_is_closed() {
        let closed =
            session(1, session::Event::Closed { why: session::Why::SignedOut, at: seconds(1) });
        let sessions: Vec<Session> = rows(&Sessions, [opened(1), opened(2), closed].map(control));
        let ids: Vec<_> = sessions.iter().map(|row| row.session.uuid().as_u128()).collect();
        assert_eq!(ids, [2]);
        assert_eq!((sessions[0].opened_at, sessions[0].expires_at), (START, seconds(60)));
    }
}
