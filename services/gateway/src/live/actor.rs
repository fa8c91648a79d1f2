//! Runs one request: hears everybody who has a say in it, one at a time, and does what it wants done.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep, sleep, sleep_until, timeout},
};
use uplion_domain::{Envelope, request::Settled, subject::Subject};
use uplion_log_transport::{
    claim::{FromGateway, FromWorker},
    message::Link,
    task::{OfferError, Ticket},
};

use super::{
    ActorMessage, ClientReply, Live, action::Action, ending::SettleResult, request::Request,
    response_body::ResponseBody, settle::settle,
};
use crate::memory::HeldMemory;

/// Messages that are taken in before anything is answered: credits then speak for all of them.
const BATCH: usize = 64;
/// Most requests end before their first look, and never touch the timer again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const OFFER_TRIES: u32 = 4;
const OFFER_AGAIN: Duration = Duration::from_millis(250);
/// How long a message may wait for room at the broker; whatever it says is said again.
const SEND_ROOM: Duration = Duration::from_secs(1);

type Running<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

pub struct Actor {
    pub live: Arc<Live>,
    pub request: Request,
    pub mail: mpsc::Receiver<ActorMessage>,
    pub reply: Option<oneshot::Sender<ClientReply>>,
    pub body: Option<Arc<ResponseBody>>,
    /// Until it is settled: nobody asks for the body then.
    pub body_memory: Option<HeldMemory>,
    /// What of the answer is held here.
    pub answer_memory: HeldMemory,
    pub offering: Running<Result<(), OfferError>>,
    pub settling: Running<SettleResult>,
    pub settling_since: Instant,
}

enum Input {
    ActorMessage(ActorMessage),
    Offered(Result<(), OfferError>),
    Settled(SettleResult),
    /// Something was delivered, or the client went away.
    Client,
    Tick,
}

