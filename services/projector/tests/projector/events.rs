//! Events to try the projector with.

use uplion_domain::{
    ClaimId, Envelope, Event, EventId, GatewayId, KeyId, Nanos, Operation, ProjectId, Rates,
    RequestId, Unit, Usage, WorkerId,
    price::{Pinned, Rule},
    project,
    request::{
        Accepted, Assigned, Class, Labels, Outcome, Settled, Settlement, Size, Timings, Writer,
    },
    usage::Source,
};
use uuid::Uuid;

use crate::fixtures::now;

/// Due in a minute, for a project of its own at 2 units a million tokens of prompt.
pub fn accepted() -> Accepted {
    let rates = Rates::default().with(Unit::INPUT, Nanos::new(2_000_000_000));
    Accepted {
        request: RequestId::new(Uuid::now_v7()),
        project: ProjectId::new(Uuid::now_v7()),
        key: KeyId::new(Uuid::from_u128(2)),
        model: "llama".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: GatewayId::new(Uuid::from_u128(3)),
        price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: now().hour(),
        deadline: now().plus_millis(60_000),
        at: now(),
    }
}

pub fn assigned(accepted: &Accepted) -> Assigned {
    Assigned {
        request: accepted.request,
        project: accepted.project,
        worker: WorkerId::new(Uuid::from_u128(4)),
        claim: ClaimId::new(Uuid::from_u128(5)),
        attempt: 1,
        at: accepted.at,
    }
}

/// For a hundred tokens of prompt and twenty of answer.
pub fn settled(accepted: &Accepted, outcome: Outcome) -> Settled {
    accepted.settle(Settlement {
        outcome,
        delivered: Usage::tokens(100, 0, 20, 0, Source::Counted),
        service_tier: None,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Gateway(accepted.gateway),
        at: now(),
    })
}

/// All events of a request that was served.
pub fn served() -> [Envelope; 3] {
    let accepted = accepted();
    let assigned = Envelope::assigned(assigned(&accepted));
    let settled = Envelope::settled(settled(&accepted, Outcome::Completed));
    [Envelope::accepted(accepted), assigned, settled]
}

pub fn project() -> ProjectId {
    ProjectId::new(Uuid::now_v7())
}

pub fn created(project: ProjectId, name: &str) -> Envelope {
    of(project, project::Event::Created { name: name.into(), at: now() })
}

pub fn renamed(project: ProjectId, name: &str) -> Envelope {
    of(project, project::Event::Renamed { name: name.into(), at: now() })
}

fn of(project: ProjectId, event: project::Event) -> Envelope {
    control(Event::Project(project, event))
}

pub fn control(event: Event) -> Envelope {
    let id = EventId::fresh(Uuid::now_v7());
    Envelope { id, at: now(), traceparent: None, actor: None, request_id: None, event }
}
