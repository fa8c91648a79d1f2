//! What a worker serves: models, each at one of its upstreams.

use uplion_domain::{ModelName, model::Upstream};

/// A model at one of its upstreams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedUpstream {
    pub model: ModelName,
    pub upstream: Upstream,
}
