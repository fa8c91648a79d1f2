//! What happens around one request, drawn from a seed.

mod random;
mod worker;

use std::collections::BTreeMap;

use uplion_domain::request::{Failure, Settlement, Timings, Writer};

use self::{random::Random, worker::Worker};
use super::{
    super::*,
    log::{Entry, Log, another_gateway},
};
use crate::options::Serving;

const LIMIT: u64 = 30_000;
/// When the last of it has long happened.
const END: u64 = 260_000;
const TICK: u64 = 250;
const ACK_PATIENCE: u64 = 5_000;
const WORKERS: u8 = 4;

pub struct World {
    seed: u64,
    streamed: bool,
    random: Random,
    now: u64,
    case: Case,
    events: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    workers: Vec<Worker>,
    pub log: Log,
    pub client: Client,
    /// What the gateway writes; what it wrote before may land yet.
    writing: Option<Entry>,
    generation: u64,
    gateway_sleeps_until: u64,
    workers_sleep_until: u64,
    partition: (u64, u64),
    /// Before, appends go wrong.
    healed_at: u64,
    pub killed: bool,
    over: bool,
}

#[derive(Debug, Default)]
pub struct Client {
    pub whole: bool,
    pub refused: bool,
    gone: bool,
    handed: u64,
    write_until: Option<Instant>,
}

#[derive(Debug, Clone)]
enum Event {
    ToGateway(Box<FromWorker>),
    ToWorker(u8, Box<FromGateway>),
    Delivered(u64),
    ClientGone,
    Answered(u64, Result<SettleResult, ()>),
    Retry(u64),
    Tick,
    WorkerTick(u8),
    Land(Entry),
    Sweep,
    GatewaySleeps(u64),
    WorkersSleep(u64),
    Kill,
}

