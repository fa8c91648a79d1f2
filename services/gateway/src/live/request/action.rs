//! What a request wants done, in order.

use bytes::Bytes;
use tokio::time::Instant;
use uplion_domain::{
    ClaimId, Envelope, WorkerId,
    request::{Assigned, Reversed, Settled},
};
use uplion_log_transport::claim::{FromGateway, Head};
use uplion_protocol::error::ApiError;

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Put the ticket into the queue (again).
    Offer,
    Assigned(Assigned),
    Send(WorkerId, FromGateway),
    /// Until when a stream may be written to; none: for as long as it takes.
    WriteUntil(Option<Instant>),
    /// Send the response's headers: a stream follows.
    Begin(Head),
    /// A part of the upstream's answer.
    WriteAnswer(Bytes),
    /// Something of our own between or behind the answer's parts; nobody is charged for it.
    WriteOwn(Bytes),
    /// The stream is over.
    End,
    /// The response as a whole.
    Respond(WholeAnswer),
    Reject(ApiError),
    Settle(Box<Settled>),
    /// The client was not told what the settlement says: this goes to the log instead, for as long as it takes.
    Correct(Correction),
    /// The request is forgotten; its worker may still ask.
    Forget(Option<EndedClaim>),
}

/// What makes the log say what a client was told.
#[derive(Debug, Clone, PartialEq)]
pub enum Correction {
    /// In place of the settlement, should that not be there.
    Settled(Box<Settled>),
    /// Takes the settlement back, should it be there after all.
    Reversed(Box<Reversed>),
}

impl From<Correction> for Envelope {
    fn from(correction: Correction) -> Self {
        match correction {
            Correction::Settled(settled) => Self::settled(*settled),
            Correction::Reversed(reversed) => Self::reversed(*reversed),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeAnswer {
    pub head: Head,
    pub body: Bytes,
    /// What clients are told of another try, if they are told.
    pub should_retry: Option<bool>,
}

/// A claim that is over, and what is said to its worker whenever it repeats a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedClaim {
    pub claim: ClaimId,
    pub worker: WorkerId,
    pub last_reply: LastReply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastReply {
    Settled,
    Drop,
}

impl EndedClaim {
    pub const fn message(self) -> FromGateway {
        let claim = self.claim;
        match self.last_reply {
            LastReply::Settled => FromGateway::Settled { claim },
            LastReply::Drop => FromGateway::Drop { claim },
        }
    }
}
