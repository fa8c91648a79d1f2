//! Patterns of subjects that a role of an installation may publish or subscribe to. Beside a process's own filters, which
//! name the process, these are of all processes of a role: their ids are made at each start.

use std::fmt;

use uuid::Uuid;

use super::Filter;
use crate::RequestId;

/// What matches the subjects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// What workers tell gateways.
    ToGateways,
    /// What gateways tell workers.
    ToWorkers,
    /// What a gateway tells itself, to hear whether it hears: no request has that id.
    NobodysAtGateways,
    /// What is sent to a worker to learn whether it listens.
    NobodysAtWorkers,
    Tasks,
    /// What is changed.
    Control,
    PresenceOfGateways,
    PresenceOfWorkers,
    PresenceOfControls,
    PresenceOfProjectors,
    Presence,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nobodys = RequestId::new(Uuid::nil());
        match self {
            Self::ToGateways => f.write_str("gateway.*.*"),
            Self::ToWorkers => f.write_str("worker.*.*"),
            Self::NobodysAtGateways => write!(f, "gateway.*.{nobodys}"),
            Self::NobodysAtWorkers => write!(f, "worker.*.{nobodys}"),
            Self::Tasks => Filter::AllTasks.fmt(f),
            Self::Control => f.write_str("control.*.*"),
            Self::PresenceOfGateways => f.write_str("presence.gateway.*"),
            Self::PresenceOfWorkers => Filter::PresenceOfWorkers.fmt(f),
            Self::PresenceOfControls => f.write_str("presence.control.*"),
            Self::PresenceOfProjectors => f.write_str("presence.projector.*"),
            Self::Presence => Filter::AllPresence.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdminKeyId, GatewayId, ModelName, ProcessId, WorkerId,
        request::Class,
        subject::{AggregateId, Present, Subject},
    };

    /// As nats-server does it.
    fn matches(pattern: &str, subject: &str) -> bool {
        let (mut pattern, mut subject) = (pattern.split('.'), subject.split('.'));
        loop {
            match (pattern.next(), subject.next()) {
                (None, None) | (Some(">"), Some(_)) => return true,
                (Some(one), Some(other)) if one == "*" || one == other => {}
                _ => return false,
            }
        }
    }

    #[test]
    fn each_pattern_matches_the_subjects_of_its_kind_and_no_others() {
        let (id, other) = (Uuid::from_u128(7), Uuid::from_u128(9));
        let (gateway, worker) = (GatewayId::new(id), WorkerId::new(id));
        let (request, nobodys) = (RequestId::new(other), RequestId::new(Uuid::nil()));
        let model: ModelName = "llama-3.1/a.b".parse().unwrap();
        let present = Subject::Presence;
        let kinds = [
            (Subject::Gateway { gateway, request }, vec![Pattern::ToGateways]),
            (
                Subject::Gateway { gateway, request: nobodys },
                vec![Pattern::ToGateways, Pattern::NobodysAtGateways],
            ),
            (Subject::Worker { worker, request }, vec![Pattern::ToWorkers]),
            (
                Subject::Worker { worker, request: nobodys },
                vec![Pattern::ToWorkers, Pattern::NobodysAtWorkers],
            ),
            (
                Subject::Task { model: model.clone(), class: Class::Interactive, lane: 0 },
                vec![Pattern::Tasks],
            ),
            (Subject::Control(AggregateId::Model(model)), vec![Pattern::Control]),
            (Subject::Control(AggregateId::AdminKey(AdminKeyId::new(id))), vec![Pattern::Control]),
            (
                present(Present::Gateway(gateway)),
                vec![Pattern::PresenceOfGateways, Pattern::Presence],
            ),
            (present(Present::Worker(worker)), vec![Pattern::PresenceOfWorkers, Pattern::Presence]),
            (
                present(Present::Control(ProcessId::new(id))),
                vec![Pattern::PresenceOfControls, Pattern::Presence],
            ),
            (
                present(Present::Projector(ProcessId::new(id))),
                vec![Pattern::PresenceOfProjectors, Pattern::Presence],
            ),
            (Subject::TrafficBatch { part: 0 }, vec![]),
        ];
        let all = [
            Pattern::ToGateways,
            Pattern::ToWorkers,
            Pattern::NobodysAtGateways,
            Pattern::NobodysAtWorkers,
            Pattern::Tasks,
            Pattern::Control,
            Pattern::PresenceOfGateways,
            Pattern::PresenceOfWorkers,
            Pattern::PresenceOfControls,
            Pattern::PresenceOfProjectors,
            Pattern::Presence,
        ];
        for (subject, expected) in kinds {
            let subject = subject.to_string();
            let found = all.into_iter().filter(|pattern| matches(&pattern.to_string(), &subject));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{subject}");
        }
    }
}
