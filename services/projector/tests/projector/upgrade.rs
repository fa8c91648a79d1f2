//! A projection of a newer version: built beside the old one, which serves until then.

use uplion_domain::{Event, ProjectId, project};
use uplion_log_store::rows::Copy;
use uplion_projections::{
    Projection, Recorded, Statement,
    columns::{Columns, text},
    projection::{Fold, TypedRow},
    table::{Column, Key, Kind, Row, Table, Value},
};
use uplion_projector::{rebuild, verify};

use crate::{
    events::{created, project, renamed},
    fixtures::Fixture,
};

crate::on_each!([
    a_newer_version_is_built_beside_the_old_one_and_takes_its_place
    a_projector_and_a_rebuild_by_hand_of_the_newer_version_take_turns
]);

/// Which names have projects?
struct Names;
/// The same, and how often each was changed.
struct NamesAndChanges;

struct Name {
    project: ProjectId,
    name: String,
}

struct NameAndChanges {
    name: Name,
    changes: u64,
}

static OLD: &[&dyn Projection] = &[&Names];
static NEW: &[&dyn Projection] = &[&NamesAndChanges];

const PROJECT: Column = Column::key("project", Kind::Text);
const NAME: Column = Column::required("name", Kind::Text);
static TABLE: Table = Table { name: "names", columns: &[PROJECT, NAME], indexes: &[] };
static NEW_TABLE: Table = Table {
    name: "names",
    columns: &[PROJECT, NAME, Column::required("changes", Kind::BigInt)],
    indexes: &[&["name"]],
};
/// Reads either version.
static LIST: Statement = Statement {
    name: "names.list",
    sql: "SELECT name FROM {names} ORDER BY name",
    parameters: &[],
    names: &[],
    columns: &[Kind::Text],
};
static CHANGES: Statement = Statement {
    name: "names.changes",
    sql: "SELECT changes FROM {names} ORDER BY changes",
    parameters: &[],
    names: &[],
    columns: &[Kind::BigInt],
};

async fn a_newer_version_is_built_beside_the_old_one_and_takes_its_place(fixture: Fixture) {
    let old = fixture.start_with(Fixture::options("old"), OLD);
    let one = project();
    fixture.append(&created(one, "a")).await;
    for number in 0..500 {
        fixture.append(&created(project(), &format!("b{number}"))).await;
    }
    fixture.append(&renamed(one, "c")).await;
    fixture.reached("names", 502).await;
    old.end().await;
    assert_eq!(version(&fixture).await, 1);

    let new = fixture.start_with(Fixture::options("new"), NEW);
    let upgraded = async || {
        // Whichever version answers, it knows all that was known.
        assert_eq!(fixture.store.rows.query(&LIST, &[]).await.unwrap().len(), 501);
        version(&fixture).await == 2
    };
    let patience = uplion_tests::wait::PATIENCE;
    uplion_tests::wait::until(patience, "the new version to be live", upgraded).await.unwrap();
    fixture.append(&renamed(one, "d")).await;
    fixture.reached("names", 503).await;
    let changes = fixture.store.rows.query(&CHANGES, &[]).await.unwrap();
    assert_eq!(changes.last(), Some(&vec![Value::BigInt(2)]));
    assert_eq!(changes.len(), 501);
    new.ready().await;
    assert_eq!(verify(NEW[0], &fixture.store, || ()).await.unwrap().differing, Vec::<Key>::new());
}

async fn a_projector_and_a_rebuild_by_hand_of_the_newer_version_take_turns(fixture: Fixture) {
    let old = fixture.start_with(Fixture::options("old"), OLD);
    for number in 0..200 {
        fixture.append(&created(project(), &format!("b{number}"))).await;
    }
    fixture.reached("names", 200).await;
    old.end().await;

    let store = fixture.store.clone();
    let by_hand = tokio::spawn(async move { rebuild(NEW[0], &store, || ()).await });
    let new = fixture.start_with(Fixture::options("new"), NEW);
    by_hand.await.unwrap().unwrap();
    fixture.append(&created(project(), "last")).await;
    fixture.reached("names", 201).await;
    new.ready().await;
    assert_eq!((version(&fixture).await, fixture.halted("names").await), (2, None));
    let verdict = verify(NEW[0], &fixture.store, || ()).await.unwrap();
    assert_eq!(verdict.differing, Vec::<Key>::new());
}

async fn version(fixture: &Fixture) -> u32 {
    fixture.store.rows.checkpoint("names", Copy::Live).await.unwrap().unwrap().version
}

fn named(event: &Recorded) -> Option<Name> {
    let Event::Project(project, event) = &event.envelope.event else { return None };
    match event {
        project::Event::Created { name, .. } | project::Event::Renamed { name, .. } => {
            Some(Name { project: *project, name: name.clone() })
        }
        project::Event::MemberAdded { .. }
        | project::Event::MemberRoleChanged { .. }
        | project::Event::MemberRemoved { .. }
        | project::Event::BudgetChanged { .. }
        | project::Event::LimitsChanged { .. }
        | project::Event::Suspended { .. }
        | project::Event::Resumed { .. }
        | project::Event::Closed { .. } => None,
    }
}

fn key(event: &Recorded) -> Option<Key> {
    named(event).map(|named| vec![text(named.project)])
}

impl Fold for Names {
    const NAME: &'static str = "names";
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["project."];
    type Row = Name;

    fn key_of(event: &Recorded) -> Option<Key> {
        key(event)
    }

    fn fold_row(_: Option<Name>, event: &Recorded) -> Option<Name> {
        named(event)
    }
}

impl Fold for NamesAndChanges {
    const NAME: &'static str = "names";
    const VERSION: u32 = 2;
    const TABLE: &'static Table = &NEW_TABLE;
    const READS: &'static [&'static str] = &["project."];
    type Row = NameAndChanges;

    fn key_of(event: &Recorded) -> Option<Key> {
        key(event)
    }

    fn fold_row(row: Option<NameAndChanges>, event: &Recorded) -> Option<NameAndChanges> {
        let changes = row.map_or(0, |row| row.changes + 1);
        named(event).map(|name| NameAndChanges { name, changes })
    }
}

impl TypedRow for Name {
    fn from_columns(columns: &mut Columns) -> Self {
        Self { project: columns.parsed(), name: columns.text() }
    }

    fn into_row(self) -> Row {
        vec![text(self.project), text(self.name)]
    }
}

impl TypedRow for NameAndChanges {
    fn from_columns(columns: &mut Columns) -> Self {
        Self { name: Name::from_columns(columns), changes: columns.count() }
    }

    fn into_row(self) -> Row {
        let mut row = self.name.into_row();
        row.push(Value::BigInt(i64::try_from(self.changes).unwrap()));
        row
    }
}
