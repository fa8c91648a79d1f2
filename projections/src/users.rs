//! Which users are there, what may they do, and may they sign in?
//!
//! Read by `GET /control/v1/users`. One row a user, never deleted: events name them for ever. Nothing personal is here;
//! who may see names and addresses is shown them from the table of people.

use uplion_domain::{
    Event, Timestamp, UserId,
    user::{self, Access, SignIn},
};

use crate::{
    columns::{Columns, maybe_time, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "users";

pub struct Users;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub user: UserId,
    pub access: Access,
    pub sign_in: SignIn,
    pub registered_at: Timestamp,
    /// None if the one that came with the registration was never changed.
    pub password_changed_at: Option<Timestamp>,
    /// None while the user may sign in.
    pub disabled_at: Option<Timestamp>,
    pub erased_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    Disabled,
    Erased,
}

const COLUMNS: [Column; 7] = [
    // `user` alone is a reserved word.
    Column::key("user_id", Kind::Text),
    Column::required("access", Kind::Text),
    Column::required("sign_in", Kind::Text),
    Column::required("registered_at", Kind::BigInt),
    Column::nullable("password_changed_at", Kind::BigInt),
    Column::nullable("disabled_at", Kind::BigInt),
    Column::nullable("erased_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the user. Answers with a [`User`].
pub static ONE: Statement = Statement {
    name: "users.one",
    sql: "SELECT * FROM {users} WHERE user_id = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Listed {
        user: Option<UserId>,
        access: Option<String>,
        status: Option<String>,
        /// The id of a user.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`User`]s in the order of their ids.
pub static LIST: Statement = Statement {
    name: "users.list",
    sql: "SELECT * FROM {users} \
          WHERE (CAST(:user AS TEXT) IS NULL OR user_id = :user) \
          AND (CAST(:access AS TEXT) IS NULL OR access = :access) \
          AND (CAST(:status AS TEXT) IS NULL OR :status = CASE WHEN erased_at IS NOT NULL THEN 'erased' \
          WHEN disabled_at IS NOT NULL THEN 'disabled' ELSE 'active' END) \
          AND user_id > COALESCE(CAST(:after AS TEXT), '') ORDER BY user_id LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Users {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["user."];
    type Row = User;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_user(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<User>, event: &Recorded) -> Option<User> {
        let (user, event) = of_user(event)?;
        match event {
            user::Event::Registered { access, sign_in, at } => Some(User {
                user,
                access: *access,
                sign_in: *sign_in,
                registered_at: *at,
                password_changed_at: None,
                disabled_at: None,
                erased_at: None,
            }),
            user::Event::AccessChanged { access, at: _ } => {
                row.map(|row| User { access: *access, ..row })
            }
            user::Event::DetailsChanged { at: _ } => row,
            user::Event::PasswordChanged { at } => row.map(|row| User {
                sign_in: SignIn::Password,
                password_changed_at: Some(*at),
                ..row
            }),
            user::Event::Disabled { at } => row.map(|row| User { disabled_at: Some(*at), ..row }),
            user::Event::Enabled { at: _ } => row.map(|row| User { disabled_at: None, ..row }),
            user::Event::Erased { at } => row.map(|row| User { erased_at: Some(*at), ..row }),
        }
    }
}

fn of_user(event: &Recorded) -> Option<(UserId, &user::Event)> {
    if let Event::User(id, event) = &event.envelope.event { Some((*id, event)) } else { None }
}

impl User {
    pub const fn status(&self) -> Status {
        match (self.erased_at, self.disabled_at) {
            (Some(_), _) => Status::Erased,
            (None, Some(_)) => Status::Disabled,
            (None, None) => Status::Active,
        }
    }
}

impl Status {
    /// As [`LIST`] knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Erased => "erased",
        }
    }
}

impl TypedRow for User {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            user: columns.parsed(),
            access: columns.parsed(),
            sign_in: columns.parsed(),
            registered_at: columns.time(),
            password_changed_at: columns.maybe_time(),
            disabled_at: columns.maybe_time(),
            erased_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self {
            user,
            access,
            sign_in,
            registered_at,
            password_changed_at,
            disabled_at,
            erased_at,
        } = self;
        vec![
            text(user),
            text(access),
            text(sign_in),
            time(registered_at),
            maybe_time(password_changed_at),
            maybe_time(disabled_at),
            maybe_time(erased_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn user(events: impl IntoIterator<Item = user::Event>) -> User {
        let id = UserId::new(Uuid::from_u128(1));
        let registered =
            user::Event::Registered { access: Access::None, sign_in: SignIn::None, at: START };
        let events = std::iter::once(registered).chain(events);
        let rows = rows(&Users, events.map(|event| control(Event::User(id, event))));
        <[User; 1]>::try_from(rows).unwrap().into_iter().next().unwrap()
    }

    #[test]
    fn a_user_has_the_access_last_given() {
        let access = |access| user::Event::AccessChanged { access, at: seconds(1) };
        let user = user([access(Access::Admin), access(Access::Auditor)]);
        assert_eq!((user.access, user.status()), (Access::Auditor, Status::Active));
    }

    #[test]
    fn who_is_enabled_again_may_sign_in_again() {
        let disabled = || user::Event::Disabled { at: seconds(1) };
        assert_eq!(user([disabled()]).status(), Status::Disabled);
        let enabled = user::Event::Enabled { at: seconds(2) };
        assert_eq!(user([disabled(), enabled]).status(), Status::Active);
    }

    #[test]
    fn who_was_given_a_password_signs_in_with_it() {
        let changed = user::Event::PasswordChanged { at: seconds(1) };
        let user = user([changed, user::Event::DetailsChanged { at: seconds(2) }]);
        assert_eq!(user.sign_in, SignIn::Password);
        assert_eq!(user.password_changed_at, Some(seconds(1)));
    }

    #[test]
    fn an_erased_user_stays_in_the_list_as_an_id() {
        let erased = user::Event::Erased { at: seconds(2) };
        let user = user([user::Event::Disabled { at: seconds(1) }, erased]);
        assert_eq!((user.status(), user.erased_at), (Status::Erased, Some(seconds(2))));
    }
}
