//! Reading what the projections hold, and waiting until they hold what the reader wants to see.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use uplion_log_store::{
    StoreError,
    archive::Archive,
    quarantine::Quarantine,
    rows::{Copy, Rows},
};
use uplion_log_transport::stream::{Identity, StreamName, Streams};
use uplion_projections::{
    Statement,
    table::{Row, Value},
};

use crate::{
    position::{Position, SeenAt},
    problem::Problem,
};

/// How long a read waits at most if it says so. What asks for longer waits for this, as the description promised once.
const LONGEST_WAIT_MS: u64 = 30_000;
/// How long a read waits for the position that it names.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);
const LOOK_LATER: Duration = Duration::from_millis(50);

/// What a read says with `wait`.
pub fn patience(wait_ms: Option<u64>) -> Duration {
    Duration::from_millis(wait_ms.unwrap_or(0).min(LONGEST_WAIT_MS))
}

#[derive(Clone)]
pub struct Reader {
    pub rows: Arc<dyn Rows>,
    pub archive: Arc<dyn Archive>,
    pub quarantine: Arc<dyn Quarantine>,
    pub streams: Arc<dyn Streams>,
}

/// A place in a stream that the archive should have reached.
#[derive(Debug, Clone, Copy)]
struct StreamPosition {
    stream: StreamName,
    epoch: u32,
    sequence: u64,
}

/// Whether all that had happened is in what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    CaughtUp,
    /// What is missing, for people.
    Behind(String),
}

impl Reader {
    /// `read` is the `from_row` of what the statement answers with.
    pub async fn query<R>(
        &self,
        statement: &'static Statement,
        parameters: &[Value],
        read: fn(Row) -> R,
    ) -> Result<Vec<R>, Problem> {
        match self.rows.query(statement, parameters).await {
            Ok(rows) => Ok(rows.into_iter().map(read).collect()),
            Err(error) => Err(self.unless_unfilled(statement, error).await),
        }
    }

    /// A statement fails in an installation whose projector never ran, or that has another version of a table: after
    /// an upgrade until the new projector has filled its own. Then that is the problem.
    async fn unless_unfilled(&self, statement: &'static Statement, error: StoreError) -> Problem {
        for name in statement.tables() {
            let what = match self.rows.checkpoint(name, Copy::Live).await {
                Ok(None) => Some(never_filled(name)),
                Ok(Some(live)) => other_version(name, live.version),
                Err(_) => None,
            };
            if let Some(what) = what {
                return Problem::unavailable("behind", what);
            }
        }
        error.into()
    }

    /// Waits until the projections have passed the position that the reader names, if it names one.
    pub async fn wait_for(&self, at: Option<SeenAt>, projections: &[&str]) -> Result<(), Problem> {
        match at {
            None => Ok(()),
            Some(SeenAt::Position(position)) => self.wait_for_write(position, projections).await,
            Some(SeenAt::Newest) => {
                let position = self.newest().await?;
                self.wait_for_write(position, projections).await
            }
        }
    }

    /// Where CONTROL ends.
    async fn newest(&self) -> Result<Position, Problem> {
        let identity = self.streams.identity(StreamName::Control);
        let behind = |why: String| Problem::unavailable("behind", why);
        match tokio::time::timeout(PATIENCE, identity).await {
            Ok(Ok(Identity { epoch, last, .. })) => Ok(Position { epoch, sequence: last }),
            Ok(Err(error)) => Err(behind(error.to_string())),
            Err(_) => Err(behind(format!("stream {} does not answer", StreamName::Control))),
        }
    }

    async fn wait_for_write(
        &self,
        Position { epoch, sequence }: Position,
        projections: &[&str],
    ) -> Result<(), Problem> {
        let mark = StreamPosition { stream: StreamName::Control, epoch, sequence };
        if let Some(end) = self.end_before(&mark).await? {
            let detail =
                format!("there is no position control:{epoch}:{sequence}: {end} is the last");
            return Err(Problem::unacceptable("unknown_position", detail));
        }
        match self.wait_until(&[mark], projections, PATIENCE).await? {
            Freshness::CaughtUp => Ok(()),
            Freshness::Behind(what) => Err(Problem::unavailable(
                "behind",
                format!("control:{epoch}:{sequence} is not in what can be read yet: {what}"),
            )),
        }
    }

