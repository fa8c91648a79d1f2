//! The log itself, as `CloudEvents`: followed from a place on, or looked through for something.

use std::{sync::Arc, time::Duration};

use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use tokio::time::{Instant, sleep};
use uplion_log_store::{
    archive::EventCursor,
    event_query::{EventPage as Found, Order},
    people::People,
};

use super::{
    Tag,
    archived::ArchivedEvent,
    event_filter::{self, EventFilter},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::ReadAt,
    installation::Foundation,
    permissions::Action,
    problem::Problem,
    reading::{self, Reader},
};

const MOST: usize = 1_000;
/// Between two looks at the archive for somebody who follows it.
const LOOK: Duration = Duration::from_millis(50);

pub struct Events {
    pub reader: Reader,
    pub people: Arc<dyn People>,
    pub foundation: Foundation,
}

#[derive(Object)]
struct EventPage {
    data: Vec<ArchivedEvent>,
    /// Ask with `after` for what follows, also if there is nothing yet. Null where nothing follows: before the first event
    /// there is, or at the end of the newest first.
    next: Option<String>,
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
        /// The events after this `position`, as an event or `next` said it; before it if the newest come first.
        after: Query<Option<String>>,
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
        at: ReadAt,
    ) -> Result<Json<EventPage>, Problem> {
        auth.0.may(Action::ListEvents, Target::Installation)?;
        let filter = EventFilter {
            stream: stream.0,
            kind: kind.0,
            id: id.0,
            actor: actor.0,
            event_type: event_type.0,
            from: from.0,
            to: to.0,
        };
        let (wanted, order) = (filter.query()?, event_filter::order(order.0.as_deref())?);
        // What is archived is all that is read here.
        self.reader.wait_for(at.position()?, &[]).await?;
        let most = limit.0.unwrap_or(MOST).clamp(1, MOST);
        let patience = reading::patience(wait.0);
        let deadline = Instant::now() + patience;
        let source = self.foundation.source().await?;
        let mut place = match after.0 {
            Some(after) => Some(self.place(&after).await?),
            None => None,
        };
        loop {
            let head = self.reader.archive.head().await?;
            let Found { events, next } =
                self.reader.archive.find(&wanted, order, place, most).await?;
            if order == Order::OldestFirst && next.is_none() {
                // All up to there was looked through: neither this call nor the next does it again.
                let last = events.last().map_or(head, |event| event.pos.max(head));
                place = place.max(Some(last));
            }
            let waits = events.is_empty() && next.is_none() && order == Order::OldestFirst;
            if !waits || Instant::now() + LOOK > deadline {
                let next = next.or(place.filter(|_| order == Order::OldestFirst));
                let next = match next {
                    Some(next) => self.reader.archive.cursor_at(next).await?,
                    None => None,
                };
                let next = next.map(|cursor| cursor.to_string());
                let data = ArchivedEvent::all(self.people.as_ref(), source, &events).await?;
                return Ok(Json(EventPage { data, next }));
            }
            sleep(LOOK).await;
        }
    }
}

impl Events {
    /// Where the archive has it.
    async fn place(&self, position: &str) -> Result<u64, Problem> {
        let cursor: EventCursor = position.parse().map_err(|_| unknown(position))?;
        self.reader.archive.position_of(cursor).await?.ok_or_else(|| unknown(position))
    }
}

fn unknown(position: &str) -> Problem {
    Problem::unacceptable(
        "rejected",
        format!(
            "after: no event is at {position:?}: give the position of an event, or next, as it was said; or leave it away, to begin at the end of the log that order says"
        ),
    )
}
