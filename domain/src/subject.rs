//! Every subject there is. Nothing else in the workspace spells or escapes one, but for the patterns beside it.

mod pattern;

use std::{fmt, hash::Hasher as _, str::FromStr};

use fnv::FnvHasher;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::{
    AdminKeyId, GatewayId, InstallationId, KeyId, ModelName, PriceId, ProcessId, ProjectId,
    RequestId, SessionId, UserId, WorkerId, request::Class,
};

pub use self::pattern::Pattern;

/// Where a message goes, or what an event in it is about. Streams hold batches, tasks and CONTROL; the last three are
/// core messages, kept by nobody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `traffic.<shard>.<kind>`: what one event of a batch is about.
    Traffic { shard: Shard, kind: TrafficKind },
    /// `traffic.batch.<part>`: events of one gateway.
    TrafficBatch { part: u8 },
    /// `workers.batch.<part>`: events of one worker.
    WorkersBatch { part: u8 },
    /// `task.<model>.<class>.<lane>`
    Task { model: ModelName, class: Class, lane: u8 },
    /// `control.<aggregate>.<id>`
    Control(AggregateId),
    /// `gateway.<gateway>.<request>`: what a worker tells the gateway of a request.
    Gateway { gateway: GatewayId, request: RequestId },
    /// `worker.<worker>.<request>`: what a gateway tells the worker of a request.
    Worker { worker: WorkerId, request: RequestId },
    /// `presence.<role>.<id>`: what a process says of itself, once a second.
    Presence(Present),
}

/// A process that is there, by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Present {
    Gateway(GatewayId),
    Worker(WorkerId),
    Control(ProcessId),
    Projector(ProcessId),
}

/// Which messages a reader wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    AllTraffic,
    AllWorkers,
    AllTasks,
    /// All lanes of a model's class: what one durable consumer serves.
    TasksOf {
        model: ModelName,
        class: Class,
    },
    AllControl,
    /// What is changed of models: all that workers read of it.
    ControlOfModels,
    ToGateway(GatewayId),
    ToWorker(WorkerId),
    AllPresence,
    PresenceOfWorkers,
    PresenceOfGateways,
}

/// A part of the traffic, so that its stream can be split without renaming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrafficKind {
    Accepted,
    Assigned,
    Settled,
    Reversed,
    Rejected,
    Probed,
    Allowance,
    Worker,
}

/// One aggregate of the control plane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateId {
    Installation(InstallationId),
    Project(ProjectId),
    ApiKey(KeyId),
    Model(ModelName),
    Price(PriceId),
    User(UserId),
    Session(SessionId),
    AdminKey(AdminKeyId),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a subject of ours")]
pub struct UnknownSubject(pub String);

/// Bytes; NATS takes 255.
const LONGEST_DURABLE_NAME: usize = 200;

impl Shard {
    pub const COUNT: u8 = 64;
    /// Of what happens to no project: events of workers, requests that were not let in.
    pub const OF_NO_PROJECT: Self = Self(0);

    /// The same for ever: FNV-1a of the id's bytes.
    pub fn of(project: ProjectId) -> Self {
        let mut hasher = FnvHasher::default();
        hasher.write(project.uuid().as_bytes());
        let shard = hasher.finish() % u64::from(Self::COUNT);
        Self(u8::try_from(shard).expect("a remainder of 64 fits in a byte"))
    }

    pub const fn number(self) -> u8 {
        self.0
    }
}

