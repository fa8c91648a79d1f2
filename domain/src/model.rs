//! A model: what clients name, and the upstreams that answer for it.
//!
//! Its name is its id, is never used again, and keeps its meaning in every bill. A model without
//! upstreams is served by workers that bring their own. Once retired it stays retired.

use std::{borrow::Borrow, collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use crate::{Aggregate, Timestamp};

/// The name of a model, as clients write it: `llama-3.1`, `org/model`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelName(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a model name: use 1 to {MAX_NAME} printable ASCII characters without spaces or quotes"
)]
pub struct UnusableName(pub String);

/// Bytes.
pub const MAX_NAME: usize = 128;

/// An OpenAI-compatible server that answers for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Up to and including `/v1`.
    pub url: String,
    /// What that server calls the model.
    pub model: ModelName,
    pub credential: Option<Credential>,
    /// Requests at once; the worker takes no more tasks than this.
    pub max_in_flight: u32,
}

/// Where the worker finds what the upstream wants to be shown. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The name of an environment variable of the worker.
    Environment(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Register { upstreams: Vec<Upstream>, aliases: BTreeSet<ModelName>, at: Timestamp },
    ChangeUpstreams { upstreams: Vec<Upstream>, at: Timestamp },
    ChangeAliases { aliases: BTreeSet<ModelName>, at: Timestamp },
    Retire { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Registered {
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
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
    #[error("a credential is the name of an environment variable, not the secret itself")]
    UnusableCredential,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Model {
    #[default]
    Unknown,
    Registered {
        upstreams: Vec<Upstream>,
        aliases: BTreeSet<ModelName>,
    },
    Retired,
}

impl Aggregate for Model {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unknown, Command::Register { upstreams, aliases, at }) => {
                upstreams.iter().try_for_each(Upstream::check)?;
                Ok(vec![Event::Registered { upstreams, aliases, at }])
            }
            (Self::Registered { .. }, Command::Register { .. }) => {
                Err(Rejection::AlreadyRegistered)
            }

            (
                Self::Registered { upstreams: now, .. },
                Command::ChangeUpstreams { upstreams, at },
            ) => {
                upstreams.iter().try_for_each(Upstream::check)?;
                let changed = *now != upstreams;
                Ok(changed
                    .then_some(Event::UpstreamsChanged { upstreams, at })
                    .into_iter()
                    .collect())
            }
            (Self::Registered { aliases: now, .. }, Command::ChangeAliases { aliases, at }) => {
                let changed = *now != aliases;
                Ok(changed.then_some(Event::AliasesChanged { aliases, at }).into_iter().collect())
            }
            (Self::Registered { .. }, Command::Retire { at }) => Ok(vec![Event::Retired { at }]),

            (Self::Retired, Command::Retire { .. }) => Ok(vec![]),
            (
                Self::Retired,
                Command::Register { .. }
                | Command::ChangeUpstreams { .. }
                | Command::ChangeAliases { .. },
            ) => Err(Rejection::Retired),

            (
                Self::Unknown,
                Command::ChangeUpstreams { .. }
                | Command::ChangeAliases { .. }
                | Command::Retire { .. },
            ) => Err(Rejection::NotRegistered),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::Registered { upstreams, aliases, .. }) => {
                Self::Registered { upstreams: upstreams.clone(), aliases: aliases.clone() }
            }
            (Self::Registered { aliases, .. }, Event::UpstreamsChanged { upstreams, .. }) => {
                Self::Registered { upstreams: upstreams.clone(), aliases }
            }
            (Self::Registered { upstreams, .. }, Event::AliasesChanged { aliases, .. }) => {
                Self::Registered { upstreams, aliases: aliases.clone() }
            }
            (_, Event::Retired { .. }) => Self::Retired,
            (
                state @ (Self::Unknown | Self::Retired),
                Event::UpstreamsChanged { .. } | Event::AliasesChanged { .. },
            ) => state,
        }
    }
}

