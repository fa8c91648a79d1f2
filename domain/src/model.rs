//! A model: what clients name, and the upstreams that answer for it.
//!
//! Its name is its id, is never used again, and keeps its meaning in every bill. A model without
//! upstreams is served by workers that bring their own. Once retired it stays retired.

mod check;
mod kind;
mod name;
mod registration;
mod stream_options;
mod terms;
mod upstream;

#[cfg(test)]
mod spec;

use std::collections::BTreeSet;

use self::registration::{
    check_aliases, check_operations, check_processes, check_upstreams, unless,
};
pub use self::{
    check::CHECK,
    kind::{Kind, UnknownKind},
    name::{MAX_NAME, ModelName, UnusableName},
    registration::Registration,
    stream_options::{StreamOptions, UnknownStreamOptions},
    terms::{MAX_ATTEMPTS, MAX_DEADLINE_S, ServingTerms, TermsChange},
    upstream::{Credential, MAX_WEIGHT, UnknownUpstreamId, Upstream, UpstreamId},
};
use crate::{Aggregate, Operation, Timestamp};

/// Each is compared with the others, and all of them are in every event of theirs.
pub const MAX_UPSTREAMS: usize = 100;
pub const MAX_ALIASES: usize = 100;
pub const MAX_OPERATIONS: usize = 32;

/// Which operations a model serves. None: nobody said, and whatever is asked of it is tried.
pub type Operations = Option<BTreeSet<Operation>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Register {
        kind: Kind,
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
        max_processes: Option<u32>,
        operations: Operations,
        at: Timestamp,
    },
    /// These upstreams and no others.
    ChangeUpstreams {
        upstreams: Vec<Upstream>,
        at: Timestamp,
    },
    AddUpstream {
        upstream: Upstream,
        at: Timestamp,
    },
    /// The one with the same id; what is none stays as it is.
    ChangeUpstream {
        upstream: UpstreamId,
        change: UpstreamChange,
        at: Timestamp,
    },
    RemoveUpstream {
        upstream: UpstreamId,
        at: Timestamp,
    },
    ChangeAliases {
        aliases: BTreeSet<ModelName>,
        at: Timestamp,
    },
    ChangeKind {
        kind: Kind,
        at: Timestamp,
    },
    /// None: as many as there are.
    ChangeProcesses {
        max_processes: Option<u32>,
        at: Timestamp,
    },
    ChangeOperations {
        operations: Operations,
        at: Timestamp,
    },
    /// What is none stays as it is.
    ChangeTerms {
        change: TermsChange,
        at: Timestamp,
    },
    Retire {
        at: Timestamp,
    },
}

