//! A place in a stream.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::watch, time::timeout};
use uplion_log_transport::stream::{Cursor, Entry, ReadError, StreamName};

use super::{ENDED, messages, stream_cache::CachedStream};
use crate::sqlite::readers::Readers;

pub struct StreamCursor {
    pub stream: StreamName,
    /// Of the stream that it is a place in.
    pub created: i64,
    pub after: u64,
    pub changes: watch::Receiver<Option<CachedStream>>,
    pub readers: Arc<Readers>,
}

#[async_trait]
impl Cursor for StreamCursor {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Entry>, ReadError> {
        let Some(cached) = self.news(wait).await? else { return Ok(Vec::new()) };
        let (stream, wanted) = (self.stream, self.after + 1);
        if cached.created != self.created {
            return Err(ReadError::Replaced(stream));
        }
        cached.still_holds(stream, wanted)?;
        let entries = messages(&self.readers, stream, self.after, most).await?;
        // Purged between the two looks.
        if let Some(first) = entries.first().map(Entry::sequence)
            && first != wanted
        {
            return Err(ReadError::Purged { stream, wanted, first });
        }
        self.after = entries.last().map_or(self.after, Entry::sequence);
        Ok(entries)
    }
}

impl StreamCursor {
    /// The stream, once it has events behind this place or is another one; none if `wait` passed before.
    async fn news(&mut self, wait: Duration) -> Result<Option<CachedStream>, ReadError> {
        let (stream, created, after) = (self.stream, self.created, self.after);
        let is_news = |cached: &Option<CachedStream>| {
            cached.as_ref().is_none_or(|cached| cached.created != created || cached.last > after)
        };
        match timeout(wait, self.changes.wait_for(is_news)).await {
            Err(_) => Ok(None),
            Ok(Err(_)) => Err(ReadError::Unavailable { stream, reason: ENDED.into() }),
            Ok(Ok(cached)) => cached.clone().ok_or(ReadError::Missing(stream)).map(Some),
        }
    }
}
