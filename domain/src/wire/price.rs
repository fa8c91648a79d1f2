//! The events of prices, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, rates::RatesV1, rule::RuleV1, shape, text::Text};
use crate::{
    Event, ModelName, PriceId, ProjectId, Timestamp,
    installation::Currency,
    price::{
        self,
        Event::{Set, Withdrawn},
        Rule,
    },
};

const SET_V1: &str = "uplion.price.set.v1";
const SET_V2: &str = "uplion.price.set.v2";
const SET: &str = "uplion.price.set.v3";
const WITHDRAWN: &str = "uplion.price.withdrawn.v1";

pub const READERS: Readers =
    &[(SET, set), (SET_V2, set_v2), (SET_V1, set_v1), (WITHDRAWN, withdrawn)];

/// From before projects could have prices of their own.
#[derive(Deserialize)]
struct SetV1 {
    price: Text<PriceId>,
    model: Text<ModelName>,
    rates: RatesV1,
    effective_from: i64,
}

/// From before a price was a list of rules.
#[derive(Deserialize)]
struct SetV2 {
    price: Text<PriceId>,
    model: Text<ModelName>,
    project: Option<Text<ProjectId>>,
    rates: RatesV1,
    effective_from: i64,
}

#[derive(Serialize, Deserialize)]
struct SetV3 {
    price: Text<PriceId>,
    model: Text<ModelName>,
    /// None: for whoever has no price of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<Text<ProjectId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Text<Currency>>,
    rules: Vec<RuleV1>,
    /// Microseconds since 1970.
    effective_from: i64,
}

#[derive(Serialize, Deserialize)]
struct PriceV1 {
    price: Text<PriceId>,
}

pub fn encode(id: PriceId, event: &price::Event) -> (&'static str, Vec<u8>) {
    let price = Text(id);
    match event {
        Set { model, project, currency, rules, effective_from, at: _ } => {
            let set = SetV3 {
                price,
                model: Text(model.clone()),
                project: project.map(Text),
                currency: currency.map(Text),
                rules: rules.iter().map(RuleV1::from).collect(),
                effective_from: effective_from.micros(),
            };
            (SET, json(&set))
        }
        Withdrawn { at: _ } => (WITHDRAWN, json(&PriceV1 { price })),
    }
}

fn set_v1(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let SetV1 { price, model, rates, effective_from } = shape(payload)?;
    Ok(SetV2 { price, model, project: None, rates, effective_from }.read(at))
}

fn set_v2(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let set: SetV2 = shape(payload)?;
    Ok(set.read(at))
}

fn set(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let SetV3 { price, model, project, currency, rules, effective_from } = shape(payload)?;
    let event = Set {
        model: model.0,
        project: project.map(|Text(project)| project),
        currency: currency.map(|Text(currency)| currency),
        rules: rules.into_iter().map(Rule::from).collect(),
        effective_from: Timestamp::from_micros(effective_from),
        at,
    };
    Ok(Event::Price(price.0, event))
}

fn withdrawn(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let PriceV1 { price } = shape(payload)?;
    Ok(Event::Price(price.0, Withdrawn { at }))
}

impl SetV2 {
    fn read(self, at: Timestamp) -> Event {
        let Self { price, model, project, rates, effective_from } = self;
        let event = Set {
            model: model.0,
            project: project.map(|Text(project)| project),
            currency: None,
            rules: vec![Rule::always(rates.into())],
            effective_from: Timestamp::from_micros(effective_from),
            at,
        };
        Event::Price(price.0, event)
    }
}