impl AggregateId {
    /// The aggregate's kind, as it stands in subjects and in the event store.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Installation(_) => "installation",
            Self::Project(_) => "project",
            Self::ApiKey(_) => "api_key",
            Self::Model(_) => "model",
            Self::Price(_) => "price",
            Self::User(_) => "user",
            Self::Session(_) => "session",
            Self::AdminKey(_) => "admin_key",
        }
    }

    /// The aggregate's id, as people write it.
    pub fn id(&self) -> String {
        match self {
            Self::Installation(id) => id.to_string(),
            Self::Project(id) => id.to_string(),
            Self::ApiKey(id) => id.to_string(),
            Self::Model(name) => name.to_string(),
            Self::Price(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Session(id) => id.to_string(),
            Self::AdminKey(id) => id.to_string(),
        }
    }

    pub fn parse(kind: &str, id: &str) -> Result<Self, UnknownSubject> {
        let unknown = || UnknownSubject(format!("{kind} {id}"));
        match kind {
            "installation" => id.parse().map(Self::Installation).map_err(|_| unknown()),
            "project" => id.parse().map(Self::Project).map_err(|_| unknown()),
            "api_key" => id.parse().map(Self::ApiKey).map_err(|_| unknown()),
            "model" => id.parse().map(Self::Model).map_err(|_| unknown()),
            "price" => id.parse().map(Self::Price).map_err(|_| unknown()),
            "user" => id.parse().map(Self::User).map_err(|_| unknown()),
            "session" => id.parse().map(Self::Session).map_err(|_| unknown()),
            "admin_key" => id.parse().map(Self::AdminKey).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl Class {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Batch => "batch",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Class {
    type Err = UnknownSubject;

    fn from_str(text: &str) -> Result<Self, UnknownSubject> {
        [Self::Interactive, Self::Batch]
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| UnknownSubject(text.to_owned()))
    }
}

impl TrafficKind {
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Assigned,
        Self::Settled,
        Self::Reversed,
        Self::Rejected,
        Self::Probed,
        Self::Allowance,
        Self::Worker,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Assigned => "assigned",
            Self::Settled => "settled",
            Self::Reversed => "reversed",
            Self::Rejected => "rejected",
            Self::Probed => "probed",
            Self::Allowance => "allowance",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Traffic { shard, kind } => write!(f, "traffic.{}.{}", shard.0, kind.as_str()),
            Self::TrafficBatch { part } => write!(f, "traffic.batch.{part}"),
            Self::WorkersBatch { part } => write!(f, "workers.batch.{part}"),
            Self::Task { model, class, lane } => {
                write!(f, "task.{}.{}.{lane}", token(model.as_str()), class.as_str())
            }
            Self::Control(aggregate) => {
                write!(f, "control.{}.{}", aggregate.kind(), token(&aggregate.id()))
            }
            Self::Gateway { gateway, request } => write!(f, "gateway.{gateway}.{request}"),
            Self::Worker { worker, request } => write!(f, "worker.{worker}.{request}"),
            Self::Presence(present) => write!(f, "presence.{present}"),
        }
    }
}

/// `gateway.gtw_…`
impl fmt::Display for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(id) => write!(f, "gateway.{id}"),
            Self::Worker(id) => write!(f, "worker.{id}"),
            Self::Control(id) => write!(f, "control.{id}"),
            Self::Projector(id) => write!(f, "projector.{id}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllTraffic => f.write_str("traffic.>"),
            Self::AllWorkers => f.write_str("workers.>"),
            Self::AllTasks => f.write_str("task.>"),
            Self::TasksOf { model, class } => {
                write!(f, "task.{}.{}.*", token(model.as_str()), class.as_str())
            }
            Self::AllControl => f.write_str("control.>"),
            Self::ControlOfModels => f.write_str("control.model.*"),
            Self::ToGateway(gateway) => write!(f, "gateway.{gateway}.*"),
            Self::ToWorker(worker) => write!(f, "worker.{worker}.*"),
            Self::AllPresence => f.write_str("presence.>"),
            Self::PresenceOfWorkers => f.write_str("presence.worker.*"),
            Self::PresenceOfGateways => f.write_str("presence.gateway.*"),
        }
    }
}

