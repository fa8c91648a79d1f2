//! The worker that holds `go`: when it was last heard, and what it was told of its credit.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;
use uplion_domain::{ClaimId, WorkerId};
use uplion_log_transport::claim::{ConnectionWindow, Credited, FromGateway};

use super::received::ReceivedAnswer;
use crate::live::receive_window::WorkerWindow;

/// Credits closer together than this count as sent with the first of them: a shorter memory, on the safe side.
const CREDITS_APART: Duration = Duration::from_millis(100);
/// Bytes received or delivered that call for a credit before its time: a quarter of what a worker keeps to send again,
/// or of the window if that is smaller.
const CREDIT_STEP: u64 = 64 << 10;
/// A client that has read so many windows is given one twice as large. More than what the kernel takes for a client
/// that reads nothing.
const WINDOWS_READ: u64 = 4;

#[derive(Debug)]
pub struct ActiveClaim {
    pub claim: ClaimId,
    pub worker: WorkerId,
    heard: Instant,
    pub answer: ReceivedAnswer,
    /// The worker's, of all its requests.
    share: Arc<WorkerWindow>,
    /// Bytes that the worker may send beyond what was delivered.
    window: u64,
    /// What was delivered when the window grew last.
    grown_at: u64,
    credit: Credit,
    /// When each credit was sent that was not echoed yet, behind the last that was. Number 0 is `go`.
    sent: VecDeque<(u64, Instant)>,
    /// The place of the gap that was complained about.
    gap: Option<u64>,
    /// The client is told of an error, whatever becomes of the settlement.
    refused: bool,
}

#[derive(Debug, Clone, Copy)]
struct Credit {
    number: u64,
    received: u64,
    delivered: u64,
    at: Instant,
}

impl ActiveClaim {
    pub fn new(
        (claim, worker): (ClaimId, WorkerId),
        share: Arc<WorkerWindow>,
        window: u64,
        now: Instant,
    ) -> Self {
        let credit = Credit { number: 0, received: 0, delivered: 0, at: now };
        Self {
            claim,
            worker,
            heard: now,
            answer: ReceivedAnswer::default(),
            share,
            window,
            grown_at: 0,
            credit,
            sent: VecDeque::from([(0, now)]),
            gap: None,
            refused: false,
        }
    }

    pub fn hear(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The worker has sent this many bytes to this gateway, of all its requests.
    pub fn hear_sent(&self, all_sent: u64) {
        self.share.hear(all_sent);
    }

    /// When it counts as silent.
    pub fn silent_at(&self, silence: Duration) -> Instant {
        self.heard + silence
    }

    pub fn connection_window(&self) -> ConnectionWindow {
        self.share.connection_window()
    }

    /// The worker has seen credit `number`.
    pub fn echo(&mut self, number: u64) {
        while self.sent.get(1).is_some_and(|(later, _)| *later <= number) {
            self.sent.pop_front();
        }
    }

    /// When the newest credit that the worker is known to have seen was sent.
    pub fn echoed_at(&self) -> Instant {
        self.sent.front().map_or(self.heard, |(_, at)| *at)
    }

    pub fn next_credit_at(&self, every: Duration) -> Instant {
        self.credit.at + every
    }

    /// Whether so much happened since the last credit that the worker should hear of it now.
    pub fn owes_credit(&self, delivered: u64) -> bool {
        let step = self.credit_step();
        self.answer.received() - self.credit.received >= step
            || delivered.saturating_sub(self.credit.delivered) >= step
            || self.share.is_owed()
    }

    /// What must be delivered for a credit to be owed.
    pub fn credit_due_at_delivered(&self) -> u64 {
        self.credit.delivered + self.credit_step()
    }

    fn credit_step(&self) -> u64 {
        CREDIT_STEP.min(self.window / 4).max(1)
    }

    pub const fn window(&self) -> u64 {
        self.window
    }

    /// Who reads quickly is sent more ahead, up to `most`.
    fn grow_window(&mut self, delivered: u64, most: u64) {
        let read = delivered.saturating_sub(self.grown_at);
        if self.window < most && read >= self.window * WINDOWS_READ {
            self.window = most.min(self.window * 2);
            self.grown_at = delivered;
        }
    }

    /// Whether this gap is new: one that was complained about waits for the next regular credit.
    pub const fn notice_gap(&mut self) -> bool {
        let at = self.answer.received();
        let known = matches!(self.gap, Some(gap) if gap == at);
        self.gap = Some(at);
        !known
    }

    /// The window grows up to `most_ahead`.
    pub fn credit(&mut self, now: Instant, delivered: u64, most_ahead: u64) -> FromGateway {
        self.grow_window(delivered, most_ahead);
        let number = self.credit.number + 1;
        self.credit = Credit { number, received: self.answer.received(), delivered, at: now };
        if self.sent.back().is_none_or(|(_, last)| now - *last >= CREDITS_APART) {
            self.sent.push_back((number, now));
        }
        let (usage, refused) = (self.answer.delivered_usage().clone(), self.refused);
        FromGateway::Credit {
            claim: self.claim,
            received: self.answer.received(),
            window: self.window,
            connection_window: self.share.connection_window(),
            credited: Credited { number, delivered, usage, refused, code: None },
        }
    }

    /// From now on each credit says so.
    pub const fn refuse(&mut self) {
        self.refused = true;
    }

    /// The gateway itself stood still: what it could not hear is no silence.
    pub fn forgive(&mut self, now: Instant, pause: Duration) {
        self.heard = now.min(self.heard + pause);
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{Usage, usage::Source};
    use uuid::Uuid;

    use super::*;
    use crate::live::receive_window::ReceiveWindow;

    #[test]
    fn a_credit_says_what_was_used_for_what_was_delivered_whole() {
        let now = Instant::now();
        let (claim, worker) = (ClaimId::new(Uuid::nil()), WorkerId::new(Uuid::nil()));
        let share = ReceiveWindow::new(0).share(worker, 0);
        let mut active = ActiveClaim::new((claim, worker), share, 1, now);
        let tokens = |count| Usage::tokens(1, 0, count, 0, Source::Counted);
        for (count, bytes) in [(3, 10), (5, 10)] {
            active.answer.take(None, tokens(count), bytes);
        }
        for (delivered, usage) in [
            (0, Usage::default()),
            (9, Usage::default()),
            (10, tokens(3)),
            (19, tokens(3)),
            (20, tokens(5)),
        ] {
            active.answer.delivered_up_to(delivered);
            let FromGateway::Credit { credited, .. } = active.credit(now, delivered, 1) else {
                panic!("a credit is one")
            };
            assert_eq!((credited.delivered, credited.usage), (delivered, usage));
        }
    }

    #[test]
    fn the_permit_follows_what_was_sent_not_what_was_heard() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (claim, worker) = (ClaimId::new(Uuid::nil()), WorkerId::new(Uuid::nil()));
        let mut active =
            ActiveClaim::new((claim, worker), ReceiveWindow::new(0).share(worker, 0), 1, at(0));
        active.credit(at(1000), 0, 1);
        active.credit(at(1001), 0, 1);
        active.credit(at(2000), 0, 1);
        active.echo(0);
        assert_eq!(active.echoed_at(), at(0));
        active.echo(2);
        assert_eq!(active.echoed_at(), at(1000));
        active.echo(3);
        assert_eq!(active.echoed_at(), at(2000));
        active.echo(1);
        assert_eq!(active.echoed_at(), at(2000));
    }
}
