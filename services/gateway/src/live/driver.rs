//! Runs one request: takes in what everybody says who has a say in it, one at a time, and does what it wants done.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, Sleep, sleep, sleep_until, timeout},
};
use uplion_domain::{Envelope, ModelName, request::Settled, subject::Subject};
use uplion_log_transport::{
    Log,
    claim::{FromGateway, FromWorker, Head},
    message::Link,
    task::{OfferError, QueueSpec, Ticket},
};
use uplion_protocol::error::ApiError;

use super::{
    registry::{Message, Registration},
    request::{Action, Correction, Request, SettleResult, WholeAnswer},
    response_body::ResponseBody,
    settle::{settle, write},
};
use crate::{
    Clock,
    live_catalog::LiveCatalog,
    metrics::{Correcting, Metrics},
    outlook::Outlook,
    permit::Permit,
    recording::Recording,
    waiting::{Waiting, WaitingPlace},
};

/// Messages that are taken in before anything is answered: credits then speak for all of them.
const BATCH: usize = 64;
/// Most requests end before their first look, and never touch the timer again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const OFFER_TRIES: u32 = 4;
const OFFER_AGAIN: Duration = Duration::from_millis(250);
/// How long a message may wait for room at the broker; whatever it says is said again.
const SEND_ROOM: Duration = Duration::from_secs(1);

/// What every request needs of the world.
pub struct Surroundings {
    pub log: Log,
    pub queue: QueueSpec,
    pub metrics: Metrics,
    pub catalog: Arc<LiveCatalog>,
    pub waiting: Waiting,
    pub outlook: Arc<Outlook>,
    pub link: watch::Receiver<Link>,
    pub recording: Arc<Recording>,
    pub clock: Clock,
}

/// What the client's side of a request is given, once.
#[derive(Debug)]
pub enum ClientReply {
    Whole(WholeAnswer),
    Stream(Head, Arc<ResponseBody>),
    Rejected(ApiError),
}

pub struct Driver {
    surroundings: Arc<Surroundings>,
    request: Request,
    registration: Registration,
    permit: Permit,
    /// Until a worker has it.
    waiting: Option<WaitingPlace>,
    /// Until the client has its response's head.
    reply: Option<oneshot::Sender<ClientReply>>,
    /// From then on, if it is a stream.
    body: Option<Arc<ResponseBody>>,
    offering: Running<Result<(), OfferError>>,
    settling: Running<SettleResult>,
    settling_since: Instant,
    /// Its client was told of an error after it was settled.
    correcting: Option<Correcting>,
}

type Running<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

enum Input {
    Message(Message),
    Offered(Result<(), OfferError>),
    Settled(SettleResult),
    /// Something was delivered, or the client went away.
    Client,
    Tick,
}

impl Surroundings {
    pub fn link(&self) -> Link {
        *self.link.borrow()
    }

    /// Whoever was admitted a moment before it was known waits for a model that nobody serves.
    fn is_retired(&self, model: &ModelName) -> bool {
        self.catalog.ask(|catalog| catalog.is_retired(model)) == Ok(true)
    }
}

impl Driver {
    pub fn new(
        surroundings: Arc<Surroundings>,
        request: Request,
        registration: Registration,
        permit: Permit,
    ) -> (Self, oneshot::Receiver<ClientReply>) {
        let (reply, client) = oneshot::channel();
        let accepted = request.accepted();
        let waiting = surroundings.waiting.enter(accepted.request, accepted.model.clone());
        let driver = Self {
            surroundings,
            request,
            registration,
            permit,
            waiting: Some(waiting),
            reply: Some(reply),
            body: None,
            offering: None,
            settling: None,
            settling_since: Instant::now(),
            correcting: None,
        };
        (driver, client)
    }

