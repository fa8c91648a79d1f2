//! The prices that are set, and which of them is in force at a moment.

use std::collections::{HashMap, hash_map::Entry};

use uplion_domain::{
    ModelName, PriceId, ProjectId, Timestamp,
    installation::Currency,
    price::{self, Rule},
};

#[derive(Debug, Default, Clone)]
pub struct Prices {
    known: HashMap<PriceId, State>,
    by_model: HashMap<ModelName, Tariff>,
}

/// What a model charges, in the order of time.
#[derive(Debug, Default, Clone)]
struct Tariff {
    everybody: Series,
    own: HashMap<ProjectId, Series>,
}

/// By the time from which they are in force; of two with the same, the one set later stands later, by what they say
/// themselves of when they were set.
#[derive(Debug, Default, Clone)]
struct Series(Vec<Price>);

#[derive(Debug, Clone)]
enum State {
    Set { model: ModelName, project: Option<ProjectId> },
    Withdrawn,
}

#[derive(Debug, Clone)]
pub struct Price {
    pub id: PriceId,
    pub effective_from: Timestamp,
    set_at: Timestamp,
    pub currency: Option<Currency>,
    pub rules: Vec<Rule>,
}

impl Prices {
    pub fn in_force(
        &self,
        model: &ModelName,
        project: ProjectId,
        now: Timestamp,
    ) -> Option<&Price> {
        let tariff = self.by_model.get(model)?;
        // Few models have prices for single projects.
        let own = if tariff.own.is_empty() { None } else { tariff.own.get(&project) };
        own.and_then(|own| own.at(now)).or_else(|| tariff.everybody.at(now))
    }

    pub fn apply(&mut self, id: PriceId, event: &price::Event) {
        match event {
            price::Event::Set { model, project, currency, rules, effective_from, at } => {
                if let Entry::Vacant(unknown) = self.known.entry(id) {
                    unknown.insert(State::Set { model: model.clone(), project: *project });
                    let (effective_from, currency) = (*effective_from, *currency);
                    let (set_at, rules) = (*at, rules.clone());
                    let price = Price { id, effective_from, set_at, currency, rules };
                    let tariff = self.by_model.entry(model.clone()).or_default();
                    tariff.series(*project).insert(price);
                }
            }
            price::Event::Withdrawn { at: _ } => {
                let state = self.known.insert(id, State::Withdrawn);
                if let Some(State::Set { model, project }) = state
                    && let Some(tariff) = self.by_model.get_mut(&model)
                {
                    tariff.series(project).0.retain(|price| price.id != id);
                }
            }
        }
    }
}

impl Tariff {
    fn series(&mut self, project: Option<ProjectId>) -> &mut Series {
        match project {
            Some(project) => self.own.entry(project).or_default(),
            None => &mut self.everybody,
        }
    }
}

impl Series {
    fn at(&self, now: Timestamp) -> Option<&Price> {
        let begun = self.0.partition_point(|price| price.effective_from <= now);
        self.0[..begun].last()
    }

    fn insert(&mut self, price: Price) {
        let order = |price: &Price| (price.effective_from, price.set_at, price.id);
        let index = self.0.partition_point(|had| order(had) <= order(&price));
        self.0.insert(index, price);
    }
}
