//! What several events of requests are made of.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize, de::Error as _};

use crate::{
    GatewayId, Nanos, WorkerId,
    request::{Labels, Outcome, Reservation, Timings, Writer},
    wire::text::Text,
};

/// Words of [`crate::outcome`].
#[derive(Serialize, Deserialize)]
pub struct OutcomeV1<'a> {
    #[serde(borrow)]
    is: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// Microseconds since the request was accepted.
#[derive(Serialize, Deserialize)]
pub struct TimingsV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_chunk: Option<u64>,
    total: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriterV1 {
    Gateway(Text<GatewayId>),
    Worker(Text<WorkerId>),
    Sweeper,
}

/// Nano-units of the currency.
#[derive(Serialize, Deserialize)]
pub struct ReservationV1 {
    amount: i64,
}

pub type LabelsV1 = BTreeMap<String, String>;

/// Every charge fits: [`crate::rating`] sees to it.
pub fn narrow(amount: Nanos) -> i64 {
    amount.to_i64().unwrap_or(i64::MAX)
}

pub fn labels(labels: &Labels) -> LabelsV1 {
    labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

pub fn read_labels(labels: LabelsV1) -> Result<Labels, serde_json::Error> {
    Labels::try_new(labels).map_err(serde_json::Error::custom)
}

impl From<&Outcome> for OutcomeV1<'_> {
    fn from(outcome: &Outcome) -> Self {
        Self {
            is: outcome.as_str().into(),
            why: outcome.code().map(Cow::Borrowed),
            status: outcome.upstream_status(),
        }
    }
}

impl OutcomeV1<'_> {
    pub fn read(&self) -> Result<Outcome, serde_json::Error> {
        let Self { is, why, status } = self;
        Outcome::parse(is, why.as_deref(), *status).map_err(serde_json::Error::custom)
    }
}

impl From<Timings> for TimingsV1 {
    fn from(Timings { assigned, first_chunk, total }: Timings) -> Self {
        Self { assigned, first_chunk, total }
    }
}

impl From<TimingsV1> for Timings {
    fn from(TimingsV1 { assigned, first_chunk, total }: TimingsV1) -> Self {
        Self { assigned, first_chunk, total }
    }
}

impl From<Writer> for WriterV1 {
    fn from(writer: Writer) -> Self {
        match writer {
            Writer::Gateway(gateway) => Self::Gateway(Text(gateway)),
            Writer::Worker(worker) => Self::Worker(Text(worker)),
            Writer::Sweeper => Self::Sweeper,
        }
    }
}

impl From<WriterV1> for Writer {
    fn from(writer: WriterV1) -> Self {
        match writer {
            WriterV1::Gateway(Text(gateway)) => Self::Gateway(gateway),
            WriterV1::Worker(Text(worker)) => Self::Worker(worker),
            WriterV1::Sweeper => Self::Sweeper,
        }
    }
}

impl From<Reservation> for ReservationV1 {
    fn from(Reservation { amount }: Reservation) -> Self {
        Self { amount: narrow(amount) }
    }
}

impl From<ReservationV1> for Reservation {
    fn from(ReservationV1 { amount }: ReservationV1) -> Self {
        Self { amount: Nanos::new(amount.into()) }
    }
}