    pub async fn run(mut self) {
        let mut timer = std::pin::pin!(sleep_until(Instant::now() + LOOK_EVERY));
        loop {
            if self.act().await {
                return;
            }
            let mut due = self.request.due();
            if timer.is_elapsed() {
                due = due.min(Instant::now() + LOOK_EVERY);
            }
            if due < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(due);
            }
            let input = self.next_input(timer.as_mut()).await;
            self.on_input(input);
        }
    }

    async fn next_input(&mut self, timer: Pin<&mut Sleep>) -> Input {
        tokio::select! {
            biased;
            () = client(self.reply.as_mut(), self.body.as_deref()) => Input::Client,
            Some(message) = self.registration.recv() => Input::Message(message),
            result = running(&mut self.settling) => Input::Settled(result),
            offered = running(&mut self.offering) => Input::Offered(offered),
            () = timer => Input::Tick,
        }
    }

    fn on_input(&mut self, input: Input) {
        let now = Instant::now();
        if let Some(body) = &self.body {
            self.request.on_delivered(now, body.delivered());
        }
        match input {
            Input::Message(message) => {
                self.on_message(now, message);
                for _ in 1..BATCH {
                    let Some(message) = self.registration.try_recv() else { break };
                    self.on_message(now, message);
                }
            }
            Input::Offered(offered) => self.request.on_offered(now, offered),
            Input::Settled(result) => {
                if self.correcting.is_none() {
                    self.surroundings.metrics.settled_after(self.settling_since.elapsed());
                }
                self.request.on_settled(now, result);
            }
            Input::Client => self.on_client(now),
            Input::Tick => self.on_tick(now),
        }
    }

    fn on_message(&mut self, now: Instant, message: Message) {
        match message {
            Message::Worker(message) => self.on_worker_message(now, message),
            Message::Link(link) => self.request.on_link(now, link),
            Message::Outlook => self.look_at_outlook(now),
            Message::Stop => self.request.on_stop(now),
        }
    }

    fn on_worker_message(&mut self, now: Instant, message: Bytes) {
        match FromWorker::decode(message) {
            Ok(FromWorker::Chunk { bytes, .. })
                if !self.permit.has_room_for_answer(bytes.len() as u64) =>
            {
                self.surroundings.metrics.dropped_chunk();
                self.request.on_no_room(now);
            }
            Ok(message) => {
                self.request.on_message(now, message);
                self.permit.hold_answer(self.request.buffered());
            }
            Err(error) => tracing::warn!(%error, "gateway.worker_message.unreadable"),
        }
    }

    fn on_client(&mut self, now: Instant) {
        let gone = match (&self.reply, &self.body) {
            (Some(reply), _) => reply.is_closed(),
            (None, Some(body)) => body.is_gone(),
            (None, None) => false,
        };
        if gone {
            self.reply = None;
            self.body = None;
            self.request.on_client_gone(now);
        }
    }

    fn on_tick(&mut self, now: Instant) {
        // A message that met a full mailbox is made good here.
        self.request.on_link(now, self.surroundings.link());
        if self.surroundings.is_retired(&self.request.accepted().model) {
            self.request.on_retired(now);
        }
        self.look_at_outlook(now);
        self.request.on_tick(now);
    }

    fn look_at_outlook(&mut self, now: Instant) {
        if !self.request.is_waiting() {
            return;
        }
        let model = &self.request.accepted().model;
        let unserved = self.surroundings.outlook.unserved(model);
        if let Some(why) = unserved {
            let model = model.clone();
            if self.request.on_unserved(now, why) {
                self.surroundings.outlook.count(&model, why);
            }
        } else {
            self.request.on_served();
        }
    }

    /// Whether the request is over.
    async fn act(&mut self) -> bool {
        let mut over = false;
        for action in self.request.actions() {
            match action {
                Action::Offer => {
                    let surroundings = Arc::clone(&self.surroundings);
                    self.offering = Some(Box::pin(offer(surroundings, self.ticket())));
                }
                Action::Assigned(assigned) => {
                    self.waiting = None;
                    let envelope = Envelope::assigned(assigned);
                    let subject = envelope.event.subject();
                    self.surroundings.log.streams.append_soon(&subject, envelope.encode());
                }
                Action::Send(worker, message) => {
                    let request = self.request.accepted().request;
                    let to = Subject::Worker { worker, request };
                    send(&self.surroundings, &to, message).await;
                }
                Action::Settle(settled) => self.start_settling(*settled),
                Action::Correct(correction) => self.start_correcting(correction),
                Action::Forget(ended) => {
                    if let Some(ended) = ended {
                        self.registration.leave_tombstone(ended);
                    }
                    over = true;
                }
                Action::Respond(whole) => self.reply(ClientReply::Whole(whole)),
                Action::Reject(error) => self.reply(ClientReply::Rejected(error)),
                Action::Begin(head) => {
                    let body = Arc::new(ResponseBody::default());
                    self.body = Some(Arc::clone(&body));
                    self.reply(ClientReply::Stream(head, body));
                }
                Action::WriteUntil(until) => self.with_body(|body| body.write_until(until)),
                Action::WriteAnswer(bytes) => self.with_body(|body| body.write(bytes)),
                Action::WriteOwn(bytes) => self.with_body(|body| body.write_own(bytes)),
                Action::End => self.with_body(ResponseBody::end),
            }
        }
        self.with_body(|body| body.wake_at(self.request.awaits_delivered()));
        self.permit.hold_answer(self.request.buffered());
        over
    }

    fn start_settling(&mut self, settled: Settled) {
        self.settling_since = Instant::now();
        // Nobody asks for the body then.
        self.permit.release_body();
        self.surroundings.metrics.ended(&settled);
        let Surroundings { log, recording, .. } = &*self.surroundings;
        let (streams, recording) = (Arc::clone(&log.streams), Arc::clone(recording));
        let until = self.request.settle_until();
        let settling = settle(streams, recording, Envelope::settled(settled), until);
        self.settling = Some(Box::pin(settling));
    }

    /// In place of what is being written, which may land all the same. The request keeps its place in flight: so there
    /// are never more of these than requests, and a gateway that leaves waits for them.
    fn start_correcting(&mut self, correction: Correction) {
        let Surroundings { log, recording, metrics, .. } = &*self.surroundings;
        self.correcting.get_or_insert_with(|| metrics.correcting());
        let (streams, recording) = (Arc::clone(&log.streams), Arc::clone(recording));
        self.settling = Some(Box::pin(write(streams, recording, correction.into())));
    }

    fn reply(&mut self, reply: ClientReply) {
        if let Some(waiting) = self.reply.take() {
            drop(waiting.send(reply));
        }
    }

    fn with_body(&self, write: impl FnOnce(&ResponseBody)) {
        if let Some(body) = &self.body {
            write(body);
        }
    }

    fn ticket(&self) -> Ticket {
        let accepted = self.request.accepted();
        Ticket {
            request: accepted.request,
            model: accepted.model.clone(),
            operation: accepted.operation.clone(),
            class: accepted.class,
            gateway: accepted.gateway,
            deadline: accepted.deadline,
        }
    }
}

