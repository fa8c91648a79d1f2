//! The log itself, as `CloudEvents`: followed from a place on, or looked through for something.

use std::{sync::Arc, time::Duration};

use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use tokio::time::{Instant, sleep};
use uplion_log_store::{
    event_query::{EventPage as Found, Order},
    people::People,
};

use super::{
    Tag,
    archived::ArchivedEvent,
    event_filter::{self, EventFilter},
};
use crate::{
    auth::Auth, caller::Target, headers::ReadAt, installation::Foundation, permissions::Action,
    problem::Problem, reading::Reader,
};

const MOST: usize = 1_000;
const MOST_PATIENCE_MS: u64 = 30_000;
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
    /// Ask for what comes after this next time, also if there is nothing yet. Null at the end of the newest.
    next: Option<u64>,
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
        let patience = Duration::from_millis(wait.0.unwrap_or(0).min(MOST_PATIENCE_MS));
        let deadline = Instant::now() + patience;
        let source = self.foundation.source().await?;
        let mut place = after.0;
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
                let data = ArchivedEvent::all(self.people.as_ref(), source, &events).await?;
                return Ok(Json(EventPage { data, next }));
            }
            sleep(LOOK).await;
        }
    }
}
