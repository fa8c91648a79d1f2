//! Reading a client's body: bounded for each request and for all together, copied only if it comes in pieces.

use std::{io, pin::Pin, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt};
use poem::{
    Body,
    http::{HeaderMap, header},
};
use tokio::time::timeout;
use uplion_protocol::error::{ApiError, BadRequest};

use crate::permit::Permit;

#[derive(Debug, Clone)]
pub struct BodyReader {
    pub most: u64,
    pub patience: Duration,
    pub retry_after_s: u64,
}

/// A body on its way in.
pub struct IncomingBody(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>);

/// A rejected client may go on sending for this long; it reads the answer only afterwards.
const DISCARD_FOR: Duration = Duration::from_secs(5);

impl IncomingBody {
    pub fn new(body: Body) -> Self {
        Self(Box::pin(body.into_bytes_stream()))
    }

    /// Of one that breaks off, mostly nobody is left to read the answer.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        self.0.try_next().await.map_err(|_| BadRequest::Broken.into())
    }

    /// Reads what is left, up to `most` bytes, and forgets it: a connection that is closed on unread bytes is
    /// reset, and the client would see that instead of the answer.
    pub async fn discard(&mut self, most: u64) {
        let discarding = async {
            let mut read = 0;
            while let Ok(Some(part)) = self.next().await {
                read += part.len() as u64;
                if read > most {
                    break;
                }
            }
        };
        drop(timeout(DISCARD_FOR, discarding).await);
    }
}

impl BodyReader {
    /// The body; its memory is the permit's.
    pub async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut IncomingBody,
        permit: &mut Permit,
    ) -> Result<Bytes, ApiError> {
        let announced = length(headers);
        self.hold(permit, announced.unwrap_or(0))?;
        let reading = self.gather(announced, body, permit);
        timeout(self.patience, reading).await.map_err(|_| ApiError::Timeout)?
    }

    async fn gather(
        &self,
        announced: Option<u64>,
        body: &mut IncomingBody,
        permit: &mut Permit,
    ) -> Result<Bytes, ApiError> {
        let Some(first) = body.next().await? else { return Ok(Bytes::new()) };
        let mut length = first.len() as u64;
        if announced == Some(length) {
            return Ok(first);
        }
        self.hold(permit, length)?;
        let announced = usize::try_from(announced.unwrap_or(length)).unwrap_or(0);
        let mut whole = BytesMut::with_capacity(announced);
        whole.extend_from_slice(&first);
        while let Some(part) = body.next().await? {
            length += part.len() as u64;
            self.hold(permit, length)?;
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    fn hold(&self, permit: &mut Permit, bytes: u64) -> Result<(), ApiError> {
        if bytes > self.most {
            return Err(ApiError::PayloadTooLarge { max_bytes: self.most });
        }
        if !permit.hold_body(bytes) {
            return Err(ApiError::Overloaded { retry_after_s: self.retry_after_s });
        }
        Ok(())
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
