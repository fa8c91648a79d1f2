//! The claim protocol on the wire. Short names: a chunk's head is written for every few tokens of every answer.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::Error as _};
use uplion_domain::{Timestamp, Unit, Usage, usage::Source};

use super::{
    AcceptedEvent, ConnectionWindow, End, FromGateway, FromWorker, Go, Head, MessageError,
    ReleaseReason,
};
use crate::{
    frame::{Frame, FrameError},
    hex::Hex,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<EndV1>,
    },
    Release {
        c: Hex,
        reason: ReleaseReasonV1,
        delay_ms: u64,
    },
    Finish {
        c: Hex,
        chunks: u64,
        sent: u64,
        u: UsageV1,
        end: EndV1,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromGatewayV1<'a> {
    Go {
        c: Hex,
        left_ms: u64,
        window: u64,
        #[serde(rename = "cw")]
        connection_window: ConnectionWindowV1,
        body_len: u64,
        /// The accepted event as the log has it: type, time, and the length of its payload, which is first among the
        /// raw bytes.
        #[serde(borrow)]
        kind: Cow<'a, str>,
        at: i64,
        accepted: usize,
    },
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
        #[serde(rename = "cw")]
        connection_window: ConnectionWindowV1,
    },
    Settled {
        c: Hex,
    },
}

#[derive(Serialize, Deserialize)]
struct HeadV1<'a> {
    status: u16,
    #[serde(borrow)]
    content_type: Cow<'a, str>,
}

/// Heard, until.
#[derive(Serialize, Deserialize)]
struct ConnectionWindowV1(u64, u64);

/// What was used of each unit, and whether the upstream reported it.
#[derive(Serialize, Deserialize)]
struct UsageV1(BTreeMap<String, u64>, bool);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReleaseReasonV1 {
    Busy,
    UpstreamFailed,
    Unreachable,
    WorkerFailed,
    Draining,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndV1 {
    Complete,
    Rejected { status: u16 },
    Broken,
    TooLarge,
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
            Self::Chunk { claim, number, offset, all_sent, head, usage, end, bytes } => {
                raw = bytes;
                let (c, head, u) = ((*claim).into(), head.as_ref().map(Into::into), usage.into());
                let end = end.map(Into::into);
                FromWorkerV1::Chunk { c, n: *number, o: *offset, a: *all_sent, head, u, end }
            }
            Self::Release { claim, reason, delay_ms } => {
                let (c, reason) = ((*claim).into(), (*reason).into());
                FromWorkerV1::Release { c, reason, delay_ms: *delay_ms }
            }
            Self::Finish { claim, chunks, sent, usage, end } => {
                let (c, u, end) = ((*claim).into(), usage.into(), (*end).into());
                FromWorkerV1::Finish { c, chunks: *chunks, sent: *sent, u, end }
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
            FromWorkerV1::Chunk { c, n: number, o: offset, a: all_sent, head, u, end } => {
                let (claim, head, usage) = (c.into(), head.map(Into::into), u.read()?);
                let end = end.map(Into::into);
                Self::Chunk { claim, number, offset, all_sent, head, usage, end, bytes }
            }
            FromWorkerV1::Release { c, reason, delay_ms } => {
                Self::Release { claim: c.into(), reason: reason.into(), delay_ms }
            }
            FromWorkerV1::Finish { c, chunks, sent, u, end } => {
                let (claim, usage, end) = (c.into(), u.read()?, end.into());
                Self::Finish { claim, chunks, sent, usage, end }
            }
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
            Self::Credit { claim, number, received, delivered, window, connection_window } => {
                let (c, n, connection_window) =
                    ((*claim).into(), *number, (*connection_window).into());
                let (received, delivered, window) = (*received, *delivered, *window);
                let credit =
                    FromGatewayV1::Credit { c, n, received, delivered, window, connection_window };
                Frame::encode(&credit, &[])
            }
            Self::Settled { claim } => {
                Frame::encode(&FromGatewayV1::Settled { c: (*claim).into() }, &[])
            }
        }
    }

