//! The events of projects, as they are written.

use serde::{Deserialize, Serialize};

use super::{
    Readers,
    budget::{BudgetV1, LimitsV1},
    json, parsed, shape,
};
use crate::{
    Event, ProjectId, Timestamp,
    project::Event::{
        BudgetChanged, Closed, Created, LimitsChanged, MemberAdded, MemberRemoved,
        MemberRoleChanged, Renamed, Resumed, Suspended,
    },
};

const CREATED: &str = "uplion.project.created.v1";
const RENAMED: &str = "uplion.project.renamed.v1";
const MEMBER_ADDED: &str = "uplion.project.member_added.v1";
const MEMBER_ROLE_CHANGED: &str = "uplion.project.member_role_changed.v1";
const MEMBER_REMOVED: &str = "uplion.project.member_removed.v1";
const BUDGET_CHANGED: &str = "uplion.project.budget_changed.v1";
const LIMITS_CHANGED: &str = "uplion.project.limits_changed.v1";
const SUSPENDED: &str = "uplion.project.suspended.v1";
const RESUMED: &str = "uplion.project.resumed.v1";
const CLOSED: &str = "uplion.project.closed.v1";

pub const READERS: Readers = &[
    (CREATED, created),
    (RENAMED, renamed),
    (MEMBER_ADDED, member_added),
    (MEMBER_ROLE_CHANGED, member_role_changed),
    (MEMBER_REMOVED, member_removed),
    (BUDGET_CHANGED, budget_changed),
    (LIMITS_CHANGED, limits_changed),
    (SUSPENDED, |payload, at| project(payload, Suspended { at })),
    (RESUMED, |payload, at| project(payload, Resumed { at })),
    (CLOSED, |payload, at| project(payload, Closed { at })),
];

#[derive(Serialize, Deserialize)]
struct NamedV1 {
    project: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct MemberV1 {
    project: String,
    user: String,
    role: String,
}

#[derive(Serialize, Deserialize)]
struct MemberRemovedV1 {
    project: String,
    user: String,
}

#[derive(Serialize, Deserialize)]
struct BudgetChangedV1 {
    project: String,
    /// None: no budget any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetV1>,
}

#[derive(Serialize, Deserialize)]
struct LimitsChangedV1 {
    project: String,
    limits: LimitsV1,
}

#[derive(Serialize, Deserialize)]
struct ProjectV1 {
    project: String,
}

pub fn encode(id: ProjectId, event: &crate::project::Event) -> (&'static str, Vec<u8>) {
    let project = id.to_string();
    match event {
        Created { name, at: _ } => (CREATED, json(&NamedV1 { project, name: name.clone() })),
        Renamed { name, at: _ } => (RENAMED, json(&NamedV1 { project, name: name.clone() })),
        MemberAdded { user, role, at: _ } => {
            let (user, role) = (user.to_string(), role.to_string());
            (MEMBER_ADDED, json(&MemberV1 { project, user, role }))
        }
        MemberRoleChanged { user, role, at: _ } => {
            let (user, role) = (user.to_string(), role.to_string());
            (MEMBER_ROLE_CHANGED, json(&MemberV1 { project, user, role }))
        }
        MemberRemoved { user, at: _ } => {
            (MEMBER_REMOVED, json(&MemberRemovedV1 { project, user: user.to_string() }))
        }
        BudgetChanged { budget, at: _ } => {
            let budget = budget.as_ref().map(Into::into);
            (BUDGET_CHANGED, json(&BudgetChangedV1 { project, budget }))
        }
        LimitsChanged { limits, at: _ } => {
            (LIMITS_CHANGED, json(&LimitsChangedV1 { project, limits: limits.into() }))
        }
        Suspended { at: _ } => (SUSPENDED, json(&ProjectV1 { project })),
        Resumed { at: _ } => (RESUMED, json(&ProjectV1 { project })),
        Closed { at: _ } => (CLOSED, json(&ProjectV1 { project })),
    }
}

fn created(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let NamedV1 { project, name } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, Created { name, at }))
}

fn renamed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let NamedV1 { project, name } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, Renamed { name, at }))
}

fn member_added(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let MemberV1 { project, user, role } = shape(payload)?;
    let (user, role) = (parsed(&user)?, parsed(&role)?);
    Ok(Event::Project(parsed(&project)?, MemberAdded { user, role, at }))
}

fn member_role_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let MemberV1 { project, user, role } = shape(payload)?;
    let (user, role) = (parsed(&user)?, parsed(&role)?);
    Ok(Event::Project(parsed(&project)?, MemberRoleChanged { user, role, at }))
}

fn member_removed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let MemberRemovedV1 { project, user } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, MemberRemoved { user: parsed(&user)?, at }))
}

fn budget_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let BudgetChangedV1 { project, budget } = shape(payload)?;
    let budget = budget.map(TryInto::try_into).transpose()?;
    Ok(Event::Project(parsed(&project)?, BudgetChanged { budget, at }))
}

fn limits_changed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let LimitsChangedV1 { project, limits } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, LimitsChanged { limits: limits.into(), at }))
}

fn project(payload: &[u8], event: crate::project::Event) -> Result<Event, serde_json::Error> {
    let ProjectV1 { project } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, event))
}
