//! The models that are known, under their names and their aliases.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use uplion_domain::{
    ModelName, Timestamp,
    model::{self, ServingTerms},
    name,
};

use super::Model;

#[derive(Debug, Default, Clone)]
pub struct Models {
    known: HashMap<ModelName, State>,
    /// An alias stays with a retired model until another takes it.
    aliases: HashMap<ModelName, ModelName>,
    check: CheckModel,
    /// Names and aliases as they are compared, for who writes them in another way.
    keys: HashMap<String, ModelName>,
}

/// Nobody registers it, and nobody finds it who does not ask for it by its name.
#[derive(Debug, Clone)]
struct CheckModel(Arc<Model>);

#[derive(Debug, Clone)]
enum State {
    Registered(Arc<Model>),
    Retired,
}

/// Why a name leads to no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    #[error("there is no such model")]
    Unknown,
    #[error("the model is retired")]
    Retired,
}

impl Default for CheckModel {
    fn default() -> Self {
        Self(Arc::new(Model {
            name: ModelName::check(),
            upstreams: vec![],
            aliases: vec![],
            operations: None,
            // Whoever checks waits for the answer.
            terms: ServingTerms { deadline_s: Some(10), ..ServingTerms::default() },
            registered_at: Timestamp::from_micros(0),
        }))
    }
}

impl Models {
    pub fn resolve(&self, text: &str) -> Result<&Arc<Model>, NotServed> {
        let otherwise = || self.state(self.keys.get(&name::key(text))?.as_str());
        match self.state(text).or_else(otherwise) {
            Some(State::Registered(model)) => Ok(model),
            Some(State::Retired) => Err(NotServed::Retired),
            None if text == model::CHECK => Ok(&self.check.0),
            None => Err(NotServed::Unknown),
        }
    }

    /// By the very characters.
    fn state(&self, name: &str) -> Option<&State> {
        match self.known.get(name) {
            Some(state) => Some(state),
            None => self.aliases.get(name).and_then(|model| self.known.get(model)),
        }
    }

    pub fn get(&self, name: &ModelName) -> Option<&Arc<Model>> {
        match self.known.get(name) {
            Some(State::Registered(model)) => Some(model),
            Some(State::Retired) | None => None,
        }
    }

    pub fn registered(&self) -> impl Iterator<Item = &Arc<Model>> {
        let mut models: Vec<_> = self.known.keys().filter_map(|name| self.get(name)).collect();
        models.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        models.into_iter()
    }

    pub fn apply(&mut self, name: &ModelName, event: &model::Event) {
        match event {
            model::Event::Registered {
                kind: _,
                upstreams,
                aliases,
                max_processes: _,
                operations,
                at,
            } => {
                if !self.known.contains_key(name) {
                    let model = Model {
                        name: name.clone(),
                        upstreams: upstreams.clone(),
                        aliases: vec![],
                        operations: operations.clone(),
                        terms: ServingTerms::default(),
                        registered_at: *at,
                    };
                    self.known.insert(name.clone(), State::Registered(Arc::new(model)));
                    self.remember(name);
                    self.rename(name, aliases);
                }
            }
            model::Event::UpstreamsChanged { upstreams, at: _ } => {
                self.change(name, |model| model.upstreams.clone_from(upstreams));
            }
            model::Event::OperationsChanged { operations, at: _ } => {
                self.change(name, |model| model.operations.clone_from(operations));
            }
            model::Event::TermsChanged { terms, at: _ } => {
                self.change(name, |model| model.terms = *terms);
            }
            model::Event::AliasesChanged { aliases, at: _ } => self.rename(name, aliases),
            model::Event::KindChanged { .. } | model::Event::ProcessesChanged { .. } => {}
            model::Event::Retired { at: _ } => {
                self.known.insert(name.clone(), State::Retired);
            }
        }
    }

    fn rename(&mut self, name: &ModelName, aliases: &BTreeSet<ModelName>) {
        if self.change(name, |model| model.aliases = aliases.iter().cloned().collect()) {
            self.aliases.retain(|alias, model| model != name || aliases.contains(alias));
            self.aliases.extend(aliases.iter().map(|alias| (alias.clone(), name.clone())));
            for alias in aliases {
                self.remember(alias);
            }
        }
    }

    /// Of names that differ in case alone, which older logs may hold, the newest is found so.
    fn remember(&mut self, name: &ModelName) {
        self.keys.insert(name::key(name.as_str()), name.clone());
    }

    /// Whether there was a model to change.
    fn change(&mut self, name: &ModelName, how: impl FnOnce(&mut Model)) -> bool {
        match self.known.get_mut(name) {
            Some(State::Registered(model)) => {
                how(Arc::make_mut(model));
                true
            }
            Some(State::Retired) | None => false,
        }
    }
}
