//! The requests whose clients wait at this gateway, and the way of messages to them.

mod action;
mod active_claim;
mod actor;
mod ending;
mod on_message;
mod receive_window;
mod received;
mod request;
mod response_body;
mod settle;
#[cfg(test)]
mod spec;
mod timers;
mod tombstones;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Instant, timeout},
};
use uplion_domain::{Envelope, ModelName, RequestId, request::Accepted, subject::Subject};
use uplion_log_transport::{
    Log,
    claim::{AcceptedEvent, FromGateway, FromWorker, Head},
    message::{Link, Message},
    task::QueueSpec,
};
use uplion_protocol::error::ApiError;

use self::{
    action::EndedClaim, actor::Actor, receive_window::ReceiveWindow, request::Request,
    tombstones::Tombstones,
};
pub use self::{
    action::WholeAnswer,
    response_body::{BodyStream, ResponseBody},
};
use crate::{
    live_catalog::LiveCatalog,
    memory::{HeldMemory, MemoryBudget},
    metrics::Metrics,
    options::{Bounds, Pace},
};

/// Messages that wait for one request. What overflows is sent again.
const MAILBOX: usize = 256;
/// How long an answer to a request that is over may wait for room at the broker.
const ANSWER_ROOM: Duration = Duration::from_millis(100);

/// Everything that a live request needs of its gateway.
pub struct Live {
    pub(crate) log: Log,
    pub(crate) queue: QueueSpec,
    pub(crate) metrics: Metrics,
    pace: Pace,
    bounds: Bounds,
    answers: Arc<MemoryBudget>,
    receive_window: Arc<ReceiveWindow>,
    catalog: Arc<LiveCatalog>,
    link: watch::Receiver<Link>,
    requests: Mutex<HashMap<RequestId, mpsc::Sender<ActorMessage>>>,
    in_flight: AtomicUsize,
    idle: Notify,
    ended: Mutex<Tombstones>,
}

pub enum ActorMessage {
    Worker(Bytes),
    Link(Link),
    Stop,
}

/// What the client's side of a request is given, once.
#[derive(Debug)]
pub enum ClientReply {
    Whole(WholeAnswer),
    Stream(Head, Arc<ResponseBody>),
    Rejected(ApiError),
}

impl Live {
    pub fn new(
        log: Log,
        queue: QueueSpec,
        metrics: Metrics,
        (pace, bounds): (Pace, Bounds),
        answers: Arc<MemoryBudget>,
        catalog: Arc<LiveCatalog>,
    ) -> Self {
        let link = log.messages.link();
        Self {
            log,
            queue,
            metrics,
            pace,
            bounds,
            answers,
            receive_window: ReceiveWindow::new(bounds.under_way),
            catalog,
            link,
            requests: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
            ended: Mutex::default(),
        }
    }

    pub fn link(&self) -> Link {
        *self.link.borrow()
    }

    /// Who was admitted a moment before it was known waits for a model that nobody serves.
    pub(crate) fn is_retired(&self, model: &ModelName) -> bool {
        self.catalog.ask(|catalog| catalog.is_retired(model)) == Ok(true)
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Returns once nothing is in flight.
    pub async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }

    fn requests(&self) -> MutexGuard<'_, HashMap<RequestId, mpsc::Sender<ActorMessage>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the request. The body's memory is given back when it is settled; dropping the receiver ends it.
    pub fn start(
        self: &Arc<Self>,
        accepted: Accepted,
        body: Bytes,
        body_memory: HeldMemory,
    ) -> oneshot::Receiver<ClientReply> {
        let (to, mail) = mpsc::channel(MAILBOX);
        let (reply, client) = oneshot::channel();
        let now = Instant::now();
        // Listen before asking: a quick worker claims before the offer is acknowledged.
        self.requests().insert(accepted.request, to);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let event = self.append_accepted(&accepted);
        let (limits, receive_window) = ((self.pace, self.bounds), Arc::clone(&self.receive_window));
        let request =
            Request::new((accepted, event), body, limits, receive_window, self.link(), now);
        let mut actor = Actor {
            live: Arc::clone(self),
            request,
            mail,
            reply: Some(reply),
            body: None,
            body_memory: Some(body_memory),
            answer_memory: self.answers.nothing(),
            offering: None,
            settling: None,
            settling_since: now,
        };
        tokio::spawn(async move { actor.run().await });
        client
    }

    /// Off the path, as all that the settlement says again. Encoded once, for the log and for the worker.
    fn append_accepted(&self, accepted: &Accepted) -> AcceptedEvent {
        let envelope = Envelope::accepted(accepted.clone());
        let encoded = envelope.encode();
        let event = AcceptedEvent::from(&encoded);
        self.log.streams.append_soon(&envelope.event.subject(), encoded);
        event
    }

    pub(crate) fn forget(&self, request: RequestId, ended: Option<EndedClaim>) {
        self.requests().remove(&request);
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle.notify_waiters();
        }
        if let Some(ended) = ended {
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).add(request, ended);
        }
    }

    /// Hands a message to its request, or answers for one that is over.
    pub async fn dispatch(&self, message: Message) {
        let Subject::Gateway { request, gateway: _ } = message.subject else { return };
        let payload = {
            let requests = self.requests();
            match requests.get(&request) {
                Some(to) => {
                    if to.try_send(ActorMessage::Worker(message.payload)).is_err() {
                        self.metrics.dropped_message();
                    }
                    return;
                }
                None => message.payload,
            }
        };
        if let Some((worker, answer)) = self.reply_for_ended(request, payload) {
            let to = Subject::Worker { worker, request };
            // Never for long: those behind it are alive.
            let sending = self.log.messages.send(&to, answer.encode());
            drop(timeout(ANSWER_ROOM, sending).await);
        }
    }

    fn reply_for_ended(
        &self,
        request: RequestId,
        payload: Bytes,
    ) -> Option<(uplion_domain::WorkerId, FromGateway)> {
        match FromWorker::decode(payload).ok()? {
            FromWorker::Claim { claim, worker, delivery: _, all_sent: _ } => {
                Some((worker, FromGateway::Drop { claim }))
            }
            FromWorker::BodyRequest { claim, .. }
            | FromWorker::Alive { claim, .. }
            | FromWorker::Chunk { claim, .. }
            | FromWorker::Release { claim, .. }
            | FromWorker::Finish { claim, .. } => {
                let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                let ended = ended.get(request).filter(|ended| ended.claim == claim)?;
                Some((ended.worker, ended.message()))
            }
        }
    }

    /// Says something to all requests. Who has no room for it looks at the next tick.
    pub fn tell_all(&self, mail: impl Fn() -> ActorMessage) {
        for to in self.requests().values() {
            drop(to.try_send(mail()));
        }
    }
}
