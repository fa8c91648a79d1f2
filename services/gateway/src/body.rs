//! Reading a client's body: bounded for each request and for all together, copied only if it comes in pieces.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use poem::{
    Body,
    http::{HeaderMap, header},
};
use tokio::time::timeout;
use uplion_openai::error::ApiError;

use crate::memory::{Memory, Reserved};

#[derive(Debug, Clone)]
pub struct Bodies {
    pub memory: Arc<Memory>,
    pub most: u64,
    pub patience: Duration,
    pub retry_after_s: u64,
}

impl Bodies {
    /// The body, and what it holds of the memory.
    pub async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Reserved), ApiError> {
        let mut reserved = self.memory.nothing();
        let announced = length(headers);
        self.reserve(&mut reserved, announced.unwrap_or(0))?;
        let reading = self.gather(announced, body, &mut reserved);
        let bytes = timeout(self.patience, reading).await.map_err(|_| ApiError::Timeout)??;
        Ok((bytes, reserved))
    }

    async fn gather(
        &self,
        announced: Option<u64>,
        body: Body,
        reserved: &mut Reserved,
    ) -> Result<Bytes, ApiError> {
        let mut parts = std::pin::pin!(body.into_bytes_stream());
        // A body that breaks off has nobody left to read the answer.
        let mut next = async || parts.try_next().await.map_err(|_| ApiError::Internal);
        let Some(first) = next().await? else { return Ok(Bytes::new()) };
        let mut length = first.len() as u64;
        if announced == Some(length) {
            return Ok(first);
        }
        self.reserve(reserved, length)?;
        let announced = usize::try_from(announced.unwrap_or(length)).unwrap_or(0);
        let mut whole = BytesMut::with_capacity(announced);
        whole.extend_from_slice(&first);
        while let Some(part) = next().await? {
            length += part.len() as u64;
            self.reserve(reserved, length)?;
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    fn reserve(&self, reserved: &mut Reserved, bytes: u64) -> Result<(), ApiError> {
        if bytes > self.most {
            return Err(ApiError::PayloadTooLarge { max_bytes: self.most });
        }
        if !reserved.grow_to(bytes) {
            return Err(ApiError::Overloaded { retry_after_s: self.retry_after_s });
        }
        Ok(())
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
