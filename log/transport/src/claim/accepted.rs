//! The `accepted` event that comes with `go`: carried as bytes, because hardly any worker ever has to read it.

use bytes::Bytes;
use serde::de::Error as _;
use uplion_domain::{Envelope, EventId, Timestamp, request::Accepted, wire::Encoded};

use super::MessageError;

/// The request as accepted (model, rates, deadline, project, key), as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEvent {
    pub kind: String,
    pub at: Timestamp,
    /// JSON.
    pub payload: Bytes,
}

impl From<&Encoded> for AcceptedEvent {
    fn from(
        Encoded { id: _, kind, at, traceparent: _, actor: _, request_id: _, payload }: &Encoded,
    ) -> Self {
        Self { kind: kind.clone(), at: *at, payload: Bytes::copy_from_slice(payload) }
    }
}

impl AcceptedEvent {
    pub fn read(&self) -> Result<Accepted, MessageError> {
        let Self { kind, at, payload } = self;
        let encoded = Encoded {
            id: EventId::known("accepted, as told with go"),
            kind: kind.clone(),
            at: *at,
            traceparent: None,
            actor: None,
            request_id: None,
            payload: payload.to_vec(),
        };
        let envelope = Envelope::decode(&encoded)?;
        envelope.event.as_accepted().cloned().ok_or_else(|| {
            let error = format_args!("go with an event of type {kind}");
            MessageError::Malformed(serde_json::Error::custom(error))
        })
    }
}