async fn send(surroundings: &Surroundings, to: &Subject, message: FromGateway) {
    let message = match &surroundings.log.keys {
        Some(keys) => message.signed(keys),
        None => message,
    };
    // Whoever misses it asks again.
    let sending = surroundings.log.messages.send(to, message.encode());
    drop(timeout(SEND_ROOM, sending).await);
}

/// Resolves when the client has something to say: that it is gone, or that it got what was waited for.
async fn client(reply: Option<&mut oneshot::Sender<ClientReply>>, body: Option<&ResponseBody>) {
    match (reply, body) {
        (Some(reply), _) => reply.closed().await,
        (None, Some(body)) => body.changed().await,
        (None, None) => pending().await,
    }
}

async fn running<T>(future: &mut Running<T>) -> T {
    let Some(running) = future else { return pending().await };
    let done = running.await;
    *future = None;
    done
}

/// A queue that is gone is made anew; one that cannot be reached is tried for a moment.
async fn offer(surroundings: Arc<Surroundings>, ticket: Ticket) -> Result<(), OfferError> {
    let tasks = &surroundings.log.tasks;
    let mut tries = 1;
    loop {
        match tasks.offer(&ticket).await {
            Err(OfferError::Unavailable(_))
                if tries < OFFER_TRIES && surroundings.link() != Link::Down =>
            {
                tries += 1;
                drop(tasks.ensure(&surroundings.queue).await);
                sleep(OFFER_AGAIN).await;
            }
            offered @ (Ok(()) | Err(OfferError::Full(_) | OfferError::Unavailable(_))) => {
                return offered;
            }
        }
    }
}