impl Filter {
    pub fn matches(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::AllTraffic, Subject::Traffic { .. } | Subject::TrafficBatch { .. })
            | (Self::AllWorkers, Subject::WorkersBatch { .. })
            | (Self::AllTasks, Subject::Task { .. })
            | (Self::AllControl, Subject::Control(_))
            | (Self::ControlOfModels, Subject::Control(AggregateId::Model(_)))
            | (Self::AllPresence, Subject::Presence(_))
            | (Self::PresenceOfWorkers, Subject::Presence(Present::Worker(_)))
            | (Self::PresenceOfGateways, Subject::Presence(Present::Gateway(_))) => true,
            (Self::TasksOf { model, class }, Subject::Task { model: of, class: in_class, .. }) => {
                model == of && class == in_class
            }
            (Self::ToGateway(to), Subject::Gateway { gateway, .. }) => to == gateway,
            (Self::ToWorker(to), Subject::Worker { worker, .. }) => to == worker,
            (
                Self::AllTraffic
                | Self::AllWorkers
                | Self::AllTasks
                | Self::AllControl
                | Self::ControlOfModels
                | Self::TasksOf { .. }
                | Self::ToGateway(_)
                | Self::ToWorker(_)
                | Self::AllPresence
                | Self::PresenceOfWorkers
                | Self::PresenceOfGateways,
                Subject::Traffic { .. }
                | Subject::TrafficBatch { .. }
                | Subject::WorkersBatch { .. }
                | Subject::Task { .. }
                | Subject::Control(_)
                | Subject::Gateway { .. }
                | Subject::Worker { .. }
                | Subject::Presence(_),
            ) => false,
        }
    }

    /// A name made of the filter, for a consumer: such names must not hold dots or wildcards, and are short. Of a
    /// model whose name would make it too long the digest takes the place.
    pub fn durable_name(&self) -> String {
        let name = self.to_string().replace('.', "_").replace(['*', '>'], "all");
        match self {
            Self::TasksOf { model, class } if name.len() > LONGEST_DURABLE_NAME => {
                let digest = hex::encode(Sha256::digest(model.as_str()));
                format!("task_sha256-{digest}_{}_all", class.as_str())
            }
            Self::AllTraffic
            | Self::AllWorkers
            | Self::AllTasks
            | Self::TasksOf { .. }
            | Self::AllControl
            | Self::ControlOfModels
            | Self::ToGateway(_)
            | Self::ToWorker(_)
            | Self::AllPresence
            | Self::PresenceOfWorkers
            | Self::PresenceOfGateways => name,
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(subject: &str) -> Result<Self, UnknownSubject> {
        parse(subject).ok_or_else(|| UnknownSubject(subject.to_owned()))
    }
}

fn parse(subject: &str) -> Option<Subject> {
    let tokens: Vec<&str> = subject.split('.').collect();
    match tokens[..] {
        ["traffic", "batch", part] => Some(Subject::TrafficBatch { part: part.parse().ok()? }),
        ["workers", "batch", part] => Some(Subject::WorkersBatch { part: part.parse().ok()? }),
        ["traffic", shard, kind] => {
            let shard = shard.parse().ok().filter(|number| *number < Shard::COUNT).map(Shard)?;
            let kind = TrafficKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
            Some(Subject::Traffic { shard, kind })
        }
        ["task", model, class, lane] => {
            let model = text(model)?.parse().ok()?;
            Some(Subject::Task { model, class: class.parse().ok()?, lane: lane.parse().ok()? })
        }
        ["control", kind, id] => AggregateId::parse(kind, &text(id)?).ok().map(Subject::Control),
        ["gateway", gateway, request] => Some(Subject::Gateway {
            gateway: gateway.parse().ok()?,
            request: request.parse().ok()?,
        }),
        ["worker", worker, request] => {
            Some(Subject::Worker { worker: worker.parse().ok()?, request: request.parse().ok()? })
        }
        ["presence", role, id] => present(role, id).map(Subject::Presence),
        _ => None,
    }
}

fn present(role: &str, id: &str) -> Option<Present> {
    match role {
        "gateway" => id.parse().ok().map(Present::Gateway),
        "worker" => id.parse().ok().map(Present::Worker),
        "control" => id.parse().ok().map(Present::Control),
        "projector" => id.parse().ok().map(Present::Projector),
        _ => None,
    }
}

/// NATS reads `.`, `*` and `>` as structure and forbids spaces; consumer names forbid slashes too.
const STRUCTURE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'.').add(b'*').add(b'>').add(b'%').add(b'/').add(b'\\');

fn token(text: &str) -> String {
    utf8_percent_encode(text, STRUCTURE).to_string()
}

