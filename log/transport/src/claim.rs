//! What the gateway and the worker of a request say to each other, from claim to settlement.
//!
//! Everything a worker says names its claim; what names another claim than the one that holds `go` is stale and
//! dropped. Everything is repeated until answered, so losing any one message costs time and nothing else:
//! `Claim` every second until answered, `Alive` every second from `go` on, `Finish` every second until it is settled,
//! `Credit` every second, chunks when a credit shows that one is missing.
//!
//! A worker: `Claim` → (`Go` | `Wait` | `Drop`), `Chunk`*, (`Finish` | `Release`) → `Settled`.
//! Byte counts are cumulative over the chunks' raw bytes of one claim, from 0.
//!
//! Beside the window of each request there is a [`ConnectionWindow`] for all requests between one worker and one
//! gateway: what is under way waits in the broker, which cuts off a listener for whom too much waits, and signs of
//! life wait behind it. It counts what was sent and heard, again or not, so that it knows of nothing but the wire.

mod accepted;
mod attempt;
mod voucher;
mod wire;
mod words;

use bytes::Bytes;
use uplion_domain::{
    ClaimId, GatewayId, Operation, Usage, WorkerId, model::UpstreamId, wire::DecodeError,
};

pub use self::{
    accepted::AcceptedEvent,
    attempt::{AttemptReport, Conclusion, End, MAX_UPSTREAM_REQUEST_ID, ReleaseReason},
    voucher::{Credited, Grant, SettleRequest},
    words::{MAX_UPSTREAM_WORDS, UpstreamWords},
};
use crate::log_key::{Code, LogKeys};

/// Said by a worker, to `Subject::Gateway { gateway, request }`.
#[derive(Debug, Clone, PartialEq)]
pub enum FromWorker {
    /// May I? Same claim id on each repetition. `delivery` is the ticket's, from 1.
    Claim { claim: ClaimId, worker: WorkerId, delivery: u64, all_sent: u64 },
    /// The body's bytes from `from` on, please: a `Go` or `Body` held only a part.
    BodyRequest { claim: ClaimId, from: u64 },
    /// I am at it. `sent`: bytes so far. `credit`: number of the newest credit seen, 0 for none.
    Alive { claim: ClaimId, sent: u64, credit: u64, all_sent: u64 },
    /// The next part of the answer, at `offset`. `number` counts from 0. `head` is in number 0 only.
    /// `usage` is the running usage up to and including this chunk. `all_sent`: bytes of all chunks of all requests
    /// that this worker has sent to this gateway, this one's included; those sent again count again. With a
    /// `conclusion` there is no more behind it, as `Finish` would say, which is still repeated until it is settled.
    Chunk {
        claim: ClaimId,
        number: u64,
        offset: u64,
        all_sent: u64,
        head: Option<Head>,
        usage: Usage,
        conclusion: Option<Box<Conclusion>>,
        bytes: Bytes,
    },
    /// The task goes back to the queue, to be claimed by anybody after `delay_ms`. Not silence, not failure.
    /// Without an `attempt` no upstream was asked. `words`: what the upstream said when it failed.
    Release {
        claim: ClaimId,
        reason: ReleaseReason,
        delay_ms: u64,
        attempt: Option<Box<AttemptReport>>,
        words: Option<Box<UpstreamWords>>,
    },
    /// Of no request: whoever waits for this gateway's answers wants to know whether it answers at all.
    AreYouThere { worker: WorkerId },
    /// To a gateway that lives, of a request whose own is gone. Repeated until it is settled.
    Settle(Box<SettleRequest>),
    /// There is no more. `chunks` and `sent` say how many chunks and bytes there were; `usage` is of the whole answer.
    Finish { claim: ClaimId, chunks: u64, sent: u64, usage: Usage, conclusion: Box<Conclusion> },
}