/// What may change about an upstream. Another server, or another name there, is another upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamChange {
    /// None within: it wants to be shown nothing.
    pub credential: Option<Option<Credential>>,
    pub weight: Option<u32>,
    pub max_in_flight: Option<u32>,
    pub stream_options: Option<StreamOptions>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Registered {
        kind: Kind,
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
        max_processes: Option<u32>,
        operations: Operations,
        at: Timestamp,
    },
    /// From now on these upstreams answer, and no others.
    UpstreamsChanged {
        upstreams: Vec<Upstream>,
        at: Timestamp,
    },
    AliasesChanged {
        aliases: BTreeSet<ModelName>,
        at: Timestamp,
    },
    KindChanged {
        kind: Kind,
        at: Timestamp,
    },
    ProcessesChanged {
        max_processes: Option<u32>,
        at: Timestamp,
    },
    OperationsChanged {
        operations: Operations,
        at: Timestamp,
    },
    /// How its requests are served from now on. Until it happens: as by default.
    TermsChanged {
        terms: ServingTerms,
        at: Timestamp,
    },
    Retired {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the model is registered already")]
    AlreadyRegistered,
    #[error("there is no such model")]
    NotRegistered,
    #[error("the model is retired, and a retired model's name is never used again")]
    Retired,
    #[error(
        "an upstream's URL starts with http:// or https:// and has no user, query or fragment: {0:?}"
    )]
    UnusableUrl(String),
    #[error(
        "max_in_flight: a whole number from 1 is expected: an upstream serves at least one request at once"
    )]
    NoCapacity,
    #[error(
        "weight: a whole number from 1 to {MAX_WEIGHT} is expected: remove an upstream that is to be asked nothing"
    )]
    UnusableWeight,
    #[error(
        "api_key_env: the name of an environment variable, of letters, digits and underscores, is expected, not the secret itself"
    )]
    UnusableCredential,
    #[error(
        "api_key_secret: the name of a Kubernetes Secret and a key in it are expected, not the secret itself"
    )]
    UnusableSecret,
    #[error("the model has this upstream already: the same server under the same name")]
    SameUpstream,
    #[error("the model has no such upstream")]
    NoSuchUpstream,
    #[error("a model has at most {MAX_UPSTREAMS} upstreams")]
    TooManyUpstreams,
    #[error("a model has at most {MAX_ALIASES} other names")]
    TooManyAliases,
    #[error("a model runs in at least one process: retire it instead")]
    NoProcess,
    #[error("a model serves at least one operation: retire it instead")]
    NoOperation,
    #[error("a model serves at most {MAX_OPERATIONS} operations")]
    TooManyOperations,
    #[error("{name} of a model is from {least} to {most}, and not {value}")]
    UnusableTerm { name: &'static str, value: u32, least: u32, most: u32 },
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Model {
    #[default]
    Unknown,
    Registered(Registration),
    Retired,
}

impl Aggregate for Model {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (
                Self::Unknown,
                Command::Register { kind, upstreams, aliases, max_processes, operations, at },
            ) => {
                check_upstreams(&upstreams)?;
                check_aliases(&aliases)?;
                check_processes(max_processes)?;
                check_operations(operations.as_ref())?;
                let registered =
                    Event::Registered { kind, upstreams, aliases, max_processes, operations, at };
                Ok(vec![registered])
            }
            (Self::Registered(_), Command::Register { .. }) => Err(Rejection::AlreadyRegistered),

            (Self::Registered(now), Command::ChangeUpstreams { upstreams, at }) => {
                now.with(upstreams, at)
            }
            (Self::Registered(now), Command::AddUpstream { upstream, at }) => {
                now.with(now.upstreams.iter().cloned().chain([upstream]).collect(), at)
            }
            (Self::Registered(now), Command::ChangeUpstream { upstream, change, at }) => {
                now.with(now.changed(&upstream, &change)?, at)
            }
            (Self::Registered(now), Command::RemoveUpstream { upstream, at }) => {
                let others = now.upstreams.iter().filter(|one| one.id() != upstream);
                let others: Vec<_> = others.cloned().collect();
                if others.len() == now.upstreams.len() {
                    return Err(Rejection::NoSuchUpstream);
                }
                now.with(others, at)
            }
            (Self::Registered(now), Command::ChangeAliases { aliases, at }) => {
                check_aliases(&aliases)?;
                Ok(unless(now.aliases == aliases, Event::AliasesChanged { aliases, at }))
            }
            (Self::Registered(now), Command::ChangeKind { kind, at }) => {
                Ok(unless(now.kind == kind, Event::KindChanged { kind, at }))
            }
            (Self::Registered(now), Command::ChangeProcesses { max_processes, at }) => {
                check_processes(max_processes)?;
                let same = now.max_processes == max_processes;
                Ok(unless(same, Event::ProcessesChanged { max_processes, at }))
            }
            (Self::Registered(now), Command::ChangeOperations { operations, at }) => {
                check_operations(operations.as_ref())?;
                let same = now.operations == operations;
                Ok(unless(same, Event::OperationsChanged { operations, at }))
            }
            (Self::Registered(now), Command::ChangeTerms { change, at }) => {
                let terms = now.terms.with(change)?;
                Ok(unless(now.terms == terms, Event::TermsChanged { terms, at }))
            }
            (Self::Registered(_), Command::Retire { at }) => Ok(vec![Event::Retired { at }]),

            (Self::Retired, Command::Retire { .. }) => Ok(vec![]),
            (
                Self::Retired,
                Command::Register { .. }
                | Command::ChangeUpstreams { .. }
                | Command::AddUpstream { .. }
                | Command::ChangeUpstream { .. }
                | Command::RemoveUpstream { .. }
                | Command::ChangeAliases { .. }
                | Command::ChangeKind { .. }
                | Command::ChangeProcesses { .. }
                | Command::ChangeOperations { .. }
                | Command::ChangeTerms { .. },
            ) => Err(Rejection::Retired),

            (
                Self::Unknown,
                Command::ChangeUpstreams { .. }
                | Command::AddUpstream { .. }
                | Command::ChangeUpstream { .. }
                | Command::RemoveUpstream { .. }
                | Command::ChangeAliases { .. }
                | Command::ChangeKind { .. }
                | Command::ChangeProcesses { .. }
                | Command::ChangeOperations { .. }
                | Command::ChangeTerms { .. }
                | Command::Retire { .. },
            ) => Err(Rejection::NotRegistered),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (
                _,
                Event::Registered { kind, upstreams, aliases, max_processes, operations, at: _ },
            ) => Self::Registered(Registration {
                kind: *kind,
                upstreams: upstreams.clone(),
                aliases: aliases.clone(),
                max_processes: *max_processes,
                operations: operations.clone(),
                terms: ServingTerms::default(),
            }),
            (Self::Registered(now), Event::UpstreamsChanged { upstreams, .. }) => {
                Self::Registered(Registration { upstreams: upstreams.clone(), ..now })
            }
            (Self::Registered(now), Event::AliasesChanged { aliases, .. }) => {
                Self::Registered(Registration { aliases: aliases.clone(), ..now })
            }
            (Self::Registered(now), Event::KindChanged { kind, .. }) => {
                Self::Registered(Registration { kind: *kind, ..now })
            }
            (Self::Registered(now), Event::ProcessesChanged { max_processes, .. }) => {
                Self::Registered(Registration { max_processes: *max_processes, ..now })
            }
            (Self::Registered(now), Event::OperationsChanged { operations, .. }) => {
                Self::Registered(Registration { operations: operations.clone(), ..now })
            }
            (Self::Registered(now), Event::TermsChanged { terms, .. }) => {
                Self::Registered(Registration { terms: *terms, ..now })
            }
            (_, Event::Retired { .. }) => Self::Retired,
            (
                state @ (Self::Unknown | Self::Retired),
                Event::UpstreamsChanged { .. }
                | Event::AliasesChanged { .. }
                | Event::KindChanged { .. }
                | Event::ProcessesChanged { .. }
                | Event::OperationsChanged { .. }
                | Event::TermsChanged { .. },
            ) => state,
        }
    }
}
