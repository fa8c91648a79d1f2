//! The keys and projects that are known, and which of them are served.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use uplion_domain::{KeyDigest, KeyId, ProjectId, api_key, project};

use super::Key;

#[derive(Debug, Default, Clone)]
pub struct Keys {
    open: HashSet<ProjectId>,
    closed: HashSet<ProjectId>,
    known: HashMap<KeyId, State>,
    active: HashMap<KeyDigest, Arc<Key>>,
}

#[derive(Debug, Clone)]
enum State {
    Active(KeyDigest),
    Revoked,
}

impl Keys {
    pub fn active(&self, digest: &KeyDigest) -> Option<&Arc<Key>> {
        self.active.get(digest).filter(|key| self.open.contains(&key.project))
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
            api_key::Event::Issued { project, name: _, digest, models, at: _ } => {
                if let Entry::Vacant(unknown) = self.known.entry(id) {
                    unknown.insert(State::Active(*digest));
                    let key = Key { id, project: *project, models: models.clone() };
                    self.active.insert(*digest, Arc::new(key));
                }
            }
            api_key::Event::Allowed { models, at: _ } => {
                if let Some(State::Active(digest)) = self.known.get(&id)
                    && let Some(key) = self.active.get_mut(digest)
                {
                    *key = Arc::new(Key { models: models.clone(), ..**key });
                }
            }
            api_key::Event::Revoked { at: _ } => {
                if let Some(State::Active(digest)) = self.known.insert(id, State::Revoked) {
                    self.active.remove(&digest);
                }
            }
        }
    }
}
