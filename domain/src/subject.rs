//! Every subject there is. Nothing else in the workspace spells or escapes one.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use crate::{
    AdminKeyId, GatewayId, KeyId, ModelName, PriceId, ProjectId, RequestId, SessionId, UserId,
    WorkerId, request::Class,
};

/// Where a message goes. Streams hold the first three; the last two are core messages, kept by nobody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `traffic.<shard>.<kind>`
    Traffic { shard: Shard, kind: TrafficKind },
    /// `task.<model>.<class>.<lane>`
    Task { model: ModelName, class: Class, lane: u8 },
    /// `control.<aggregate>.<id>`
    Control(AggregateId),
    /// `gateway.<gateway>.<request>`: what a worker tells the gateway of a request.
    Gateway { gateway: GatewayId, request: RequestId },
    /// `worker.<worker>.<request>`: what a gateway tells the worker of a request.
    Worker { worker: WorkerId, request: RequestId },
}

/// Which messages a reader wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    AllTraffic,
    AllTasks,
    /// All lanes of a model's class: what one durable consumer serves.
    TasksOf {
        model: ModelName,
        class: Class,
    },
    AllControl,
    ToGateway(GatewayId),
    ToWorker(WorkerId),
}

/// A part of the traffic, so that its stream can be split without renaming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrafficKind {
    Accepted,
    Assigned,
    Settled,
    Worker,
}

/// One aggregate of the control plane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AggregateId {
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

impl Shard {
    pub const COUNT: u8 = 64;
    /// Worker events belong to no project.
    pub const OF_WORKERS: Self = Self(0);

    /// The same for ever: FNV-1a of the id's bytes.
    pub fn of(project: ProjectId) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let hash = project
            .uuid()
            .as_bytes()
            .iter()
            .fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        Self(u8::try_from(hash % u64::from(Self::COUNT)).expect("a remainder of 64 fits in a byte"))
    }

    pub const fn number(self) -> u8 {
        self.0
    }
}

impl AggregateId {
    /// The aggregate's kind, as it stands in subjects and in the event store.
    pub const fn kind(&self) -> &'static str {
        match self {
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
    const ALL: [Self; 4] = [Self::Accepted, Self::Assigned, Self::Settled, Self::Worker];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Assigned => "assigned",
            Self::Settled => "settled",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Traffic { shard, kind } => write!(f, "traffic.{}.{}", shard.0, kind.as_str()),
            Self::Task { model, class, lane } => {
                write!(f, "task.{}.{}.{lane}", token(model.as_str()), class.as_str())
            }
            Self::Control(aggregate) => {
                write!(f, "control.{}.{}", aggregate.kind(), token(&aggregate.id()))
            }
            Self::Gateway { gateway, request } => write!(f, "gateway.{gateway}.{request}"),
            Self::Worker { worker, request } => write!(f, "worker.{worker}.{request}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllTraffic => f.write_str("traffic.>"),
            Self::AllTasks => f.write_str("task.>"),
            Self::TasksOf { model, class } => {
                write!(f, "task.{}.{}.*", token(model.as_str()), class.as_str())
            }
            Self::AllControl => f.write_str("control.>"),
            Self::ToGateway(gateway) => write!(f, "gateway.{gateway}.*"),
            Self::ToWorker(worker) => write!(f, "worker.{worker}.*"),
        }
    }
}

impl Filter {
    pub fn matches(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::AllTraffic, Subject::Traffic { .. })
            | (Self::AllTasks, Subject::Task { .. })
            | (Self::AllControl, Subject::Control(_)) => true,
            (Self::TasksOf { model, class }, Subject::Task { model: of, class: in_class, .. }) => {
                model == of && class == in_class
            }
            (Self::ToGateway(to), Subject::Gateway { gateway, .. }) => to == gateway,
            (Self::ToWorker(to), Subject::Worker { worker, .. }) => to == worker,
            (
                Self::AllTraffic
                | Self::AllTasks
                | Self::AllControl
                | Self::TasksOf { .. }
                | Self::ToGateway(_)
                | Self::ToWorker(_),
                Subject::Traffic { .. }
                | Subject::Task { .. }
                | Subject::Control(_)
                | Subject::Gateway { .. }
                | Subject::Worker { .. },
            ) => false,
        }
    }

    /// A name made of the filter, for a consumer: such names must not hold dots or wildcards.
    pub fn durable_name(&self) -> String {
        self.to_string().replace('.', "_").replace(['*', '>'], "all")
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
        _ => None,
    }
}

/// NATS reads `.`, `*` and `>` as structure and forbids spaces; consumer names forbid slashes too.
fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'.' | b'*' | b'>' | b'%' | b'/' | b'\\' | 0..=b' ' | 0x7f.. => {
                write!(token, "%{byte:02X}").expect("a string takes whatever is written to it");
            }
            plain => token.push(char::from(plain)),
        }
    }
    token
}

fn text(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn examples(model: &str, id: u128) -> Vec<Subject> {
        let model: ModelName = model.parse().unwrap();
        let uuid = Uuid::from_u128(id);
        let request = RequestId::new(uuid);
        let shard = Shard::of(ProjectId::new(uuid));
        let mut subjects: Vec<Subject> =
            TrafficKind::ALL.map(|kind| Subject::Traffic { shard, kind }).into();
        subjects.extend([
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
        ]);
        subjects
    }

    proptest! {
        #[test]
        fn every_subject_reads_back_as_itself(model in "[!#-\\[\\]-~]{1,40}", id: u128) {
            for subject in examples(&model, id) {
                prop_assert_eq!(subject.to_string().parse(), Ok(subject));
            }
        }

        #[test]
        fn a_model_is_one_token_whatever_its_name(model in "[!#-\\[\\]-~]{1,40}") {
            let model: ModelName = model.parse().unwrap();
            let subject = Subject::Task { model: model.clone(), class: Class::Interactive, lane: 0 };
            prop_assert_eq!(subject.to_string().split('.').count(), 4);
            let filter = Filter::TasksOf { model, class: Class::Interactive };
            prop_assert!(filter.matches(&subject));
            prop_assert!(!filter.durable_name().contains(['.', '*', '>', '/', ' ']));
        }

        #[test]
        fn whatever_arrives_is_read_or_refused(subject: String) {
            let _ = subject.parse::<Subject>();
        }
    }

    #[test]
    fn a_filter_matches_its_own_subjects_only() {
        let [id, other] = [7, 8].map(Uuid::from_u128);
        let request = RequestId::new(id);
        let to = Subject::Gateway { gateway: GatewayId::new(id), request };
        assert!(Filter::ToGateway(GatewayId::new(id)).matches(&to));
        assert!(!Filter::ToGateway(GatewayId::new(other)).matches(&to));
        assert!(!Filter::ToWorker(WorkerId::new(id)).matches(&to));
    }
}
