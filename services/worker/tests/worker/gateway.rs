//! The gateway's side of the protocol, as far as a test needs to bend it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{sync::mpsc, time::timeout};
use uplion_domain::{
    ClaimId, Envelope, GatewayId, KeyId, Nanos, Operation, ProjectId, Rates, RequestId, Timestamp,
    Unit, Usage, WorkerId,
    model::UpstreamId,
    price::{Pinned, Rule},
    request::{Accepted, Class, Labels, Size},
    subject::{Filter, Present, Subject},
};
use uplion_log_transport::{
    Log,
    claim::{
        AcceptedEvent, AttemptReport, ConnectionWindow, Credited, End, FromGateway, FromWorker, Go,
        Head,
    },
    message::Message,
    presence::{Beat, GatewayReport, Report},
    task::Ticket,
};
use uplion_protocol::Endpoint;
use uplion_tests::wait::PATIENCE;
use uuid::Uuid;

pub struct Gateway {
    pub id: GatewayId,
    log: Log,
    inbox: mpsc::Receiver<Message>,
    /// Requests that are over, whose tickets may come by again.
    over: Vec<RequestId>,
}

#[derive(Debug, Clone)]
pub struct OfferedRequest {
    pub request: RequestId,
    pub accepted: Accepted,
    pub body: Bytes,
}

/// What a worker tells of its attempt, with the end or with a release.
pub fn attempt_of(said: &FromWorker) -> Option<AttemptReport> {
    match said {
        FromWorker::Finish { conclusion, .. } => conclusion.attempt.clone(),
        FromWorker::Chunk { conclusion, .. } => conclusion.as_ref()?.attempt.clone(),
        FromWorker::Release { attempt, .. } => attempt.as_deref().cloned(),
        FromWorker::Claim { .. }
        | FromWorker::BodyRequest { .. }
        | FromWorker::Alive { .. }
        | FromWorker::AreYouThere { .. }
        | FromWorker::Settle(_) => None,
    }
}

/// The end that a worker tells, with the last chunk or on its own.
pub fn end_of(said: &FromWorker) -> Option<(ClaimId, End)> {
    match said {
        FromWorker::Finish { claim, conclusion, .. } => Some((*claim, conclusion.end)),
        FromWorker::Chunk { claim, conclusion, .. } => {
            conclusion.as_ref().map(|conclusion| (*claim, conclusion.end))
        }
        FromWorker::Claim { .. }
        | FromWorker::BodyRequest { .. }
        | FromWorker::Alive { .. }
        | FromWorker::AreYouThere { .. }
        | FromWorker::Settle(_)
        | FromWorker::Release { .. } => None,
    }
}

/// How the gateway behaves while it is answered.
#[derive(Debug, Clone)]
pub struct GatewayBehavior {
    pub window: u64,
    /// That comes with `go`.
    pub connection_window: ConnectionWindow,
    pub left: Duration,
    pub first_byte: Option<Duration>,
    pub between_chunks: Option<Duration>,
    /// Bytes of the body that come with `go`, and with each part of it.
    pub body_part: usize,
    /// Whether the client reads what arrives.
    pub delivers: bool,
    /// Upstreams that have had it already.
    pub tried: Vec<UpstreamId>,
    /// Arrivals of chunks that are lost, counted from 0.
    pub lost: Vec<usize>,
}

impl Default for GatewayBehavior {
    fn default() -> Self {
        Self {
            window: 1 << 20,
            connection_window: WIDE_OPEN,
            left: Duration::from_mins(1),
            first_byte: None,
            between_chunks: None,
            body_part: 512 << 10,
            delivers: true,
            tried: vec![],
            lost: vec![],
        }
    }
}

#[derive(Debug)]
pub struct ReceivedAnswer {
    pub head: Option<Head>,
    pub bytes: Vec<u8>,
    /// Running usage of each chunk.
    pub running: Vec<Usage>,
    pub usage: Usage,
    pub end: End,
    pub arrivals: usize,
}

