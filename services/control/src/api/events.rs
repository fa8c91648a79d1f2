//! The log itself, as `CloudEvents`: followed from a place on, or all that happened to one request.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use tokio::time::{Instant, sleep};
use uplion_domain::{Envelope, Event, RequestId, request};
use uplion_log_store::{
    archive::Archived,
    people::People,
    wanted::{Found, Order},
};
use uplion_projections::{
    columns,
    projection::TypedRow,
    requests::{self, Request},
};

use super::{
    Tag,
    archived::ArchivedEvent,
    asked::{self, Asked},
    page,
    request::RequestSummary,
};
use crate::{
    auth::Auth,
    caller::Target,
    labels::Labels,
    names::Names,
    permissions::Operation,
    problem::Problem,
    reading::{Freshness, Reader},
};

const MOST: usize = 1_000;
const MOST_PATIENCE_MS: u64 = 30_000;
/// Between two looks at the archive for somebody who follows it.
const LOOK: Duration = Duration::from_millis(50);

pub struct Events {
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
    pub people: Arc<dyn People>,
}

#[derive(Debug, Object)]
struct EventPage {
    data: Vec<ArchivedEvent>,
    /// Ask for what comes after this next time, also if there is nothing yet. Null at the end of the newest.
    next: Option<u64>,
}

#[derive(Debug, Object)]
struct RequestPage {
    data: Vec<RequestSummary>,
    /// Ask for what is before this next time; null at the end.
    next: Option<String>,
}

#[derive(Debug, Object)]
struct RequestStory {
    /// Null while only its events are known.
    request: Option<RequestSummary>,
    /// In the order of the archive.
    events: Vec<ArchivedEvent>,
    /// Everything that had happened when the question arrived is in it.
    complete: bool,
}

#[OpenApi(tag = "Tag::Log")]
impl Events {
    /// The events after a place
    ///
    /// With `wait` it answers as soon as there is one, so that one can follow the log. A page may have less than there
    /// is, or nothing: what `next` says is where to go on.
    #[oai(path = "/events", method = "get", operation_id = "list_events")]
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the API")]
    async fn list(
        &self,
        auth: Auth,
        /// The events after this place; before it if the newest come first.
        after: Query<Option<u64>>,
        /// `oldest` first, or `newest`; `oldest` if not said.
        order: Query<Option<String>>,
        /// Only of `TRAFFIC` or `CONTROL`.
        stream: Query<Option<String>>,
        /// Only of this one thing, with `id`; without `id` only of things of this kind: `project`, `api_key`, `model`, `price`, `user`, `session` or `admin_key`.
        kind: Query<Option<String>>,
        /// Of the thing.
        id: Query<Option<String>>,
        /// Only what this user or admin key did, by id; `admin` is the installation's first admin key.
        actor: Query<Option<String>>,
        /// Only of types that begin so: `uplion.api_key.`
        #[oai(name = "type")]
        event_type: Query<Option<String>>,
        /// Not earlier than this.
        from: Query<Option<String>>,
        /// Earlier than this.
        to: Query<Option<String>>,
        /// At most 1000.
        limit: Query<Option<usize>>,
        /// Milliseconds to wait for an event if there is none; at most 30000.
        wait: Query<Option<u64>>,
    ) -> Result<Json<EventPage>, Problem> {
        auth.0.may(Operation::ListEvents, Target::Installation)?;
        let asked = Asked {
            stream: stream.0,
            kind: kind.0,
            id: id.0,
            actor: actor.0,
            event_type: event_type.0,
            from: from.0,
            to: to.0,
        };
        let (wanted, order) = (asked.wanted()?, asked::order(order.0.as_deref())?);
        let most = limit.0.unwrap_or(MOST).clamp(1, MOST);
        let patience = Duration::from_millis(wait.0.unwrap_or(0).min(MOST_PATIENCE_MS));
        let deadline = Instant::now() + patience;
        loop {
            let Found { events, next } =
                self.reader.archive.find(&wanted, order, after.0, most).await?;
            let waits = events.is_empty() && next.is_none() && order == Order::OldestFirst;
            if !waits || Instant::now() + LOOK > deadline {
                let last = events.last().map(|event| event.pos).or(after.0).unwrap_or(0);
                let next = next.or((order == Order::OldestFirst).then_some(last));
                let data = ArchivedEvent::all(self.people.as_ref(), &events).await?;
                return Ok(Json(EventPage { data, next }));
            }
            sleep(LOOK).await;
        }
    }

