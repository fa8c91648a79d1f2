//! A ticket on the wire: JSON of ids, names and a time.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de};
use uplion_domain::Timestamp;

use super::Ticket;
use crate::hex::Hex;

#[derive(Serialize, Deserialize)]
struct TicketV1<'a> {
    request: Hex,
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    class: Cow<'a, str>,
    gateway: Hex,
    /// Microseconds since 1970.
    deadline: i64,
}

impl Ticket {
    pub fn encode(&self) -> Bytes {
        let Self { request, model, operation, class, gateway, deadline } = self;
        let ticket = TicketV1 {
            request: (*request).into(),
            model: Cow::Borrowed(model.as_str()),
            operation: Cow::Borrowed(operation.as_str()),
            class: Cow::Borrowed(class.as_str()),
            gateway: (*gateway).into(),
            deadline: deadline.micros(),
        };
        serde_json::to_vec(&ticket).expect("strings and numbers are JSON").into()
    }

    pub fn decode(ticket: &[u8]) -> Result<Self, serde_json::Error> {
        let TicketV1 { request, model, operation, class, gateway, deadline } =
            serde_json::from_slice(ticket)?;
        Ok(Self {
            request: request.into(),
            model: model.parse().map_err(de::Error::custom)?,
            operation: operation.parse().map_err(de::Error::custom)?,
            class: class.parse().map_err(de::Error::custom)?,
            gateway: gateway.into(),
            deadline: Timestamp::from_micros(deadline),
        })
    }
}
