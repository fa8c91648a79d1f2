//! What a worker is told at start.

use std::time::Duration;

use uplion_domain::{ModelName, model::Upstream};

use crate::{secrets::Secrets, served::ServedUpstream};

#[derive(Debug, Clone)]
pub struct Options {
    pub serve: Serve,
    /// How long a stopping worker goes on with what it has, before it hands it back.
    pub drain: Duration,
    /// How long an upstream may leave its answer open after it has said all of it.
    pub grace: Duration,
    /// Where it runs, as its environment calls it; only reported.
    pub zone: Option<String>,
    /// What the upstreams want to be shown.
    pub secrets: Secrets,
}

/// Which upstreams this worker answers for.
#[derive(Debug, Clone)]
pub enum Serve {
    /// Those that are registered: of one model, or of all. Follows their changes.
    Registered { only: Option<ModelName> },
    /// One that this worker brings itself; of the model, nothing but the name need be registered.
    Own { model: ModelName, upstream: Box<Upstream> },
}

impl Options {
    pub const DRAIN: Duration = Duration::from_secs(30);
    pub const GRACE: Duration = Duration::from_secs(2);

    pub fn registered() -> Self {
        Self::of(Serve::Registered { only: None })
    }

    pub fn own(model: ModelName, upstream: Upstream) -> Self {
        Self::of(Serve::Own { model, upstream: Box::new(upstream) })
    }

    fn of(serve: Serve) -> Self {
        let (drain, grace) = (Self::DRAIN, Self::GRACE);
        Self { serve, drain, grace, zone: None, secrets: Secrets::default() }
    }
}

impl Serve {
    /// The upstream that this worker brings itself, if it does.
    pub(crate) fn own(&self) -> Option<ServedUpstream> {
        match self {
            Self::Registered { .. } => None,
            Self::Own { model, upstream } => {
                Some(ServedUpstream { model: model.clone(), upstream: upstream.as_ref().clone() })
            }
        }
    }
}
