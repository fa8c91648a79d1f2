//! Workers, live from the log and as they say themselves: list and show.

pub mod presence;

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::WorkerId;
use uplion_projections::{
    columns,
    projection::TypedRow,
    table::Value,
    workers::{self, Failure, Worker},
};

use self::presence::PresenceView;
use super::{
    Tag,
    page::{self, Page},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::ReadAt,
    names::{self, Names},
    permissions::Action,
    presence::Roll,
    problem::Problem,
    reading::Reader,
};

pub struct Workers {
    pub reader: Reader,
    pub roll: Roll,
    pub names: Names,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum WorkerStatus {
    /// Started and not stopped. One that was killed says nothing: see whether it is present.
    Serving,
    /// A person must look at one of its models, and it was given no request since.
    Failed,
    Stopped,
}

/// Who takes requests from the queue and has upstreams answer them.
#[derive(Debug, Object)]
#[oai(rename = "Worker")]
struct WorkerView {
    id: String,
    status: WorkerStatus,
    /// Those that it began to serve with.
    models: Vec<String>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    /// The newest of each model.
    failures: Vec<FailureView>,
    /// Requests that it was given.
    requests: u64,
    last_request_at: Option<String>,
    /// Whether it is there now; null if that is not known yet.
    present: Option<bool>,
    /// What it says of itself now, if it is there.
    presence: Option<PresenceView>,
}

/// What only a person can mend.
#[derive(Debug, Object)]
#[oai(rename = "WorkerFailure")]
struct FailureView {
    model: String,
    /// `ConfigurationError`, `AuthenticationError`, `MessageQueueConnectionError`, `APIQuotaExceededError` or
    /// `GeneralError`.
    reason: String,
    at: String,
}

#[OpenApi(tag = "Tag::Workers")]
impl Workers {
    /// List workers
    ///
    /// The newest first.
    #[oai(path = "/workers", method = "get", operation_id = "list_workers")]
    async fn list(
        &self,
        auth: Auth,
        /// Only those that are so now.
        status: Query<Option<WorkerStatus>>,
        /// Only those that began to serve with this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Those that started before this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<WorkerView>>, Problem> {
        auth.0.may(Action::ListWorkers, Target::Installation)?;
        self.reader.wait_for(at.position()?, &[workers::NAME]).await?;
        let model = match model.0 {
            Some(text) => columns::json(&self.names.model(&text).await?.to_string()),
            None => Value::Null,
        };
        let after = after.0.as_deref();
        let after = page::cursor_of::<WorkerId>(&self.reader, &workers::ONE, after).await?;
        let limit = page::limit(limit.0);
        let parameters = [
            columns::maybe_text(status.0.map(WorkerStatus::as_str)),
            model,
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let rows = self.reader.query(&workers::NEWEST, &parameters, Worker::from_row).await?;
        let view = |row| WorkerView::of(row, &self.roll);
        Ok(Json(Page::of(rows, limit, |row| row.worker.to_string(), view)))
    }

    /// Show a worker
    #[oai(path = "/workers/:worker", method = "get", operation_id = "get_worker")]
    async fn show(&self, auth: Auth, worker: Path<String>) -> Result<Json<WorkerView>, Problem> {
        auth.0.may(Action::GetWorker, Target::Installation)?;
        let id = names::worker(&worker)?;
        let parameters = [columns::text(id)];
        let rows = self.reader.query(&workers::ONE, &parameters, Worker::from_row).await?;
        let row = rows.into_iter().next();
        row.map(|row| Json(WorkerView::of(row, &self.roll)))
            .ok_or_else(|| Problem::not_found(format!("there is no worker {id}")))
    }
}

impl WorkerStatus {
    /// As it is asked for in the list.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => workers::Status::Serving.as_str(),
            Self::Failed => workers::Status::Failed.as_str(),
            Self::Stopped => workers::Status::Stopped.as_str(),
        }
    }

    const fn of(status: workers::Status) -> Self {
        match status {
            workers::Status::Serving => Self::Serving,
            workers::Status::Failed => Self::Failed,
            workers::Status::Stopped => Self::Stopped,
        }
    }
}

impl WorkerView {
    fn of(row: Worker, roll: &Roll) -> Self {
        let status = WorkerStatus::of(row.status());
        let Worker {
            worker,
            models,
            started_at,
            stopped_at,
            failures,
            failed_at: _,
            assigned,
            assigned_at,
        } = row;
        let beat = roll.worker(worker);
        Self {
            present: (beat.is_some() || roll.is_settled()).then_some(beat.is_some()),
            presence: beat.as_ref().and_then(PresenceView::of),
            id: worker.to_string(),
            status,
            models: models.iter().map(ToString::to_string).collect(),
            started_at: started_at.map(|at| at.to_string()),
            stopped_at: stopped_at.map(|at| at.to_string()),
            failures: failures.into_iter().map(FailureView::of).collect(),
            requests: assigned,
            last_request_at: assigned_at.map(|at| at.to_string()),
        }
    }
}

impl FailureView {
    fn of(failure: Failure) -> Self {
        let Failure { model, reason, at } = failure;
        Self { model: model.to_string(), reason: reason.to_string(), at: at.to_string() }
    }
}
