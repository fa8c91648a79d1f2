//! Bodies are read whole before anything is done: none may be large, nor slow, nor all of them together too much.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use poem::Body;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::problem::Problem;

/// Bytes. A command says little.
const LARGEST: usize = 1 << 20;
/// Bytes of all bodies that are being read or answered.
const TOGETHER: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct BodyReader {
    memory: Arc<Semaphore>,
}

/// Room that a body takes, given back when this is dropped.
pub struct BodyPermit(
    #[expect(dead_code, reason = "it is held, not read")] Option<OwnedSemaphorePermit>,
);

impl BodyReader {
    pub fn new() -> Self {
        Self { memory: Arc::new(Semaphore::new(TOGETHER)) }
    }

    pub async fn read(&self, body: Body) -> poem::Result<(Bytes, BodyPermit)> {
        match timeout(PATIENCE, self.gather(body)).await {
            Ok(read) => read,
            Err(_) => Err(Problem::too_slow(PATIENCE).into()),
        }
    }

    /// Takes room for what has arrived, not for what is announced: a caller who only announces takes none.
    async fn gather(&self, body: Body) -> poem::Result<(Bytes, BodyPermit)> {
        let mut chunks = body.into_bytes_stream();
        let (mut gathered, mut held) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
        while let Some(chunk) = chunks.next().await {
            let chunk =
                chunk.map_err(|_| Problem::malformed("the body broke off before its end"))?;
            if gathered.len() + chunk.len() > LARGEST {
                return Err(Problem::too_large(LARGEST).into());
            }
            let size = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            let permit = Arc::clone(&self.memory).try_acquire_many_owned(size).map_err(|_| {
                Problem::unavailable("busy", "too many bodies are being read: try again")
            })?;
            match &mut held {
                Some(held) => held.merge(permit),
                None => held = Some(permit),
            }
            gathered.extend_from_slice(&chunk);
        }
        Ok((gathered.freeze(), BodyPermit(held)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(read: poem::Result<(Bytes, BodyPermit)>) -> Option<u16> {
        read.err().map(|error| error.into_response().status().as_u16())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let slow = Body::from_bytes_stream(futures::stream::pending::<std::io::Result<Bytes>>());
        assert_eq!(status(BodyReader::new().read(slow).await), Some(408));
    }

    #[tokio::test]
    async fn all_bodies_together_take_bounded_room_and_give_it_back() {
        let bodies = BodyReader { memory: Arc::new(Semaphore::new(10)) };
        let (first, held) = bodies.read(Body::from("12345678")).await.unwrap();
        assert_eq!(first, "12345678");
        assert_eq!(status(bodies.read(Body::from("123")).await), Some(503));
        drop(held);
        assert_eq!(status(bodies.read(Body::from("1234567890")).await), None);
        assert_eq!(bodies.memory.available_permits(), 10);
    }

    #[tokio::test]
    async fn a_large_body_is_refused_whether_or_not_it_says_so() {
        let large = vec![b'x'; LARGEST + 1];
        assert_eq!(status(BodyReader::new().read(Body::from(large.clone())).await), Some(413));
        let halves = large.chunks(LARGEST / 2).map(|half| Ok(Bytes::copy_from_slice(half)));
        let halves: Vec<std::io::Result<Bytes>> = halves.collect();
        let streamed = Body::from_bytes_stream(futures::stream::iter(halves));
        assert_eq!(status(BodyReader::new().read(streamed).await), Some(413));
    }
}
