//! Projects, as callers write and read them.

use poem_openapi::{Enum, Object, types::MaybeUndefined};
use uplion_domain::{Limits, installation::Currency};
use uplion_projections::projects;

use crate::api::allowance::{BudgetView, LimitsView};

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct NewProject {
    /// 1 to 128 characters; no other open project has it.
    pub name: String,
    /// The first owner, by id or e-mail address; without one administrators alone can change it.
    pub owner: Option<String>,
    /// Left out: it may spend what it likes.
    pub budget: Option<BudgetView>,
    /// Left out: nothing is limited.
    pub limits: Option<LimitsView>,
}

/// What is left out stays as it is.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ChangedProject {
    /// 1 to 128 characters; no other open project has it.
    pub name: Option<String>,
    /// Null: it may spend what it likes.
    pub budget: MaybeUndefined<BudgetView>,
    /// All of them: what is left out within is limited no more. Null: nothing is limited.
    pub limits: MaybeUndefined<LimitsView>,
}

/// A tenant: keys belong to it, usage is billed to it.
#[derive(Debug, Object)]
#[oai(rename = "Project")]
pub struct ProjectView {
    id: String,
    name: String,
    status: ProjectStatus,
    /// How many.
    members: u64,
    budget: Option<BudgetView>,
    /// Of the installation, which the budget is in.
    currency: String,
    /// Null: nothing is limited.
    limits: Option<LimitsView>,
    created_at: String,
    suspended_at: Option<String>,
    closed_at: Option<String>,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ProjectStatus {
    Open,
    /// None of its keys is served until it is resumed.
    Suspended,
    Closed,
}

impl ProjectStatus {
    /// As it is asked for in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => projects::Status::Open.as_str(),
            Self::Suspended => projects::Status::Suspended.as_str(),
            Self::Closed => projects::Status::Closed.as_str(),
        }
    }
}

impl ProjectView {
    pub fn of(row: projects::Project, currency: Currency) -> Self {
        let status = match row.status() {
            projects::Status::Open => ProjectStatus::Open,
            projects::Status::Suspended => ProjectStatus::Suspended,
            projects::Status::Closed => ProjectStatus::Closed,
        };
        let projects::Project {
            project,
            name,
            members,
            budget,
            limits,
            created_at,
            suspended_at,
            closed_at,
        } = row;
        Self {
            id: project.to_string(),
            name,
            status,
            members,
            budget: budget.map(BudgetView::of),
            currency: currency.to_string(),
            limits: (limits != Limits::NONE).then(|| LimitsView::of(limits)),
            created_at: created_at.to_string(),
            suspended_at: suspended_at.map(|at| at.to_string()),
            closed_at: closed_at.map(|at| at.to_string()),
        }
    }
}
