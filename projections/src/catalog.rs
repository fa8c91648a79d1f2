//! Which keys are valid, which models are there, and what do they charge right now?
//!
//! Read by gateways and workers, which hold it in memory from CONTROL: a request is admitted without asking
//! anybody. Plain maps and no cache: nothing in here may be forgotten. Applying an event again changes nothing.

mod installation;
mod keys;
mod models;
mod prices;

use std::{collections::HashSet, sync::Arc};

use uplion_domain::{
    Envelope, Event, KeyDigest, KeyId, ModelName, Operation, ProjectId, Timestamp,
    api_key::{Switch, Terms},
    installation::Zone,
    model::{Operations, ServingTerms, Upstream},
    price::{Admission, Pinned},
    subject::{AggregateId, Subject},
};

pub use self::{installation::Installation, keys::NotValid, models::NotServed};

/// Everything that admission needs to know. `apply` the events of CONTROL in order, from the first.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    installation: Option<Installation>,
    keys: keys::Keys,
    models: models::Models,
    prices: prices::Prices,
    /// Of which something happened that this version cannot read: nobody knows what they allow.
    unread: HashSet<AggregateId>,
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
    /// None: not said, and everything is tried.
    pub operations: Operations,
    pub terms: ServingTerms,
    pub registered_at: Timestamp,
}

impl Catalog {
    /// Events of requests and workers say nothing about it and are ignored.
    pub fn apply(&mut self, event: &Envelope) {
        match &event.event {
            Event::Installation(id, event) => {
                self.installation.get_or_insert_with(|| Installation::founded(*id, event));
            }
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

    /// Something that this version cannot read happened there: a key may have been revoked by it.
    pub fn leave_unread(&mut self, subject: &Subject) {
        if let Subject::Control(aggregate) = subject {
            self.unread.insert(aggregate.clone());
        }
    }

    /// Whether all that happened to it could be read.
    pub fn is_read(&self, aggregate: impl FnOnce() -> AggregateId) -> bool {
        self.unread.is_empty() || !self.unread.contains(&aggregate())
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

    /// None until it is founded.
    pub const fn installation(&self) -> Option<&Installation> {
        self.installation.as_ref()
    }

    /// The start of the hour in the installation's time zone: in which a request that is admitted `now` is billed.
    pub fn hour(&self, now: Timestamp) -> Timestamp {
        self.installation.as_ref().map_or_else(|| now.hour(), |founded| founded.zone.hour(now))
    }

    /// What `model` charges a request of `project` that is admitted `now`; nothing if no price is in force.
    pub fn price(
        &self,
        model: &ModelName,
        project: ProjectId,
        operation: &Operation,
        now: Timestamp,
    ) -> Pinned {
        let Some(price) = self.prices.in_force(model, project, now) else {
            return Pinned::default();
        };
        let founded = self.installation.as_ref();
        let minute_of_day = match founded {
            Some(founded) => founded.zone.minute_of_day(now),
            None => Zone::default().minute_of_day(now),
        };
        let admission = Admission { operation, minute_of_day };
        let currency = price.currency.or_else(|| founded.map(|founded| founded.currency));
        Pinned::new(price.id, currency, &price.rules, admission)
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
