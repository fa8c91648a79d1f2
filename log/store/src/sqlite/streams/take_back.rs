//! After a loss of power: what the streams lost and the archive holds.

use rusqlite::Connection;
use uplion_log_transport::stream::StreamName;

use super::{stream_cache::CachedStream, writing};
use crate::{StoreError, sqlite::archive};

/// The projector counts on streams that do not end before their archive does.
pub fn from_archive(streams: &mut Connection, store: &Connection) -> Result<(), StoreError> {
    let transaction = streams.transaction()?;
    for stream in StreamName::ALL {
        let Some(mut cached) = CachedStream::load(&transaction, stream)? else { continue };
        let Some(tail) = archive::tail(store, stream)? else { continue };
        if tail.created != cached.created || tail.sequence <= cached.last {
            continue;
        }
        for lost in archive::of_stream(store, stream, tail.epoch, cached.last)? {
            if lost.sequence != cached.last + 1 {
                break;
            }
            // Appended under an id that may come again: the streams forgot which ones were.
            let (subject, unique) = (lost.subject.to_string(), true);
            writing::insert(&transaction, &mut cached, stream, &subject, &lost.event, unique)?;
        }
        tracing::warn!(%stream, last = cached.last, "stream.taken_back");
        cached.save(&transaction, stream)?;
    }
    Ok(transaction.commit()?)
}
