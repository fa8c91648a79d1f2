//! A request told what happened at which millisecond, and what it then wants done.

mod attempts;
mod claims;
mod endings;
mod retries;
mod simulation;
mod streams;
mod unrecorded;
mod unserved;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    ClaimId, Envelope, GatewayId, KeyId, Nanos, Operation, ProjectId, Rates, RequestId, Timestamp,
    Unit, Usage, WorkerId,
    price::{Pinned, Rule},
    request::{Accepted, Class, Failure, Labels, Outcome, Settled, Size},
    usage::Source,
};
use uplion_log_transport::{
    claim::{
        AcceptedEvent, AttemptReport, Conclusion, ConnectionWindow, End, FromGateway, FromWorker,
        Head, ReleaseReason, UpstreamWords,
    },
    message::Link,
    task::OfferError,
};
use uplion_protocol::Endpoint;
use uuid::Uuid;

use super::{Action, Admitted, Correction, Request, SettleResult, WholeAnswer};
use crate::{
    live::receive_window::ReceiveWindow,
    options::{Bounds, Timeouts},
};

const UP: Link = Link::Up { session: 1 };
/// Of the default timeouts.
const DEADLINE: u64 = 600_000;

struct Case {
    request: Request,
    start: Instant,
    now: Instant,
    /// What it wanted done, all of it.
    done: Vec<Action>,
    /// How much of that was looked at.
    seen: usize,
}

fn waiting(streamed: bool) -> Case {
    given(streamed, Bytes::from_static(b"{}"), Bounds::default())
}

fn given(streamed: bool, body: Bytes, bounds: Bounds) -> Case {
    given_with(streamed, body, &(Timeouts::default(), bounds))
}

fn given_with(streamed: bool, body: Bytes, limits: &(Timeouts, Bounds)) -> Case {
    let start = Instant::now();
    let accepted = Accepted {
        request: RequestId::new(Uuid::from_u128(1)),
        project: ProjectId::new(Uuid::from_u128(2)),
        key: KeyId::new(Uuid::from_u128(3)),
        model: "demo".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed,
        gateway: GatewayId::new(Uuid::from_u128(4)),
        price: Pinned {
            price: None,
            currency: None,
            rules: vec![Rule::always(Rates::default().with(Unit::OUTPUT, Nanos::new(1_000_000)))],
        },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: Timestamp::from_millis(0),
        deadline: Timestamp::from_millis(DEADLINE.cast_signed()),
        at: Timestamp::from_millis(0),
    };
    let event = AcceptedEvent::from(&Envelope::accepted(accepted.clone()).encode());
    let receive_window = ReceiveWindow::new(limits.1.under_way);
    let admitted = Admitted {
        endpoint: Endpoint::ChatCompletions,
        accepted,
        serving: limits.0.serving,
        event,
        read: Bytes::from_static(b"read"),
        body,
    };
    let request = Request::new(admitted, *limits, receive_window, UP, start);
    let mut case = Case { request, start, now: start, done: vec![], seen: 0 };
    assert_eq!(case.new_actions(), [Action::Offer]);
    case
}

/// With `go` in the hands of worker 1.
fn claimed(streamed: bool) -> Case {
    let mut case = waiting(streamed);
    case.hears(claim(1));
    case.new_actions();
    case
}

impl Case {
    /// Lets time pass, with a tick whenever one is due; workers in `alive` say so every second.
    fn until(&mut self, ms: u64, alive: &[u8]) -> &mut Self {
        let until = self.start + Duration::from_millis(ms);
        while self.now < until {
            self.now = until.min(self.now + Duration::from_millis(500));
            for worker in alive {
                let credit = self.newest_credit();
                let claim = claim_id(*worker);
                self.hears(FromWorker::Alive { claim, sent: 0, credit, all_sent: 0 });
            }
            self.ticks();
        }
        self
    }

    /// Nobody says anything, and the gateway itself stands still.
    fn pauses_until(&mut self, ms: u64) -> &mut Self {
        self.now = self.start + Duration::from_millis(ms);
        self.ticks()
    }

    /// Its settlement is acknowledged while the gateway, which stood still until `ms`, has heard nobody.
    fn settles_at(&mut self, ms: u64) -> &mut Self {
        self.now = self.start + Duration::from_millis(ms);
        self.settles(SettleResult::Acknowledged)
    }

    fn ticks(&mut self) -> &mut Self {
        self.request.on_tick(self.now);
        self.gather()
    }

    fn hears(&mut self, message: FromWorker) -> &mut Self {
        self.request.on_message(self.now, message);
        self.gather()
    }

    fn delivers(&mut self, bytes: u64) -> &mut Self {
        self.request.on_delivered(self.now, bytes);
        self.gather()
    }

    fn settles(&mut self, result: SettleResult) -> &mut Self {
        self.request.on_settled(self.now, result);
        self.gather()
    }

    fn gather(&mut self) -> &mut Self {
        self.done.extend(self.request.actions());
        self
    }

