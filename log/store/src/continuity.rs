//! Whether a stream continues what is archived of it: asked before anything is archived, and by whoever says how the
//! log is.

use uplion_log_transport::stream::{Identity, StreamName};

use crate::archive::Tail;

/// Why the archive cannot go on with a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Discontinuity {
    #[error(
        "stream {stream} is not the one that was archived up to {archived} (it was made anew, and ends at {last}): run `uplion log epoch` to go on with it"
    )]
    Replaced { stream: StreamName, archived: u64, last: u64 },
    #[error(
        "stream {stream} lacks events {from} to {to}, which were never archived: run `uplion log epoch` to go on without them"
    )]
    Gap { stream: StreamName, from: u64, to: u64 },
}

/// Where the archive of the stream ends: behind it the stream goes on.
pub fn check(
    stream: StreamName,
    tail: Option<Tail>,
    identity: &Identity,
) -> Result<Tail, Discontinuity> {
    let created = identity.created.micros();
    let Some(tail) = tail else {
        let (epoch, sequence) = (identity.epoch, identity.first.saturating_sub(1));
        return if identity.first <= 1 {
            Ok(Tail { epoch, created, sequence: 0 })
        } else {
            Err(Discontinuity::Gap { stream, from: 1, to: sequence })
        };
    };
    if (tail.created != 0 && tail.created != created) || identity.last < tail.sequence {
        let (archived, last) = (tail.sequence, identity.last);
        return Err(Discontinuity::Replaced { stream, archived, last });
    }
    if identity.first > tail.sequence + 1 {
        let (from, to) = (tail.sequence + 1, identity.first - 1);
        return Err(Discontinuity::Gap { stream, from, to });
    }
    Ok(Tail { created, ..tail })
}

#[cfg(test)]
mod tests {
    use uplion_domain::Timestamp;

    use super::*;

    const STREAM: StreamName = StreamName::Traffic;

    #[test]
    fn an_empty_archive_begins_at_the_stream_s_first_event() {
        let tail = check(STREAM, None, &identity(7, 1, 9)).expect("nothing is missing");
        assert_eq!(tail, Tail { epoch: 1, created: 7, sequence: 0 });
    }

    #[test]
    fn the_same_stream_goes_on_where_the_archive_ends() {
        let archived = Tail { epoch: 1, created: 7, sequence: 5 };
        assert_eq!(check(STREAM, Some(archived), &identity(7, 3, 9)).ok(), Some(archived));
    }

    #[test]
    fn another_stream_under_the_same_name_is_noticed() {
        let archived = Some(Tail { epoch: 1, created: 7, sequence: 5 });
        for other in [identity(8, 1, 9), identity(7, 1, 4)] {
            let found = check(STREAM, archived, &other);
            assert!(matches!(found, Err(Discontinuity::Replaced { .. })));
        }
    }

    #[test]
    fn events_that_were_purged_before_they_were_archived_are_missed() {
        let archived = Some(Tail { epoch: 1, created: 7, sequence: 5 });
        let found = check(STREAM, archived, &identity(7, 8, 9));
        assert!(matches!(found, Err(Discontinuity::Gap { from: 6, to: 7, .. })));
        let found = check(STREAM, None, &identity(7, 8, 9));
        assert!(matches!(found, Err(Discontinuity::Gap { from: 1, .. })));
    }

    fn identity(created: i64, first: u64, last: u64) -> Identity {
        let created = Timestamp::from_micros(created);
        Identity { created, epoch: 1, first, last, bytes: 0, max_bytes: 0 }
    }
}
