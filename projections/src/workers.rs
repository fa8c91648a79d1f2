//! Which workers are there, what do they serve, and what is wrong with them?
//!
//! Read by the workers' page and by whoever looks for the reason of a queue. One row a worker, never deleted: a
//! worker that starts again is another one. One that was killed says nothing; that it was given no request for long is
//! all that tells.

use serde::{Deserialize, Serialize};
use uplion_domain::{
    Event, ModelName, Timestamp, WorkerId, request,
    worker::{self, FailureReason},
};

use crate::{
    columns::{Columns, count, json, maybe_json, maybe_time, text},
    parameters::parameters,
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "workers";

pub struct Workers;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    pub worker: WorkerId,
    pub models: Vec<ModelName>,
    /// None if the log does not say.
    pub started_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    /// The newest of each model.
    pub failures: Vec<Failure>,
    pub failed_at: Option<Timestamp>,
    /// Requests that it was given.
    pub assigned: u64,
    pub assigned_at: Option<Timestamp>,
}

/// What only a person can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub model: ModelName,
    pub reason: FailureReason,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Serving,
    /// And was given no request since.
    Failed,
    Stopped,
}

const COLUMNS: [Column; 8] = [
    Column::key("worker", Kind::Text),
    // JSON lists.
    Column::required("models", Kind::Text),
    Column::required("failures", Kind::Text),
    Column::nullable("started_at", Kind::BigInt),
    Column::nullable("stopped_at", Kind::BigInt),
    Column::nullable("failed_at", Kind::BigInt),
    Column::required("assigned", Kind::BigInt),
    Column::nullable("assigned_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// `$1`: the worker. Answers with a [`Worker`].
pub static ONE: Statement = Statement {
    name: "workers.one",
    sql: "SELECT * FROM {workers} WHERE worker = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`NEWEST`] is asked with. None: all.
    Newest {
        /// As [`Status::as_str`] has it.
        status: Option<String>,
        /// A model's name, as JSON.
        serves: Option<String>,
        /// The id of a worker.
        older_than: Option<String>,
        limit: usize,
    }
}

/// Answers with [`Worker`]s, newest first.
pub static NEWEST: Statement = Statement {
    name: "workers.newest",
    sql: "SELECT * FROM {workers} \
          WHERE (CAST(:status AS TEXT) IS NULL OR :status = CASE WHEN stopped_at IS NOT NULL THEN 'stopped' \
            WHEN failed_at > COALESCE(assigned_at, 0) THEN 'failed' ELSE 'serving' END) \
          AND (CAST(:serves AS TEXT) IS NULL OR REPLACE(models, :serves, '') <> models) \
          AND worker < COALESCE(CAST(:older_than AS TEXT), 'wrk_g') ORDER BY worker DESC LIMIT :limit",
    parameters: Newest::KINDS,
    names: Newest::NAMES,
    columns: &kinds(&COLUMNS),
};

impl Fold for Workers {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["worker.", "task."];
    type Row = Worker;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_worker(event).map(|(worker, _)| vec![text(worker)])
    }

    fn fold_row(row: Option<Worker>, event: &Recorded) -> Option<Worker> {
        let (worker, said) = of_worker(event)?;
        let row = row.unwrap_or_else(|| Worker::unknown(worker));
        Some(match said {
            Said::Assigned(at) => Worker {
                assigned: row.assigned.saturating_add(1),
                assigned_at: row.assigned_at.max(Some(at)),
                ..row
            },
            Said::OfItself(worker::Event::Started { models, at, .. }) => {
                Worker { models: models.clone(), started_at: Some(*at), ..row }
            }
            Said::OfItself(worker::Event::Ready { models, .. }) => {
                Worker { models: models.clone(), ..row }
            }
            Said::OfItself(worker::Event::Stopped { at, .. }) => {
                Worker { stopped_at: Some(*at), ..row }
            }
            Said::OfItself(worker::Event::Failed { model, reason, at, .. }) => {
                row.failed(Failure { model: model.clone(), reason: *reason, at: *at })
            }
        })
    }
}

/// What the log says of a worker.
enum Said<'a> {
    Assigned(Timestamp),
    OfItself(&'a worker::Event),
}

fn of_worker(event: &Recorded) -> Option<(WorkerId, Said<'_>)> {
    match &event.envelope.event {
        Event::Worker(event) => Some((event.worker(), Said::OfItself(event))),
        Event::Request(request::Event::Assigned(assigned)) => {
            Some((assigned.worker, Said::Assigned(assigned.at)))
        }
        Event::Request(
            request::Event::Accepted(_)
            | request::Event::Settled(_)
            | request::Event::Reversed(_)
            | request::Event::Rejected(_)
            | request::Event::Probed(_),
        )
        | Event::Installation(..)
        | Event::Project(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::AdminKey(..)
        | Event::ApiKey(..)
        | Event::Model(..)
        | Event::Price(..) => None,
    }
}

impl Status {
    /// As [`NEWEST`] has them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

impl Worker {
    pub fn status(&self) -> Status {
        if self.stopped_at.is_some() {
            Status::Stopped
        } else if self.failed_at > self.assigned_at {
            Status::Failed
        } else {
            Status::Serving
        }
    }

    const fn unknown(worker: WorkerId) -> Self {
        Self {
            worker,
            models: Vec::new(),
            started_at: None,
            stopped_at: None,
            failures: Vec::new(),
            failed_at: None,
            assigned: 0,
            assigned_at: None,
        }
    }

    fn failed(mut self, failure: Failure) -> Self {
        self.failed_at = self.failed_at.max(Some(failure.at));
        self.failures.retain(|before| before.model != failure.model);
        self.failures.push(failure);
        self
    }
}

#[derive(Serialize, Deserialize)]
struct FailureText {
    model: String,
    reason: String,
    at: i64,
}

impl FailureText {
    fn of(failure: &Failure) -> Self {
        let Failure { model, reason, at } = failure;
        Self { model: model.to_string(), reason: reason.to_string(), at: at.micros() }
    }

    fn read(self, columns: &Columns) -> Failure {
        let Self { model, reason, at } = self;
        Failure {
            model: columns.read(&model),
            reason: columns.read(&reason),
            at: Timestamp::from_micros(at),
        }
    }
}

impl TypedRow for Worker {
    fn from_columns(columns: &mut Columns) -> Self {
        let worker = columns.parsed();
        let models: Vec<String> = maybe_json(columns).unwrap_or_default();
        let models = models.iter().map(|model| columns.read(model)).collect();
        let failures: Vec<FailureText> = maybe_json(columns).unwrap_or_default();
        let failures = failures.into_iter().map(|failure| failure.read(columns)).collect();
        Self {
            worker,
            models,
            failures,
            started_at: columns.maybe_time(),
            stopped_at: columns.maybe_time(),
            failed_at: columns.maybe_time(),
            assigned: columns.count(),
            assigned_at: columns.maybe_time(),
        }
    }

    fn into_row(self) -> Row {
        let models: Vec<_> = self.models.iter().map(ToString::to_string).collect();
        let failures: Vec<_> = self.failures.iter().map(FailureText::of).collect();
        vec![
            text(self.worker),
            json(&models),
            json(&failures),
            maybe_time(self.started_at),
            maybe_time(self.stopped_at),
            maybe_time(self.failed_at),
            count(self.assigned),
            maybe_time(self.assigned_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::Envelope;

    use super::*;
    use crate::request_timeline::{START, accepted, assigned, control, rows, seconds, worker};

    fn workers(events: impl IntoIterator<Item = worker::Event>) -> Vec<Worker> {
        rows(&Workers, events.into_iter().map(|event| control(Event::Worker(event))))
    }

    fn llama() -> ModelName {
        "llama".parse().unwrap()
    }

    fn started() -> worker::Event {
        worker::Event::Started { worker: worker(1), models: vec![llama()], about: None, at: START }
    }

    #[test]
    fn a_worker_serves_until_it_stops() {
        let stopped = worker::Event::Stopped { worker: worker(1), at: seconds(5) };
        let serving = workers([started()]).remove(0);
        assert_eq!((serving.started_at, serving.stopped_at), (Some(START), None));
        assert_eq!(serving.models, [llama()]);
        assert_eq!(serving.status(), Status::Serving);
        let stopped = workers([started(), stopped]).remove(0);
        assert_eq!((stopped.status(), stopped.stopped_at), (Status::Stopped, Some(seconds(5))));
    }

    #[test]
    fn the_newest_failure_of_each_model_is_kept() {
        let failed = |reason, at| worker::Event::Failed {
            worker: worker(1),
            model: llama(),
            reason,
            at: seconds(at),
        };
        let failures = [
            started(),
            failed(FailureReason::AuthenticationError, 1),
            failed(FailureReason::ApiQuotaExceededError, 2),
        ];
        let row = workers(failures).remove(0);
        assert_eq!(row.status(), Status::Failed);
        let again = Worker { assigned_at: Some(seconds(3)), ..row.clone() };
        assert_eq!(again.status(), Status::Serving);
        let newest = Failure {
            model: llama(),
            reason: FailureReason::ApiQuotaExceededError,
            at: seconds(2),
        };
        assert_eq!((row.failures, row.failed_at), (vec![newest], Some(seconds(2))));
    }

    #[test]
    fn what_a_worker_was_given_is_counted_also_if_its_start_is_not_known() {
        let given = [2, 1].map(|attempt| {
            Envelope::assigned(uplion_domain::request::Assigned {
                worker: worker(1),
                ..assigned(&accepted(attempt.into()), attempt)
            })
        });
        let row: Worker = rows(&Workers, given).remove(0);
        assert_eq!((row.assigned, row.assigned_at), (2, Some(seconds(2))));
        assert_eq!(row.started_at, None);
    }
}
