//! Messages that get lost, doubled, late and out of order, as a seed has it: what core NATS may do to them.
//!
//! It stands in front of any implementation, and hurts what is sent through it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use uplion_domain::subject::{Filter, Subject};
use uplion_log_transport::message::{Link, Message, Messages, SendError};

/// How many of a thousand messages suffer what. The rest goes through as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    /// Overtaken by those sent in the next few milliseconds.
    pub overtaken: u64,
    /// By up to `most_late`.
    pub late: u64,
    pub most_late: Duration,
}

impl Faults {
    pub const NONE: Self =
        Self { lost: 0, doubled: 0, overtaken: 0, late: 0, most_late: Duration::ZERO };
    /// Nobody hears anything.
    pub const CUT: Self = Self { lost: 1_000, ..Self::NONE };
    /// Some of everything.
    pub const SOME: Self =
        Self { lost: 50, doubled: 50, overtaken: 100, late: 20, most_late: Duration::from_secs(2) };
}

/// Beyond this, a message that is overtaken is late.
const MOST_OVERTAKEN: Duration = Duration::from_millis(10);

pub struct Faulty {
    inner: Arc<dyn Messages>,
    faults: Mutex<(Faults, Dice)>,
    hurt: AtomicU64,
}

enum Fate {
    Whole,
    Lost,
    Doubled,
    Delayed(Duration),
}

impl Faulty {
    pub fn new(inner: Arc<dyn Messages>, faults: Faults, seed: u64) -> Self {
        Self { inner, faults: Mutex::new((faults, Dice(seed))), hurt: AtomicU64::new(0) }
    }

    /// From now on.
    pub fn inject(&self, faults: Faults) {
        self.faults().0 = faults;
    }

    /// How many messages did not go through as they were: a test that hurt none has shown nothing.
    pub fn hurt(&self) -> u64 {
        self.hurt.load(Ordering::Relaxed)
    }

    fn fate(&self) -> Fate {
        let (faults, dice) = &mut *self.faults();
        let Faults { lost, doubled, overtaken, late, most_late } = *faults;
        let mut roll = dice.below(1_000);
        let mut falls_in = |share: u64| {
            let falls = roll < share;
            roll = roll.saturating_sub(share);
            falls
        };
        if falls_in(lost) {
            Fate::Lost
        } else if falls_in(doubled) {
            Fate::Doubled
        } else if falls_in(overtaken) {
            Fate::Delayed(dice.up_to(MOST_OVERTAKEN))
        } else if falls_in(late) {
            Fate::Delayed(dice.up_to(most_late))
        } else {
            Fate::Whole
        }
    }

    fn faults(&self) -> MutexGuard<'_, (Faults, Dice)> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Messages for Faulty {
    async fn listen(&self, filter: &Filter) -> Result<mpsc::Receiver<Message>, SendError> {
        self.inner.listen(filter).await
    }

    async fn send(&self, subject: &Subject, payload: Bytes) -> Result<(), SendError> {
        let fate = self.fate();
        if !matches!(fate, Fate::Whole) {
            self.hurt.fetch_add(1, Ordering::Relaxed);
        }
        match fate {
            Fate::Whole => self.inner.send(subject, payload).await,
            Fate::Lost => Ok(()),
            Fate::Doubled => {
                self.inner.send(subject, payload.clone()).await?;
                self.inner.send(subject, payload).await
            }
            Fate::Delayed(delay) => {
                let (inner, subject) = (Arc::clone(&self.inner), subject.clone());
                tokio::spawn(async move {
                    sleep(delay).await;
                    // Whoever sent it has gone on long ago.
                    let _ = inner.send(&subject, payload).await;
                });
                Ok(())
            }
        }
    }

    async fn has_listener(&self, subject: &Subject) -> bool {
        self.inner.has_listener(subject).await
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.inner.link()
    }
}

/// splitmix64: the same throws for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(
            self.below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1)),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uplion_domain::GatewayId;
    use uplion_log_transport::in_process::InProcessMessages;

    use super::*;

    const SENT: u32 = 2_000;

    /// How often each message was heard, in the order of the first time.
    async fn heard(faults: Faults, seed: u64) -> (Vec<u32>, BTreeMap<u32, usize>, u64) {
        let messages = Faulty::new(Arc::new(InProcessMessages::default()), faults, seed);
        let gateway = GatewayId::new(uuid::Uuid::from_u128(1));
        let request = uplion_domain::RequestId::new(uuid::Uuid::from_u128(2));
        let subject = Subject::Gateway { gateway, request };
        let mut listener = messages.listen(&Filter::ToGateway(gateway)).await.unwrap();
        for number in 0..SENT {
            let payload = Bytes::copy_from_slice(&number.to_be_bytes());
            messages.send(&subject, payload).await.unwrap();
        }
        let hurt = messages.hurt();
        drop(messages);
        let (mut order, mut times) = (Vec::new(), BTreeMap::new());
        // Ends when the last late message has let go of the listener.
        while let Some(message) = listener.recv().await {
            let number = u32::from_be_bytes(message.payload[..].try_into().unwrap());
            order.push(number);
            *times.entry(number).or_default() += 1;
        }
        (order, times, hurt)
    }

    #[tokio::test]
    async fn without_faults_everything_goes_through_in_order() {
        let (order, _, hurt) = heard(Faults::NONE, 7).await;
        assert_eq!((order, hurt), ((0..SENT).collect(), 0));
    }

    #[tokio::test]
    async fn some_are_lost_doubled_and_out_of_order() {
        let (order, times, hurt) = heard(Faults::SOME, 7).await;
        let (lost, doubled) =
            (SENT as usize - times.len(), times.values().filter(|times| **times == 2).count());
        assert!((50..150).contains(&lost), "{lost} lost");
        assert!((50..150).contains(&doubled), "{doubled} doubled");
        assert!(!order.is_sorted());
        assert!((300..600).contains(&hurt), "{hurt} hurt");
    }

    #[tokio::test]
    async fn the_same_seed_loses_and_doubles_the_same() {
        let (_, times, _) = heard(Faults::SOME, 7).await;
        assert_eq!(heard(Faults::SOME, 7).await.1, times);
        assert_ne!(heard(Faults::SOME, 8).await.1, times);
    }

    #[tokio::test]
    async fn what_is_cut_hears_nothing() {
        let (order, _, hurt) = heard(Faults::CUT, 7).await;
        assert_eq!((order.len(), hurt), (0, u64::from(SENT)));
    }
}
