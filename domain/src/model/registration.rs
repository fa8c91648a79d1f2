//! What is known of a model that is there, and what may change about it.

use std::collections::BTreeSet;

use super::{
    Event, Kind, MAX_ALIASES, MAX_OPERATIONS, MAX_UPSTREAMS, ModelName, Operations, Rejection,
    ServingTerms, Upstream, UpstreamChange, UpstreamId,
};
use crate::{Operation, Timestamp};

/// What is known of a model that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub kind: Kind,
    pub upstreams: Vec<Upstream>,
    pub aliases: BTreeSet<ModelName>,
    /// None: as many as there are.
    pub max_processes: Option<u32>,
    pub operations: Operations,
    pub terms: ServingTerms,
}

impl Registration {
    pub(super) fn with(
        &self,
        upstreams: Vec<Upstream>,
        at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        check_upstreams(&upstreams)?;
        Ok(unless(self.upstreams == upstreams, Event::UpstreamsChanged { upstreams, at }))
    }

    pub(super) fn changed(
        &self,
        id: &UpstreamId,
        change: &UpstreamChange,
    ) -> Result<Vec<Upstream>, Rejection> {
        let mut upstreams = self.upstreams.clone();
        let found = upstreams.iter_mut().find(|one| one.id() == *id);
        let upstream = found.ok_or(Rejection::NoSuchUpstream)?;
        let UpstreamChange { credential, weight, max_in_flight, stream_options } = change.clone();
        upstream.credential = credential.unwrap_or_else(|| upstream.credential.take());
        upstream.weight = weight.unwrap_or(upstream.weight);
        upstream.max_in_flight = max_in_flight.unwrap_or(upstream.max_in_flight);
        upstream.stream_options = stream_options.unwrap_or(upstream.stream_options);
        Ok(upstreams)
    }
}

pub fn check_aliases(aliases: &BTreeSet<ModelName>) -> Result<(), Rejection> {
    if aliases.len() > MAX_ALIASES { Err(Rejection::TooManyAliases) } else { Ok(()) }
}

pub fn check_upstreams(upstreams: &[Upstream]) -> Result<(), Rejection> {
    if upstreams.len() > MAX_UPSTREAMS {
        return Err(Rejection::TooManyUpstreams);
    }
    upstreams.iter().try_for_each(Upstream::check)?;
    let same =
        |(at, one): (usize, &Upstream)| upstreams[..at].iter().any(|had| had.id() == one.id());
    if upstreams.iter().enumerate().any(same) { Err(Rejection::SameUpstream) } else { Ok(()) }
}

pub const fn check_processes(max_processes: Option<u32>) -> Result<(), Rejection> {
    match max_processes {
        Some(0) => Err(Rejection::NoProcess),
        Some(_) | None => Ok(()),
    }
}

pub fn check_operations(operations: Option<&BTreeSet<Operation>>) -> Result<(), Rejection> {
    match operations.map(BTreeSet::len) {
        Some(0) => Err(Rejection::NoOperation),
        Some(count) if count > MAX_OPERATIONS => Err(Rejection::TooManyOperations),
        Some(_) | None => Ok(()),
    }
}

/// What is so already does not happen again.
pub fn unless(already_so: bool, event: Event) -> Vec<Event> {
    if already_so { vec![] } else { vec![event] }
}
