//! After a loss of power: what the streams lost and the archive holds.

use rusqlite::Connection;
use uplion_log_transport::stream::{StreamName, batch};

use super::{stream_cache::CachedStream, writing};
use crate::{StoreError, archive::Archived, sqlite::archive};

/// The projector counts on streams that do not end before their archive does.
pub fn from_archive(streams: &mut Connection, store: &Connection) -> Result<(), StoreError> {
    let transaction = streams.transaction()?;
    for stream in StreamName::ALL {
        let Some(mut cached) = CachedStream::load(&transaction, stream)? else { continue };
        let Some(tail) = archive::tail(store, stream)? else { continue };
        if tail.created != cached.created || tail.sequence <= cached.last {
            continue;
        }
        let lost = archive::of_stream(store, stream, tail.epoch, cached.last)?;
        for message in lost.chunk_by(|one, next| one.sequence == next.sequence) {
            let Some(first) = message.first().map(|first| first.sequence) else { continue };
            fill(&transaction, &mut cached, stream, first - 1)?;
            match stream.batch_subject() {
                Some(subject) => {
                    let events = message.iter().map(|archived| &archived.event);
                    let batch = writing::batch(batch::encode(events, None));
                    let subject = subject.to_string();
                    writing::insert(&transaction, &mut cached, stream, &subject, &batch, false)?;
                }
                None => {
                    for Archived { subject, event, .. } in message {
                        // Appended under an id that may come again: the streams forgot which ones were.
                        let (subject, unique) = (subject.to_string(), true);
                        writing::insert(
                            &transaction,
                            &mut cached,
                            stream,
                            &subject,
                            event,
                            unique,
                        )?;
                    }
                }
            }
        }
        fill(&transaction, &mut cached, stream, tail.sequence)?;
        tracing::warn!(%stream, last = cached.last, "stream.taken_back");
        cached.save(&transaction, stream)?;
    }
    Ok(transaction.commit()?)
}

/// Messages that were set aside are not in the archive, and nobody reads them again: nothing stands in their places.
fn fill(
    streams: &Connection,
    cached: &mut CachedStream,
    stream: StreamName,
    up_to: u64,
) -> Result<(), StoreError> {
    while cached.last < up_to {
        let (subject, nothing) = ("", writing::batch(Vec::new()));
        writing::insert(streams, cached, stream, subject, &nothing, false)?;
    }
    Ok(())
}
