//! After a loss of power: what the streams lost and the archive holds.

use rusqlite::Connection;
use uplion_log_transport::stream::StreamName;

use super::{held::Held, writing};
use crate::{StoreError, sqlite::archive};

/// The projector counts on streams that do not end before their archive does.
pub fn from_archive(streams: &mut Connection, store: &Connection) -> Result<(), StoreError> {
    let transaction = streams.transaction()?;
    for stream in StreamName::ALL {
        let Some(mut held) = Held::load(&transaction, stream)? else { continue };
        let Some(tail) = archive::tail(store, stream)? else { continue };
        if tail.created != held.created || tail.sequence <= held.last {
            continue;
        }
        for lost in archive::of_stream(store, stream, tail.epoch, held.last)? {
            if lost.sequence != held.last + 1 {
                break;
            }
            // Appended under an id that may come again: the streams forgot which ones were.
            let (subject, unique) = (lost.subject.to_string(), true);
            writing::insert(&transaction, &mut held, stream, &subject, &lost.event, unique)?;
        }
        tracing::warn!(%stream, last = held.last, "stream.taken_back");
        held.save(&transaction, stream)?;
    }
    Ok(transaction.commit()?)
}
