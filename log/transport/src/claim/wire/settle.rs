//! A worker's request to settle in a lost gateway's place, on the wire. The accepted event's payload is the raw bytes.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uplion_domain::Timestamp;

use super::parts::{AttemptV1, UsageV1};
use crate::{
    claim::{AcceptedEvent, Credited, Grant, SettleRequest},
    hex::Hex,
};

#[derive(Serialize, Deserialize)]
pub struct SettleV1<'a> {
    c: Hex,
    worker: Hex,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    at: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    credit: CreditedV1<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<UsageV1>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    attempt: Option<AttemptV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct CreditedV1<'a> {
    n: u64,
    delivered: u64,
    u: UsageV1,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    refused: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
}

impl<'a> From<&'a SettleRequest> for SettleV1<'a> {
    fn from(settle: &'a SettleRequest) -> Self {
        let SettleRequest { worker, grant, credit, whole, attempt } = settle;
        let Grant { claim, accepted: AcceptedEvent { kind, at, payload: _ }, code } = grant;
        Self {
            c: (*claim).into(),
            worker: (*worker).into(),
            kind: Cow::Borrowed(kind),
            at: at.micros(),
            code: code.map(|code| code.to_string().into()),
            credit: credit.into(),
            whole: whole.as_ref().map(Into::into),
            attempt: attempt.as_ref().map(Into::into),
        }
    }
}

impl From<&Credited> for CreditedV1<'_> {
    fn from(Credited { number, delivered, usage, refused, code }: &Credited) -> Self {
        let code = code.map(|code| code.to_string().into());
        Self { n: *number, delivered: *delivered, u: usage.into(), refused: *refused, code }
    }
}

impl SettleV1<'_> {
    pub fn read(self, payload: Bytes) -> Result<SettleRequest, serde_json::Error> {
        let Self { c, worker, kind, at, code, credit, whole, attempt } = self;
        let at = Timestamp::from_micros(at);
        let accepted = AcceptedEvent { kind: kind.into_owned(), at, payload };
        Ok(SettleRequest {
            worker: worker.into(),
            grant: Grant {
                claim: c.into(),
                accepted,
                code: code.and_then(|code| code.parse().ok()),
            },
            credit: credit.into(),
            whole: whole.map(Into::into),
            attempt: attempt.map(AttemptV1::read).transpose()?,
        })
    }
}

impl From<CreditedV1<'_>> for Credited {
    fn from(CreditedV1 { n, delivered, u, refused, code }: CreditedV1<'_>) -> Self {
        let code = code.and_then(|code| code.parse().ok());
        Self { number: n, delivered, usage: u.into(), refused, code }
    }
}