    /// Where the stream ends, if that is before the mark: nothing was ever answered with such a position, and it would
    /// be waited for in vain. None also if the broker does not say.
    async fn end_before(&self, mark: &StreamPosition) -> Result<Option<Position>, Problem> {
        if self.not_archived(mark).await?.is_none() {
            return Ok(None);
        }
        let identity = tokio::time::timeout(PATIENCE, self.streams.identity(mark.stream)).await;
        let Ok(Ok(Identity { epoch, last, .. })) = identity else { return Ok(None) };
        let end = Position { epoch, sequence: last };
        Ok(((epoch, last) < (mark.epoch, mark.sequence)).then_some(end))
    }

    /// Waits until the projections have passed all that has happened when this is called.
    pub async fn catch_up(
        &self,
        projections: &[&str],
        patience: Duration,
    ) -> Result<Freshness, StoreError> {
        let mut marks = Vec::new();
        for stream in StreamName::ALL {
            match tokio::time::timeout(PATIENCE, self.streams.identity(stream)).await {
                Ok(Ok(identity)) => {
                    marks.push(StreamPosition {
                        stream,
                        epoch: identity.epoch,
                        sequence: identity.last,
                    });
                }
                Ok(Err(error)) => return Ok(Freshness::Behind(error.to_string())),
                Err(_) => return Ok(Freshness::Behind(format!("stream {stream} does not answer"))),
            }
        }
        self.wait_until(&marks, projections, patience).await
    }

    async fn wait_until(
        &self,
        marks: &[StreamPosition],
        projections: &[&str],
        patience: Duration,
    ) -> Result<Freshness, StoreError> {
        let deadline = Instant::now() + patience;
        let mut pause = LOOK;
        let mut archived_at = None;
        loop {
            let Some(behind) = self.missing(marks, projections, &mut archived_at).await? else {
                return Ok(Freshness::CaughtUp);
            };
            if Instant::now() + pause >= deadline {
                return Ok(Freshness::Behind(behind));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_LATER);
        }
    }

    /// What is still to come. `archived_at` is the head of the archive when it was first seen to hold the marks.
    async fn missing(
        &self,
        marks: &[StreamPosition],
        projections: &[&str],
        archived_at: &mut Option<u64>,
    ) -> Result<Option<String>, StoreError> {
        let head = if let Some(head) = *archived_at {
            head
        } else {
            for mark in marks {
                if let Some(missing) = self.not_archived(mark).await? {
                    return Ok(Some(missing));
                }
            }
            *archived_at.insert(self.archive.head().await?)
        };
        for name in projections {
            let checkpoint = self.rows.checkpoint(name, Copy::Live).await?;
            match checkpoint {
                Some(checkpoint) if checkpoint.pos >= head => {}
                Some(checkpoint) => {
                    let why = checkpoint.halted.map(|why| format!(", halted: {why}"));
                    let (at, why) = (checkpoint.pos, why.unwrap_or_default());
                    return Ok(Some(format!("projection {name} is at {at} of {head}{why}")));
                }
                None => return Ok(Some(never_filled(name))),
            }
        }
        Ok(None)
    }

    async fn not_archived(&self, mark: &StreamPosition) -> Result<Option<String>, StoreError> {
        let StreamPosition { stream, epoch, sequence } = *mark;
        if sequence == 0 {
            return Ok(None);
        }
        let archived = self.archive.tail(stream).await?.map(|tail| (tail.epoch, tail.sequence));
        if archived.is_some_and(|tail| tail.0 > epoch || (tail.0 == epoch && tail.1 >= sequence)) {
            return Ok(None);
        }
        let at = archived.map_or(0, |tail| tail.1);
        Ok(Some(format!(
            "the archive has {stream} up to {at} of {sequence}: is a projector running?"
        )))
    }
}

/// None if the version is the one that statements are made for.
fn other_version(projection: &str, live: u32) -> Option<String> {
    let known = uplion_projections::all().iter().find(|known| known.name() == projection)?;
    let version = known.version();
    (version != live).then(|| {
        format!(
            "projection {projection} is filled in version {live}, and read in version {version}: \
             a projector of this release fills it anew"
        )
    })
}

fn never_filled(projection: &str) -> String {
    format!("projection {projection} was never filled: start a projector")
}
