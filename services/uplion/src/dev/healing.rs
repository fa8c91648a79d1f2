//! What `dev` mends by itself before it serves: its log lies in two files of one folder, and either may have been lost, or
//! put back from an older copy. What the other one knows goes on, and what is lost with it is said.

use anyhow::Result;
use uplion_log_store::{Store, restore};
use uplion_log_transport::{
    Log,
    stream::{StreamName, Streams},
};
use uplion_projector::{Adopted, adopt_stream};

use crate::cli::note;

/// Changes nothing where both files know the same.
pub async fn heal(log: &Log, store: &Store) -> Result<()> {
    let streams = log.streams.as_ref();
    if is_behind(streams, store).await? {
        let taken = restore::restore(store.events.as_ref(), streams).await?;
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

/// Whether CONTROL ends with a change that the store does not know.
async fn is_behind(streams: &dyn Streams, store: &Store) -> Result<bool> {
    let identity = streams.identity(StreamName::Control).await?;
    if identity.last < identity.first || identity.last == 0 {
        return Ok(false);
    }
    let newest = streams.get(StreamName::Control, identity.last).await?;
    let Some(newest) = newest.last() else { return Ok(false) };
    Ok(store.events.position_of(&newest.event.id).await?.is_none())
}
