//! What was charged and does not follow from what was accepted is found by its marks, and bills as it stands.

use uplion_domain::{
    Envelope, Nanos, Unit,
    request::{Accepted, Asked, Failure, Mark, Outcome, Settled, UsageBound},
};
use uplion_projections::{
    projection::TypedRow,
    requests::{self, Marked, MarkedSince, Request, Requests},
    table::Value,
};
use uplion_projector::verify;

use crate::{
    events::{accepted, settled},
    fixtures::{Fixture, now},
};

crate::on_each!([
    a_forged_settlement_is_marked_whichever_of_its_events_came_first
    honest_settlements_have_no_marks
]);

async fn a_forged_settlement_is_marked_whichever_of_its_events_came_first(fixture: Fixture) {
    let running = fixture.start("a");
    let mut head = 0;
    for is_settled_first in [false, true] {
        for (forge, marks) in forgeries() {
            let accepted = bounded();
            let forged = forge(settled(&accepted, Outcome::Completed));
            let mut events = [Envelope::accepted(accepted), Envelope::settled(forged.clone())];
            if is_settled_first {
                events.reverse();
            }
            fixture.append_all(events).await;
            head += 2;
            fixture.projected(head).await;
            let row = row(&fixture, &forged).await;
            assert_eq!(row.marks, marks, "settled first: {is_settled_first}");
            assert_eq!(row.cost, forged.charge);
        }
    }
    let marked: u64 = counts(&fixture).await.iter().map(|one| one.count).sum();
    assert_eq!(marked, 2 * forgeries().len() as u64);
    let verdict = verify(&Requests, &fixture.store, || ()).await.unwrap();
    assert_eq!(verdict.differing, Vec::<Vec<_>>::new());
    running.ready().await;
}

async fn honest_settlements_have_no_marks(fixture: Fixture) {
    let running = fixture.start("a");
    for (n, outcome) in (1..).zip([Outcome::Completed, Outcome::Failed(Failure::UpstreamFailed)]) {
        let accepted = bounded();
        let honest = settled(&accepted, outcome);
        fixture.append_all([Envelope::accepted(accepted), Envelope::settled(honest.clone())]).await;
        fixture.projected(2 * n).await;
        assert_eq!(row(&fixture, &honest).await.marks, []);
    }
    assert_eq!(counts(&fixture).await, []);
    running.ready().await;
}

type Forge = fn(Settled) -> Settled;

/// What somebody wrote straight to the log.
fn forgeries() -> [(Forge, Vec<Mark>); 4] {
    [
        (|honest| Settled { charge: Nanos::new(7), ..honest }, vec![Mark::WRONG_CHARGE]),
        (
            |honest| {
                let rates = honest.rates.clone().with(Unit::OUTPUT, Nanos::new(1_000_000_000));
                Settled { charge: rates.charge(&honest.usage), rates, ..honest }
            },
            vec![Mark::WRONG_RATES],
        ),
        (
            |honest| {
                let usage = honest.usage.clone().with(Unit::OUTPUT, 1_000);
                Settled { charge: honest.rates.charge(&usage), usage, ..honest }
            },
            vec![Mark::WRONG_USAGE],
        ),
        (
            |honest| Settled { outcome: Outcome::Failed(Failure::UpstreamFailed), ..honest },
            vec![Mark::WRONG_CHARGE],
        ),
    ]
}

fn bounded() -> Accepted {
    let mut accepted = accepted();
    accepted.size.bound =
        UsageBound::of(Asked { text_bytes: Some(400), answer: Some(20), answers: 1 });
    accepted
}

async fn row(fixture: &Fixture, settled: &Settled) -> Request {
    let id = Value::Text(settled.request.to_string());
    let rows = fixture.store.rows.query(&requests::ONE, &[id]).await.unwrap();
    Request::from_row(rows.into_iter().next().unwrap())
}

async fn counts(fixture: &Fixture) -> Vec<Marked> {
    let parameters = MarkedSince { since: now().plus_millis(-60_000) }.values();
    let rows = fixture.store.rows.query(&requests::MARKED, &parameters).await.unwrap();
    rows.into_iter().map(Marked::from_row).collect()
}
