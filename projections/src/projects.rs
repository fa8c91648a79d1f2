//! Which projects are there?
//!
//! Read by `uplion project list` and `show`. One row a project, never deleted: bills name it for ever.

use uplion_domain::{Budget, Event, Limits, ProjectId, Timestamp, UserId, project};

use crate::{
    allowance::{self, BUDGET},
    columns::{Columns, count, maybe_time, text, time},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::{MANY, Statement, one_of_many},
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "projects";

pub struct Projects;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub project: ProjectId,
    pub name: String,
    /// How many; who they are is in [`crate::members`].
    pub members: u64,
    pub budget: Option<Budget>,
    pub limits: Limits,
    pub created_at: Timestamp,
    /// None while its keys are served.
    pub suspended_at: Option<Timestamp>,
    /// None while it is open.
    pub closed_at: Option<Timestamp>,
}

/// What a project is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub project: ProjectId,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Open,
    Suspended,
    Closed,
}

const COLUMNS: [Column; 9] = [
    Column::key("project", Kind::Text),
    Column::required("name", Kind::Text),
    Column::required("members", Kind::BigInt),
    BUDGET[0],
    BUDGET[1],
    // A JSON object of what is limited.
    Column::required("limits", Kind::Text),
    Column::required("created_at", Kind::BigInt),
    Column::nullable("suspended_at", Kind::BigInt),
    Column::nullable("closed_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the project. Answers with a [`Project`].
pub static ONE: Statement = Statement {
    name: "projects.one",
    sql: "SELECT * FROM {projects} WHERE project = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`LIST`] is asked with. None: all.
    Listed {
        status: Option<String>,
        /// Only those that this user is a member of.
        member: Option<UserId>,
        /// The id of a project.
        after: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Project`]s in the order of their creation.
pub static LIST: Statement = Statement {
    name: "projects.list",
    sql: "SELECT * FROM {projects} AS listed \
          WHERE (CAST(:status AS TEXT) IS NULL OR :status = CASE WHEN closed_at IS NOT NULL THEN 'closed' \
          WHEN suspended_at IS NOT NULL THEN 'suspended' ELSE 'open' END) \
          AND (CAST(:member AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM {members} AS belonging \
          WHERE belonging.project = listed.project AND belonging.user_id = :member)) \
          AND project > COALESCE(CAST(:after AS TEXT), '') ORDER BY project LIMIT :limit",
    parameters: Listed::KINDS,
    names: Listed::NAMES,
    columns: &kinds(&COLUMNS),
};

/// [`MANY`] projects. Answers with each that there is as it is [`Named`].
pub static NAMES: Statement = Statement {
    name: "projects.names",
    sql: concat!("SELECT project, name FROM {projects} WHERE project IN (", one_of_many!(), ")"),
    parameters: &[Kind::Text; MANY],
    names: &[],
    columns: &[Kind::Text, Kind::Text],
};

impl Fold for Projects {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 2;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["project."];
    type Row = Project;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_project(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<Project>, event: &Recorded) -> Option<Project> {
        let (project, event) = of_project(event)?;
        match event {
            project::Event::Created { name, at } => Some(Project::created(project, name, *at)),
            project::Event::Renamed { name, at: _ } => {
                row.map(|row| Project { name: name.clone(), ..row })
            }
            project::Event::MemberAdded { .. } => {
                row.map(|row| Project { members: row.members + 1, ..row })
            }
            project::Event::MemberRoleChanged { .. } => row,
            project::Event::MemberRemoved { .. } => {
                row.map(|row| Project { members: row.members.saturating_sub(1), ..row })
            }
            project::Event::BudgetChanged { budget, at: _ } => {
                row.map(|row| Project { budget: *budget, ..row })
            }
            project::Event::LimitsChanged { limits, at: _ } => {
                row.map(|row| Project { limits: *limits, ..row })
            }
            project::Event::Suspended { at } => {
                row.map(|row| Project { suspended_at: Some(*at), ..row })
            }
            project::Event::Resumed { at: _ } => {
                row.map(|row| Project { suspended_at: None, ..row })
            }
            project::Event::Closed { at } => row.map(|row| Project { closed_at: Some(*at), ..row }),
        }
    }
}

fn of_project(event: &Recorded) -> Option<(ProjectId, &project::Event)> {
    if let Event::Project(id, event) = &event.envelope.event { Some((*id, event)) } else { None }
}

impl Project {
    fn created(project: ProjectId, name: &str, created_at: Timestamp) -> Self {
        Self {
            project,
            name: name.to_owned(),
            members: 0,
            budget: None,
            limits: Limits::NONE,
            created_at,
            suspended_at: None,
            closed_at: None,
        }
    }

    pub const fn status(&self) -> Status {
        match (self.closed_at, self.suspended_at) {
            (Some(_), _) => Status::Closed,
            (None, Some(_)) => Status::Suspended,
            (None, None) => Status::Open,
        }
    }
}

impl Status {
    /// As [`LIST`] knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

impl Named {
    /// # Panics
    /// If the row is not one of [`NAMES`].
    pub fn from_row(row: Row) -> Self {
        let mut columns = Columns::new(row);
        let named = Self { project: columns.parsed(), name: columns.text() };
        columns.end();
        named
    }
}

impl TypedRow for Project {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            project: columns.parsed(),
            name: columns.text(),
            members: columns.count(),
            budget: allowance::budget_from(columns),
            limits: allowance::limits_from(columns),
            created_at: columns.time(),
            suspended_at: columns.maybe_time(),
            closed_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { project, name, members, budget, limits, created_at, suspended_at, closed_at } =
            self;
        let mut row = vec![text(project), text(name), count(members)];
        allowance::extend(&mut row, budget);
        row.extend([
            allowance::limits(limits),
            time(created_at),
            maybe_time(suspended_at),
            maybe_time(closed_at),
        ]);
        row
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{Nanos, UserId, budget::Period, project::Role};
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows, seconds};

    fn projects(events: impl IntoIterator<Item = project::Event>) -> Vec<Project> {
        let id = ProjectId::new(Uuid::from_u128(1));
        rows(&Projects, events.into_iter().map(|event| control(Event::Project(id, event))))
    }

    fn created() -> project::Event {
        project::Event::Created { name: "physics".into(), at: START }
    }

    #[test]
    fn a_project_goes_by_its_latest_name() {
        let renamed = project::Event::Renamed { name: "optics".into(), at: seconds(1) };
        let projects = projects([created(), renamed]);
        assert_eq!((&*projects[0].name, projects[0].created_at), ("optics", START));
    }

    #[test]
    fn a_closed_project_stays_in_the_list() {
        let suspended = project::Event::Suspended { at: seconds(1) };
        let projects = projects([created(), suspended, project::Event::Closed { at: seconds(2) }]);
        assert_eq!(projects[0].closed_at, Some(seconds(2)));
        assert_eq!(projects[0].status(), Status::Closed);
    }

    #[test]
    fn members_are_counted() {
        let user = |number| UserId::new(Uuid::from_u128(number));
        let added = |number| project::Event::MemberAdded {
            user: user(number),
            role: Role::Member,
            at: START,
        };
        let role = Role::Owner;
        let changed = project::Event::MemberRoleChanged { user: user(1), role, at: START };
        let removed = project::Event::MemberRemoved { user: user(2), at: START };
        let projects = projects([created(), added(1), added(2), added(3), changed, removed]);
        assert_eq!(projects[0].members, 2);
    }

    #[test]
    fn a_project_has_the_budget_and_the_limits_last_given() {
        let budget = |nanos| Some(Budget { amount: Nanos::new(nanos), period: Period::Month });
        let budget = |nanos| project::Event::BudgetChanged { budget: budget(nanos), at: START };
        let limits = Limits { parallel_requests: Some(4), ..Limits::NONE };
        let limited = project::Event::LimitsChanged { limits, at: START };
        let known = projects([created(), budget(1), budget(2), limited.clone()]);
        assert_eq!(known[0].budget.map(|budget| budget.amount), Some(Nanos::new(2)));
        assert_eq!(known[0].limits, limits);
        let taken_away = project::Event::BudgetChanged { budget: None, at: START };
        assert_eq!(projects([created(), budget(1), taken_away, limited])[0].budget, None);
    }

    #[test]
    fn a_resumed_project_is_open() {
        let suspended = || project::Event::Suspended { at: seconds(1) };
        assert_eq!(projects([created(), suspended()])[0].status(), Status::Suspended);
        let resumed = project::Event::Resumed { at: seconds(2) };
        assert_eq!(projects([created(), suspended(), resumed])[0].status(), Status::Open);
    }
}
