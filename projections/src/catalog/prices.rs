//! The prices that are set, and which of them is in force at a moment.

use std::collections::{HashMap, hash_map::Entry};

use uplion_domain::{ModelName, PriceId, Rates, Timestamp, price};

#[derive(Debug, Default, Clone)]
pub struct Prices {
    known: HashMap<PriceId, State>,
    /// By the time from which they are in force; of two with the same, the one set later stands later.
    by_model: HashMap<ModelName, Vec<Price>>,
}

#[derive(Debug, Clone)]
enum State {
    Set(ModelName),
    Withdrawn,
}

#[derive(Debug, Clone)]
struct Price {
    id: PriceId,
    effective_from: Timestamp,
    rates: Rates,
}

impl Prices {
    pub fn in_force(&self, model: &ModelName, now: Timestamp) -> Rates {
        let prices = self.by_model.get(model).map_or(&[][..], Vec::as_slice);
        let begun = prices.partition_point(|price| price.effective_from <= now);
        prices[..begun].last().map(|price| price.rates).unwrap_or_default()
    }

    pub fn apply(&mut self, id: PriceId, event: &price::Event) {
        match event {
            price::Event::Set { model, rates, effective_from, at: _ } => {
                if let Entry::Vacant(unknown) = self.known.entry(id) {
                    unknown.insert(State::Set(model.clone()));
                    let effective_from = *effective_from;
                    let prices = self.by_model.entry(model.clone()).or_default();
                    let place =
                        prices.partition_point(|price| price.effective_from <= effective_from);
                    prices.insert(place, Price { id, effective_from, rates: *rates });
                }
            }
            price::Event::Withdrawn { at: _ } => {
                if let Some(State::Set(model)) = self.known.insert(id, State::Withdrawn)
                    && let Some(prices) = self.by_model.get_mut(&model)
                {
                    prices.retain(|price| price.id != id);
                }
            }
        }
    }
}
