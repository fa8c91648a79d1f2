//! Usage and cost, by whatever one wants to tell apart.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, OpenApi, param::Query, payload::Json};
use uplion_domain::{Operation, Timestamp};
use uplion_projections::usage_by_hour::{self, Group, Grouped, PageCursor};

use super::{Tag, page};
use crate::{
    auth::Auth,
    caller::VisibleProjects,
    headers::{self, ReadAt},
    labels::{Labels, named},
    names::{self, Names},
    permissions::Action,
    problem::Problem,
    reading::{self, Freshness, Reader},
};

/// Lines at once.
const MOST: usize = 1_000;

pub struct Usage {
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
}

/// What lines are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum By {
    Project,
    Key,
    Model,
    Operation,
    Hour,
}

/// Usage of one group. What the grouping does not tell apart is null.
#[derive(Debug, Object)]
struct UsageLine {
    project: Option<String>,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    /// `chat_completion`, `embedding`, … : there may be others in later versions.
    operation: Option<String>,
    /// The start of the hour in which the requests began.
    hour: Option<String>,
    /// All that ended, however they did.
    requests: u64,
    completed: u64,
    cancelled: u64,
    failed: u64,
    prompt_tokens: u64,
    /// A part of the prompt's.
    cached_tokens: u64,
    completion_tokens: u64,
    /// A part of the completion's.
    reasoning_tokens: u64,
    /// All that was used, by unit, disjoint: what the counts of tokens are made of, and images, seconds and others.
    /// `requests` are those that were charged.
    units: BTreeMap<String, u64>,
    /// Exact: `0.00042`.
    cost: String,
}

#[derive(Debug, Object)]
struct UsageReport {
    /// Of the installation, which all costs are in.
    currency: String,
    data: Vec<UsageLine>,
    /// Ask with `after` for what follows; null at the end.
    next: Option<String>,
    /// Everything that had happened when the question arrived is in it.
    complete: bool,
    /// What is missing, if it is not complete.
    #[oai(skip_serializing_if_is_none)]
    missing: Option<String>,
}

#[OpenApi(tag = "Tag::Usage")]
impl Usage {
    /// Usage and cost
    ///
    /// Requests count in the hour in which they began. Who sees several projects, and not all, gets them told apart.
    #[oai(path = "/usage", method = "get", operation_id = "get_usage")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn usage(
        &self,
        auth: Auth,
        /// What to tell apart; `project,key,model` if not said.
        #[oai(explode = false, default = "each")]
        by: Query<Vec<By>>,
        /// From the hour on in which this time lies.
        from: Query<Option<String>>,
        /// Up to and without the hour that starts at or after this time.
        to: Query<Option<String>>,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Only of this key, by id.
        key: Query<Option<String>>,
        /// Only of this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Only of this operation: `chat_completion`, `embedding`, …
        operation: Query<Option<String>>,
        /// Milliseconds to wait for what had happened when the question arrived; at most 30000.
        wait: Query<Option<u64>>,
        /// Those behind this place, as `next` said it.
        after: Query<Option<String>>,
        /// At most 1000; as many if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<UsageReport>, Problem> {
        let mut by = by.0;
        let project = self.names.maybe_project(project.0.as_deref()).await?;
        let seen = auth.0.sees(Action::GetUsage, project)?;
        if matches!(&seen, VisibleProjects::Projects(projects) if projects.len() > 1) {
            by.push(By::Project);
        }
        let key = key.0.map(|text| names::key(&text)).transpose()?;
        let model = self.names.maybe_model(model.0.as_deref()).await?;
        let operation = operation.0.as_deref().map(word).transpose()?;
        let (from, to) = headers::span(from.0.as_deref(), to.0.as_deref())?;
        let from = from.map(Timestamp::hour);
        self.reader.wait_for(at.position()?, &named(usage_by_hour::NAME)).await?;
        let missing = self.wait(wait.0).await?;
        let after = after.0.as_deref().map(cursor).transpose()?;
        let limit = page::limit(Some(limit.0.unwrap_or(MOST)));
        let mut rows = Vec::new();
        // In the order of their ids, in which the groups of several come too.
        for project in seen.filters() {
            let grouped = Grouped {
                by_project: by.contains(&By::Project),
                by_key: by.contains(&By::Key),
                by_model: by.contains(&By::Model),
                by_operation: by.contains(&By::Operation),
                by_hour: by.contains(&By::Hour),
                from,
                to,
                project,
                key,
                model: model.clone(),
                operation: operation.clone(),
                limit,
                ..Grouped::default()
            };
            let grouped = match after.clone() {
                Some(cursor) => grouped.after(cursor),
                None => grouped,
            };
            let parameters = grouped.values();
            let read = Group::from_row;
            rows.extend(self.reader.query(&usage_by_hour::GROUPED, &parameters, read).await?);
        }
        rows.truncate(limit);
        let last = rows.last().filter(|_| rows.len() == limit);
        let next = last.map(|last| PageCursor::of(last).to_string());
        let (currency, data) = self.lines(rows).await?;
        Ok(Json(UsageReport { currency, data, next, complete: missing.is_none(), missing }))
    }
}

impl Usage {
    async fn wait(&self, wait_ms: Option<u64>) -> Result<Option<String>, Problem> {
        let patience = reading::patience(wait_ms);
        match self.reader.catch_up(&named(usage_by_hour::NAME), patience).await? {
            Freshness::CaughtUp => Ok(None),
            Freshness::Behind(what) => Ok(Some(what)),
        }
    }

    async fn lines(&self, groups: Vec<Group>) -> Result<(String, Vec<UsageLine>), Problem> {
        let projects = groups.iter().filter_map(|group| group.project);
        let labels = self.labels.of(projects, groups.iter().filter_map(|group| group.key)).await?;
        let line = |group: Group| {
            let Group { project, key, model, operation, hour, totals } = group;
            let units = totals.all_units();
            let units = units.iter().map(|(unit, count)| (unit.to_string(), count));
            UsageLine {
                project_name: project.and_then(|id| labels.project(id)),
                project: project.map(|id| id.to_string()),
                key_name: key.and_then(|id| labels.key(id)),
                key: key.map(|id| id.to_string()),
                model: model.map(|name| name.to_string()),
                operation: operation.map(|operation| operation.to_string()),
                hour: hour.map(|hour| hour.to_string()),
                requests: totals.requests,
                completed: totals.completed,
                cancelled: totals.cancelled,
                failed: totals.failed,
                prompt_tokens: totals.prompt_tokens,
                cached_tokens: totals.cached_tokens,
                completion_tokens: totals.completion_tokens,
                reasoning_tokens: totals.reasoning_tokens,
                units: units.collect(),
                cost: totals.cost.to_string(),
            }
        };
        Ok((labels.currency(), groups.into_iter().map(line).collect()))
    }
}

/// If the caller does not say.
fn each() -> Vec<By> {
    vec![By::Project, By::Key, By::Model]
}

fn cursor(text: &str) -> Result<PageCursor, Problem> {
    text.parse().map_err(|_| page::unknown_cursor(text))
}

fn word(text: &str) -> Result<Operation, Problem> {
    text.parse().map_err(|error| Problem::unacceptable("rejected", format!("{error}")))
}
