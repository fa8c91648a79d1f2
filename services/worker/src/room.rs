//! How much this worker may have under way to each gateway, all requests together, and whose turn it is.
//!
//! Whoever has something to send takes room for it, or waits in a line: nobody who sends much goes before one who
//! sends little. The gateway makes room by saying how far it has heard.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uplion_domain::GatewayId;
use uplion_log_transport::claim;

/// Gateways that are remembered. Of those that came and went, nobody needs more than the others' count.
const REMEMBERED: usize = 1_000;
/// A gateway that gives more is not believed.
const MOST: u64 = 1 << 30;

#[derive(Default)]
pub struct Rooms(Mutex<HashMap<GatewayId, Arc<Room>>>);

/// Towards one gateway.
#[derive(Debug)]
pub struct Room {
    /// Bytes that may be sent now; a permit that is used is forgotten.
    free: Arc<Semaphore>,
    sent: AtomicU64,
    until: Mutex<u64>,
}

impl Rooms {
    pub fn of(&self, gateway: GatewayId) -> Arc<Room> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= REMEMBERED && !rooms.contains_key(&gateway) {
            rooms.retain(|_, room| Arc::strong_count(room) > 1);
        }
        Arc::clone(rooms.entry(gateway).or_default())
    }
}

impl Default for Room {
    fn default() -> Self {
        let (free, until) = (Arc::new(Semaphore::new(0)), Mutex::new(0));
        Self { free, sent: AtomicU64::new(0), until }
    }
}

impl Room {
    /// Bytes of all chunks that were sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn hear(&self, said: claim::ConnectionWindow) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let believed = said.until.min(self.sent().saturating_add(MOST));
        if let Some(more) = believed.checked_sub(*until) {
            *until = believed;
            self.free.add_permits(usize::try_from(more).unwrap_or(0));
        }
    }

    fn send(&self, bytes: usize) -> u64 {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64
    }
}

type Waiting = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// One request's place in the line.
pub struct Turn {
    room: Arc<Room>,
    waiting: Option<(usize, Waiting)>,
    came: Option<OwnedSemaphorePermit>,
}

impl Turn {
    pub fn new(room: Arc<Room>) -> Self {
        Self { room, waiting: None, came: None }
    }

    /// Takes room for a message of so many bytes, and says what all messages sent come to with it. None: there is no
    /// room, and the request stands in line for it.
    pub fn take(&mut self, bytes: usize) -> Option<u64> {
        if self.waiting.as_ref().is_some_and(|(wanted, _)| *wanted == bytes) {
            return None;
        }
        self.waiting = None;
        let (free, wanted) = (&self.room.free, u32::try_from(bytes).ok()?);
        let came = self.came.take().filter(|came| came.num_permits() == bytes);
        if let Some(permit) = came.or_else(|| Arc::clone(free).try_acquire_many_owned(wanted).ok())
        {
            permit.forget();
            return Some(self.room.send(bytes));
        }
        let free = Arc::clone(free);
        let waiting = async move { free.acquire_many_owned(wanted).await.ok() };
        self.waiting = Some((bytes, Box::pin(waiting)));
        None
    }

    /// Nothing is to be sent now.
    pub fn leave(&mut self) {
        (self.waiting, self.came) = (None, None);
    }

    /// Returns when it is this request's turn to [take](Self::take). Cancel-safe.
    pub async fn comes(&mut self) {
        match &mut self.waiting {
            Some((_, waiting)) => {
                self.came = waiting.await;
                self.waiting = None;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod spec {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    fn room(until: u64) -> Arc<Room> {
        let room = Arc::<Room>::default();
        room.hear(claim::ConnectionWindow { heard: 0, until });
        room
    }

    #[test]
    fn no_more_is_sent_than_there_is_room_for() {
        let room = room(10);
        let mut turn = Turn::new(Arc::clone(&room));
        assert_eq!((turn.take(6), turn.take(4), turn.take(1)), (Some(6), Some(10), None));
        assert!(turn.comes().now_or_never().is_none());
        room.hear(claim::ConnectionWindow { heard: 6, until: 16 });
        assert!(turn.comes().now_or_never().is_some());
        assert_eq!(turn.take(1), Some(11));
        assert_eq!(room.sent(), 11);
    }

    #[test]
    fn who_waits_goes_before_who_comes() {
        let room = room(10);
        let [mut first, mut second] = [(); 2].map(|()| Turn::new(Arc::clone(&room)));
        assert_eq!(first.take(11), None);
        assert!(first.comes().now_or_never().is_none());
        assert_eq!(second.take(1), None, "it would take what the first waits for");
        room.hear(claim::ConnectionWindow { heard: 0, until: 12 });
        assert!(first.comes().now_or_never().is_some());
        assert_eq!(first.take(11), Some(11));
        assert!(second.comes().now_or_never().is_some());
        assert_eq!(second.take(1), Some(12));
    }

    #[test]
    fn who_leaves_the_line_lets_others_pass() {
        let room = room(10);
        let [mut first, mut second] = [(); 2].map(|()| Turn::new(Arc::clone(&room)));
        assert_eq!(first.take(11), None);
        assert!(first.comes().now_or_never().is_none());
        drop(first);
        assert_eq!(second.take(10), Some(10));
        room.hear(claim::ConnectionWindow { heard: 10, until: 20 });
        let mut third = Turn::new(Arc::clone(&room));
        assert_eq!(third.take(11), None);
        third.leave();
        assert_eq!(second.take(10), Some(20));
    }

    #[test]
    fn a_turn_that_came_and_is_not_used_is_another_ones() {
        let room = room(0);
        let [mut first, mut second] = [(); 2].map(|()| Turn::new(Arc::clone(&room)));
        assert_eq!((first.take(5), second.take(5)), (None, None));
        assert!(first.comes().now_or_never().is_none() && second.comes().now_or_never().is_none());
        room.hear(claim::ConnectionWindow { heard: 0, until: 5 });
        assert!(first.comes().now_or_never().is_some());
        first.leave();
        assert!(second.comes().now_or_never().is_some());
        assert_eq!(second.take(5), Some(5));
    }

    #[test]
    fn a_gateway_that_gives_without_bound_is_not_believed() {
        let room = room(u64::MAX);
        room.hear(claim::ConnectionWindow { heard: u64::MAX, until: u64::MAX });
        assert_eq!(room.free.available_permits() as u64, MOST);
    }

    #[test]
    fn gateways_that_are_gone_are_forgotten() {
        let (rooms, mut held) = (Rooms::default(), Vec::new());
        for n in 0..REMEMBERED as u128 + 10 {
            let room = rooms.of(GatewayId::new(Uuid::from_u128(n)));
            if n < 5 {
                held.push(room);
            }
        }
        assert_eq!(rooms.0.lock().unwrap().len(), 15);
        assert!(Arc::ptr_eq(&held[0], &rooms.of(GatewayId::new(Uuid::from_u128(0)))));
    }
}
