//! What was published and is not acknowledged yet, by number.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::PublishAck;

#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The number of the first slot.
    first: u64,
    /// None: answered.
    slots: VecDeque<Option<oneshot::Sender<PublishAck>>>,
}

impl Pending {
    /// The number to ask under. Somebody waits for it for as long as the receiver lives, and sees that the sender is
    /// dropped if there is no answer.
    pub fn awaited(&mut self, answer: oneshot::Sender<PublishAck>) -> u64 {
        self.slots.push_back(Some(answer));
        self.first + (self.slots.len() as u64 - 1)
    }

    pub fn answer(&mut self, number: u64, answer: Result<PublishAck, String>) {
        let slot = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let waiting = slot.and_then(|at| self.slots.get_mut(at)).and_then(Option::take);
        if let (Some(waiting), Ok(answer)) = (waiting, answer) {
            // Who gave up waiting is gone.
            let _ = waiting.send(answer);
        }
        self.drop_front(Option::is_none);
    }

    /// Nothing that was sent so far will be answered.
    pub fn disconnected(&mut self) {
        self.drop_front(|_| true);
    }

    /// Forgets what nobody waits for any more.
    pub fn sweep(&mut self) {
        self.drop_front(|slot| slot.as_ref().is_none_or(oneshot::Sender::is_closed));
    }

    fn drop_front(&mut self, is_over: impl Fn(&Option<oneshot::Sender<PublishAck>>) -> bool) {
        while self.slots.front().is_some_and(&is_over) {
            self.slots.pop_front();
            self.first += 1;
        }
    }
}
