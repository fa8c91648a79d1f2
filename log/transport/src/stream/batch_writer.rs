//! Group commit: events of one process that wait for the same stream become one message, and one acknowledgement.
//!
//! An urgent event, for which somebody waits, leaves at once if nothing is on its way, and takes along all that waits.
//! Otherwise it goes when the message before it is acknowledged. What nobody waits for goes along with the next
//! message, or by itself after [`LONGEST_WAIT`]. With one message on its way at a time, what one caller appends
//! arrives in the order of its calls.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout_at},
};
use uplion_domain::wire::Encoded;

use super::{
    AppendError, Appended, StreamName, WriteTrouble,
    batch::{BatchBuilder, MAX_BATCH_BYTES, Seal},
};

/// How long an event waits for company that nobody waits for.
const LONGEST_WAIT: Duration = Duration::from_millis(1);
/// Events that wait; one more is refused.
const MAX_WAITING: usize = 32 * 1024;
/// Bytes of events that wait.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// Losses are logged at most so often; the line says how many there were.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// What messages are appended to.
#[async_trait]
pub trait BatchSink: Send + Sync {
    /// Returns once the message is durable.
    async fn append_message(&self, stream: StreamName, batch: Bytes) -> Result<u64, AppendError>;
}

/// Of one stream and one process.
pub struct BatchWriter {
    shared: Arc<Shared>,
}

/// Events that nobody waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchStats {
    /// That no stream has.
    pub lost: u64,
    /// That are not acknowledged yet.
    pub under_way: usize,
}

struct Shared {
    stream: StreamName,
    /// Under what its messages are signed; none where they are not.
    seal: Option<Seal>,
    sink: Arc<dyn BatchSink>,
    queue: Mutex<Queue>,
    /// Something urgent came.
    hurry: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    urgent: usize,
    /// A task is at it.
    driven: bool,
    unawaited: usize,
    losses: Losses,
    failing: Option<Failing>,
}

/// Messages fail, and none has succeeded since.
struct Failing {
    since: Instant,
    reason: String,
}

struct Waiting {
    /// Canonical bytes.
    event: Vec<u8>,
    since: Instant,
    /// None if nobody waits.
    answer: Option<oneshot::Sender<Result<Appended, AppendError>>>,
}

#[derive(Default)]
struct Losses {
    count: u64,
    unlogged: u64,
    logged: Option<Instant>,
}

/// Who waits for each event of a message.
type Answers = Vec<Option<oneshot::Sender<Result<Appended, AppendError>>>>;

impl BatchWriter {
    pub fn new(stream: StreamName, seal: Option<Seal>, sink: Arc<dyn BatchSink>) -> Self {
        let (queue, hurry) = (Mutex::default(), Notify::new());
        Self { shared: Arc::new(Shared { stream, seal, sink, queue, hurry }) }
    }

    /// Returns once the event is durable. After [`AppendError::Unacknowledged`] it may be there all the same: appended
    /// again it may stand there twice, of which the first counts.
    pub async fn append(&self, event: &Encoded) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(event, Some(answer))?;
        self.shared.hurry.notify_one();
        answered.await.unwrap_or_else(|_| {
            let (stream, reason) = (self.shared.stream, "its writer has ended".into());
            Err(AppendError::Unacknowledged { stream, reason })
        })
    }

    /// For events whose loss harms nobody because a later one says it again. Losses are counted and logged.
    pub fn append_soon(&self, event: &Encoded) {
        if let Err(error) = self.enqueue(event, None) {
            self.shared.queue().lost(self.shared.stream, 1, &error);
        }
    }

    pub fn stats(&self) -> BatchStats {
        let queue = self.shared.queue();
        BatchStats { lost: queue.losses.count, under_way: queue.unawaited }
    }

    /// Why no message arrives; none if the last one did.
    pub fn trouble(&self) -> Option<WriteTrouble> {
        self.shared.queue().failing.as_ref().map(|Failing { since, reason }| WriteTrouble {
            lasting: since.elapsed(),
            reason: reason.clone(),
        })
    }

    fn enqueue(
        &self,
        event: &Encoded,
        answer: Option<oneshot::Sender<Result<Appended, AppendError>>>,
    ) -> Result<(), AppendError> {
        let (stream, event) = (self.shared.stream, event.to_canonical());
        if event.len() > MAX_BATCH_BYTES {
            return Err(AppendError::TooLarge { stream, bytes: event.len() });
        }
        let mut queue = self.shared.queue();
        if queue.waiting.len() >= MAX_WAITING || queue.bytes + event.len() > MAX_WAITING_BYTES {
            let reason = "too many events wait for it".into();
            return Err(AppendError::Unavailable { stream, reason });
        }
        queue.bytes += event.len();
        queue.urgent += usize::from(answer.is_some());
        queue.unawaited += usize::from(answer.is_none());
        queue.waiting.push_back(Waiting { event, since: Instant::now(), answer });
        if !std::mem::replace(&mut queue.driven, true) {
            drop(queue);
            tokio::spawn(drive(Arc::clone(&self.shared)));
        }
        Ok(())
    }
}