/// Said by a gateway, to `Subject::Worker { worker, request }`.
#[derive(Debug, Clone, PartialEq)]
pub enum FromGateway {
    /// You have it.
    Go(Box<Go>),
    /// More of the body, from `from` on.
    Body { claim: ClaimId, from: u64, bytes: Bytes },
    /// Somebody else has it for now: give the ticket back and let it be delivered after `delay_ms`.
    Wait { claim: ClaimId, delay_ms: u64 },
    /// Nobody needs it any more (or not from you): stop the upstream call, the ticket is done.
    Drop { claim: ClaimId },
    /// `number` counts from 1. `received` frees the worker's copy up to there (or asks for what is behind it again);
    /// `delivered` was written to the client's socket, and opens the window: at most `delivered + window` may be sent.
    /// `window` is that of `Go` or larger, for a client that reads. `refused`: the client is told of an error, whatever
    /// becomes of the settlement that is under way; whoever settles in this gateway's place must not charge for it.
    /// What of it matters to a settlement is signed.
    Credit {
        claim: ClaimId,
        received: u64,
        window: u64,
        connection_window: ConnectionWindow,
        credited: Credited,
    },
    /// It is settled, or its release was heard: the ticket is done, forget the request.
    Settled { claim: ClaimId },
    /// The answer to `AreYouThere`.
    Here { gateway: GatewayId },
}

/// What a worker needs to do the work, and to settle it if the gateway is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Go {
    pub claim: ClaimId,
    /// On the gateway's monotonic clock, when this was sent.
    pub left_ms: u64,
    /// How long an upstream may say nothing before its first byte; none: as long as there is time.
    pub first_byte_ms: Option<u64>,
    /// How long it may say nothing once it has begun.
    pub between_chunks_ms: Option<u64>,
    /// Bytes that may be sent beyond what was delivered.
    pub window: u64,
    pub connection_window: ConnectionWindow,
    /// What is asked for; the body is one of its endpoint's.
    pub operation: Operation,
    /// Upstreams that have had this request already, and are not to have it again.
    pub tried: Vec<UpstreamId>,
    /// What the gateway has read of the body, so that nobody reads it twice; made and read by whoever knows the
    /// endpoint.
    pub read: Bytes,
    pub body_len: u64,
    /// The first part of the body; all of it unless it is large.
    pub body: Bytes,
    pub accepted: AcceptedEvent,
    /// Of the grant; none where nothing is signed.
    pub code: Option<Code>,
}

/// What one worker may have under way to one gateway, of all requests together; in the worker's count `all_sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionWindow {
    /// The highest count that the gateway has heard: nothing up to there is under way any more.
    pub heard: u64,
    /// The count that the worker may reach.
    pub until: u64,
}

impl Go {
    /// What the worker keeps of it, to show it should this gateway be lost.
    pub fn grant(&self) -> Grant {
        let Self { claim, accepted, code, .. } = self;
        Grant { claim: *claim, accepted: accepted.clone(), code: *code }
    }
}

impl FromGateway {
    /// With what a worker may have to show to another gateway signed.
    #[must_use]
    pub fn signed(self, keys: &LogKeys) -> Self {
        match self {
            Self::Go(mut go) => {
                go.code = go.grant().signed(Some(keys)).code;
                Self::Go(go)
            }
            Self::Credit { claim, received, window, connection_window, credited } => {
                let credited = credited.signed(claim, Some(keys));
                Self::Credit { claim, received, window, connection_window, credited }
            }
            other @ (Self::Body { .. }
            | Self::Wait { .. }
            | Self::Drop { .. }
            | Self::Settled { .. }
            | Self::Here { .. }) => other,
        }
    }
}

/// How the upstream began its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub content_type: String,
    /// Its `Retry-After`.
    pub retry_after_s: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error(transparent)]
    Frame(#[from] crate::frame::FrameError),
    #[error("message cannot be read")]
    Malformed(#[from] serde_json::Error),
    #[error("the request that comes with go cannot be read")]
    Accepted(#[from] DecodeError),
}
