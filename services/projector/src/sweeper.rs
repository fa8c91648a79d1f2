//! The sweeper: ends requests that neither their gateway nor their worker lived to settle.
//!
//! What is overdue is said by TRAFFIC's own time, whatever this machine's clock says. A gateway whose clock is wrong
//! writes deadlines that are, too: so a request also has its whole span since its acceptance was appended.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uplion_domain::{
    Envelope, RequestId, Timestamp, Usage,
    request::{self, Accepted, Failure, Outcome, Settlement, Timings, Writer},
    wire::DecodeError,
};
use uplion_log_store::{Store, archive::Archived, rows::Copy};
use uplion_log_transport::stream::{Condition, Entry, Identity, StreamName, Streams};
use uplion_projections::{requests, table::Value};

use crate::metrics::Metrics;

/// How often it asks whether the projection has come to where the stream ended when it looked.
const PACE: Duration = Duration::from_millis(20);
/// Requests ended in one look.
const MOST: i64 = 500;

pub struct Sweeper {
    pub streams: Arc<dyn Streams>,
    pub store: Store,
    pub every: Duration,
    /// Past the deadline.
    pub after: Duration,
    pub metrics: Metrics,
}

impl Sweeper {
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = stop.cancelled() => return,
            }
            let swept = tokio::select! {
                swept = self.sweep() => swept,
                () = stop.cancelled() => return,
            };
            match swept {
                Ok(0) => {}
                Ok(ended) => tracing::warn!(requests = ended, "projector.sweeper.settled"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "projector.sweeper"),
            }
        }
    }

    /// Ends what is overdue; returns how many.
    pub async fn sweep(&self) -> anyhow::Result<u64> {
        // Asked first: whatever happened before it is among what is looked at.
        let now = self.streams.time(StreamName::Traffic).await?;
        if !self.caught_up().await? {
            return Ok(0);
        }
        let patience = i64::try_from(self.after.as_micros())?;
        let overdue = Timestamp::from_micros(now.micros().saturating_sub(patience));
        let parameters = [Value::BigInt(overdue.micros()), Value::BigInt(MOST)];
        let rows = self.store.rows.query(&requests::UNSETTLED, &parameters).await?;
        let mut ended = 0;
        for row in rows {
            let Some(Value::Text(request)) = row.first() else { continue };
            match self.end(request.parse()?, now, overdue).await {
                Ok(is_news) => ended += u64::from(is_news),
                // The others need not wait until a person has looked at this one.
                Err(error) if error.is::<DecodeError>() => {
                    tracing::error!(request.id = request, %error, "projector.sweeper.unreadable");
                }
                Err(error) => return Err(error),
            }
        }
        self.metrics.swept(ended);
        Ok(ended)
    }

    /// Only with the whole of the stream, as it was when it looked, before its eyes may it say that nobody settled.
    /// Under load the stream always has an end that is not archived yet, so it waits for the one that it saw.
    async fn caught_up(&self) -> anyhow::Result<bool> {
        let seen = self.streams.identity(StreamName::Traffic).await?;
        let started = Instant::now();
        let mut head = None;
        loop {
            if head.is_none() && self.archived(&seen).await? {
                head = Some(self.store.archive.head().await?);
            }
            let folded = self.store.rows.checkpoint(requests::NAME, Copy::Live).await?;
            if let (Some(head), Some(folded)) = (head, folded)
                && folded.pos >= head
            {
                return Ok(true);
            }
            if started.elapsed() >= self.every {
                return Ok(false);
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Not if another stream has taken the place of the one that is archived, wherever that one ended.
    async fn archived(&self, seen: &Identity) -> anyhow::Result<bool> {
        let tail = self.store.archive.tail(StreamName::Traffic).await?;
        Ok(tail.is_some_and(|tail| {
            tail.created == seen.created.micros() && tail.sequence >= seen.last
        }))
    }

    async fn end(
        &self,
        request: RequestId,
        now: Timestamp,
        overdue: Timestamp,
    ) -> anyhow::Result<bool> {
        let Some(history) = self.history(request).await? else { return Ok(false) };
        if self.span_ends(&history).await?.is_some_and(|end| end > overdue) {
            return Ok(false);
        }
        let waited = now.micros().saturating_sub(history.accepted.at.micros());
        let timings =
            Timings { total: u64::try_from(waited).unwrap_or_default(), ..Timings::default() };
        let settled = history.accepted.settle(Settlement {
            outcome: Outcome::Failed(Failure::Unsettled),
            delivered: Usage::default(),
            service_tier: None,
            timings,
            worker: history.worker,
            attempts: vec![],
            writer: Writer::Sweeper,
            at: now,
        });
        let envelope = Envelope::settled(settled);
        let subject = envelope.event.subject();
        // If somebody settled it after all, the archive decides which one was first.
        self.streams.append(&subject, envelope.encode(), Condition::default()).await?;
        Ok(true)
    }

    /// When as much time as its gateway gave the request has passed since its acceptance was appended. None if the
    /// stream does not hold that any more: then it was long ago.
    async fn span_ends(&self, history: &History) -> anyhow::Result<Option<Timestamp>> {
        let Archived { sequence, event, .. } = &history.archived;
        let there = self.streams.get(StreamName::Traffic, *sequence).await?;
        // Another message lies there if the stream was made anew.
        let mut records = there.iter().filter_map(Entry::as_event);
        let appended = records.find(|record| record.event.id == event.id);
        let Accepted { at, deadline, .. } = &history.accepted;
        let span = deadline.micros().saturating_sub(at.micros());
        Ok(appended
            .map(|record| Timestamp::from_micros(record.appended_at.micros().saturating_add(span))))
    }

    /// `None` if the request was never accepted, or is settled in the archive.
    async fn history(&self, request: RequestId) -> anyhow::Result<Option<History>> {
        let mut history: Option<History> = None;
        let mut worker = None;
        let archived = self.store.archive.of_request(request).await?;
        for archived in archived.into_iter().filter(|archived| archived.effective) {
            let envelope = Envelope::decode(&archived.event)?;
            match envelope.event.as_request() {
                Some(request::Event::Accepted(accepted)) => {
                    let accepted = (**accepted).clone();
                    history = Some(History { accepted, archived, worker: None });
                }
                Some(request::Event::Assigned(assigned)) => worker = Some(assigned.worker),
                Some(request::Event::Settled(_)) => return Ok(None),
                Some(
                    request::Event::Reversed(_)
                    | request::Event::Rejected(_)
                    | request::Event::Probed(_),
                )
                | None => {}
            }
        }
        Ok(history.map(|history| History { worker, ..history }))
    }
}

struct History {
    accepted: Accepted,
    /// Its acceptance, as it lies in the archive.
    archived: Archived,
    worker: Option<uplion_domain::WorkerId>,
}
