//! The claim protocol on the wire. Short names: a chunk's head is written for every few tokens of every answer.

mod parts;
mod settle;

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::Error as _};
use uplion_domain::{Timestamp, Usage, model::UpstreamId};

use self::{
    parts::{
        AttemptV1, ConclusionV1, ConnectionWindowV1, HeadV1, ReleaseReasonV1, UsageV1, WordsV1,
    },
    settle::SettleV1,
};
use super::{AcceptedEvent, Credited, FromGateway, FromWorker, Go, MessageError};
use crate::{
    frame::{Frame, FrameError},
    hex::Hex,
    log_key::Code,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromWorkerV1<'a> {
    Claim {
        c: Hex,
        worker: Hex,
        delivery: u64,
        a: u64,
    },
    BodyRequest {
        c: Hex,
        from: u64,
    },
    Alive {
        c: Hex,
        sent: u64,
        credit: u64,
        a: u64,
    },
    Chunk {
        c: Hex,
        n: u64,
        o: u64,
        a: u64,
        #[serde(borrow, skip_serializing_if = "Option::is_none")]
        head: Option<HeadV1<'a>>,
        u: UsageV1,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        last: Option<ConclusionV1<'a>>,
    },
    Release {
        c: Hex,
        reason: ReleaseReasonV1,
        delay_ms: u64,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptV1<'a>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        words: Option<WordsV1<'a>>,
    },
    Finish {
        c: Hex,
        chunks: u64,
        sent: u64,
        u: UsageV1,
        #[serde(borrow)]
        last: ConclusionV1<'a>,
    },
    AreYouThere {
        worker: Hex,
    },
    Settle(#[serde(borrow)] SettleV1<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromGatewayV1<'a> {
    Go(#[serde(borrow)] GoV1<'a>),
    Body {
        c: Hex,
        from: u64,
    },
    Wait {
        c: Hex,
        delay_ms: u64,
    },
    Drop {
        c: Hex,
    },
    Credit {
        c: Hex,
        n: u64,
        received: u64,
        delivered: u64,
        window: u64,
        cw: ConnectionWindowV1,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refused: bool,
        /// Of what was delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        u: Option<UsageV1>,
    },
    Settled {
        c: Hex,
    },
    Here {
        gateway: Hex,
    },
}

#[derive(Serialize, Deserialize)]
struct GoV1<'a> {
    c: Hex,
    left_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_byte_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    between_chunks_ms: Option<u64>,
    window: u64,
    cw: ConnectionWindowV1,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    tried: Vec<Cow<'a, str>>,
    body_len: u64,
    /// The accepted event as the log has it: type, time, and the length of its payload, which is first among the
    /// raw bytes.
    #[serde(borrow)]
    kind: Cow<'a, str>,
    at: i64,
    accepted: usize,
    /// The length of what was read of the body, which comes before the body.
    read: usize,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
}

impl FromWorker {
    pub fn encode(&self) -> Bytes {
        let mut raw: &[u8] = &[];
        let head = match self {
            Self::Claim { claim, worker, delivery, all_sent } => {
                let (c, worker) = ((*claim).into(), (*worker).into());
                FromWorkerV1::Claim { c, worker, delivery: *delivery, a: *all_sent }
            }
            Self::BodyRequest { claim, from } => {
                FromWorkerV1::BodyRequest { c: (*claim).into(), from: *from }
            }
            Self::Alive { claim, sent, credit, all_sent } => {
                let (c, a) = ((*claim).into(), *all_sent);
                FromWorkerV1::Alive { c, sent: *sent, credit: *credit, a }
            }
            Self::Chunk { claim, number, offset, all_sent, head, usage, conclusion, bytes } => {
                raw = bytes;
                let (c, head, u) = ((*claim).into(), head.as_ref().map(Into::into), usage.into());
                let last = conclusion.as_deref().map(Into::into);
                FromWorkerV1::Chunk { c, n: *number, o: *offset, a: *all_sent, head, u, last }
            }
            Self::Release { claim, reason, delay_ms, attempt, words } => {
                raw = words.as_deref().map_or(raw, |words| &words.body);
                let (c, reason) = ((*claim).into(), (*reason).into());
                let attempt = attempt.as_deref().map(Into::into);
                let words = words.as_deref().map(Into::into);
                FromWorkerV1::Release { c, reason, delay_ms: *delay_ms, attempt, words }
            }
            Self::Finish { claim, chunks, sent, usage, conclusion } => {
                let (c, u, last) = ((*claim).into(), usage.into(), (&**conclusion).into());
                FromWorkerV1::Finish { c, chunks: *chunks, sent: *sent, u, last }
            }
            Self::AreYouThere { worker } => FromWorkerV1::AreYouThere { worker: (*worker).into() },
            Self::Settle(settle) => {
                raw = &settle.grant.accepted.payload;
                FromWorkerV1::Settle((&**settle).into())
            }
        };
        Frame::encode(&head, raw)
    }

    pub fn decode(message: Bytes) -> Result<Self, MessageError> {
        let Frame { head, raw: bytes } = Frame::decode(message)?;
        Ok(match serde_json::from_slice(&head)? {
            FromWorkerV1::Claim { c, worker, delivery, a } => {
                Self::Claim { claim: c.into(), worker: worker.into(), delivery, all_sent: a }
            }
            FromWorkerV1::BodyRequest { c, from } => Self::BodyRequest { claim: c.into(), from },
            FromWorkerV1::Alive { c, sent, credit, a } => {
                Self::Alive { claim: c.into(), sent, credit, all_sent: a }
            }
            FromWorkerV1::Chunk { c, n: number, o: offset, a: all_sent, head, u, last } => {
                let (claim, head, usage) = (c.into(), head.map(Into::into), u.into());
                let conclusion = last.map(ConclusionV1::read).transpose()?.map(Box::new);
                Self::Chunk { claim, number, offset, all_sent, head, usage, conclusion, bytes }
            }
            FromWorkerV1::Release { c, reason, delay_ms, attempt, words } => {
                let words = words.map(|words| Box::new(words.read(bytes)));
                let attempt = attempt.map(AttemptV1::read).transpose()?.map(Box::new);
                Self::Release { claim: c.into(), reason: reason.into(), delay_ms, attempt, words }
            }
            FromWorkerV1::Finish { c, chunks, sent, u, last } => {
                let (claim, usage, conclusion) = (c.into(), u.into(), Box::new(last.read()?));
                Self::Finish { claim, chunks, sent, usage, conclusion }
            }
            FromWorkerV1::AreYouThere { worker } => Self::AreYouThere { worker: worker.into() },
            FromWorkerV1::Settle(settle) => Self::Settle(Box::new(settle.read(bytes)?)),
        })
    }
}

impl FromGateway {
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Go(go) => go.encode(),
            Self::Body { claim, from, bytes } => {
                Frame::encode(&FromGatewayV1::Body { c: (*claim).into(), from: *from }, bytes)
            }
            Self::Wait { claim, delay_ms } => {
                let delay_ms = *delay_ms;
                Frame::encode(&FromGatewayV1::Wait { c: (*claim).into(), delay_ms }, &[])
            }
            Self::Drop { claim } => Frame::encode(&FromGatewayV1::Drop { c: (*claim).into() }, &[]),
            Self::Credit { claim, received, window, connection_window, credited } => {
                let Credited { number, delivered, usage, refused, code } = credited;
                let (c, n, cw) = ((*claim).into(), *number, (*connection_window).into());
                let (received, delivered, window) = (*received, *delivered, *window);
                let (refused, u) = (*refused, Some(usage.into()));
                let credit =
                    FromGatewayV1::Credit { c, n, received, delivered, window, cw, refused, u };
                // As raw bytes: there is one for every few chunks.
                let code = code.map(Code::to_bytes);
                Frame::encode(&credit, code.as_ref().map_or(&[], |code| &code[..]))
            }
            Self::Settled { claim } => {
                Frame::encode(&FromGatewayV1::Settled { c: (*claim).into() }, &[])
            }
            Self::Here { gateway } => {
                Frame::encode(&FromGatewayV1::Here { gateway: (*gateway).into() }, &[])
            }
        }
    }

    pub fn decode(message: Bytes) -> Result<Self, MessageError> {
        let Frame { head, raw } = Frame::decode(message)?;
        Ok(match serde_json::from_slice(&head)? {
            FromGatewayV1::Go(go) => Self::Go(Box::new(go.read(raw)?)),
            FromGatewayV1::Body { c, from } => Self::Body { claim: c.into(), from, bytes: raw },
            FromGatewayV1::Wait { c, delay_ms } => Self::Wait { claim: c.into(), delay_ms },
            FromGatewayV1::Drop { c } => Self::Drop { claim: c.into() },
            FromGatewayV1::Credit { c, n, received, delivered, window, cw, refused, u } => {
                let code = raw.first_chunk().map(Code::from_bytes);
                let usage = u.map(Into::into).unwrap_or_default();
                let credited = Credited { number: n, delivered, usage, refused, code };
                let (claim, connection_window) = (c.into(), cw.into());
                Self::Credit { claim, received, window, connection_window, credited }
            }
            FromGatewayV1::Settled { c } => Self::Settled { claim: c.into() },
            FromGatewayV1::Here { gateway } => Self::Here { gateway: gateway.into() },
        })
    }
}