/// Everything was heard, and anything may follow.
pub const WIDE_OPEN: ConnectionWindow = ConnectionWindow { heard: u64::MAX, until: u64::MAX };

/// A worker's claim.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub id: ClaimId,
    pub worker: WorkerId,
    pub request: RequestId,
}

#[expect(clippy::disallowed_methods, reason = "what a test makes is of now")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(since.as_micros().try_into().unwrap())
}

impl Gateway {
    pub async fn listen(log: &Log) -> Self {
        let id = GatewayId::new(Uuid::now_v7());
        let inbox = log.messages.listen(&Filter::ToGateway(id)).await.unwrap();
        Self { id, log: log.clone(), inbox, over: Vec::new() }
    }

    pub async fn offer(&self, model: &str, body: Value) -> OfferedRequest {
        self.offer_until(model, body, 60_000).await
    }

    /// With a deadline in `ms` from now.
    pub async fn offer_until(&self, model: &str, body: Value, ms: i64) -> OfferedRequest {
        let (request, at) = (RequestId::new(Uuid::now_v7()), now());
        let rate = Nanos::new(1_000_000);
        let rates = Rates::default().with(Unit::INPUT, rate).with(Unit::OUTPUT, rate);
        let accepted = Accepted {
            request,
            project: ProjectId::new(Uuid::now_v7()),
            key: KeyId::new(Uuid::now_v7()),
            model: model.parse().unwrap(),
            operation: Operation::CHAT_COMPLETION,
            class: Class::Interactive,
            streamed: body["stream"] == true,
            gateway: self.id,
            price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
            reservation: None,
            size: Size::default(),
            labels: Labels::default(),
            end_user: None,
            hour: at.hour(),
            deadline: at.plus_millis(ms),
            at,
        };
        let ticket = Ticket {
            request,
            model: accepted.model.clone(),
            operation: accepted.operation.clone(),
            class: accepted.class,
            gateway: self.id,
            deadline: accepted.deadline,
        };
        self.log.tasks.offer(&ticket).await.unwrap();
        OfferedRequest { request, accepted, body: body.to_string().into() }
    }

    /// What a worker says of a request; whether this gateway is there is answered here.
    pub async fn hear(&mut self) -> (RequestId, FromWorker) {
        loop {
            let message = timeout(PATIENCE, self.inbox.recv()).await;
            let message = message.expect("a worker says something in time").unwrap();
            let Subject::Gateway { request, gateway } = message.subject else {
                panic!("{message:?}")
            };
            if message.payload.is_empty() {
                continue;
            }
            match FromWorker::decode(message.payload).unwrap() {
                FromWorker::AreYouThere { worker } => {
                    let here = FromGateway::Here { gateway }.encode();
                    let to = Subject::Worker { worker, request };
                    self.log.messages.send(&to, here).await.unwrap();
                }
                said => return (request, said),
            }
        }
    }

    /// Whether nothing is said for so long.
    pub async fn hears_nothing(&mut self, during: Duration) -> bool {
        timeout(during, self.inbox.recv()).await.is_err()
    }

