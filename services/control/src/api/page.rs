//! Lists in pages, and one thing at its version.

use std::{fmt::Display, str::FromStr};

use poem_openapi::{
    ApiResponse, Object,
    payload::Json,
    types::{ParseFromJSON, ToJSON, Type},
};
use uplion_domain::Envelope;
use uplion_log_store::event_store::EventStore;
use uplion_projections::{
    Projection, Recorded as At, Statement, columns, projection::TypedRow, table::Value,
};

use crate::{
    aggregate::Recorded,
    problem::{Problem, etag},
    reading::Reader,
};

const DEFAULT: usize = 100;
pub const MOST: usize = 1_000;

/// A page of a list.
#[derive(Debug, Object)]
pub struct Page<T: ParseFromJSON + ToJSON + Send + Sync + Type> {
    pub data: Vec<T>,
    /// Ask with `after` for what follows; null at the end.
    pub next: Option<String>,
}

/// One thing, and the version that it is at.
#[derive(ApiResponse)]
pub enum Versioned<T: ToJSON + ParseFromJSON + Send> {
    #[oai(status = 200)]
    Found(
        Json<T>,
        /// For `If-Match`.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The description bounds it: what is out of bounds does not come this far.
pub fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(DEFAULT).clamp(1, MOST)
}

/// The id that a list goes on behind, of something that there is.
pub async fn cursor<A: Recorded<Id: FromStr + Display>>(
    events: &dyn EventStore,
    after: Option<&str>,
) -> Result<Option<String>, Problem> {
    let Some(text) = after else { return Ok(None) };
    let id: A::Id = text.parse().map_err(|_| unknown_cursor(text))?;
    if events.history(&A::aggregate(&id)).await?.is_empty() {
        return Err(unknown_cursor(text));
    }
    Ok(Some(id.to_string()))
}

/// The same of what no aggregate knows: `one` answers with a row if there is it.
pub async fn cursor_of<I: FromStr + Display>(
    reader: &Reader,
    one: &'static Statement,
    after: Option<&str>,
) -> Result<Option<String>, Problem> {
    let Some(text) = after else { return Ok(None) };
    let id: I = text.parse().map_err(|_| unknown_cursor(text))?;
    if reader.query(one, &[columns::text(&id)], drop).await?.is_empty() {
        return Err(unknown_cursor(text));
    }
    Ok(Some(id.to_string()))
}

pub fn unknown_cursor(text: &str) -> Problem {
    Problem::unacceptable(
        "rejected",
        format!(
            "after: no page of this list ended at {text:?}: give what next said, or leave it away"
        ),
    )
}

pub fn limit_value(limit: usize) -> Value {
    Value::BigInt(i64::try_from(limit).unwrap_or(i64::MAX))
}

impl<T: ParseFromJSON + ToJSON + Send + Sync + Type> Page<T> {
    pub fn of<R>(
        rows: Vec<R>,
        limit: usize,
        id: impl Fn(&R) -> String,
        view: impl Fn(R) -> T,
    ) -> Self {
        let next = (rows.len() == limit).then(|| rows.last().map(id)).flatten();
        Self { data: rows.into_iter().map(view).collect(), next }
    }
}

impl<T: ToJSON + ParseFromJSON + Send> Versioned<T> {
    pub fn at(version: u64, view: T) -> Self {
        Self::Found(Json(view), etag(version))
    }
}

/// The row that an aggregate's own history leads to, and its version: never behind a write.
pub async fn current_row<A: Recorded, R: TypedRow>(
    events: &dyn EventStore,
    id: &A::Id,
    projection: &dyn Projection,
) -> Result<Option<(u64, R)>, Problem> {
    let history = events.history(&A::aggregate(id)).await?;
    let version = history.last().map_or(0, |stored| stored.version);
    let mut row = None;
    for stored in history {
        let envelope = Envelope::decode(&stored.event).map_err(Problem::unreadable)?;
        let event = At { pos: stored.position, envelope };
        row = projection.fold(row, &event);
    }
    Ok(row.map(|row| (version, R::from_row(row))))
}
