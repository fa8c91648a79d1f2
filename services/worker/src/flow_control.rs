//! How much this worker may have under way to each gateway, all requests together, and whose permit it is.
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

/// Gateways that are remembered. Of those that granted and went, nobody needs more than the others' count.
const MAX_GATEWAYS: usize = 1_000;
/// A gateway that gives more is not believed.
const MAX_GRANTED: u64 = 1 << 30;

#[derive(Default)]
pub struct SendWindows(Mutex<HashMap<GatewayId, Arc<SendWindow>>>);

/// Towards one gateway.
#[derive(Debug)]
pub struct SendWindow {
    /// Bytes that may be sent now; a permit that is used is forgotten.
    free: Arc<Semaphore>,
    sent: AtomicU64,
    until: Mutex<u64>,
}

impl SendWindows {
    pub fn of(&self, gateway: GatewayId) -> Arc<SendWindow> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MAX_GATEWAYS && !windows.contains_key(&gateway) {
            windows.retain(|_, window| Arc::strong_count(window) > 1);
        }
        Arc::clone(windows.entry(gateway).or_default())
    }
}

impl Default for SendWindow {
    fn default() -> Self {
        let (free, until) = (Arc::new(Semaphore::new(0)), Mutex::new(0));
        Self { free, sent: AtomicU64::new(0), until }
    }
}

impl SendWindow {
    /// Bytes of all chunks that were sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn extend(&self, said: claim::ConnectionWindow) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let believed = said.until.min(self.sent().saturating_add(MAX_GRANTED));
        if let Some(more) = believed.checked_sub(*until) {
            *until = believed;
            self.free.add_permits(usize::try_from(more).unwrap_or(0));
        }
    }

    fn count_sent(&self, bytes: usize) -> u64 {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64
    }
}

type Waiting = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// One request's place in the line.
pub struct SendPermit {
    window: Arc<SendWindow>,
    waiting: Option<(usize, Waiting)>,
    granted: Option<OwnedSemaphorePermit>,
}

impl SendPermit {
    pub fn new(window: Arc<SendWindow>) -> Self {
        Self { window, waiting: None, granted: None }
    }

    /// Takes room for a message of so many bytes, and says what all messages sent come to with it. None: there is no
    /// room, and the request stands in line for it.
    pub fn try_take(&mut self, bytes: usize) -> Option<u64> {
        if self.waiting.as_ref().is_some_and(|(wanted, _)| *wanted == bytes) {
            return None;
        }
        self.waiting = None;
        let (free, wanted) = (&self.window.free, u32::try_from(bytes).ok()?);
        let granted = self.granted.take().filter(|granted| granted.num_permits() == bytes);
        if let Some(permit) =
            granted.or_else(|| Arc::clone(free).try_acquire_many_owned(wanted).ok())
        {
            permit.forget();
            return Some(self.window.count_sent(bytes));
        }
        let free = Arc::clone(free);
        let waiting = async move { free.acquire_many_owned(wanted).await.ok() };
        self.waiting = Some((bytes, Box::pin(waiting)));
        None
    }

    /// Nothing is to be sent now.
    pub fn release(&mut self) {
        (self.waiting, self.granted) = (None, None);
    }

    /// Returns when it is this request's permit to [take](Self::try_take). Cancel-safe.
    pub async fn granted(&mut self) {
        match &mut self.waiting {
            Some((_, waiting)) => {
                self.granted = waiting.await;
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

    fn window(until: u64) -> Arc<SendWindow> {
        let window = Arc::<SendWindow>::default();
        window.extend(claim::ConnectionWindow { heard: 0, until });
        window
    }

    #[test]
    fn no_more_is_sent_than_there_is_room_for() {
        let window = window(10);
        let mut permit = SendPermit::new(Arc::clone(&window));
        assert_eq!(
            (permit.try_take(6), permit.try_take(4), permit.try_take(1)),
            (Some(6), Some(10), None)
        );
        assert!(permit.granted().now_or_never().is_none());
        window.extend(claim::ConnectionWindow { heard: 6, until: 16 });
        assert!(permit.granted().now_or_never().is_some());
        assert_eq!(permit.try_take(1), Some(11));
        assert_eq!(window.sent(), 11);
    }

    #[test]
    fn who_waits_goes_before_who_comes() {
        let window = window(10);
        let [mut first, mut second] = [(); 2].map(|()| SendPermit::new(Arc::clone(&window)));
        assert_eq!(first.try_take(11), None);
        assert!(first.granted().now_or_never().is_none());
        assert_eq!(second.try_take(1), None, "it would take what the first waits for");
        window.extend(claim::ConnectionWindow { heard: 0, until: 12 });
        assert!(first.granted().now_or_never().is_some());
        assert_eq!(first.try_take(11), Some(11));
        assert!(second.granted().now_or_never().is_some());
        assert_eq!(second.try_take(1), Some(12));
    }

    #[test]
    fn who_leaves_the_line_lets_others_pass() {
        let window = window(10);
        let [mut first, mut second] = [(); 2].map(|()| SendPermit::new(Arc::clone(&window)));
        assert_eq!(first.try_take(11), None);
        assert!(first.granted().now_or_never().is_none());
        drop(first);
        assert_eq!(second.try_take(10), Some(10));
        window.extend(claim::ConnectionWindow { heard: 10, until: 20 });
        let mut third = SendPermit::new(Arc::clone(&window));
        assert_eq!(third.try_take(11), None);
        third.release();
        assert_eq!(second.try_take(10), Some(20));
    }

    #[test]
    fn a_turn_that_came_and_is_not_used_is_another_ones() {
        let window = window(0);
        let [mut first, mut second] = [(); 2].map(|()| SendPermit::new(Arc::clone(&window)));
        assert_eq!((first.try_take(5), second.try_take(5)), (None, None));
        assert!(
            first.granted().now_or_never().is_none() && second.granted().now_or_never().is_none()
        );
        window.extend(claim::ConnectionWindow { heard: 0, until: 5 });
        assert!(first.granted().now_or_never().is_some());
        first.release();
        assert!(second.granted().now_or_never().is_some());
        assert_eq!(second.try_take(5), Some(5));
    }

    #[test]
    fn a_gateway_that_gives_without_bound_is_not_believed() {
        let window = window(u64::MAX);
        window.extend(claim::ConnectionWindow { heard: u64::MAX, until: u64::MAX });
        assert_eq!(window.free.available_permits() as u64, MAX_GRANTED);
    }

    #[test]
    fn gateways_that_are_gone_are_forgotten() {
        let (windows, mut held) = (SendWindows::default(), Vec::new());
        for n in 0..MAX_GATEWAYS as u128 + 10 {
            let window = windows.of(GatewayId::new(Uuid::from_u128(n)));
            if n < 5 {
                held.push(window);
            }
        }
        assert_eq!(windows.0.lock().unwrap().len(), 15);
        assert!(Arc::ptr_eq(&held[0], &windows.of(GatewayId::new(Uuid::from_u128(0)))));
    }
}
