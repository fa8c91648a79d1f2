//! What a worker can show of a request whose gateway is gone, so that another gateway settles it: that it was given the
//! request, and what that gateway said last of how much its client has got. Both are signed by the gateway that said
//! them: a worker can repeat them, and change nothing.

use uplion_domain::{ClaimId, Usage};

use super::{AcceptedEvent, wire};
use crate::log_key::{Code, LogKeys, NotAuthentic, Signed};

/// A worker's request to a living gateway: settle in the place of the one that is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct SettleRequest {
    pub worker: uplion_domain::WorkerId,
    pub grant: Grant,
    pub credit: Credited,
    /// Of the whole answer, if the client is refused it. Not signed: it is only used to take back a charge that says the
    /// same.
    pub whole: Option<Usage>,
    pub attempt: Option<super::AttemptReport>,
}

/// What came with `go`.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub claim: ClaimId,
    pub accepted: AcceptedEvent,
    /// None where nothing is signed.
    pub code: Option<Code>,
}

/// What the newest credit said.
#[derive(Debug, Clone, PartialEq)]
pub struct Credited {
    pub number: u64,
    pub delivered: u64,
    /// Of what was delivered.
    pub usage: Usage,
    pub refused: bool,
    pub code: Option<Code>,
}

impl Grant {
    #[must_use]
    pub fn signed(self, keys: Option<&LogKeys>) -> Self {
        let code = keys.map(|keys| keys.sign(&Signed::Voucher(&self.bytes())));
        Self { code, ..self }
    }

    /// None of its own gateway's words are changed by whoever shows it.
    pub fn verify(&self, keys: Option<&LogKeys>) -> Result<(), NotAuthentic> {
        verify(&self.bytes(), self.code, keys)
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { claim, accepted: AcceptedEvent { kind, at, payload }, code: _ } = self;
        let mut bytes = b"grant\0".to_vec();
        bytes.extend_from_slice(claim.uuid().as_bytes());
        bytes.extend_from_slice(&at.micros().to_be_bytes());
        bytes.extend_from_slice(&(kind.len() as u64).to_be_bytes());
        bytes.extend_from_slice(kind.as_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }
}

impl Credited {
    /// Of this claim alone.
    #[must_use]
    pub fn signed(self, claim: ClaimId, keys: Option<&LogKeys>) -> Self {
        let code = keys.map(|keys| keys.sign(&Signed::Voucher(&self.bytes(claim))));
        Self { code, ..self }
    }

    pub fn verify(&self, claim: ClaimId, keys: Option<&LogKeys>) -> Result<(), NotAuthentic> {
        verify(&self.bytes(claim), self.code, keys)
    }

    fn bytes(&self, claim: ClaimId) -> Vec<u8> {
        let Self { number, delivered, usage, refused, code: _ } = self;
        let mut bytes = b"credit\0".to_vec();
        bytes.extend_from_slice(claim.uuid().as_bytes());
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&delivered.to_be_bytes());
        bytes.push(u8::from(*refused));
        bytes.extend_from_slice(&wire::usage(usage));
        bytes
    }
}

fn verify(bytes: &[u8], code: Option<Code>, keys: Option<&LogKeys>) -> Result<(), NotAuthentic> {
    let Some(keys) = keys else { return Ok(()) };
    keys.verify(&Signed::Voucher(bytes), &code.ok_or(NotAuthentic::Unsigned)?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uplion_domain::{Timestamp, usage::Source};
    use uuid::Uuid;

    use super::*;
    use crate::log_key;

    const CLAIM: ClaimId = ClaimId::new(Uuid::from_u128(7));

    fn keys(secret: u8) -> LogKeys {
        log_key::spell([secret; 32]).parse().unwrap()
    }

    fn credited(delivered: u64) -> Credited {
        let usage = Usage::tokens(3, 0, delivered, 0, Source::Counted);
        Credited { number: 4, delivered, usage, refused: false, code: None }
    }

    #[test]
    fn nothing_of_a_credit_can_be_changed() {
        let keys = keys(1);
        let signed = credited(9).signed(CLAIM, Some(&keys));
        assert_eq!(signed.verify(CLAIM, Some(&keys)), Ok(()));
        let usage = credited(10).usage;
        let changed = [
            Credited { number: 5, ..signed.clone() },
            Credited { delivered: 8, ..signed.clone() },
            Credited { refused: true, ..signed.clone() },
            Credited { usage, ..signed.clone() },
        ];
        for changed in changed {
            assert_eq!(changed.verify(CLAIM, Some(&keys)), Err(NotAuthentic::Forged));
        }
        let other = ClaimId::new(Uuid::from_u128(8));
        assert_eq!(signed.verify(other, Some(&keys)), Err(NotAuthentic::Forged));
        let unsigned = Credited { code: None, ..signed };
        assert_eq!(unsigned.verify(CLAIM, Some(&keys)), Err(NotAuthentic::Unsigned));
    }

    #[test]
    fn nothing_of_a_grant_can_be_changed() {
        let keys = keys(1);
        let at = Timestamp::from_micros(5);
        let (kind, payload) = ("uplion.request.accepted.v3".to_owned(), Bytes::from_static(b"{}"));
        let accepted = AcceptedEvent { kind, at, payload };
        let signed = Grant { claim: CLAIM, accepted, code: None }.signed(Some(&keys));
        assert_eq!(signed.verify(Some(&keys)), Ok(()));
        let mut changed = signed.clone();
        changed.accepted.payload = Bytes::from_static(b"[]");
        assert_eq!(changed.verify(Some(&keys)), Err(NotAuthentic::Forged));
        let claim = ClaimId::new(Uuid::from_u128(8));
        let changed = Grant { claim, ..signed };
        assert_eq!(changed.verify(Some(&keys)), Err(NotAuthentic::Forged));
    }
}