/// Until nothing waits any more.
async fn drive(shared: Arc<Shared>) {
    while shared.gathered().await {
        let gathered = shared.queue().next_message(shared.seal.as_ref());
        let Some((batch, answers)) = gathered else { continue };
        // Signed without the lock: whoever appends meanwhile does not wait for it.
        let payload = batch.build();
        let appended = shared.sink.append_message(shared.stream, payload).await;
        shared.answer(answers, &appended);
    }
}

impl Shared {
    /// Waits until a message should go; false if nothing waits, and the task that asks must end.
    async fn gathered(&self) -> bool {
        loop {
            let until = {
                let mut queue = self.queue();
                let Some(oldest) = queue.waiting.front().map(|oldest| oldest.since) else {
                    queue.driven = false;
                    return false;
                };
                if queue.urgent > 0 {
                    return true;
                }
                oldest + LONGEST_WAIT
            };
            if timeout_at(until, self.hurry.notified()).await.is_err() {
                return true;
            }
        }
    }

    fn answer(&self, answers: Answers, appended: &Result<u64, AppendError>) {
        let mut unawaited = 0;
        for answer in answers {
            match answer {
                // Nobody listens any more if the caller was dropped.
                Some(answer) => drop(answer.send(
                    appended.clone().map(|sequence| Appended { sequence, duplicate: false }),
                )),
                None => unawaited += 1,
            }
        }
        let mut queue = self.queue();
        queue.unawaited -= unawaited;
        queue.note(appended.as_ref().err());
        if let Err(error) = appended
            && unawaited > 0
        {
            queue.lost(self.stream, unawaited, error);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// As much of what waits as goes into one message.
    fn next_message(&mut self, seal: Option<&Seal>) -> Option<(BatchBuilder, Answers)> {
        let (mut batch, mut answers) = (BatchBuilder::new(seal.cloned()), Vec::new());
        while let Some(next) = self.waiting.front()
            && batch.has_room_for(next.event.len())
        {
            let Waiting { event, answer, since: _ } = self.waiting.pop_front()?;
            batch.push(&event);
            self.bytes -= event.len();
            self.urgent -= usize::from(answer.is_some());
            answers.push(answer);
        }
        (!answers.is_empty()).then_some((batch, answers))
    }

    fn note(&mut self, failed: Option<&AppendError>) {
        self.failing = failed.map(|error| Failing {
            since: self.failing.as_ref().map_or_else(Instant::now, |failing| failing.since),
            reason: error.to_string(),
        });
    }

    fn lost(&mut self, stream: StreamName, events: usize, error: &AppendError) {
        let Losses { count, unlogged, logged } = &mut self.losses;
        *count += events as u64;
        *unlogged += events as u64;
        if logged.is_none_or(|logged| logged.elapsed() > LOG_EVERY) {
            tracing::warn!(%stream, lost = *unlogged, %error, "stream.append.lost");
            (*unlogged, *logged) = (0, Some(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests;
