//! An event of the archive as people and programs are shown it, with what is noted beside it.

use std::collections::HashMap;

use poem_openapi::{Object, types::Any};
use serde_json::Value as Raw;
use uplion_domain::{
    EventId,
    cloud_event::{self, Source},
};
use uplion_log_store::{
    archive::Archived,
    people::{Notes, People},
};
use uplion_log_transport::stream::StreamName;

use crate::problem::Problem;

/// An event at its place in the archive.
#[derive(Object)]
pub struct ArchivedEvent {
    /// Its place in the log, opaque: to be given as `after`. It is the same after a restore.
    position: String,
    stream: String,
    epoch: u32,
    sequence: u64,
    /// False for what does not count: a repeated event, a second end of a request.
    effective: bool,
    /// `CloudEvents` 1.0.
    event: Any<Raw>,
    #[oai(flatten)]
    annotation: Annotation,
}

/// What is known beside an event, as long as it is not erased.
#[derive(Default, Object)]
pub struct Annotation {
    /// What the person who did it is called now.
    actor_name: Option<String>,
    /// Why, in that person's words.
    reason: Option<String>,
    /// Where the call came from; `via` names the proxy that says so.
    source_address: Option<String>,
    user_agent: Option<String>,
}

/// What is known beside some events.
pub struct Annotations {
    names: HashMap<String, String>,
    notes: HashMap<EventId, Notes>,
}

impl ArchivedEvent {
    pub fn of(
        source: Source,
        archived: &Archived,
        annotation: Annotation,
    ) -> Result<Self, Problem> {
        let Archived { pos: _, stream, epoch, sequence, index: _, effective, subject, event } =
            archived;
        let position = archived.cursor().to_string();
        let spelled = cloud_event::json(source, event, subject)
            .and_then(|json| serde_json::from_slice(&json));
        let event =
            spelled.map_err(|error| Problem::internal(format!("event {position}: {error}")))?;
        Ok(Self {
            position,
            stream: stream.to_string(),
            epoch: *epoch,
            sequence: *sequence,
            effective: *effective,
            event: Any(event),
            annotation,
        })
    }

    /// For those who are not told where models are answered.
    pub fn leave_out_upstreams(&mut self) {
        let attempts = self.event.0["data"].get_mut("attempts").and_then(Raw::as_array_mut);
        for attempt in attempts.into_iter().flatten().filter_map(Raw::as_object_mut) {
            attempt.retain(|name, _| !name.starts_with("upstream"));
        }
    }

    /// With what is known beside each.
    pub async fn all(
        people: &dyn People,
        source: Source,
        found: &[Archived],
    ) -> Result<Vec<Self>, Problem> {
        // Nothing is noted beside what gateways and workers write.
        let noted = found.iter().filter(|archived| archived.stream == StreamName::Control);
        let annotations = Annotations::of(
            people,
            noted.map(|archived| (&archived.event.id, archived.event.actor.as_deref())),
        );
        let annotations = annotations.await?;
        let told = |archived: &Archived| {
            let event = &archived.event;
            Self::of(source, archived, annotations.annotation(&event.id, event.actor.as_deref()))
        };
        found.iter().map(told).collect()
    }
}

impl Annotations {
    /// Of events and who did them.
    pub async fn of(
        people: &dyn People,
        events: impl Iterator<Item = (&EventId, Option<&str>)>,
    ) -> Result<Self, Problem> {
        let (events, actors): (Vec<EventId>, Vec<Option<&str>>) =
            events.map(|(event, actor)| (event.clone(), actor)).unzip();
        let mut actors: Vec<String> = actors.into_iter().flatten().map(ToOwned::to_owned).collect();
        actors.sort_unstable();
        actors.dedup();
        let (mut names, mut notes) = (HashMap::new(), HashMap::new());
        if !actors.is_empty() {
            let annotations = people.among(&actors).await?;
            names.extend(
                annotations.into_iter().filter_map(|person| Some((person.user, person.name?))),
            );
        }
        if !events.is_empty() {
            notes = people.notes(&events).await?;
        }
        Ok(Self { names, notes })
    }

    pub fn annotation(&self, event: &EventId, actor: Option<&str>) -> Annotation {
        let Notes { reason, source_address, user_agent } =
            self.notes.get(event).cloned().unwrap_or_default();
        let actor_name = actor.and_then(|actor| self.names.get(actor)).cloned();
        Annotation { actor_name, reason, source_address, user_agent }
    }
}

impl Annotation {
    /// For those who need not know where others sit.
    pub fn without_address(self) -> Self {
        Self { source_address: None, user_agent: None, ..self }
    }
}
