//! Whether what this gateway sends by one connection comes back by the other.
//!
//! In a cluster that is cut in two they may sit on different sides: workers would hear its tickets and it would not hear
//! them, or the other way round. A message of its own goes the way that an answer has to come.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use uplion_domain::{GatewayId, RequestId, subject::Subject};
use uplion_log_transport::message::Message;
use uuid::Uuid;

use crate::{admission::Admission, live::Live};

const EVERY: Duration = Duration::from_millis(500);

/// No request has this id.
fn to_itself(gateway: GatewayId) -> Subject {
    Subject::Gateway { gateway, request: RequestId::new(Uuid::nil()) }
}

/// Whether the message is one that this gateway sent to itself.
pub fn is_own(message: &Message, gateway: GatewayId) -> bool {
    message.payload.is_empty() && message.subject == to_itself(gateway)
}

pub async fn keep_pinging(live: Arc<Live>, admission: Arc<Admission>) {
    let (messages, subject) = (&live.surroundings().log.messages, to_itself(admission.gateway));
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Without a link there are other reasons to admit nobody.
        if messages.send(&subject, Bytes::new()).await.is_ok() && admission.gate.has_pinged() {
            tracing::error!("gateway.unheard_by_itself");
        }
    }
}
