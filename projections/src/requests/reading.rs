//! What is asked of the table of requests.

use uplion_domain::{KeyId, ModelName, ProjectId, Timestamp};

use super::COLUMNS;
use crate::{
    parameters::parameters,
    statement::Statement,
    table::{Kind, kinds},
};

/// `$1`: the request. Answers with a [`super::Request`].
pub static ONE: Statement = Statement {
    name: "requests.one",
    sql: "SELECT * FROM {requests} WHERE request = $1",
    parameters: &[Kind::Text],
    names: &[],
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`NEWEST`] is asked with. None: all.
    Newest {
        project: Option<ProjectId>,
        key: Option<KeyId>,
        model: Option<ModelName>,
        /// As [`super::Status::as_str`] has it.
        status: Option<String>,
        accepted_from: Option<Timestamp>,
        /// Without this time itself.
        accepted_to: Option<Timestamp>,
        /// The id of a request.
        older_than: Option<String>,
        limit: usize,
    }
}

/// Answers with [`super::Request`]s, newest first.
pub static NEWEST: Statement = Statement {
    name: "requests.newest",
    sql: "SELECT * FROM {requests} WHERE (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:status AS TEXT) IS NULL OR status = :status) \
          AND (CAST(:accepted_from AS BIGINT) IS NULL OR accepted_at >= :accepted_from) \
          AND (CAST(:accepted_to AS BIGINT) IS NULL OR accepted_at < :accepted_to) \
          AND request < COALESCE(CAST(:older_than AS TEXT), 'req_g') ORDER BY request DESC LIMIT :limit",
    parameters: Newest::KINDS,
    names: Newest::NAMES,
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`CHARGES`] is asked with. None: all.
    Charged {
        project: Option<ProjectId>,
        key: Option<KeyId>,
        model: Option<ModelName>,
        settled_from: Option<Timestamp>,
        /// Without this time itself.
        settled_to: Option<Timestamp>,
        /// The id of a request.
        older_than: Option<String>,
        limit: usize,
    }
}

/// What was charged. Answers with settled [`super::Request`]s, newest first.
pub static CHARGES: Statement = Statement {
    name: "requests.charges",
    sql: "SELECT * FROM {requests} WHERE settled_at IS NOT NULL \
          AND (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:settled_from AS BIGINT) IS NULL OR settled_at >= :settled_from) \
          AND (CAST(:settled_to AS BIGINT) IS NULL OR settled_at < :settled_to) \
          AND request < COALESCE(CAST(:older_than AS TEXT), 'req_g') ORDER BY request DESC LIMIT :limit",
    parameters: Charged::KINDS,
    names: Charged::NAMES,
    columns: &kinds(&COLUMNS),
};

/// The same of what is marked. By `marked_at`, which few rows have.
pub static MARKED_CHARGES: Statement = Statement {
    name: "requests.marked_charges",
    sql: "SELECT * FROM {requests} WHERE marked_at >= COALESCE(CAST(:settled_from AS BIGINT), 0) \
          AND (CAST(:project AS TEXT) IS NULL OR project = :project) \
          AND (CAST(:key AS TEXT) IS NULL OR key = :key) \
          AND (CAST(:model AS TEXT) IS NULL OR model = :model) \
          AND (CAST(:settled_to AS BIGINT) IS NULL OR marked_at < :settled_to) \
          AND request < COALESCE(CAST(:older_than AS TEXT), 'req_g') ORDER BY request DESC LIMIT :limit",
    parameters: Charged::KINDS,
    names: Charged::NAMES,
    columns: &kinds(&COLUMNS),
};

parameters! {
    /// What [`UNSETTLED`] is asked with.
    Unsettled {
        due_before: Timestamp,
        limit: usize,
    }
}

/// Accepted and not settled. Answers with the request's id and its deadline, longest overdue first.
pub static UNSETTLED: Statement = Statement {
    name: "requests.unsettled",
    sql: "SELECT request, due FROM {requests} WHERE due < :due_before ORDER BY due, request LIMIT :limit",
    parameters: Unsettled::KINDS,
    names: Unsettled::NAMES,
    columns: &[Kind::Text, Kind::BigInt],
};
