//! Asks a log that took no settlement whether it does again: with an event of the gateway's own, which costs nobody.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use uplion_domain::{
    Envelope, Event, EventId,
    request::{self, Probed},
};
use uplion_log_transport::stream::Condition;
use uuid::Uuid;

use crate::{admission::Admission, live::Live};

/// And one at a time.
const EVERY: Duration = Duration::from_millis(500);

pub async fn keep_probing(live: Arc<Live>, admission: Arc<Admission>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if admission.recording.wants_probe() {
            let probe = event(&admission);
            let (subject, streams) = (probe.event.subject(), &live.surroundings().log.streams);
            match streams.append(&subject, probe.encode(), Condition::default()).await {
                Ok(_) => admission.recording.probed(),
                Err(error) => tracing::debug!(%error, "gateway.probe.unacknowledged"),
            }
        }
    }
}

fn event(admission: &Admission) -> Envelope {
    let at = (admission.clock)();
    let probed = Probed { gateway: admission.gateway, at };
    Envelope {
        id: EventId::fresh(Uuid::now_v7()),
        at,
        traceparent: None,
        actor: None,
        request_id: None,
        event: Event::Request(request::Event::Probed(probed)),
    }
}
