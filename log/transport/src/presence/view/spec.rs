//! Who is there, told as what was heard and when.

use std::time::Duration;

use uplion_domain::{WorkerId, model::Upstream};
use uuid::Uuid;

use super::*;
use crate::presence::{GatewayReport, UpstreamHealth};

const NO_WORKER: Service = Service::Unserved(Unserved::NoWorker);
const UPSTREAMS_DOWN: Service = Service::Unserved(Unserved::UpstreamsDown);
const SERVED: Service = Service::Served { workers: 1 };

struct Told {
    view: View,
    start: Instant,
    /// Milliseconds since then.
    at: u64,
}

fn demo() -> ModelName {
    "demo".parse().unwrap()
}

fn worker(n: u128) -> WorkerId {
    WorkerId::new(Uuid::from_u128(n))
}

fn who(n: u128) -> Present {
    Present::Worker(worker(n))
}

fn down() -> UpstreamHealth {
    UpstreamHealth::Down { reason: "it does not take its key".into() }
}

fn beat(upstreams: impl IntoIterator<Item = (&'static str, UpstreamHealth)>) -> Beat {
    let upstreams = upstreams.into_iter().map(|(model, health)| {
        let model: ModelName = model.parse().unwrap();
        let url = "http://here/v1".to_owned();
        let upstream = Upstream::new(url.clone(), model.clone(), 4).id();
        UpstreamReport { model, upstream, url, health, in_flight: 0, capacity: 4 }
    });
    let report = WorkerReport { upstreams: upstreams.collect(), ..WorkerReport::default() };
    let report = Report::Worker(report);
    Beat { version: "1".into(), leaving: false, hindrance: None, report }
}

impl Told {
    /// Listening for as long as it takes.
    fn settled() -> Self {
        let mut told = Self::listening();
        told.pass(2_000);
        told
    }

    fn listening() -> Self {
        let start = Instant::now();
        let mut view = View::new(start);
        view.listen(start);
        Self { view, start, at: 0 }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.at)
    }

    /// In steps, as a listener does.
    fn pass(&mut self, millis: u64) {
        for _ in 0..millis / 250 {
            self.at += 250;
            self.view.tick(self.now());
        }
    }

    fn hear(&mut self, n: u128, beat: &Beat) {
        let now = self.now();
        self.view.hear(now, who(n), &beat.encode()).unwrap();
    }

    fn service(&self) -> Service {
        self.view.service(&demo())
    }
}

#[test]
fn a_model_is_served_while_a_worker_says_so() {
    let mut told = Told::settled();
    assert_eq!(told.service(), NO_WORKER);
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    assert_eq!(told.service(), SERVED);
    assert_eq!(told.view.service(&"other".parse().unwrap()), NO_WORKER);
    assert!(told.view.has_workers());
    told.hear(2, &beat([("demo", UpstreamHealth::Up)]));
    assert_eq!(told.service(), Service::Served { workers: 2 });
}

#[test]
fn who_misses_two_beats_is_there_and_who_misses_three_is_gone() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.pass(2_750);
    assert_eq!(told.service(), SERVED);
    told.pass(250);
    assert_eq!(told.service(), NO_WORKER);
    assert_eq!(told.view.present().count(), 0);
}

fn missed(told: &Told) -> Vec<(WorkerId, Instant)> {
    told.view.missed().collect()
}

#[test]
fn a_worker_that_misses_a_beat_is_asked_for_and_gone_if_it_listens_no_more() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    let heard = told.now();
    told.pass(1_000);
    assert_eq!(missed(&told), []);
    told.pass(250);
    assert_eq!(missed(&told), [(worker(1), heard)]);
    assert_eq!(told.service(), SERVED, "until it is known");
    told.view.lose(worker(1), heard);
    assert_eq!(told.service(), NO_WORKER);
    assert_eq!(missed(&told), []);
}

#[test]
fn a_worker_that_was_heard_after_it_was_asked_for_is_there() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    let heard = told.now();
    told.pass(1_250);
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.view.lose(worker(1), heard);
    assert_eq!(told.service(), SERVED);
}

#[test]
fn an_upstream_that_rests_is_not_down() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Resting { for_ms: 60_000 }), ("demo", down())]));
    assert_eq!(told.service(), SERVED);
}

#[test]
fn a_model_whose_upstreams_are_all_down_is_unserved_at_once_and_served_at_once_when_one_is_up() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.hear(1, &beat([("demo", down()), ("demo", down())]));
    assert_eq!(told.service(), UPSTREAMS_DOWN);
    told.hear(2, &beat([("demo", UpstreamHealth::Up)]));
    assert_eq!(told.service(), SERVED);
}

#[test]
fn who_has_just_begun_to_listen_knows_nothing_for_two_beats() {
    let mut told = Told::listening();
    told.pass(1_750);
    assert_eq!(told.service(), Service::Unknown);
    told.pass(250);
    assert_eq!(told.service(), NO_WORKER);
}

#[test]
fn who_cannot_hear_the_broker_knows_nothing() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.view.go_deaf();
    told.pass(10_000);
    assert_eq!(told.service(), Service::Unknown);
    let now = told.now();
    told.view.listen(now);
    told.pass(4_750);
    assert_eq!(told.service(), Service::Unknown, "others may find it again later");
    told.pass(250);
    assert_eq!(told.service(), NO_WORKER);
}

#[test]
fn a_listener_that_stood_still_finds_nobody_gone() {
    let mut told = Told::settled();
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.at += 60_000;
    let now = told.now();
    assert_eq!(told.service(), SERVED, "its time moves when it is told");
    told.view.tick(now);
    assert_eq!(told.service(), Service::Unknown);
    told.hear(1, &beat([("demo", UpstreamHealth::Up)]));
    told.pass(2_000);
    assert_eq!(told.service(), SERVED);
}

#[test]
fn a_worker_that_leaves_counts_until_another_had_the_time_to_take_its_place() {
    let mut told = Told::settled();
    let leaving = Beat { leaving: true, ..beat([("demo", UpstreamHealth::Up)]) };
    told.hear(1, &leaving);
    told.pass(1_250);
    told.hear(1, &leaving);
    assert_eq!(told.service(), SERVED);
    told.pass(250);
    assert_eq!(told.service(), NO_WORKER);
}

#[test]
fn a_worker_that_cannot_say_all_may_serve_any_model() {
    let mut told = Told::settled();
    let mut all = beat([("other", UpstreamHealth::Up)]);
    if let Report::Worker(report) = &mut all.report {
        report.more = true;
    }
    told.hear(1, &all);
    assert_eq!(told.service(), SERVED);
}

#[test]
fn what_cannot_be_read_or_speaks_for_another_role_is_counted_and_changes_nothing() {
    let mut told = Told::settled();
    let now = told.now();
    assert!(told.view.hear(now, who(1), b"no beat").is_err());
    let report = Report::Gateway(GatewayReport::default());
    let foreign = Beat { report, ..beat([]) };
    told.view.hear(now, who(1), &foreign.encode()).unwrap();
    assert_eq!((told.view.present().count(), told.view.ignored()), (0, 2));
}

#[test]
fn no_more_are_remembered_than_may_be() {
    let mut told = Told::settled();
    let one = beat([]).encode();
    let now = told.now();
    for n in 0..MOST as u128 + 10 {
        told.view.hear(now, who(n), &one).unwrap();
    }
    assert_eq!((told.view.present().count(), told.view.ignored()), (MOST, 10));
    told.view.hear(now, who(0), &one).unwrap();
    assert_eq!(told.view.ignored(), 10, "who is known is heard");
}
