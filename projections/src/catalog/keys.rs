//! The keys and projects that are known, and which of them are served.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use uplion_domain::{
    KeyDigest, KeyId, ProjectId, Timestamp,
    api_key::{self, Switch},
    project,
};

use super::Key;

#[derive(Debug, Default, Clone)]
pub struct Keys {
    open: HashSet<ProjectId>,
    closed: HashSet<ProjectId>,
    known: HashMap<KeyId, State>,
    /// Every digest that ever was a key's.
    shown: HashMap<KeyDigest, Shown>,
}

#[derive(Debug, Clone)]
enum State {
    Issued { current: KeyDigest, previous: Option<KeyDigest> },
    Revoked,
}

/// What a secret is good for.
#[derive(Debug, Clone)]
enum Shown {
    Served {
        key: Arc<Key>,
        until: Option<Timestamp>,
    },
    /// Another secret took its place.
    Replaced,
    Revoked,
}

/// Why a secret is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotValid {
    #[error("no key has this secret")]
    Unknown,
    #[error("the key is revoked")]
    Revoked,
    #[error("the key has a new secret, and the time for the old one is over")]
    Replaced,
    #[error("the key's project is closed")]
    ProjectClosed,
    #[error("the key's project is suspended")]
    ProjectSuspended,
    #[error("the key is disabled")]
    Disabled,
    #[error("the key has expired")]
    Expired,
}

impl Keys {
    pub fn served(&self, digest: &KeyDigest, now: Timestamp) -> Result<&Arc<Key>, NotValid> {
        let key = match self.shown.get(digest) {
            Some(Shown::Served { key, until }) if until.is_none_or(|until| now < until) => key,
            Some(Shown::Served { .. } | Shown::Replaced) => return Err(NotValid::Replaced),
            Some(Shown::Revoked) => return Err(NotValid::Revoked),
            None => return Err(NotValid::Unknown),
        };
        if !self.open.contains(&key.terms.project) {
            let closed = self.closed.contains(&key.terms.project);
            return Err(if closed { NotValid::ProjectClosed } else { NotValid::ProjectSuspended });
        }
        if key.switch == Switch::Disabled {
            return Err(NotValid::Disabled);
        }
        if key.terms.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(NotValid::Expired);
        }
        Ok(key)
    }

    pub fn apply_project(&mut self, id: ProjectId, event: &project::Event) {
        match event {
            project::Event::Created { .. } | project::Event::Resumed { .. } => {
                if !self.closed.contains(&id) {
                    self.open.insert(id);
                }
            }
            project::Event::Suspended { .. } => {
                self.open.remove(&id);
            }
            project::Event::Renamed { .. }
            | project::Event::MemberAdded { .. }
            | project::Event::MemberRoleChanged { .. }
            | project::Event::MemberRemoved { .. }
            | project::Event::BudgetChanged { .. }
            | project::Event::LimitsChanged { .. } => {}
            project::Event::Closed { .. } => {
                self.open.remove(&id);
                self.closed.insert(id);
            }
        }
    }

    pub fn apply_key(&mut self, id: KeyId, event: &api_key::Event) {
        match event {
            api_key::Event::Issued { digest, terms, at: _ } => {
                if let Entry::Vacant(unknown) = self.known.entry(id) {
                    unknown.insert(State::Issued { current: *digest, previous: None });
                    let key = Key { id, terms: (**terms).clone(), switch: Switch::Enabled };
                    let served = Shown::Served { key: Arc::new(key), until: None };
                    self.shown.insert(*digest, served);
                }
            }
            api_key::Event::Described { .. }
            | api_key::Event::Allowed { .. }
            | api_key::Event::ExpiryChanged { .. }
            | api_key::Event::QuotaChanged { .. }
            | api_key::Event::BudgetChanged { .. }
            | api_key::Event::LimitsChanged { .. } => {
                self.change(id, |key| key.terms = key.terms.after(event));
            }
            api_key::Event::Enabled { at: _ } => {
                self.change(id, |key| key.switch = Switch::Enabled);
            }
            api_key::Event::Disabled { at: _ } => {
                self.change(id, |key| key.switch = Switch::Disabled);
            }
            api_key::Event::Rotated { digest, previous_until, at } => {
                // Without a grace nobody's clock decides: the secret before is over at once.
                let grace = (previous_until > at).then_some(*previous_until);
                self.rotate(id, *digest, grace);
            }
            api_key::Event::Revoked { at: _ } => {
                let state = self.known.insert(id, State::Revoked);
                if let Some(State::Issued { current, previous }) = state {
                    self.shown.insert(current, Shown::Revoked);
                    previous.and_then(|previous| self.shown.insert(previous, Shown::Revoked));
                }
            }
        }
    }

    fn rotate(&mut self, id: KeyId, digest: KeyDigest, grace: Option<Timestamp>) {
        let Some(State::Issued { current, previous }) = self.known.get_mut(&id) else { return };
        if self.shown.contains_key(&digest) {
            return;
        }
        let Some(Shown::Served { key, until: None }) = self.shown.get(current).cloned() else {
            return;
        };
        if let Some(oldest) = previous.take() {
            self.shown.insert(oldest, Shown::Replaced);
        }
        let old = match grace {
            Some(until) => Shown::Served { key: Arc::clone(&key), until: Some(until) },
            None => Shown::Replaced,
        };
        self.shown.insert(*current, old);
        self.shown.insert(digest, Shown::Served { key, until: None });
        *previous = Some(std::mem::replace(current, digest));
    }

    /// Under both of its secrets.
    fn change(&mut self, id: KeyId, how: impl FnOnce(&mut Key)) {
        let Some(State::Issued { current, previous }) = self.known.get(&id) else { return };
        let Some(Shown::Served { key, .. }) = self.shown.get_mut(current) else { return };
        how(Arc::make_mut(key));
        let changed = Arc::clone(key);
        let before = previous.and_then(|previous| self.shown.get_mut(&previous));
        if let Some(Shown::Served { key, .. }) = before {
            *key = changed;
        }
    }
}
