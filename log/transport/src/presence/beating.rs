//! Saying that one is there.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};
use uplion_domain::subject::{Present, Subject};

use super::{Beat, EVERY};
use crate::message::Messages;

/// How soon news is told.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Somewhat less than a second, as it is looked only now and then.
const BY_THE_NEXT: Duration = EVERY.saturating_sub(Duration::from_millis(50));
/// A beat that finds no room at the broker is lost: the next, which comes sooner then, says the same.
const SEND_ROOM: Duration = Duration::from_millis(500);

/// Says what `beat` says, at least once a second, for ever. Who cannot reach the broker is not heard, and says so by
/// that.
pub async fn keep_beating(
    messages: Arc<dyn Messages>,
    who: Present,
    mut beat: impl FnMut() -> Beat + Send,
) -> Infallible {
    let subject = Subject::Presence(who);
    let (mut said, mut due) = (None, Instant::now());
    loop {
        let now = beat();
        let news = now.news();
        if due <= Instant::now() || said.as_ref() != Some(&news) {
            let sending = messages.send(&subject, now.encode());
            let was_said = matches!(timeout(SEND_ROOM, sending).await, Ok(Ok(())));
            let next = if was_said { BY_THE_NEXT } else { LOOK_EVERY };
            (said, due) = (Some(news), Instant::now() + next);
        }
        sleep(LOOK_EVERY).await;
    }
}