/// Of a token that is spelled as [`token`] spells it, and in no other way.
fn text(of: &str) -> Option<String> {
    let text = percent_decode_str(of).decode_utf8().ok()?;
    (token(&text) == of).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    /// As they were when the log began.
    const FIXED: [(&str, u8); 5] = [
        ("prj_00000000000000000000000000000000", 37),
        ("prj_00000000000000000000000000000007", 0),
        ("prj_0190c0de000070008000000000000007", 47),
        ("prj_0190c0dedeadbeef8000cafe12345678", 36),
        ("prj_ffffffffffffffffffffffffffffffff", 21),
    ];

    fn examples(model: &str, id: u128) -> Vec<Subject> {
        let model: ModelName = model.parse().unwrap();
        let uuid = Uuid::from_u128(id);
        let request = RequestId::new(uuid);
        let shard = Shard::of(ProjectId::new(uuid));
        let mut subjects: Vec<Subject> =
            TrafficKind::ALL.map(|kind| Subject::Traffic { shard, kind }).into();
        subjects.extend([
            Subject::TrafficBatch { part: 0 },
            Subject::WorkersBatch { part: 3 },
            Subject::Control(AggregateId::Installation(InstallationId::new(uuid))),
            Subject::Task { model: model.clone(), class: Class::Batch, lane: 3 },
            Subject::Control(AggregateId::Project(ProjectId::new(uuid))),
            Subject::Control(AggregateId::ApiKey(KeyId::new(uuid))),
            Subject::Control(AggregateId::Model(model)),
            Subject::Control(AggregateId::Price(PriceId::new(uuid))),
            Subject::Control(AggregateId::User(UserId::new(uuid))),
            Subject::Control(AggregateId::Session(SessionId::new(uuid))),
            Subject::Control(AggregateId::AdminKey(AdminKeyId::new(uuid))),
            Subject::Gateway { gateway: GatewayId::new(uuid), request },
            Subject::Worker { worker: WorkerId::new(uuid), request },
            Subject::Presence(Present::Gateway(GatewayId::new(uuid))),
            Subject::Presence(Present::Worker(WorkerId::new(uuid))),
            Subject::Presence(Present::Control(ProcessId::new(uuid))),
            Subject::Presence(Present::Projector(ProcessId::new(uuid))),
        ]);
        subjects
    }

    proptest! {
        #[test]
        fn every_subject_reads_back_as_itself(model in "[!-~ü語🦙][ -~ü語🦙]{0,24}[!-~ü語🦙]", id: u128) {
            for subject in examples(&model, id) {
                prop_assert_eq!(subject.to_string().parse(), Ok(subject));
            }
        }

        #[test]
        fn a_model_is_one_token_whatever_its_name(model in "[!-~ü語🦙][ -~ü語🦙]{0,24}[!-~ü語🦙]") {
            let model: ModelName = model.parse().unwrap();
            let subject = Subject::Task { model: model.clone(), class: Class::Interactive, lane: 0 };
            prop_assert_eq!(subject.to_string().split('.').count(), 4);
            let filter = Filter::TasksOf { model, class: Class::Interactive };
            prop_assert!(filter.matches(&subject));
            let durable = filter.durable_name();
            prop_assert!(!durable.contains(['.', '*', '>', '/', '\\', ' ']) && durable.is_ascii());
            prop_assert!(durable.len() <= LONGEST_DURABLE_NAME, "{durable}");
        }

        #[test]
        fn whatever_arrives_is_read_or_refused(subject: String) {
            let _ = subject.parse::<Subject>();
        }
    }

    #[test]
    fn a_project_keeps_its_shard_for_ever() {
        for (project, shard) in FIXED {
            let project: ProjectId = project.parse().unwrap();
            assert_eq!(Shard::of(project).number(), shard, "{project}");
        }
    }

    #[test]
    fn a_model_keeps_its_subject_for_ever() {
        let subject = |model: &str| Subject::Control(AggregateId::Model(model.parse().unwrap()));
        for (model, token) in [
            ("llama-3.1", "llama-3%2E1"),
            ("org/model:7b", "org%2Fmodel:7b"),
            ("a*>b%c#d~", "a%2A%3Eb%25c#d~"),
            ("Qwen 2 \"vl\"", "Qwen%202%20\"vl\""),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(subject(model).to_string(), format!("control.model.{token}"));
        }
        assert!("control.model.llama-3%2e1".parse::<Subject>().is_err());
        assert!("control.model.llama%zz".parse::<Subject>().is_err());
    }

    #[test]
    fn a_filter_matches_its_own_subjects_only() {
        let [id, other] = [7, 8].map(Uuid::from_u128);
        let request = RequestId::new(id);
        let to = Subject::Gateway { gateway: GatewayId::new(id), request };
        assert!(Filter::ToGateway(GatewayId::new(id)).matches(&to));
        assert!(!Filter::ToGateway(GatewayId::new(other)).matches(&to));
        assert!(!Filter::ToWorker(WorkerId::new(id)).matches(&to));
        let worker = Subject::Presence(Present::Worker(WorkerId::new(id)));
        let gateway = Subject::Presence(Present::Gateway(GatewayId::new(id)));
        assert!([&worker, &gateway].map(|one| Filter::AllPresence.matches(one)) == [true, true]);
        assert!(Filter::PresenceOfWorkers.matches(&worker));
        assert!(!Filter::PresenceOfWorkers.matches(&gateway));
        assert!(Filter::PresenceOfGateways.matches(&gateway));
        assert!(!Filter::PresenceOfGateways.matches(&worker));
        assert!(!Filter::AllPresence.matches(&to));
    }
}
