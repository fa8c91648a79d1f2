//! A model: what clients name, and the upstreams that answer for it.
//!
//! Its name is its id, is never used again, and keeps its meaning in every bill. A model without
//! upstreams is served by workers that bring their own. Once retired it stays retired.

mod name;
mod upstream;

#[cfg(test)]
mod spec;

use std::{collections::BTreeSet, fmt, str::FromStr};

pub use self::{
    name::{MAX_NAME, ModelName, UnusableName},
    upstream::{Credential, MAX_WEIGHT, UnknownUpstreamId, Upstream, UpstreamId},
};
use crate::{Aggregate, Timestamp};

/// Each is compared with the others, and all of them are in every event of theirs.
pub const MAX_UPSTREAMS: usize = 100;
pub const MAX_ALIASES: usize = 100;

/// Who runs what answers for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The installation itself.
    Local,
    /// A provider, or somebody else's server.
    Remote,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of model: it is local or remote")]
pub struct UnknownKind(pub String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Register {
        kind: Kind,
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
        max_processes: Option<u32>,
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Registered {
        kind: Kind,
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
        max_processes: Option<u32>,
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
    #[error("an upstream serves at least one request at once")]
    NoCapacity,
    #[error("an upstream's weight is from 1 to {MAX_WEIGHT}: remove the upstream instead")]
    UnusableWeight,
    #[error("a credential is the name of an environment variable, not the secret itself")]
    UnusableCredential,
    #[error(
        "a credential is the name of a Kubernetes Secret and a key in it, not the secret itself"
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
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Model {
    #[default]
    Unknown,
    Registered(Registration),
    Retired,
}

/// What is known of a model that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub kind: Kind,
    pub upstreams: Vec<Upstream>,
    pub aliases: BTreeSet<ModelName>,
    /// None: as many as there are.
    pub max_processes: Option<u32>,
}

impl Aggregate for Model {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unknown, Command::Register { kind, upstreams, aliases, max_processes, at }) => {
                check(&upstreams)?;
                few(&aliases)?;
                some(max_processes)?;
                Ok(vec![Event::Registered { kind, upstreams, aliases, max_processes, at }])
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
                few(&aliases)?;
                Ok(unless(now.aliases == aliases, Event::AliasesChanged { aliases, at }))
            }
            (Self::Registered(now), Command::ChangeKind { kind, at }) => {
                Ok(unless(now.kind == kind, Event::KindChanged { kind, at }))
            }
            (Self::Registered(now), Command::ChangeProcesses { max_processes, at }) => {
                some(max_processes)?;
                let same = now.max_processes == max_processes;
                Ok(unless(same, Event::ProcessesChanged { max_processes, at }))
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
                | Command::ChangeProcesses { .. },
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
                | Command::Retire { .. },
            ) => Err(Rejection::NotRegistered),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::Registered { kind, upstreams, aliases, max_processes, at: _ }) => {
                Self::Registered(Registration {
                    kind: *kind,
                    upstreams: upstreams.clone(),
                    aliases: aliases.clone(),
                    max_processes: *max_processes,
                })
            }
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
            (_, Event::Retired { .. }) => Self::Retired,
            (
                state @ (Self::Unknown | Self::Retired),
                Event::UpstreamsChanged { .. }
                | Event::AliasesChanged { .. }
                | Event::KindChanged { .. }
                | Event::ProcessesChanged { .. },
            ) => state,
        }
    }
}

impl Registration {
    fn with(&self, upstreams: Vec<Upstream>, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        check(&upstreams)?;
        Ok(unless(self.upstreams == upstreams, Event::UpstreamsChanged { upstreams, at }))
    }

    fn changed(
        &self,
        id: &UpstreamId,
        change: &UpstreamChange,
    ) -> Result<Vec<Upstream>, Rejection> {
        let mut upstreams = self.upstreams.clone();
        let found = upstreams.iter_mut().find(|one| one.id() == *id);
        let upstream = found.ok_or(Rejection::NoSuchUpstream)?;
        let UpstreamChange { credential, weight, max_in_flight } = change.clone();
        upstream.credential = credential.unwrap_or_else(|| upstream.credential.take());
        upstream.weight = weight.unwrap_or(upstream.weight);
        upstream.max_in_flight = max_in_flight.unwrap_or(upstream.max_in_flight);
        Ok(upstreams)
    }
}

fn few(aliases: &BTreeSet<ModelName>) -> Result<(), Rejection> {
    if aliases.len() > MAX_ALIASES { Err(Rejection::TooManyAliases) } else { Ok(()) }
}

fn check(upstreams: &[Upstream]) -> Result<(), Rejection> {
    if upstreams.len() > MAX_UPSTREAMS {
        return Err(Rejection::TooManyUpstreams);
    }
    upstreams.iter().try_for_each(Upstream::check)?;
    let same =
        |(at, one): (usize, &Upstream)| upstreams[..at].iter().any(|had| had.id() == one.id());
    if upstreams.iter().enumerate().any(same) { Err(Rejection::SameUpstream) } else { Ok(()) }
}

const fn some(max_processes: Option<u32>) -> Result<(), Rejection> {
    match max_processes {
        Some(0) => Err(Rejection::NoProcess),
        Some(_) | None => Ok(()),
    }
}

/// What is so already does not happen again.
fn unless(already_so: bool, event: Event) -> Vec<Event> {
    if already_so { vec![] } else { vec![event] }
}

impl Kind {
    /// What a model is that nobody called one or the other.
    pub const fn of(upstreams: &[Upstream]) -> Self {
        if upstreams.is_empty() { Self::Local } else { Self::Remote }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        [Self::Local, Self::Remote]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
