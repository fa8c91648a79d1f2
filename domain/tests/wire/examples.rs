//! One example or more of every event in its present version: what is written to `golden/` when a type is new.

use uplion_domain::{
    Envelope, Event, EventId, KeyDigest, Nanos, Rates, Timestamp, Usage,
    api_key::{self, Models},
    model::{self, Credential, Upstream},
    price, project,
    request::{Accepted, Assigned, Cancelled, Class, Failure, Outcome, Settled, Timings, Writer},
    usage::Source,
    worker::{self, FailureReason},
};
use uuid::Uuid;

const AT: Timestamp = Timestamp::from_micros(1_795_430_000_123_456);
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

pub fn all() -> Vec<Envelope> {
    let control = projects().into_iter().chain(api_keys()).chain(models()).chain(prices());
    let events = control.chain(workers()).zip(1..).map(|(event, number)| Envelope {
        id: EventId::fresh(uuid(number)),
        at: AT,
        traceparent: None,
        actor: Some("usr_0190c0de000070008000000000000001".into()),
        event,
    });
    events.chain(requests()).collect()
}

fn projects() -> Vec<Event> {
    let id = id("prj");
    vec![
        Event::Project(id, project::Event::Created { name: "Institut für Physik".into(), at: AT }),
        Event::Project(id, project::Event::Renamed { name: "Physik".into(), at: AT }),
        Event::Project(id, project::Event::Closed { at: AT }),
    ]
}

fn api_keys() -> Vec<Event> {
    let (key, project, digest) = (id("key"), id("prj"), KeyDigest::of("sk-example"));
    let some = || Models::Only([name("llama-3.1"), name("org/model:7b")].into());
    let issued =
        |models| api_key::Event::Issued { project, name: "ci".into(), digest, models, at: AT };
    vec![
        Event::ApiKey(key, issued(Models::All)),
        Event::ApiKey(key, issued(some())),
        Event::ApiKey(key, api_key::Event::Allowed { models: some(), at: AT }),
        Event::ApiKey(key, api_key::Event::Allowed { models: Models::All, at: AT }),
        Event::ApiKey(key, api_key::Event::Revoked { at: AT }),
    ]
}

fn models() -> Vec<Event> {
    let model = || name("llama-3.1");
    let aliases = || [name("llama"), name("default")].into();
    let upstreams = || {
        let url = "https://api.example.org/v1".into();
        let credential = Some(Credential::Environment("EXAMPLE_KEY".into()));
        let remote =
            Upstream { url, model: name("meta/llama-3.1-8b"), credential, max_in_flight: 32 };
        let url = "http://127.0.0.1:8000/v1".into();
        vec![remote, Upstream { url, model: model(), credential: None, max_in_flight: 4 }]
    };
    vec![
        Event::Model(
            model(),
            model::Event::Registered { upstreams: upstreams(), aliases: aliases(), at: AT },
        ),
        Event::Model(model(), model::Event::UpstreamsChanged { upstreams: upstreams(), at: AT }),
        Event::Model(model(), model::Event::AliasesChanged { aliases: aliases(), at: AT }),
        Event::Model(model(), model::Event::Retired { at: AT }),
    ]
}

fn prices() -> Vec<Event> {
    let (id, model, rates) = (id("prc"), name("llama-3.1"), rates());
    let effective_from = AT.plus_millis(3_600_000);
    vec![
        Event::Price(id, price::Event::Set { model, rates, effective_from, at: AT }),
        Event::Price(id, price::Event::Withdrawn { at: AT }),
    ]
}

fn workers() -> Vec<Event> {
    let worker = id("wrk");
    let failed =
        |reason| worker::Event::Failed { worker, model: name("llama-3.1"), reason, at: AT };
    let models = vec![name("llama-3.1"), name("org/model:7b")];
    let mut events = vec![
        Event::Worker(worker::Event::Started { worker, models, at: AT }),
        Event::Worker(worker::Event::Stopped { worker, at: AT }),
    ];
    events.extend(FailureReason::ALL.map(failed).map(Event::Worker));
    events
}

fn requests() -> Vec<Envelope> {
    let accepted = accepted();
    let assigned = Assigned {
        request: accepted.request,
        project: accepted.project,
        worker: id("wrk"),
        claim: id("clm"),
        attempt: 1,
        at: AT,
    };
    let mut envelopes = vec![
        Envelope { traceparent: Some(TRACE.into()), ..Envelope::accepted(accepted.clone()) },
        Envelope::accepted(Accepted { streamed: false, class: Class::Batch, ..accepted.clone() }),
        Envelope::assigned(assigned),
    ];
    envelopes.extend(settled(&accepted).into_iter().map(Envelope::settled));
    envelopes
}

/// Every way to end.
fn settled(accepted: &Accepted) -> Vec<Settled> {
    let worker = Some(id("wrk"));
    let gateway = Writer::Gateway(accepted.gateway);
    let end = |outcome, writer, timings| {
        let usage = Usage {
            prompt_tokens: 1_200,
            cached_tokens: 1_000,
            completion_tokens: 345,
            reasoning_tokens: 45,
            source: Source::Reported,
        };
        accepted.settle(outcome, usage, timings, worker, writer, AT)
    };
    let timings = Timings { assigned: Some(900), first_chunk: Some(45_000), total: 1_250_000 };
    let failures = [
        Failure::Unavailable,
        Failure::QueueFull,
        Failure::UpstreamRejected { status: 422 },
        Failure::UpstreamFailed,
        Failure::UpstreamUnreachable,
        Failure::WorkerSilent,
        Failure::AnswerTooLarge,
    ];
    let mut settled = vec![
        end(Outcome::Completed, gateway, timings),
        end(Outcome::Cancelled(Cancelled::ClientGone), gateway, timings),
        end(Outcome::Cancelled(Cancelled::Deadline), gateway, timings),
        end(Outcome::Cancelled(Cancelled::GatewayLost), Writer::Worker(id("wrk")), timings),
    ];
    settled.extend(failures.map(|why| end(Outcome::Failed(why), gateway, timings)));
    let nothing = Timings { total: 360_000_000, ..Timings::default() };
    let unsettled = end(Outcome::Failed(Failure::Unsettled), Writer::Sweeper, nothing);
    settled.push(Settled { worker: None, ..unsettled });
    settled
}

fn accepted() -> Accepted {
    Accepted {
        request: id("req"),
        project: id("prj"),
        key: id("key"),
        model: name("llama-3.1"),
        class: Class::Interactive,
        streamed: true,
        gateway: id("gtw"),
        rates: rates(),
        deadline: AT.plus_millis(300_000),
        at: AT,
    }
}

fn rates() -> Rates {
    Rates {
        input: Nanos::new(150_000_000),
        cached_input: Nanos::new(75_000_000),
        output: Nanos::new(600_000_000),
        reasoning: Nanos::new(600_000_000),
        request: Nanos::new(1_000),
    }
}

fn name(text: &str) -> uplion_domain::ModelName {
    text.parse().unwrap()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{}", uuid(7).simple()).parse().unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_c0de_0000_7000_8000_0000_0000_0000 + number)
}