impl Actor {
    pub async fn run(&mut self) {
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
            let heard = self.hear(timer.as_mut()).await;
            self.on_input(heard);
        }
    }

    async fn hear(&mut self, timer: Pin<&mut Sleep>) -> Input {
        tokio::select! {
            biased;
            () = client(self.reply.as_mut(), self.body.as_deref()) => Input::Client,
            Some(mail) = self.mail.recv() => Input::ActorMessage(mail),
            result = running(&mut self.settling) => Input::Settled(result),
            offered = running(&mut self.offering) => Input::Offered(offered),
            () = timer => Input::Tick,
        }
    }

    fn on_input(&mut self, heard: Input) {
        let now = Instant::now();
        if let Some(body) = &self.body {
            self.request.on_delivered(now, body.delivered());
        }
        match heard {
            Input::ActorMessage(mail) => {
                self.on_actor_message(now, mail);
                for _ in 1..BATCH {
                    let Ok(mail) = self.mail.try_recv() else { break };
                    self.on_actor_message(now, mail);
                }
            }
            Input::Offered(offered) => self.request.on_offered(now, offered),
            Input::Settled(result) => {
                self.live.metrics.settled_after(self.settling_since.elapsed());
                self.request.on_settled(result);
            }
            Input::Client => {
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
            Input::Tick => {
                // A nudge that met a full mailbox is made good here.
                self.request.on_link(now, self.live.link());
                if self.live.is_retired(&self.request.accepted().model) {
                    self.request.on_retired(now);
                }
                self.request.on_tick(now);
            }
        }
    }

    fn on_actor_message(&mut self, now: Instant, mail: ActorMessage) {
        match mail {
            ActorMessage::Worker(message) => self.on_worker_message(now, message),
            ActorMessage::Link(link) => self.request.on_link(now, link),
            ActorMessage::Stop => self.request.on_stop(now),
        }
    }

    fn on_worker_message(&mut self, now: Instant, message: Bytes) {
        match FromWorker::decode(message) {
            Ok(FromWorker::Chunk { bytes, .. })
                if !self.answer_memory.has_room(bytes.len() as u64) =>
            {
                self.live.metrics.dropped_chunk();
                self.request.on_no_room(now);
            }
            Ok(message) => {
                self.request.on_message(now, message);
                self.answer_memory.resize(self.request.buffered());
            }
            Err(error) => tracing::warn!(%error, "gateway.worker_message.unreadable"),
        }
    }

    /// Whether the request is over.
    async fn act(&mut self) -> bool {
        let mut over = false;
        for action in self.request.actions() {
            match action {
                Action::Offer => {
                    self.offering = Some(Box::pin(offer(Arc::clone(&self.live), self.ticket())));
                }
                Action::Assigned(assigned) => {
                    let envelope = Envelope::assigned(assigned);
                    let subject = envelope.event.subject();
                    self.live.log.streams.append_soon(&subject, envelope.encode());
                }
                Action::Send(worker, message) => {
                    let request = self.request.accepted().request;
                    let to = Subject::Worker { worker, request };
                    send(&self.live, &to, &message).await;
                }
                Action::Settle(settled) => self.start_settling(*settled),
                Action::Forget(ended) => {
                    self.live.forget(self.request.accepted().request, ended);
                    over = true;
                }
                Action::Respond(whole) => self.answer(ClientReply::Whole(whole)),
                Action::Reject(error) => self.answer(ClientReply::Rejected(error)),
                Action::Begin(head) => {
                    let body = Arc::new(ResponseBody::default());
                    self.body = Some(Arc::clone(&body));
                    self.answer(ClientReply::Stream(head, body));
                }
                Action::WriteUntil(_)
                | Action::WriteAnswer(_)
                | Action::WriteOwn(_)
                | Action::End => {
                    if let Some(body) = &self.body {
                        to_stream(body, action);
                    }
                }
            }
        }
        if let Some(body) = &self.body {
            body.wake_at(self.request.wants_delivered());
        }
        self.answer_memory.resize(self.request.buffered());
        over
    }

    fn start_settling(&mut self, settled: Settled) {
        self.settling_since = Instant::now();
        self.body_memory = None;
        self.live.metrics.ended(&settled);
        let streams = Arc::clone(&self.live.log.streams);
        self.settling = Some(Box::pin(settle(streams, settled, self.request.settle_until())));
    }

    fn answer(&mut self, reply: ClientReply) {
        if let Some(waiting) = self.reply.take() {
            drop(waiting.send(reply));
        }
    }

    fn ticket(&self) -> Ticket {
        let accepted = self.request.accepted();
        Ticket {
            request: accepted.request,
            model: accepted.model.clone(),
            class: accepted.class,
            gateway: accepted.gateway,
            deadline: accepted.deadline,
        }
    }
}

async fn send(live: &Live, to: &Subject, message: &FromGateway) {
    // Whoever misses it asks again.
    drop(timeout(SEND_ROOM, live.log.messages.send(to, message.encode())).await);
}

fn to_stream(body: &ResponseBody, action: Action) {
    match action {
        Action::WriteUntil(until) => body.permit(until),
        Action::WriteAnswer(bytes) => body.write(bytes),
        Action::WriteOwn(bytes) => body.write_own(bytes),
        Action::End => body.end(),
        Action::Offer
        | Action::Assigned(_)
        | Action::Send(..)
        | Action::Begin(_)
        | Action::Respond(_)
        | Action::Reject(_)
        | Action::Settle(_)
        | Action::Forget(_) => {}
    }
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
async fn offer(live: Arc<Live>, ticket: Ticket) -> Result<(), OfferError> {
    let mut tries = 1;
    loop {
        match live.log.tasks.offer(&ticket).await {
            Err(OfferError::Unavailable(_)) if tries < OFFER_TRIES && live.link() != Link::Down => {
                tries += 1;
                drop(live.log.tasks.ensure(&live.queue).await);
                sleep(OFFER_AGAIN).await;
            }
            offered @ (Ok(()) | Err(OfferError::Full(_) | OfferError::Unavailable(_))) => {
                return offered;
            }
        }
    }
}
