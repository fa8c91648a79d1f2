//! The streams and the queue that gateways own: made when the link comes up, and again when one was deleted meanwhile.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Duration, MissedTickBehavior, interval, sleep},
};
use uplion_log_transport::{
    message::Link,
    stream::{Identity, ReadError, StreamName, StreamSpec},
};

use crate::{admission::Admission, live::Live};

const TRY_AGAIN: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After each reconnect streams and tickets may be gone: both are made anew.
pub async fn watch_link(live: Arc<Live>, admission: Arc<Admission>) {
    let mut link = live.surroundings().log.messages.link();
    loop {
        let now = *link.borrow_and_update();
        match now {
            Link::Up { .. } => {
                ensure_streams(&live, &admission, &link).await;
                live.on_link(now);
            }
            Link::Down => {
                admission.gate.set_ensured(false);
                live.on_link(now);
            }
        }
        if link.changed().await.is_err() {
            return;
        }
    }
}

/// Until it works or the link changes.
async fn ensure_streams(live: &Live, admission: &Admission, link: &watch::Receiver<Link>) {
    let mut said = None;
    while !link.has_changed().unwrap_or(true) {
        match try_ensure_streams(live, admission).await {
            Ok(()) => {
                admission.gate.set_unmade(None);
                return admission.gate.set_ensured(true);
            }
            Err(error) => {
                let error = format!("{error:#}");
                // Twice a second is too often for what lasts until somebody mends it.
                if said.as_ref() != Some(&error) {
                    tracing::warn!(error, "gateway.streams.unavailable");
                    said = Some(error.clone());
                }
                admission.gate.set_unmade(Some(error));
            }
        }
        sleep(TRY_AGAIN).await;
    }
}

async fn try_ensure_streams(live: &Live, admission: &Admission) -> anyhow::Result<()> {
    for stream in &admission.options.streams {
        live.surroundings().log.streams.ensure(stream).await?;
    }
    live.surroundings().log.tasks.ensure(&live.surroundings().queue).await?;
    Ok(())
}

/// Makes anew what somebody deleted, and keeps the last tenth of TRAFFIC for those who are admitted already.
pub async fn watch_streams(live: Arc<Live>, admission: Arc<Admission>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let streams = &live.surroundings().log.streams;
    loop {
        ticks.tick().await;
        for spec in &admission.options.streams {
            match streams.identity(spec.name).await {
                Ok(found) if spec.name == StreamName::Traffic => look_at_size(&admission, &found),
                // Until the link has come up for the first time they are not there, and about to be made.
                Err(ReadError::Missing(stream)) if admission.gate.is_ensured() => {
                    tracing::error!(%stream, "gateway.stream.deleted");
                    make_anew(&live, spec).await;
                }
                // Who cannot ask keeps to the last answer: a log that is away is noticed by its link.
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// What fails is tried again by the next look.
async fn make_anew(live: &Live, spec: &StreamSpec) {
    let stream = spec.name;
    match live.surroundings().log.streams.ensure(spec).await {
        Ok(_) => tracing::warn!(%stream, "gateway.stream.made_anew"),
        Err(error) => tracing::warn!(%stream, %error, "gateway.streams.unavailable"),
    }
}

fn look_at_size(admission: &Admission, Identity { bytes, max_bytes, .. }: &Identity) {
    let percent = admission.options.bounds.traffic_percent;
    let full = u128::from(*bytes) * 100 >= u128::from(*max_bytes) * u128::from(percent);
    admission.gate.set_log_full(full && *max_bytes > 0);
}
