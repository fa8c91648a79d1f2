//! What was published and is not acknowledged yet, by number.

use std::collections::VecDeque;

use tokio::{sync::oneshot, time::Instant};

use super::PublishAck;

#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The number of the first slot.
    first: u64,
    slots: VecDeque<Slot>,
    unawaited: usize,
    failures: u64,
    /// Failures that were not logged yet, and why the last of them failed.
    unlogged: u64,
    why: String,
}

#[derive(Debug)]
enum Slot {
    Awaited(oneshot::Sender<PublishAck>),
    Unawaited { until: Instant },
    Answered,
}

impl Pending {
    /// Somebody waits for this one, at most for as long as the receiver lives.
    pub fn awaited(&mut self, answer: oneshot::Sender<PublishAck>) -> u64 {
        self.push(Slot::Awaited(answer))
    }

    pub fn unawaited_until(&mut self, until: Instant) -> u64 {
        self.unawaited += 1;
        self.push(Slot::Unawaited { until })
    }

    pub fn unawaited(&self) -> usize {
        self.unawaited
    }

    pub fn failures(&self) -> u64 {
        self.failures
    }

    pub fn failed(&mut self, why: &str) {
        self.failures += 1;
        self.unlogged += 1;
        why.clone_into(&mut self.why);
    }

    pub fn answer(&mut self, number: u64, answer: Result<PublishAck, String>) {
        let slot = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(slot) = slot.and_then(|at| self.slots.get_mut(at)) {
            let slot = std::mem::replace(slot, Slot::Answered);
            self.settle(slot, answer);
            self.drop_answered();
        }
    }

    /// Nothing that was sent so far will be answered.
    pub fn disconnected(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        self.first += slots.len() as u64;
        for slot in slots {
            self.settle(slot, Err("the connection was lost".into()));
        }
    }

    /// Gives up what is overdue, and says in the log what has failed lately.
    pub fn sweep(&mut self, now: Instant) {
        while let Some(front) = self.slots.front() {
            let over = match front {
                Slot::Awaited(answer) => answer.is_closed(),
                Slot::Unawaited { until } => *until <= now,
                Slot::Answered => true,
            };
            if !over {
                break;
            }
            let slot = self.slots.pop_front().unwrap_or(Slot::Answered);
            self.first += 1;
            self.settle(slot, Err("no answer in time".into()));
        }
        if self.unlogged > 0 {
            tracing::warn!(lost = self.unlogged, reason = %self.why, "stream.append.lost");
            self.unlogged = 0;
        }
    }

    fn push(&mut self, slot: Slot) -> u64 {
        self.slots.push_back(slot);
        self.first + (self.slots.len() as u64 - 1)
    }

    fn settle(&mut self, slot: Slot, answer: Result<PublishAck, String>) {
        match slot {
            Slot::Awaited(waiting) => {
                // Who waits for it sees that it is dropped if there is no answer.
                if let Ok(answer) = answer {
                    let _ = waiting.send(answer);
                }
            }
            Slot::Unawaited { until: _ } => {
                self.unawaited -= 1;
                match answer {
                    Ok(PublishAck::Appended { sequence: _, duplicate: _ }) => {}
                    Ok(PublishAck::Refused { code: _, reason }) | Err(reason) => {
                        self.failed(&reason)
                    }
                    Ok(PublishAck::NoStream) => self.failed("there is no stream"),
                }
            }
            Slot::Answered => {}
        }
    }

    fn drop_answered(&mut self) {
        while let Some(Slot::Answered) = self.slots.front() {
            self.slots.pop_front();
            self.first += 1;
        }
    }
}
