//! The events of prices, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, rates::RatesV1, shape};
use crate::{
    Event, PriceId, Timestamp,
    price::Event::{Set, Withdrawn},
};

const SET_V1: &str = "uplion.price.set.v1";
const SET: &str = "uplion.price.set.v2";
const WITHDRAWN: &str = "uplion.price.withdrawn.v1";

pub const READERS: Readers = &[(SET, set), (SET_V1, set_v1), (WITHDRAWN, withdrawn)];

/// From before projects could have prices of their own.
#[derive(Deserialize)]
struct SetV1 {
    price: String,
    model: String,
    rates: RatesV1,
    effective_from: i64,
}

#[derive(Serialize, Deserialize)]
struct SetV2 {
    price: String,
    model: String,
    /// None: for whoever has no price of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
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
        Set { model, project, rates, effective_from, at: _ } => {
            let (model, rates) = (model.to_string(), rates.into());
            let project = project.map(|project| project.to_string());
            let effective_from = effective_from.micros();
            (SET, json(&SetV2 { price, model, project, rates, effective_from }))
        }
        Withdrawn { at: _ } => (WITHDRAWN, json(&PriceV1 { price })),
    }
}

fn set_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let SetV1 { price, model, rates, effective_from } = shape(payload)?;
    let effective_from = Timestamp::from_micros(effective_from);
    let (model, rates) = (parsed(&model)?, rates.into());
    Ok(Event::Price(parsed(&price)?, Set { model, project: None, rates, effective_from, at }))
}

fn set(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let SetV2 { price, model, project, rates, effective_from } = shape(payload)?;
    let effective_from = Timestamp::from_micros(effective_from);
    let (model, rates) = (parsed(&model)?, rates.into());
    let project = project.as_deref().map(parsed).transpose()?;
    Ok(Event::Price(parsed(&price)?, Set { model, project, rates, effective_from, at }))
}

fn withdrawn(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let PriceV1 { price } = shape(payload)?;
    Ok(Event::Price(parsed(&price)?, Withdrawn { at }))
}
