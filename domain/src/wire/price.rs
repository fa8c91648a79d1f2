//! The events of prices, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, rates::RatesV1, shape};
use crate::{
    Event, PriceId, Timestamp,
    price::Event::{Set, Withdrawn},
};

const SET: &str = "uplion.price.set.v1";
const WITHDRAWN: &str = "uplion.price.withdrawn.v1";

pub const READERS: Readers = &[(SET, set), (WITHDRAWN, withdrawn)];

#[derive(Serialize, Deserialize)]
struct SetV1 {
    price: String,
    model: String,
    rates: RatesV1,
    /// Microseconds since 1970.
    effective_from: i64,
}

#[derive(Serialize, Deserialize)]
struct PriceV1 {
    price: String,
}

pub fn encode(id: PriceId, event: &crate::price::Event) -> (&'static str, Vec<u8>) {
    let price = id.to_string();
    match event {
        Set { model, rates, effective_from, at: _ } => {
            let (model, rates) = (model.to_string(), rates.into());
            let effective_from = effective_from.micros();
            (SET, json(&SetV1 { price, model, rates, effective_from }))
        }
        Withdrawn { at: _ } => (WITHDRAWN, json(&PriceV1 { price })),
    }
}

fn set(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let SetV1 { price, model, rates, effective_from } = shape(payload)?;
    let effective_from = Timestamp::from_micros(effective_from);
    let (model, rates) = (parsed(&model)?, rates.into());
    Ok(Event::Price(parsed(&price)?, Set { model, rates, effective_from, at }))
}

fn withdrawn(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let PriceV1 { price } = shape(payload)?;
    Ok(Event::Price(parsed(&price)?, Withdrawn { at }))
}