    fn new_actions(&mut self) -> Vec<Action> {
        self.gather();
        let new = self.done[self.seen..].to_vec();
        self.seen = self.done.len();
        new
    }

    /// What was said to worker `n`, in order.
    fn said_to(&self, n: u8) -> Vec<&FromGateway> {
        let to = worker(n);
        self.done
            .iter()
            .filter_map(|action| match action {
                Action::Send(worker, message) if *worker == to => Some(message),
                _ => None,
            })
            .collect()
    }

    fn newest_credit(&self) -> u64 {
        let numbers = self.done.iter().filter_map(|action| match action {
            Action::Send(_, FromGateway::Credit { credited, .. }) => Some(credited.number),
            _ => None,
        });
        numbers.max().unwrap_or(0)
    }

    fn credits(&self) -> Vec<(u64, u64)> {
        self.done
            .iter()
            .filter_map(|action| match action {
                Action::Send(_, FromGateway::Credit { received, credited, .. }) => {
                    Some((*received, credited.delivered))
                }
                _ => None,
            })
            .collect()
    }

    fn settlements(&self) -> Vec<&Settled> {
        self.done
            .iter()
            .filter_map(|action| match action {
                Action::Settle(settled) => Some(&**settled),
                _ => None,
            })
            .collect()
    }

    fn corrections(&self) -> Vec<&Correction> {
        self.done
            .iter()
            .filter_map(|action| match action {
                Action::Correct(correction) => Some(correction),
                _ => None,
            })
            .collect()
    }

    /// How it ended, which it did once.
    fn outcome(&self) -> &Outcome {
        let [settled] = self.settlements()[..] else {
            panic!("settled {} times", self.settlements().len())
        };
        &settled.outcome
    }

    /// Everything that the client was sent, as text: headers in brackets.
    fn client_saw(&self) -> String {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let parts = self.done.iter().map(|action| match action {
            Action::Begin(head) => format!("[{} {}]", head.status, head.content_type),
            Action::WriteAnswer(bytes) | Action::WriteOwn(bytes) => text(bytes),
            Action::End => "[end]".to_owned(),
            Action::Respond(WholeAnswer { head, body, should_retry: _ }) => {
                format!("[{} {}]{}", head.status, head.content_type, text(body))
            }
            Action::Reject(error) => format!("[{} {}]", error.status(), error.code()),
            Action::Offer
            | Action::Assigned(_)
            | Action::Send(..)
            | Action::WriteUntil(_)
            | Action::Settle(_)
            | Action::Correct(_)
            | Action::Forget(_) => String::new(),
        });
        parts.collect()
    }
}

fn worker(n: u8) -> WorkerId {
    WorkerId::new(Uuid::from_u128(u128::from(n) + 100))
}

fn claim_id(n: u8) -> ClaimId {
    ClaimId::new(Uuid::from_u128(u128::from(n) + 200))
}

fn claim(n: u8) -> FromWorker {
    FromWorker::Claim { claim: claim_id(n), worker: worker(n), delivery: 1, all_sent: 0 }
}

fn usage(completion_tokens: u64) -> Usage {
    Usage::tokens(10, 0, completion_tokens, 0, Source::Reported)
}

/// The same, and the request itself.
fn billed(completion_tokens: u64) -> Usage {
    usage(completion_tokens).with(Unit::REQUESTS, 1)
}

/// A chunk of worker 1, whose running usage is its number and one.
fn chunk(number: u64, offset: u64, bytes: &'static str) -> FromWorker {
    chunk_under(200, number, offset, bytes)
}

fn chunk_under(status: u16, number: u64, offset: u64, bytes: &'static str) -> FromWorker {
    let content_type = "application/json".to_owned();
    FromWorker::Chunk {
        claim: claim_id(1),
        number,
        offset,
        all_sent: offset + bytes.len() as u64,
        head: (number == 0).then_some(Head { status, content_type, retry_after_s: None }),
        usage: usage(number + 1),
        conclusion: None,
        bytes: Bytes::from_static(bytes.as_bytes()),
    }
}

fn last(mut said: FromWorker) -> FromWorker {
    if let FromWorker::Chunk { number, conclusion: last, .. } = &mut said {
        *last = Some(conclusion(End::Complete, *number + 1));
    }
    said
}

/// The upstream reports as many tokens as there are chunks.
fn conclusion(end: End, chunks: u64) -> Box<Conclusion> {
    let report = AttemptReport::new(None, end.outcome());
    let attempt = Some(AttemptReport { usage: Some(usage(chunks)), ..report });
    Box::new(Conclusion { end, attempt, error: None })
}

fn finish(chunks: u64, sent: u64, end: End) -> FromWorker {
    let conclusion = conclusion(end, chunks);
    FromWorker::Finish { claim: claim_id(1), chunks, sent, usage: usage(chunks), conclusion }
}

fn release(n: u8, reason: ReleaseReason) -> FromWorker {
    FromWorker::Release { claim: claim_id(n), reason, delay_ms: 100, attempt: None, words: None }
}

fn unavailable() -> Result<(), OfferError> {
    Err(OfferError::Unavailable("gone".into()))
}