impl World {
    pub fn run(seed: u64) -> Self {
        let mut world = Self::new(seed);
        while let Some(((at, _), event)) = world.events.pop_first() {
            if at > END {
                break;
            }
            world.now = at;
            world.happen(event);
        }
        world
    }

    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let streamed = random.one_in(2);
        let deadline = Duration::from_millis(LIMIT);
        let serving = Serving { deadline, ..Serving::default() };
        let timeouts = Timeouts { serving, ..Timeouts::default() };
        let case = given_with(streamed, Bytes::from_static(b"{}"), &(timeouts, Bounds::default()));
        let healed_at = if random.one_in(3) { 0 } else { random.below(120_000) };
        let cut = random.below(LIMIT);
        let partition = (cut, cut + if random.one_in(3) { random.below(40_000) } else { 0 });
        let mut world = Self {
            seed,
            streamed,
            now: 0,
            case,
            events: BTreeMap::new(),
            scheduled: 0,
            workers: (1..=WORKERS).map(|n| Worker::new(n, &mut random)).collect(),
            log: Log::new(LIMIT),
            client: Client::default(),
            writing: None,
            generation: 0,
            gateway_sleeps_until: 0,
            workers_sleep_until: 0,
            partition,
            healed_at,
            killed: false,
            over: false,
            random,
        };
        world.plan();
        world
    }

    fn plan(&mut self) {
        self.after(0, Event::Tick);
        (1..=WORKERS).for_each(|n| self.after(u64::from(n) * 7, Event::WorkerTick(n)));
        (0..14).for_each(|n| self.after(LIMIT + 60_000 + n * 10_000, Event::Sweep));
        for _ in 0..self.random.below(3) {
            let (at, until) = (self.random.below(LIMIT + 20_000), self.random.below(40_000));
            self.after(at, Event::GatewaySleeps(at + until));
        }
        if self.random.one_in(4) {
            let (at, until) = (self.random.below(LIMIT), self.random.below(30_000));
            self.after(at, Event::WorkersSleep(at + until));
        }
        if self.random.one_in(6) {
            let at = self.random.below(LIMIT);
            self.after(at, Event::ClientGone);
        }
        if self.random.one_in(5) {
            let at = self.random.below(LIMIT + 20_000);
            self.after(at, Event::Kill);
        }
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.scheduled += 1;
        self.events.insert((self.now + delay, self.scheduled), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Land(entry) => self.log.land(self.now, entry),
            Event::Sweep => self.sweep(),
            Event::GatewaySleeps(until) => self.gateway_sleeps_until = until,
            Event::WorkersSleep(until) => self.workers_sleep_until = until,
            Event::Kill => self.killed = !self.over,
            Event::ToWorker(..) | Event::WorkerTick(_) => self.happen_to_worker(event),
            Event::ToGateway(_)
            | Event::Delivered(_)
            | Event::ClientGone
            | Event::Answered(..)
            | Event::Retry(_)
            | Event::Tick => self.happen_to_gateway(event),
        }
    }

    /// Whatever comes while it sleeps is taken in after it, in any order.
    fn happen_to_gateway(&mut self, event: Event) {
        if self.killed || self.over {
            return;
        }
        if self.now < self.gateway_sleeps_until {
            let delay = self.gateway_sleeps_until - self.now + self.random.below(3);
            return self.after(delay, event);
        }
        let now = self.case.start + Duration::from_millis(self.now);
        self.case.now = now;
        let request = &mut self.case.request;
        match event {
            Event::ToGateway(said) => request.on_message(now, *said),
            Event::Delivered(bytes) => request.on_delivered(now, bytes),
            Event::ClientGone if !self.client.is_done() => {
                self.client.gone = true;
                request.on_client_gone(now);
            }
            Event::Answered(generation, answer) if generation == self.generation => match answer {
                Ok(result) => request.on_settled(now, result),
                Err(()) => self.after(500, Event::Retry(generation)),
            },
            Event::Retry(generation) if generation == self.generation => self.append(),
            Event::Tick => {
                request.on_tick(now);
                self.after(TICK, Event::Tick);
            }
            _ => {}
        }
        self.act();
    }

    fn act(&mut self) {
        for action in self.case.request.actions() {
            match action {
                Action::Send(to, said) => {
                    let n = (1..=WORKERS).find(|n| worker(*n) == to).unwrap();
                    self.send(Event::ToWorker(n, Box::new(said)));
                }
                Action::Settle(settled) => {
                    self.write(Entry::Settled(settled));
                    let left = self.case.request.settle_until() - self.case.now;
                    let expired = Event::Answered(self.generation, Ok(SettleResult::Expired));
                    self.after(u64::try_from(left.as_millis()).unwrap(), expired);
                }
                Action::Correct(correction) => self.write(correction.into()),
                Action::Forget(_) => self.over = true,
                action => self.show(action),
            }
        }
    }

    /// What the client sees of it.
    fn show(&mut self, action: Action) {
        match action {
            Action::WriteAnswer(bytes)
                if self.client.write_until.is_none_or(|until| self.case.now < until) =>
            {
                self.client.handed += bytes.len() as u64;
                let delay = self.random.below(20);
                self.after(delay, Event::Delivered(self.client.handed));
            }
            Action::WriteOwn(bytes) if bytes.windows(7).any(|part| part == b"\"error\"") => {
                self.client.refused = true;
            }
            Action::End => self.client.whole = !self.client.refused,
            Action::Respond(_) => self.client.whole = true,
            Action::Reject(_) => self.client.refused = true,
            Action::WriteUntil(until) => self.client.write_until = until,
            _ => {}
        }
    }

    fn write(&mut self, entry: Entry) {
        self.writing = Some(entry);
        self.generation += 1;
        self.append();
    }

    /// One try of the gateway's.
    fn append(&mut self) {
        let Some(entry) = self.writing.clone() else { return };
        let healed = self.now >= self.healed_at;
        let fate = if healed { 0 } else { self.random.below(6) };
        let soon = self.random.below(50);
        let (lands, answered) = match fate {
            0 => (Some(soon), Some(soon + 5)),
            1 => (Some(soon), None),
            2 => (Some(self.random.below(60_000)), None),
            3 => (Some(soon), Some(soon + self.random.below(ACK_PATIENCE))),
            4 => (Some(self.random.below(12_000)), None),
            _ => (None, None),
        };
        if let Some(lands) = lands {
            self.after(lands, Event::Land(entry));
        }
        let (delay, answer) = answered
            .map_or((ACK_PATIENCE, Err(())), |delay| (delay, Ok(SettleResult::Acknowledged)));
        self.after(delay, Event::Answered(self.generation, answer));
    }

    /// Between a gateway and a worker.
    fn send(&mut self, event: Event) {
        let (from, to) = self.partition;
        if (from..to).contains(&self.now) || self.random.one_in(10) {
            return;
        }
        if self.random.one_in(10) {
            let delay = self.random.below(3000);
            self.after(delay, event.clone());
        }
        let most = if self.random.one_in(8) { 2000 } else { 20 };
        let delay = 1 + self.random.below(most);
        self.after(delay, event);
    }

    fn sweep(&mut self) {
        if self.log.is_settled() {
            return;
        }
        let outcome = Outcome::Failed(Failure::Unsettled);
        let swept = self.settlement(outcome, Usage::default(), Writer::Sweeper);
        let delay = self.random.below(20);
        self.after(delay, Event::Land(Entry::Settled(Box::new(swept))));
    }

    fn settlement(&self, outcome: Outcome, delivered: Usage, writer: Writer) -> Settled {
        self.case.request.accepted().settle(Settlement {
            outcome,
            delivered,
            service_tier: None,
            timings: Timings::default(),
            worker: None,
            attempts: vec![],
            writer,
            at: Timestamp::from_millis(self.now.cast_signed()),
        })
    }

    pub fn refusal_heard(&self) -> bool {
        self.workers.iter().any(Worker::heard_refusal)
    }

    pub fn check(&self) {
        let Self { seed, streamed, client, log, .. } = self;
        assert!(self.killed || self.over, "seed {seed} never ends");
        assert!(!client.whole || log.is_charged_whole(), "seed {seed}: for nothing: {log:#?}");
        let knows = !self.killed || self.refusal_heard();
        if !client.whole && knows && !(*streamed && client.gone) {
            assert!(!log.is_charged_whole(), "seed {seed}: charged for an error: {log:#?}");
        }
        if !client.whole && !self.killed {
            let delivered = Nanos::new((client.handed / worker::CHUNK.len() as u64).into());
            assert!(log.charge() <= delivered, "seed {seed}: more than was delivered: {log:#?}");
        }
    }
}

impl Client {
    const fn is_done(&self) -> bool {
        self.whole || self.refused || self.gone
    }
}
