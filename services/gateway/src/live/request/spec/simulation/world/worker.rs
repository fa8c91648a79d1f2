//! A worker as the protocol has it: asks, sends, repeats, and has a living gateway settle in the place of one that it
//! lost.

use uplion_domain::request::{Cancelled, Failure};

use super::{Entry, Event, LIMIT, Random, World, Writer, another_gateway};
use crate::live::request::spec::{
    Bytes, Conclusion, End, FromGateway, FromWorker, Head, Outcome, Usage, claim, claim_id,
    conclusion, usage,
};

pub const CHUNK: &str = "data: 1\n\n";
const LOST_AFTER: u64 = 10_000;
const GRACE: u64 = 3_000;

#[derive(Debug)]
pub struct Worker {
    n: u8,
    state: State,
    asks_at: u64,
    /// When each chunk of its answer is there.
    chunks_at: Vec<u64>,
    newest_credit: u64,
    received: u64,
    /// What the newest credit says of what was delivered.
    delivered: Usage,
    refused: bool,
    last_credit: u64,
    checked: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asking,
    Working,
    Gone,
}

impl Worker {
    pub fn new(n: u8, random: &mut Random) -> Self {
        let asks_at = u64::from(n - 1) * 6_000 + random.below(3_000);
        let mut at = asks_at;
        let never = if random.one_in(10) { 100_000 } else { 0 };
        let mut pace = || {
            at += never + random.below(3_000);
            at
        };
        let chunks_at = vec![pace(), pace()];
        Self {
            n,
            state: State::Asking,
            asks_at,
            chunks_at,
            newest_credit: 0,
            received: 0,
            delivered: Usage::default(),
            refused: false,
            last_credit: 0,
            checked: 0,
        }
    }

    pub const fn heard_refusal(&self) -> bool {
        self.refused
    }

    fn hear(&mut self, now: u64, said: &FromGateway) {
        if self.state == State::Gone {
            return;
        }
        match said {
            FromGateway::Go(_) if self.state == State::Asking => {
                (self.state, self.last_credit, self.checked) = (State::Working, now, now);
            }
            FromGateway::Credit { received, credited, .. } => {
                self.refused |= credited.refused;
                if self.newest_credit < credited.number {
                    (self.newest_credit, self.last_credit) = (credited.number, now);
                    (self.received, self.delivered) = (*received, credited.usage.clone());
                }
            }
            FromGateway::Settled { .. } | FromGateway::Drop { .. } => self.state = State::Gone,
            FromGateway::Go(_)
            | FromGateway::Body { .. }
            | FromGateway::Wait { .. }
            | FromGateway::Here { .. } => {}
        }
    }

    /// All that it says in one second.
    fn says(&self, now: u64) -> Vec<FromWorker> {
        let claim_id = claim_id(self.n);
        match self.state {
            State::Asking if self.asks_at <= now => return vec![claim(self.n)],
            State::Asking | State::Gone => return vec![],
            State::Working => {}
        }
        let there = self.chunks_at.iter().filter(|at| **at <= now).count() as u64;
        let sent = there * CHUNK.len() as u64;
        let credit = self.newest_credit;
        let mut says = vec![FromWorker::Alive { claim: claim_id, sent, credit, all_sent: sent }];
        says.extend((0..there).filter(|n| n * CHUNK.len() as u64 >= self.received).map(|n| {
            FromWorker::Chunk {
                claim: claim_id,
                number: n,
                offset: n * CHUNK.len() as u64,
                all_sent: sent,
                head: (n == 0).then(head),
                usage: usage(n + 1),
                conclusion: None,
                bytes: Bytes::from_static(CHUNK.as_bytes()),
            }
        }));
        if self.has_ended(now) {
            let conclusion: Box<Conclusion> = conclusion(End::Complete, there);
            let usage = usage(there);
            says.push(FromWorker::Finish {
                claim: claim_id,
                chunks: there,
                sent,
                usage,
                conclusion,
            });
        }
        says
    }

    fn has_ended(&self, now: u64) -> bool {
        self.chunks_at.iter().all(|at| *at <= now)
    }

    fn is_lost(&mut self, now: u64) -> bool {
        let slept = now - std::mem::replace(&mut self.checked, now) > GRACE;
        if slept {
            self.last_credit = self.last_credit.max(now.saturating_sub(LOST_AFTER - GRACE));
        }
        now - self.last_credit >= LOST_AFTER
    }
}

fn head() -> Head {
    Head { status: 200, content_type: "application/json".to_owned(), retry_after_s: None }
}

impl World {
    pub(super) fn happen_to_worker(&mut self, event: Event) {
        if self.now < self.workers_sleep_until {
            let delay = self.workers_sleep_until - self.now + self.random.below(3);
            return self.after(delay, event);
        }
        let now = self.now;
        match event {
            Event::ToWorker(n, said) => self.worker(n).hear(now, &said),
            Event::WorkerTick(n) => {
                let says = self.worker(n).says(now);
                for said in says {
                    self.send(Event::ToGateway(Box::new(said)));
                }
                self.look_after_gateway(n);
                self.after(1000, Event::WorkerTick(n));
            }
            _ => {}
        }
    }

    fn worker(&mut self, n: u8) -> &mut Worker {
        &mut self.workers[usize::from(n) - 1]
    }

    fn look_after_gateway(&mut self, n: u8) {
        let now = self.now;
        let this = self.worker(n);
        let overdue = now >= LIMIT + 30_000;
        if this.state != State::Working || !(this.is_lost(now) || overdue) {
            return;
        }
        this.state = State::Gone;
        let (refused, delivered) = (this.refused, this.delivered.clone());
        let ended = this.has_ended(now).then(|| usage(this.chunks_at.len() as u64));
        let writer = Writer::Gateway(another_gateway());
        match ended {
            Some(whole) if refused => {
                let failed = Outcome::Failed(Failure::Unrecorded);
                let failed = self.settlement(failed, Usage::default(), writer);
                let charged = self.settlement(Outcome::Completed, whole, writer);
                let reversed = Entry::Reversed(Box::new(charged.reverse(charged.at)));
                let acknowledged = self.settle_by_worker(Entry::Settled(Box::new(failed)), 0);
                self.settle_by_worker(reversed, acknowledged);
            }
            Some(_) | None if overdue || delivered.is_none() => {}
            Some(_) | None => {
                let outcome = Outcome::Cancelled(Cancelled::GatewayLost);
                let settled = self.settlement(outcome, delivered, writer);
                self.settle_by_worker(Entry::Settled(Box::new(settled)), 0);
            }
        }
    }

    fn settle_by_worker(&mut self, entry: Entry, after: u64) -> u64 {
        let most = if self.now < self.healed_at { self.healed_at - self.now + 50 } else { 50 };
        let delay = after + self.random.below(most);
        self.after(delay, Event::Land(entry));
        delay
    }
}