impl Go {
    fn encode(&self) -> Bytes {
        let Self { claim, operation, tried, read, body, accepted, .. } = self;
        let AcceptedEvent { kind, at, payload } = accepted;
        let head = GoV1 {
            c: (*claim).into(),
            left_ms: self.left_ms,
            first_byte_ms: self.first_byte_ms,
            between_chunks_ms: self.between_chunks_ms,
            window: self.window,
            cw: self.connection_window.into(),
            operation: Cow::Borrowed(operation.as_str()),
            tried: tried.iter().map(|upstream| upstream.to_string().into()).collect(),
            body_len: self.body_len,
            kind: Cow::Borrowed(kind),
            at: at.micros(),
            accepted: payload.len(),
            read: read.len(),
            code: self.code.map(|code| code.to_string().into()),
        };
        Frame::encode_parts(&FromGatewayV1::Go(head), &[payload, read, body])
    }
}

impl GoV1<'_> {
    fn read(self, mut raw: Bytes) -> Result<Go, MessageError> {
        let Self { c, left_ms, first_byte_ms, between_chunks_ms, .. } = self;
        let Self { window, cw, operation, tried, .. } = self;
        let Self { body_len, kind, at, accepted, read, code, .. } = self;
        let mut next = |len: usize| {
            if raw.len() < len { Err(FrameError::Truncated) } else { Ok(raw.split_to(len)) }
        };
        let (payload, read) = (next(accepted)?, next(read)?);
        Ok(Go {
            claim: c.into(),
            left_ms,
            first_byte_ms,
            between_chunks_ms,
            window,
            connection_window: cw.into(),
            operation: operation.parse().map_err(serde_json::Error::custom)?,
            tried: read_tried(&tried)?,
            read,
            body_len,
            body: raw,
            accepted: AcceptedEvent {
                kind: kind.into_owned(),
                at: Timestamp::from_micros(at),
                payload,
            },
            // One that cannot be read is as good as none.
            code: code.and_then(|code| code.parse().ok()),
        })
    }
}

fn read_tried(tried: &[Cow<'_, str>]) -> Result<Vec<UpstreamId>, serde_json::Error> {
    tried.iter().map(|id| id.parse().map_err(serde_json::Error::custom)).collect()
}

/// As it is signed.
pub(super) fn usage(usage: &Usage) -> Vec<u8> {
    serde_json::to_vec(&UsageV1::from(usage)).expect("counts under names are always JSON")
}
