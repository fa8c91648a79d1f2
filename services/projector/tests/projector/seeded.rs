//! Random requests, their events said twice and out of order: the bill is the sum of what settled, each once.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use uplion_domain::{
    Envelope, Event, Nanos, RequestId,
    request::{self, Cancelled, Failure, Outcome},
};
use uplion_projector::verify;

use crate::{
    events::{accepted, assigned, settled},
    fixtures::Fixture,
};

crate::on_each!([whatever_comes_in_whatever_order_the_bill_is_what_settled_first]);

async fn whatever_comes_in_whatever_order_the_bill_is_what_settled_first(fixture: Fixture) {
    let mut running = fixture.start("a");
    let (mut head, mut charged) = (0, HashMap::<RequestId, Nanos>::new());
    for seed in 0..6 {
        let events = story(&mut StdRng::seed_from_u64(seed));
        head += events.len() as u64;
        for event in &events {
            fixture.append(event).await;
            if let Event::Request(request::Event::Settled(settled)) = &event.event {
                charged.entry(settled.request).or_insert(settled.charge);
            }
        }
        if seed == 2 {
            running.kill().await;
            running = fixture.start("a");
        }
        fixture.projected(head).await;
        let usage = fixture.usage().await;
        assert_eq!(usage.requests, charged.len() as u64, "seed {seed}");
        assert_eq!(usage.cost, charged.values().copied().sum(), "seed {seed}");
        for projection in uplion_projections::all() {
            let verdict = verify(*projection, &fixture.store, || ()).await.unwrap();
            assert_eq!(verdict.differing, Vec::<Vec<_>>::new(), "seed {seed}");
        }
    }
    running.ready().await;
}

fn story(random: &mut StdRng) -> Vec<Envelope> {
    let outcomes = [
        Outcome::Completed,
        Outcome::Cancelled(Cancelled::Deadline),
        Outcome::Failed(Failure::UpstreamFailed),
    ];
    let mut events = Vec::new();
    for _ in 0..40 {
        let request = accepted();
        let mut of_request =
            vec![Envelope::assigned(assigned(&request)), Envelope::accepted(request.clone())];
        // Whoever settles too late says something else, perhaps.
        for _ in 0..random.random_range(0..3) {
            let outcome = outcomes[random.random_range(0..3)].clone();
            of_request.push(Envelope::settled(settled(&request, outcome)));
        }
        for event in of_request {
            let times = [0, 1, 1, 1, 2][random.random_range(0..5)];
            events.extend(std::iter::repeat_n(event, times));
        }
    }
    events.shuffle(random);
    events
}
