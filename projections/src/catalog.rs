//! Which keys are valid, which models are there, and what do they charge right now?
//!
//! Read by gateways and workers, which hold it in memory from CONTROL: a request is admitted without asking
//! anybody. Plain maps and no cache: nothing in here may be forgotten. Applying an event again changes nothing.

mod keys;
mod models;
mod prices;

use std::sync::Arc;

use uplion_domain::{
    Envelope, Event, KeyDigest, KeyId, ModelName, ProjectId, Rates, Timestamp,
    api_key::{Switch, Terms},
    model::Upstream,
};

pub use self::{keys::NotValid, models::NotServed};

/// Everything that admission needs to know. `apply` the events of CONTROL in order, from the first.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    keys: keys::Keys,
    models: models::Models,
    prices: prices::Prices,
}

/// An API key that is not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub terms: Terms,
    pub switch: Switch,
}

/// A model that is not retired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub name: ModelName,
    /// Empty if workers bring their own.
    pub upstreams: Vec<Upstream>,
    /// Other names of it, in order.
    pub aliases: Vec<ModelName>,
    pub registered_at: Timestamp,
}

impl Catalog {
    /// Events of requests and workers say nothing about it and are ignored.
    pub fn apply(&mut self, event: &Envelope) {
        match &event.event {
            Event::Project(id, event) => self.keys.apply_project(*id, event),
            Event::ApiKey(id, event) => self.keys.apply_key(*id, event),
            Event::Model(name, event) => self.models.apply(name, event),
            Event::Price(id, event) => self.prices.apply(*id, event),
            Event::User(..)
            | Event::Session(..)
            | Event::AdminKey(..)
            | Event::Request(_)
            | Event::Worker(_) => {}
        }
    }

    /// The key whose secret has this digest, if it is served `now`.
    pub fn key(&self, digest: &KeyDigest, now: Timestamp) -> Result<&Arc<Key>, NotValid> {
        self.keys.served(digest, now)
    }

    /// The model that clients mean by `name`: its own name or an alias.
    pub fn resolve(&self, name: &str) -> Result<&Arc<Model>, NotServed> {
        self.models.resolve(name)
    }

    /// Of a name, not an alias: whether it was a model once, and is none any more.
    pub fn is_retired(&self, model: &ModelName) -> bool {
        self.models.resolve(model.as_str()).err() == Some(NotServed::Retired)
    }

    /// What `model` charges a request of `project` that is admitted `now`; nothing if no price is in force.
    pub fn rates(&self, model: &ModelName, project: ProjectId, now: Timestamp) -> Rates {
        self.prices.in_force(model, project, now)
    }

    /// All models that are not retired, by name.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.registered()
    }

    /// Those that `key` may use, by name.
    pub fn models_for(&self, key: &Key) -> impl Iterator<Item = &Arc<Model>> {
        self.models().filter(|model| key.terms.models.allow(&model.name))
    }

    /// The upstreams registered for `model`, by its own name; none if it is unknown or retired.
    pub fn upstreams(&self, model: &ModelName) -> &[Upstream] {
        self.models.get(model).map_or(&[], |model| &model.upstreams)
    }
}

#[cfg(test)]
mod tests;
