//! Who is a member of which project, and in which role?
//!
//! Read by `GET /control/v1/projects/{project}/members`, and by control at each call to know what its caller may do.
//! One row for a user in a project, gone once the user is removed from it. A closed project keeps its members.

use uplion_domain::{
    Event, ProjectId, Timestamp, UserId,
    project::{self, Role},
};

use crate::{
    columns::{Columns, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "members";

pub struct Members;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub project: ProjectId,
    pub user: UserId,
    pub role: Role,
    pub added_at: Timestamp,
}

const COLUMNS: [Column; 4] = [
    Column::key("project", Kind::Text),
    // `user` alone is a reserved word.
    Column::key("user_id", Kind::Text),
    Column::required("role", Kind::Text),
    Column::required("added_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[&["user_id", "project"]] };

parameters! {
    /// What [`OF_PROJECT`] is asked with. None: all.
    OfProject {
        project: Option<ProjectId>,
        role: Option<String>,
        /// The id of a user.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Member`]s in the order of their ids.
pub static OF_PROJECT: Statement = Statement {
    name: "members.of_project",
    sql: "SELECT * FROM {members} WHERE project = :project \
          AND (CAST(:role AS TEXT) IS NULL OR role = :role) \
          AND user_id > COALESCE(CAST(:after AS TEXT), '') ORDER BY user_id LIMIT :limit",
    parameters: OfProject::KINDS,
    names: OfProject::NAMES,
    columns: &kinds(&COLUMNS),
};

/// `$1`: the user. Answers with a [`Member`] for each project, in the order of the projects' creation.
pub static OF_USER: Statement = Statement {
    name: "members.of_user",
    sql: "SELECT * FROM {members} WHERE user_id = $1 ORDER BY project",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

impl Fold for Members {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["project."];
    type Row = Member;

    fn key_of(event: &Recorded) -> Option<Key> {
        let (project, user, _) = of_member(event)?;
        Some(vec![text(project), text(user)])
    }

    fn fold_row(row: Option<Member>, event: &Recorded) -> Option<Member> {
        let (project, user, change) = of_member(event)?;
        match change {
            Change::Added(role, added_at) => Some(Member { project, user, role, added_at }),
            Change::Role(role) => row.map(|row| Member { role, ..row }),
            Change::Removed => None,
        }
    }
}

enum Change {
    Added(Role, Timestamp),
    Role(Role),
    Removed,
}

fn of_member(event: &Recorded) -> Option<(ProjectId, UserId, Change)> {
    let Event::Project(project, event) = &event.envelope.event else { return None };
    let (user, change) = match event {
        project::Event::MemberAdded { user, role, at } => (*user, Change::Added(*role, *at)),
        project::Event::MemberRoleChanged { user, role, at: _ } => (*user, Change::Role(*role)),
        project::Event::MemberRemoved { user, at: _ } => (*user, Change::Removed),
        project::Event::Created { .. }
        | project::Event::Renamed { .. }
        | project::Event::BudgetChanged { .. }
        | project::Event::LimitsChanged { .. }
        | project::Event::Suspended { .. }
        | project::Event::Resumed { .. }
        | project::Event::Closed { .. } => return None,
    };
    Some((*project, user, change))
}

impl TypedRow for Member {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            project: columns.parsed(),
            user: columns.parsed(),
            role: columns.parsed(),
            added_at: columns.time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { project, user, role, added_at } = self;
        vec![text(project), text(user), text(role), time(added_at)]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn members(events: impl IntoIterator<Item = project::Event>) -> Vec<(u128, Role)> {
        let project = ProjectId::new(Uuid::from_u128(1));
        let events = events.into_iter().map(|event| control(Event::Project(project, event)));
        let members: Vec<Member> = rows(&Members, events);
        members.into_iter().map(|row| (row.user.uuid().as_u128(), row.role)).collect()
    }

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    fn added(number: u128, role: Role) -> project::Event {
        project::Event::MemberAdded { user: user(number), role, at: START }
    }

    #[test]
    fn a_member_has_the_role_last_given() {
        let changed =
            project::Event::MemberRoleChanged { user: user(1), role: Role::Owner, at: seconds(1) };
        let members = members([added(1, Role::Member), added(2, Role::Member), changed]);
        assert_eq!(members, [(1, Role::Owner), (2, Role::Member)]);
    }

    #[test]
    fn who_was_removed_is_a_member_no_more_until_added_again() {
        let removed = || project::Event::MemberRemoved { user: user(1), at: seconds(1) };
        assert_eq!(members([added(1, Role::Owner), removed()]), []);
        let again = [added(1, Role::Owner), removed(), added(1, Role::Member)];
        assert_eq!(members(again), [(1, Role::Member)]);
    }

    #[test]
    fn what_else_happens_to_a_project_says_nothing_of_its_members() {
        let closed = project::Event::Closed { at: seconds(1) };
        assert_eq!(members([added(1, Role::Owner), closed]), [(1, Role::Owner)]);
    }
}
