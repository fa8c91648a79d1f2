//! What happened to one thing of the control plane: who changed what, when and why, from what to what.

use poem_openapi::{Object, OpenApi, param::Query, payload::Json, types::Any};
use serde_json::Value as Raw;
use uplion_domain::{Envelope, Event, api_key, subject::AggregateId};
use uplion_log_store::{event_store::Stored, people::People};

use super::{
    Tag,
    archived::{Annotation, Annotations},
    difference::{AggregateRows, Difference},
    page::{self, Page},
};
use crate::{
    auth::Auth,
    caller::{Caller, Target},
    names::Names,
    permissions::Action,
    problem::Problem,
};

pub struct Changes {
    pub names: Names,
    pub people: std::sync::Arc<dyn People>,
}

/// One change of one thing.
#[derive(Object)]
struct Change {
    /// The thing's version since.
    version: u64,
    /// Of the event, as `CloudEvents` have it.
    id: String,
    /// What happened, as the log calls it.
    #[oai(rename = "type")]
    kind: String,
    at: String,
    /// Who did it: `usr_…`, `adk_…`, or `admin` for the installation's first admin key.
    actor: Option<String>,
    #[oai(flatten)]
    annotation: Annotation,
    /// Of the call to the API.
    request_id: Option<String>,
    fields: Vec<Field>,
}

/// A field that the change changed.
#[derive(Debug, Object)]
struct Field {
    name: String,
    /// Null if there was nothing.
    before: Any<Raw>,
    /// Null if there is nothing any more.
    after: Any<Raw>,
}

#[OpenApi(tag = "Tag::Log")]
impl Changes {
    /// What happened to one thing
    ///
    /// Oldest first. What personal data was before is nowhere: that a name, an address or a password changed is a
    /// change without fields.
    #[oai(path = "/changes", method = "get", operation_id = "list_changes")]
    async fn changes(
        &self,
        auth: Auth,
        /// `project`, `api_key`, `model`, `price`, `user`, `session` or `admin_key`.
        kind: Query<String>,
        /// Its id; for a project or a model its name will do.
        id: Query<String>,
        /// Those after this version.
        after: Query<Option<u64>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
    ) -> Result<Json<Page<Change>>, Problem> {
        let aggregate = self.aggregate(&kind, &id).await?;
        let history = self.names.events.history(&aggregate).await?;
        let events: Vec<_> = history.iter().map(decoded).collect::<Result<_, _>>()?;
        let caller = auth.0.may(Action::ListChanges, target(&aggregate, &events)?)?;
        if events.is_empty() {
            return Err(Problem::unseen());
        }
        let last = history.last().map_or(0, |stored| stored.version);
        if let Some(after) = after.0.filter(|after| *after > last) {
            return Err(page::unknown_cursor(&after.to_string()));
        }
        let limit = page::limit(limit.0);
        let mut rows = AggregateRows::of(&aggregate);
        let mut wanted = Vec::new();
        for (stored, envelope) in history.iter().zip(events) {
            let differences = rows.apply(stored.position, envelope);
            if stored.version > after.0.unwrap_or(0) && wanted.len() < limit {
                wanted.push((stored, differences));
            }
        }
        self.page_of(&caller, wanted, limit).await.map(Json)
    }
}

impl Changes {
    async fn aggregate(&self, kind: &str, id: &str) -> Result<AggregateId, Problem> {
        match kind {
            "project" => self.names.project(id).await.map(AggregateId::Project),
            "model" => self.names.model(id).await.map(AggregateId::Model),
            kind => AggregateId::parse(kind, id)
                .map_err(|_| Problem::not_found(format!("there is no {kind} {id:?}"))),
        }
    }

    async fn page_of(
        &self,
        caller: &Caller,
        wanted: Vec<(&Stored, Vec<Difference>)>,
        limit: usize,
    ) -> Result<Page<Change>, Problem> {
        let events = wanted.iter().map(|(stored, _)| &stored.event);
        let annotations = Annotations::of(
            self.people.as_ref(),
            events.map(|event| (&event.id, event.actor.as_deref())),
        );
        let annotations = annotations.await?;
        let change = |(stored, differences): (&Stored, Vec<Difference>)| {
            let event = &stored.event;
            let annotation = annotations.annotation(&event.id, event.actor.as_deref());
            let annotation =
                if caller.everywhere.is_some() { annotation } else { annotation.without_address() };
            Change {
                version: stored.version,
                id: event.id.to_string(),
                kind: event.kind.clone(),
                at: event.at.to_string(),
                actor: event.actor.clone(),
                annotation,
                request_id: event.request_id.clone(),
                fields: differences.into_iter().map(Field::of).collect(),
            }
        };
        Ok(Page::of(wanted, limit, |(stored, _)| stored.version.to_string(), change))
    }
}

impl Field {
    fn of(difference: Difference) -> Self {
        let Difference { name, before, after } = difference;
        Self { name, before: Any(before), after: Any(after) }
    }
}

fn decoded(stored: &Stored) -> Result<Envelope, Problem> {
    Envelope::decode(&stored.event).map_err(Problem::unreadable)
}

/// A key is its project's, and one that never was is as unseen as one of a project that the caller does not see.
fn target(aggregate: &AggregateId, events: &[Envelope]) -> Result<Target, Problem> {
    Ok(match aggregate {
        AggregateId::Project(project) => Target::Project(*project),
        AggregateId::ApiKey(_) => {
            let project = events.iter().find_map(|envelope| {
                if let Event::ApiKey(_, api_key::Event::Issued { terms, .. }) = &envelope.event {
                    Some(terms.project)
                } else {
                    None
                }
            });
            Target::Project(project.ok_or_else(Problem::unseen)?)
        }
        AggregateId::Installation(_)
        | AggregateId::Model(_)
        | AggregateId::Price(_)
        | AggregateId::User(_)
        | AggregateId::Session(_)
        | AggregateId::AdminKey(_) => Target::Installation,
    })
}