    /// The newest requests
    #[oai(
        path = "/requests",
        method = "get",
        operation_id = "list_requests",
        tag = "Tag::Requests"
    )]
    async fn requests(
        &self,
        auth: Auth,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Older than this request.
        before: Query<Option<String>>,
        /// At most 1000; 50 if not said.
        limit: Query<Option<usize>>,
    ) -> Result<Json<RequestPage>, Problem> {
        let project = match project.0 {
            Some(text) => Some(self.names.project(&text).await?),
            None => None,
        };
        let seen = auth.0.sees(Operation::ListRequests, project)?;
        let before = before.0.map(|text| request_id(&text)).transpose()?;
        let most = limit.0.unwrap_or(50).clamp(1, MOST);
        let mut rows = Vec::new();
        for project in seen.filters() {
            let mut parameters = vec![columns::maybe_text(before), page::limit_value(most)];
            let statement = match project {
                Some(project) => {
                    parameters.insert(0, columns::text(project));
                    &requests::NEWEST_OF_PROJECT
                }
                None => &requests::NEWEST,
            };
            rows.extend(self.reader.query(statement, &parameters, Request::from_row).await?);
        }
        rows.sort_by_key(|row| Reverse(row.request));
        rows.truncate(most);
        let next =
            (rows.len() == most).then(|| rows.last().map(|row| row.request.to_string())).flatten();
        let labels = self.labels.load().await?;
        let data = rows.into_iter().map(|row| RequestSummary::of(row, &labels)).collect();
        Ok(Json(RequestPage { data, next }))
    }

    /// A request and its events in order
    #[oai(
        path = "/requests/:request",
        method = "get",
        operation_id = "get_request",
        tag = "Tag::Requests"
    )]
    async fn request(
        &self,
        auth: Auth,
        request: Path<String>,
        /// Milliseconds to wait for what had happened when the question arrived; at most 30000.
        wait: Query<Option<u64>>,
    ) -> Result<Json<RequestStory>, Problem> {
        let id = request_id(&request.0)?;
        let patience = Duration::from_millis(wait.0.unwrap_or(0).min(MOST_PATIENCE_MS));
        let freshness = self.reader.catch_up(&[requests::NAME], patience).await?;
        let events = self.reader.archive.of_request(id).await?;
        if events.is_empty() {
            return Err(unknown(id, &freshness));
        }
        auth.0.may(Operation::GetRequest, whose(&events)?)?;
        let parameters = [columns::text(id)];
        let rows = self.reader.query(&requests::ONE, &parameters, Request::from_row).await?;
        let labels = self.labels.load().await?;
        Ok(Json(RequestStory {
            request: rows.into_iter().next().map(|row| RequestSummary::of(row, &labels)),
            events: ArchivedEvent::all(self.people.as_ref(), &events).await?,
            complete: freshness == Freshness::CaughtUp,
        }))
    }
}

fn whose(events: &[Archived]) -> Result<Target, Problem> {
    for archived in events {
        let envelope = Envelope::decode(&archived.event)
            .map_err(|error| Problem::internal(format!("event {}: {error}", archived.pos)))?;
        if let Event::Request(event) = envelope.event {
            use request::Event::{Accepted, Assigned, Settled};
            let (Accepted(request::Accepted { project, .. })
            | Assigned(request::Assigned { project, .. })
            | Settled(request::Settled { project, .. })) = event;
            return Ok(Target::Project(project));
        }
    }
    Err(Problem::unseen())
}

fn request_id(text: &str) -> Result<RequestId, Problem> {
    text.parse().map_err(|_| {
        Problem::not_found(format!(
            "{text:?} is not the id of a request: it is in the answer's X-Request-Id"
        ))
    })
}

fn unknown(id: RequestId, freshness: &Freshness) -> Problem {
    match freshness {
        Freshness::CaughtUp => Problem::unseen(),
        Freshness::Behind(what) => Problem::unavailable(
            "behind",
            format!("request {id} is not archived yet, if it exists: {what}"),
        ),
    }
}