    /// The next message that `pick` knows; others are passed over.
    pub async fn hear_until<T>(&mut self, mut pick: impl FnMut(FromWorker) -> Option<T>) -> T {
        let heard = async {
            loop {
                if let Some(picked) = pick(self.hear().await.1) {
                    return picked;
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("a worker says what is awaited")
    }

    pub async fn claimed(&mut self) -> Claim {
        loop {
            if let (request, FromWorker::Claim { claim, worker, .. }) = self.hear().await {
                let claimed = Claim { id: claim, worker, request };
                if !self.over.contains(&request) {
                    return claimed;
                }
                self.say(claimed, FromGateway::Drop { claim }).await;
            }
        }
    }

    /// Whoever claims it is told to drop it.
    pub fn nobody_needs(&mut self, request: RequestId) {
        self.over.push(request);
    }

    /// As [`Self::ask`], as often as it is handed back.
    pub async fn ask_until(
        &mut self,
        offered: &OfferedRequest,
        behavior: GatewayBehavior,
    ) -> ReceivedAnswer {
        let began = Instant::now();
        'claims: loop {
            assert!(began.elapsed() < PATIENCE, "nobody answers");
            let claim = self.claimed().await;
            if claim.request != offered.request {
                continue;
            }
            self.go(claim, offered, &behavior).await;
            let mut receiver =
                AnswerReceiver { claim, behavior: behavior.clone(), ..AnswerReceiver::new(claim) };
            loop {
                let (_, message) = self.hear().await;
                if claim_of(&message) != claim.id {
                    continue;
                }
                if let FromWorker::Release { .. } = message {
                    self.say(claim, FromGateway::Settled { claim: claim.id }).await;
                    continue 'claims;
                }
                if let Some(answered) = receiver.hear(self, offered, message).await {
                    self.say(claim, FromGateway::Settled { claim: claim.id }).await;
                    return answered;
                }
            }
        }
    }

    pub async fn say(&self, to: Claim, message: FromGateway) {
        let Claim { worker, request, .. } = to;
        self.log
            .messages
            .send(&Subject::Worker { worker, request }, message.encode())
            .await
            .unwrap();
    }

    pub async fn go(&self, to: Claim, offered: &OfferedRequest, behavior: &GatewayBehavior) {
        let go = Go {
            claim: to.id,
            left_ms: millis(behavior.left),
            first_byte_ms: behavior.first_byte.map(millis),
            between_chunks_ms: behavior.between_chunks.map(millis),
            window: behavior.window,
            connection_window: behavior.connection_window,
            operation: offered.accepted.operation.clone(),
            tried: behavior.tried.clone(),
            read: Endpoint::ChatCompletions.read(&offered.body).unwrap().forwarding.encode(),
            body_len: offered.body.len() as u64,
            body: offered.body.slice(..offered.body.len().min(behavior.body_part)),
            accepted: AcceptedEvent::from(&Envelope::accepted(offered.accepted.clone()).encode()),
            code: None,
        };
        self.say(to, FromGateway::Go(Box::new(go))).await;
    }

    pub async fn credit(&self, to: Claim, number: u64, received: u64, delivered: u64) {
        let credited = Credited { delivered, ..credited(number) };
        self.say_credit(to, received, credited).await;
    }

    /// Its client is told of an error.
    pub async fn refuse(&self, to: Claim, number: u64) {
        self.say_credit(to, 0, Credited { refused: true, ..credited(number) }).await;
    }

    pub async fn say_credit(&self, to: Claim, received: u64, credited: Credited) {
        let (claim, window, connection_window) = (to.id, 0, WIDE_OPEN);
        let credit = FromGateway::Credit { claim, received, window, connection_window, credited };
        self.say(to, credit).await;
    }

    /// Says once that it is there.
    pub async fn beat(&self) {
        let report = Report::Gateway(GatewayReport { in_flight: 0, capacity: 1 });
        let beat = Beat { version: "0".into(), leaving: false, hindrance: None, report };
        let me = Subject::Presence(Present::Gateway(self.id));
        self.log.messages.send(&me, beat.encode()).await.unwrap();
    }

    /// Lets the next worker that claims do the work, and plays the gateway's part to the end.
    pub async fn ask(
        &mut self,
        offered: &OfferedRequest,
        behavior: GatewayBehavior,
    ) -> ReceivedAnswer {
        let claim = self.claimed().await;
        assert_eq!(claim.request, offered.request);
        self.go(claim, offered, &behavior).await;
        let mut receiver = AnswerReceiver { claim, behavior, ..AnswerReceiver::new(claim) };
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "the answer does not end");
            let (_, message) = self.hear().await;
            if claim_of(&message) != claim.id {
                // A release that is repeated until somebody has heard it.
                continue;
            }
            if let Some(answered) = receiver.hear(self, offered, message).await {
                self.say(claim, FromGateway::Settled { claim: claim.id }).await;
                return answered;
            }
        }
    }
}

struct AnswerReceiver {
    claim: Claim,
    behavior: GatewayBehavior,
    credits: u64,
    ahead: HashMap<u64, Bytes>,
    answered: ReceivedAnswer,
}

