//! The requests whose clients wait at this gateway, and the way of messages to them.

mod driver;
mod in_place;
mod receive_window;
mod registry;
mod request;
mod response_body;
mod settle;
mod tombstones;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use uplion_domain::{
    Envelope, GatewayId, RequestId, WorkerId,
    request::{Accepted, Rejected},
    subject::Subject,
};
use uplion_log_transport::{
    claim::{AcceptedEvent, FromGateway, FromWorker},
    message::{self, Link},
};
use uplion_protocol::{Endpoint, endpoint::Forwarding};

use self::{
    driver::Driver,
    in_place::InPlace,
    receive_window::ReceiveWindow,
    registry::{Delivery, Message, Registry},
    request::{Admitted, Request},
};
pub use self::{
    driver::{ClientReply, Surroundings},
    request::WholeAnswer,
    response_body::BodyStream,
};
use crate::{
    options::{Bounds, Serving, Timeouts},
    permit::Permit,
    rejections,
};

/// How long a reply for a request that is over may wait for room at the broker.
const REPLY_ROOM: Duration = Duration::from_millis(100);

pub struct Live {
    surroundings: Arc<Surroundings>,
    in_place: InPlace,
    registry: Arc<Registry>,
    receive_window: Arc<ReceiveWindow>,
    timeouts: Timeouts,
    bounds: Bounds,
}

impl Live {
    pub fn new(surroundings: Surroundings, timeouts: &Timeouts, bounds: Bounds) -> Self {
        let surroundings = Arc::new(surroundings);
        Self {
            in_place: InPlace::new(&surroundings),
            surroundings,
            registry: Arc::default(),
            receive_window: ReceiveWindow::new(bounds.under_way),
            timeouts: *timeouts,
            bounds,
        }
    }

    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub fn link(&self) -> Link {
        self.surroundings.link()
    }

    /// Starts the request. Dropping the receiver ends it.
    pub fn start(
        &self,
        endpoint: Endpoint,
        (accepted, serving): (Accepted, Serving),
        (forwarding, body): (&Forwarding, Bytes),
        permit: Permit,
    ) -> oneshot::Receiver<ClientReply> {
        // Listen before asking: a quick worker claims before the offer is acknowledged.
        let registration = self.registry.register(accepted.request);
        let event = self.append_accepted(&accepted);
        let read = forwarding.encode();
        let admitted = Admitted { endpoint, accepted, serving, event, read, body };
        let limits = (self.timeouts, self.bounds);
        let window = Arc::clone(&self.receive_window);
        let request = Request::new(admitted, limits, window, self.link(), Instant::now());
        let (driver, client) =
            Driver::new(Arc::clone(&self.surroundings), request, registration, permit);
        tokio::spawn(driver.run());
        client
    }

    /// Off the path, as all that the settlement says again. Encoded once, for the log and for the worker.
    fn append_accepted(&self, accepted: &Accepted) -> AcceptedEvent {
        let envelope = Envelope::accepted(accepted.clone());
        let encoded = envelope.encode();
        let event = AcceptedEvent::from(&encoded);
        self.surroundings.log.streams.append_soon(&envelope.event.subject(), encoded);
        event
    }

    /// Off the path: what is lost of it is lost to statistics alone.
    pub fn record_rejected(&self, rejected: Vec<Rejected>) {
        for rejected in rejected {
            let envelope = rejections::event(rejected);
            let subject = envelope.event.subject();
            self.surroundings.log.streams.append_soon(&subject, envelope.encode());
        }
    }

    /// Hands a message to its request, or replies for one that is over.
    pub async fn dispatch(&self, message: message::Message) {
        let Subject::Gateway { request, gateway } = message.subject else { return };
        if message.payload.is_empty() {
            // Whoever has not heard this gateway for a moment asks the broker whether it still listens.
            return;
        }
        let payload = match self.registry.deliver(request, message.payload) {
            Delivery::Delivered => return,
            Delivery::Dropped => return self.surroundings.metrics.dropped_message(),
            Delivery::Absent(payload) => payload,
        };
        if let Some((worker, reply)) = self.reply_for_ended((gateway, request), payload) {
            let to = Subject::Worker { worker, request };
            // Never for long: those behind it are alive.
            let sending = self.surroundings.log.messages.send(&to, reply.encode());
            drop(timeout(REPLY_ROOM, sending).await);
        }
    }

    fn reply_for_ended(
        &self,
        (gateway, request): (GatewayId, RequestId),
        payload: Bytes,
    ) -> Option<(WorkerId, FromGateway)> {
        match FromWorker::decode(payload).ok()? {
            FromWorker::Claim { claim, worker, delivery: _, all_sent: _ } => {
                Some((worker, FromGateway::Drop { claim }))
            }
            FromWorker::AreYouThere { worker } => Some((worker, FromGateway::Here { gateway })),
            FromWorker::Settle(asked) => {
                self.in_place.settle(gateway, request, *asked);
                None
            }
            FromWorker::BodyRequest { claim, .. }
            | FromWorker::Alive { claim, .. }
            | FromWorker::Chunk { claim, .. }
            | FromWorker::Release { claim, .. }
            | FromWorker::Finish { claim, .. } => {
                let ended = self.registry.ended(request).filter(|ended| ended.claim == claim)?;
                Some((ended.worker, ended.message()))
            }
        }
    }

    pub fn on_link(&self, link: Link) {
        self.registry.deliver_to_all(&Message::Link(link));
    }

    /// Whoever waits looks whether somebody will come.
    pub fn on_outlook(&self) {
        self.registry.deliver_to_all(&Message::Outlook);
    }

    /// The gateway is about to leave: whatever is under way ends now.
    pub fn stop_all(&self) {
        self.registry.deliver_to_all(&Message::Stop);
    }
}