impl Upstream {
    fn check(&self) -> Result<(), Rejection> {
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let plain =
            !self.url.contains(['?', '#', '@']) && self.url.chars().all(|c| c.is_ascii_graphic());
        if !plain || host.is_none_or(str::is_empty) {
            return Err(Rejection::UnusableUrl(self.url.clone()));
        }
        if self.max_in_flight == 0 {
            return Err(Rejection::NoCapacity);
        }
        match &self.credential {
            Some(Credential::Environment(name)) if !is_variable(name) => {
                Err(Rejection::UnusableCredential)
            }
            Some(Credential::Environment(_)) | None => Ok(()),
        }
    }
}

/// Names as POSIX has them. A pasted secret nearly always has a dash, a dot or lower case in it.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

impl ModelName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = UnusableName;

    fn from_str(text: &str) -> Result<Self, UnusableName> {
        let usable = (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        if usable { Ok(Self(text.into())) } else { Err(UnusableName(text.to_owned())) }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for ModelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_name_is_used_once_and_never_again() {
        given::<Model>([]).when(register([upstream()])).then([registered()]);
        given::<Model>([registered()])
            .when(register([upstream()]))
            .then_rejected(Rejection::AlreadyRegistered);
        given::<Model>([registered(), Event::Retired { at: AT }])
            .when(register([upstream()]))
            .then_rejected(Rejection::Retired);
    }

    #[test]
    fn retiring_twice_is_retiring_once() {
        let retired = Event::Retired { at: AT };
        given::<Model>([registered()]).when(Command::Retire { at: AT }).then([retired.clone()]);
        given::<Model>([registered(), retired]).when(Command::Retire { at: AT }).then_nothing();
    }

    #[test]
    fn changing_to_what_is_already_so_is_nothing() {
        let change = |upstreams| Command::ChangeUpstreams { upstreams, at: AT };
        given::<Model>([registered()]).when(change(vec![upstream()])).then_nothing();
        given::<Model>([registered()])
            .when(change(vec![]))
            .then([Event::UpstreamsChanged { upstreams: vec![], at: AT }]);
    }

    #[test]
    fn an_upstream_has_a_url_that_can_be_called() {
        for url in [
            "",
            "ftp://host/v1",
            "http://",
            "http:///v1",
            "https://me:pass@host/v1",
            "http://h/v1?k=1",
            "http://h /v1",
        ] {
            given::<Model>([])
                .when(register([Upstream { url: url.into(), ..upstream() }]))
                .then_rejected(Rejection::UnusableUrl(url.into()));
        }
    }

    #[test]
    fn a_secret_is_not_taken_for_the_name_of_one() {
        for name in ["sk-abc", "", "Abc", "A-B", "1A"] {
            let credential = Some(Credential::Environment(name.into()));
            given::<Model>([])
                .when(register([Upstream { credential, ..upstream() }]))
                .then_rejected(Rejection::UnusableCredential);
        }
    }

    #[test]
    fn an_upstream_without_capacity_is_none() {
        given::<Model>([])
            .when(register([Upstream { max_in_flight: 0, ..upstream() }]))
            .then_rejected(Rejection::NoCapacity);
    }

    #[test]
    fn names_are_what_clients_can_write() {
        for name in ["llama-3.1", "org/model:7b", "a*>b"] {
            assert!(name.parse::<ModelName>().is_ok(), "{name}");
        }
        for name in ["", "a b", "a\"b", "ü", &"x".repeat(MAX_NAME + 1)] {
            assert!(name.parse::<ModelName>().is_err(), "{name}");
        }
    }

    fn upstream() -> Upstream {
        Upstream {
            url: "http://127.0.0.1:9200/v1".into(),
            model: "smollm2".parse().unwrap(),
            credential: Some(Credential::Environment("SMOL_KEY".into())),
            max_in_flight: 4,
        }
    }

    fn register(upstreams: impl Into<Vec<Upstream>>) -> Command {
        Command::Register { upstreams: upstreams.into(), aliases: BTreeSet::new(), at: AT }
    }

    fn registered() -> Event {
        Event::Registered { upstreams: vec![upstream()], aliases: BTreeSet::new(), at: AT }
    }
}
