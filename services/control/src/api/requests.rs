//! Requests: how each went, and all that happened to one.

use std::sync::Arc;

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{Envelope, Event, RequestId, request};
use uplion_log_store::{archive::Archived, people::People};
use uplion_projections::{
    columns,
    projection::TypedRow,
    requests::{self, Newest, Request},
};

use super::{
    Tag,
    archived::ArchivedEvent,
    page::{self, Page},
    request::{AttemptView, RequestStatus, RequestSummary},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::{self, ReadAt},
    installation::Foundation,
    labels::{Labels, named},
    names::{self, Names},
    permissions::Action,
    problem::Problem,
    reading::{self, Freshness, Reader},
};

pub struct Requests {
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
    pub people: Arc<dyn People>,
    pub foundation: Foundation,
}

#[derive(Object)]
struct RequestStory {
    /// Null while only its events are known.
    request: Option<RequestSummary>,
    /// At upstreams, in order; told when it ends.
    attempts: Vec<AttemptView>,
    /// In the order of the archive.
    events: Vec<ArchivedEvent>,
    /// Everything that had happened when the question arrived is in it.
    complete: bool,
}

#[OpenApi(tag = "Tag::Requests")]
impl Requests {
    /// List requests
    ///
    /// The newest first.
    #[oai(path = "/requests", method = "get", operation_id = "list_requests")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        auth: Auth,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Only of this key, by id.
        key: Query<Option<String>>,
        /// Only of this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Only those that have come so far, or ended so.
        status: Query<Option<RequestStatus>>,
        /// Accepted at this time or later. RFC 3339.
        from: Query<Option<String>>,
        /// Accepted before this time.
        to: Query<Option<String>>,
        /// Those before this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<RequestSummary>>, Problem> {
        let project = self.names.maybe_project(project.0.as_deref()).await?;
        let seen = auth.0.sees(Action::ListRequests, project)?;
        self.reader.wait_for(at.position()?, &named(requests::NAME)).await?;
        let key = key.0.map(|text| names::key(&text)).transpose()?;
        let model = self.names.maybe_model(model.0.as_deref()).await?;
        let (from, to) = headers::span(from.0.as_deref(), to.0.as_deref())?;
        let after = after.0.as_deref();
        let after = page::cursor_of::<RequestId>(&self.reader, &requests::ONE, after).await?;
        let limit = page::limit(limit.0);
        let mut rows = Vec::new();
        for project in seen.filters() {
            let parameters = Newest {
                project,
                key,
                model: model.clone(),
                status: status.0.map(|status| status.as_str().to_owned()),
                accepted_from: from,
                accepted_to: to,
                older_than: after.clone(),
                limit,
            };
            let parameters = parameters.values();
            let read = Request::from_row;
            rows.extend(self.reader.query(&requests::NEWEST, &parameters, read).await?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.request));
        rows.truncate(limit);
        let (projects, keys) =
            (rows.iter().map(|row| row.project), rows.iter().filter_map(|row| row.key));
        let labels = self.labels.of(projects, keys).await?;
        let view = |row| RequestSummary::of(row, &labels);
        Ok(Json(Page::of(rows, limit, |row| row.request.to_string(), view)))
    }

    /// A request and its events in order
    #[oai(path = "/requests/:request", method = "get", operation_id = "get_request")]
    async fn show(
        &self,
        auth: Auth,
        request: Path<String>,
        /// Milliseconds to wait for what had happened when the question arrived; at most 30000.
        wait: Query<Option<u64>>,
    ) -> Result<Json<RequestStory>, Problem> {
        let id = request_id(&request.0)?;
        let patience = reading::patience(wait.0);
        let freshness = self.reader.catch_up(&named(requests::NAME), patience).await?;
        let events = self.reader.archive.of_request(id).await?;
        if events.is_empty() {
            return Err(unknown(id, &freshness));
        }
        let told = auth.0.may(Action::GetRequest, whose(&events)?)?.sees_upstreams();
        let parameters = [columns::text(id)];
        let rows = self.reader.query(&requests::ONE, &parameters, Request::from_row).await?;
        let (projects, keys) =
            (rows.iter().map(|row| row.project), rows.iter().filter_map(|row| row.key));
        let labels = self.labels.of(projects, keys).await?;
        Ok(Json(RequestStory {
            request: rows.into_iter().next().map(|row| RequestSummary::of(row, &labels)),
            attempts: attempts(&events, told)?,
            events: self.told(&events, told).await?,
            complete: freshness == Freshness::CaughtUp,
        }))
    }
}

impl Requests {
    async fn told(
        &self,
        events: &[Archived],
        with_upstreams: bool,
    ) -> Result<Vec<ArchivedEvent>, Problem> {
        let source = self.foundation.source().await?;
        let mut events = ArchivedEvent::all(self.people.as_ref(), source, events).await?;
        if !with_upstreams {
            events.iter_mut().for_each(ArchivedEvent::leave_out_upstreams);
        }
        Ok(events)
    }
}

/// Of the settlement that counts; nothing before there is one.
fn attempts(events: &[Archived], with_upstreams: bool) -> Result<Vec<AttemptView>, Problem> {
    for archived in events.iter().filter(|archived| archived.effective) {
        let envelope = Envelope::decode(&archived.event).map_err(Problem::unreadable)?;
        if let Event::Request(request::Event::Settled(settled)) = envelope.event {
            let view = |attempt| AttemptView::of(attempt, with_upstreams);
            return Ok(settled.attempts.iter().map(view).collect());
        }
    }
    Ok(Vec::new())
}

fn whose(events: &[Archived]) -> Result<Target, Problem> {
    for archived in events {
        let envelope = Envelope::decode(&archived.event).map_err(Problem::unreadable)?;
        if let Some(project) = envelope.event.as_request().and_then(request::Event::project) {
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
