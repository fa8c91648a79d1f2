//! Which projects are there?
//!
//! Read by `uplion project list` and `show`. One row a project, never deleted: bills name it for ever.

use uplion_domain::{Event, ProjectId, Timestamp, project};

use crate::{
    columns::{Columns, maybe_time, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "projects";

pub struct Projects;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub project: ProjectId,
    pub name: String,
    pub created_at: Timestamp,
    /// None while it is open.
    pub closed_at: Option<Timestamp>,
}

const COLUMNS: [Column; 4] = [
    Column::key("project", Kind::Text),
    Column::required("name", Kind::Text),
    Column::required("created_at", Kind::BigInt),
    Column::nullable("closed_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the project. Answers with a [`Project`].
pub static ONE: Statement = Statement {
    name: "projects.one",
    sql: "SELECT * FROM {projects} WHERE project = $1",
    parameters: &[Kind::Text],
    columns: &kinds(&COLUMNS),
};

/// `$1`: a project, of which later ones are wanted; null from the first on. `$2`: how many.
/// Answers with [`Project`]s in the order of their creation.
pub static LIST: Statement = Statement {
    name: "projects.list",
    sql: "SELECT * FROM {projects} WHERE project > COALESCE(CAST($1 AS TEXT), '') \
          ORDER BY project LIMIT $2",
    parameters: &[Kind::Text, Kind::BigInt],
    columns: &kinds(&COLUMNS),
};

impl Fold for Projects {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    type Row = Project;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_project(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<Project>, event: &Recorded) -> Option<Project> {
        let (project, event) = of_project(event)?;
        match event {
            project::Event::Created { name, at } => {
                Some(Project { project, name: name.clone(), created_at: *at, closed_at: None })
            }
            project::Event::Renamed { name, at: _ } => {
                row.map(|row| Project { name: name.clone(), ..row })
            }
            project::Event::MemberAdded { .. }
            | project::Event::MemberRoleChanged { .. }
            | project::Event::MemberRemoved { .. }
            | project::Event::BudgetChanged { .. }
            | project::Event::LimitsChanged { .. }
            | project::Event::Suspended { .. }
            | project::Event::Resumed { .. } => row,
            project::Event::Closed { at } => row.map(|row| Project { closed_at: Some(*at), ..row }),
        }
    }
}

fn of_project(event: &Recorded) -> Option<(ProjectId, &project::Event)> {
    match &event.envelope.event {
        Event::Project(id, event) => Some((*id, event)),
        Event::ApiKey(..)
        | Event::Model(..)
        | Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

impl TypedRow for Project {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            project: columns.parsed(),
            name: columns.text(),
            created_at: columns.time(),
            closed_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let Self { project, name, created_at, closed_at } = self;
        vec![text(project), text(name), time(created_at), maybe_time(closed_at)]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::story::{START, control, rows, seconds};

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
        let projects = projects([created(), project::Event::Closed { at: seconds(1) }]);
        assert_eq!(projects[0].closed_at, Some(seconds(1)));
    }
}