    pub fn decode(message: Bytes) -> Result<Self, MessageError> {
        let Frame { head, mut raw } = Frame::decode(message)?;
        Ok(match serde_json::from_slice(&head)? {
            FromGatewayV1::Go {
                c,
                left_ms,
                window,
                connection_window,
                body_len,
                kind,
                at,
                accepted,
            } => {
                if raw.len() < accepted {
                    return Err(FrameError::Truncated.into());
                }
                let payload = raw.split_to(accepted);
                let (kind, at) = (kind.into_owned(), Timestamp::from_micros(at));
                let accepted = AcceptedEvent { kind, at, payload };
                let (claim, connection_window, body) = (c.into(), connection_window.into(), raw);
                Self::Go(Box::new(Go {
                    claim,
                    left_ms,
                    window,
                    connection_window,
                    body_len,
                    body,
                    accepted,
                }))
            }
            FromGatewayV1::Body { c, from } => Self::Body { claim: c.into(), from, bytes: raw },
            FromGatewayV1::Wait { c, delay_ms } => Self::Wait { claim: c.into(), delay_ms },
            FromGatewayV1::Drop { c } => Self::Drop { claim: c.into() },
            FromGatewayV1::Credit { c, n, received, delivered, window, connection_window } => {
                let (claim, connection_window) = (c.into(), connection_window.into());
                Self::Credit { claim, number: n, received, delivered, window, connection_window }
            }
            FromGatewayV1::Settled { c } => Self::Settled { claim: c.into() },
        })
    }
}

impl Go {
    fn encode(&self) -> Bytes {
        let Self { claim, left_ms, window, connection_window, body_len, body, accepted } = self;
        let AcceptedEvent { kind, at, payload } = accepted;
        let head = FromGatewayV1::Go {
            c: (*claim).into(),
            left_ms: *left_ms,
            window: *window,
            connection_window: (*connection_window).into(),
            body_len: *body_len,
            kind: Cow::Borrowed(kind),
            at: at.micros(),
            accepted: payload.len(),
        };
        Frame::encode_parts(&head, &[payload, body])
    }
}

impl<'a> From<&'a Head> for HeadV1<'a> {
    fn from(Head { status, content_type }: &'a Head) -> Self {
        Self { status: *status, content_type: Cow::Borrowed(content_type) }
    }
}

impl From<HeadV1<'_>> for Head {
    fn from(HeadV1 { status, content_type }: HeadV1<'_>) -> Self {
        Self { status, content_type: content_type.into_owned() }
    }
}

impl From<ConnectionWindow> for ConnectionWindowV1 {
    fn from(ConnectionWindow { heard, until }: ConnectionWindow) -> Self {
        Self(heard, until)
    }
}

impl From<ConnectionWindowV1> for ConnectionWindow {
    fn from(ConnectionWindowV1(heard, until): ConnectionWindowV1) -> Self {
        Self { heard, until }
    }
}

impl From<&Usage> for UsageV1 {
    fn from(Usage { units, source }: &Usage) -> Self {
        let reported = match source {
            Source::Reported => true,
            Source::Counted => false,
        };
        Self(units.iter().map(|(unit, count)| (unit.to_string(), count)).collect(), reported)
    }
}

impl UsageV1 {
    fn read(self) -> Result<Usage, serde_json::Error> {
        let Self(units, reported) = self;
        let read = |(unit, count): (String, u64)| match unit.parse::<Unit>() {
            Ok(unit) => Ok((unit, count)),
            Err(error) => Err(serde_json::Error::custom(error)),
        };
        let units = units.into_iter().map(read).collect::<Result<_, _>>()?;
        let source = if reported { Source::Reported } else { Source::Counted };
        Ok(Usage { units, source })
    }
}

impl From<ReleaseReason> for ReleaseReasonV1 {
    fn from(reason: ReleaseReason) -> Self {
        match reason {
            ReleaseReason::Busy => Self::Busy,
            ReleaseReason::UpstreamFailed => Self::UpstreamFailed,
            ReleaseReason::Unreachable => Self::Unreachable,
            ReleaseReason::WorkerFailed => Self::WorkerFailed,
            ReleaseReason::Draining => Self::Draining,
        }
    }
}

impl From<ReleaseReasonV1> for ReleaseReason {
    fn from(reason: ReleaseReasonV1) -> Self {
        match reason {
            ReleaseReasonV1::Busy => Self::Busy,
            ReleaseReasonV1::UpstreamFailed => Self::UpstreamFailed,
            ReleaseReasonV1::Unreachable => Self::Unreachable,
            ReleaseReasonV1::WorkerFailed => Self::WorkerFailed,
            ReleaseReasonV1::Draining => Self::Draining,
        }
    }
}

impl From<End> for EndV1 {
    fn from(end: End) -> Self {
        match end {
            End::Complete => Self::Complete,
            End::Rejected { status } => Self::Rejected { status },
            End::Broken => Self::Broken,
            End::TooLarge => Self::TooLarge,
        }
    }
}

impl From<EndV1> for End {
    fn from(end: EndV1) -> Self {
        match end {
            EndV1::Complete => Self::Complete,
            EndV1::Rejected { status } => Self::Rejected { status },
            EndV1::Broken => Self::Broken,
            EndV1::TooLarge => Self::TooLarge,
        }
    }
}
