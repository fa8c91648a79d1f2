//! What `dev` mends by itself before it serves: its log lies in two files of one folder, and either may have been lost, or
//! put back from an older copy. What the other one knows goes on, and what is lost with it is said.

use anyhow::Result;
use uplion_log_store::{Store, restore};
use uplion_log_transport::{Log, stream::StreamName};
use uplion_projector::{Adopted, adopt_stream};

use crate::cli::note;

/// Changes nothing where both files know the same.
pub async fn heal(log: &Log, store: &Store) -> Result<()> {
    let streams = log.streams.as_ref();
    let events = store.events.as_ref();
    if restore::is_needed(events, streams).await? {
        let taken = restore::restore(events, streams).await?;
        note(&format!(
            "store.db lacked {taken} changes that streams.db holds, and has them again; names, \
             e-mail addresses and passwords of people, and bills of what streams.db does not hold \
             any more, are lost"
        ));
    }
    for stream in StreamName::ALL {
        if let Adopted::From(_) | Adopted::Next(_) =
            adopt_stream(stream, streams, store.archive.as_ref()).await?
        {
            note(&format!(
                "streams.db is not the one that store.db knew: {stream} goes on in a new epoch; \
                 what was not archived of the one before is lost"
            ));
        }
    }
    Ok(())
}