impl AnswerReceiver {
    fn new(claim: Claim) -> Self {
        let (bytes, running, usage, end) = (vec![], vec![], Usage::default(), End::Broken);
        let answered = ReceivedAnswer { head: None, bytes, running, usage, end, arrivals: 0 };
        Self {
            claim,
            behavior: GatewayBehavior::default(),
            credits: 0,
            ahead: HashMap::new(),
            answered,
        }
    }

    async fn hear(
        &mut self,
        gateway: &Gateway,
        offered: &OfferedRequest,
        message: FromWorker,
    ) -> Option<ReceivedAnswer> {
        match message {
            FromWorker::BodyRequest { from, .. } => {
                let start = usize::try_from(from).unwrap();
                let end = (start + self.behavior.body_part).min(offered.body.len());
                let (claim, bytes) = (self.claim.id, offered.body.slice(start..end));
                gateway.say(self.claim, FromGateway::Body { claim, from, bytes }).await;
            }
            FromWorker::Chunk { offset, head, usage, bytes, conclusion, .. } => {
                let end = conclusion.map(|conclusion| conclusion.end);
                let sent = offset + bytes.len() as u64;
                self.take(offset, head, usage.clone(), bytes);
                if let Some(answered) = end.and_then(|end| self.finish(sent, usage, end)) {
                    return Some(answered);
                }
                self.credit(gateway).await;
            }
            FromWorker::Finish { sent, usage, conclusion, .. } => {
                if let Some(answered) = self.finish(sent, usage, conclusion.end) {
                    return Some(answered);
                }
                self.credit(gateway).await;
            }
            FromWorker::Alive { .. } => self.credit(gateway).await,
            FromWorker::Claim { .. } => gateway.go(self.claim, offered, &self.behavior).await,
            FromWorker::Release { .. } | FromWorker::AreYouThere { .. } | FromWorker::Settle(_) => {
                panic!("{message:?} in the place of an answer")
            }
        }
        None
    }

    /// The whole answer, if it is here.
    fn finish(&mut self, sent: u64, usage: Usage, end: End) -> Option<ReceivedAnswer> {
        if self.answered.bytes.len() as u64 != sent {
            return None;
        }
        (self.answered.usage, self.answered.end) = (usage, end);
        let over = AnswerReceiver::new(self.claim).answered;
        Some(std::mem::replace(&mut self.answered, over))
    }

    fn take(&mut self, offset: u64, head: Option<Head>, usage: Usage, bytes: Bytes) {
        let arrival = self.answered.arrivals;
        self.answered.arrivals += 1;
        if self.behavior.lost.contains(&arrival) {
            return;
        }
        if offset == 0 {
            self.answered.head = head;
        }
        self.answered.running.push(usage);
        self.ahead.insert(offset, bytes);
        while let Some(bytes) = self.ahead.remove(&(self.answered.bytes.len() as u64)) {
            self.answered.bytes.extend_from_slice(&bytes);
        }
    }

    async fn credit(&mut self, gateway: &Gateway) {
        self.credits += 1;
        let received = self.answered.bytes.len() as u64;
        let delivered = if self.behavior.delivers { received } else { 0 };
        gateway.credit(self.claim, self.credits, received, delivered).await;
    }
}

impl ReceivedAnswer {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.bytes).unwrap()
    }
}

fn claim_of(message: &FromWorker) -> ClaimId {
    match message {
        FromWorker::Claim { claim, .. }
        | FromWorker::BodyRequest { claim, .. }
        | FromWorker::Alive { claim, .. }
        | FromWorker::Chunk { claim, .. }
        | FromWorker::Release { claim, .. }
        | FromWorker::Finish { claim, .. } => *claim,
        FromWorker::Settle(settle) => settle.grant.claim,
        FromWorker::AreYouThere { .. } => ClaimId::new(Uuid::nil()),
    }
}

/// A credit of which nothing was delivered.
pub fn credited(number: u64) -> Credited {
    Credited { number, delivered: 0, usage: Usage::default(), refused: false, code: None }
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap()
}
