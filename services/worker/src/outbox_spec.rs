//! What must hold of the resend buffer, whatever is lost, doubled or overtaken on the way.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const WIDE: u64 = 1 << 30;

fn outbox(window: u64) -> Outbox {
    Outbox::new(ClaimId::new(Uuid::from_u128(7)), window)
}

fn tokens(completion_tokens: u64) -> Usage {
    Usage { completion_tokens, ..Usage::default() }
}

fn bytes(length: usize) -> Bytes {
    vec![b'x'; length].into()
}

fn drain(outbox: &mut Outbox, now: Instant) -> Vec<FromWorker> {
    std::iter::from_fn(|| outbox.next(now)).collect()
}

#[test]
fn no_more_is_sent_than_the_window_allows() {
    let (mut outbox, now) = (outbox(10), Instant::now());
    outbox.push(None, bytes(25), tokens(1));
    assert_eq!(drain(&mut outbox, now).len(), 1);
    assert_eq!(outbox.sent(), 10);
    outbox.credit(1, 10, 0);
    assert_eq!(outbox.next(now), None);
    outbox.credit(2, 10, 10);
    assert_eq!(drain(&mut outbox, now).len(), 1);
    assert!(!outbox.has_room());
}

#[test]
fn no_more_is_kept_than_the_bound() {
    let (mut outbox, now) = (outbox(WIDE), Instant::now());
    outbox.push(None, bytes(1 << 20), tokens(1));
    drain(&mut outbox, now);
    assert_eq!(outbox.sent(), KEPT_BYTES);
    outbox.credit(1, CHUNK_BYTES as u64, 0);
    assert_eq!(drain(&mut outbox, now).len(), 1);
}

#[test]
fn a_chunk_that_stays_missing_for_a_second_is_sent_again_and_only_then() {
    let (mut outbox, start) = (outbox(WIDE), Instant::now());
    outbox.push(None, bytes(3), tokens(1));
    let first = drain(&mut outbox, start);
    outbox.credit(1, 0, 0);
    assert_eq!(outbox.missing(start + RESEND_AFTER / 2), []);
    outbox.credit(2, 0, 0);
    assert_eq!(outbox.missing(start + RESEND_AFTER), first);
    assert_eq!(outbox.missing(start + RESEND_AFTER), []);
    outbox.credit(3, 3, 0);
    assert_eq!(outbox.missing(start + RESEND_AFTER * 3), []);
}

#[test]
fn an_old_credit_says_nothing() {
    let (mut outbox, now) = (outbox(WIDE), Instant::now());
    outbox.push(None, bytes(3), tokens(1));
    drain(&mut outbox, now);
    assert!(outbox.credit(2, 3, 3));
    assert!(!outbox.credit(1, 0, 0));
    assert!(!outbox.credit(2, 3, 3));
    assert_eq!(outbox.delivered_usage(), tokens(1));
}

#[test]
fn what_is_delivered_in_part_is_not_counted() {
    let (mut outbox, now) = (outbox(WIDE), Instant::now());
    outbox.push(None, bytes(3), tokens(1));
    outbox.push(None, bytes(CHUNK_BYTES + 3), tokens(9));
    drain(&mut outbox, now);
    let all = 6 + CHUNK_BYTES as u64;
    for (number, delivered, counted) in [(1, 2, 0), (2, 3, 1), (3, all - 3, 1), (4, all, 9)] {
        outbox.credit(number, all, delivered);
        assert_eq!(outbox.delivered_usage(), tokens(counted), "{delivered} bytes");
    }
}

#[test]
fn an_answer_without_bytes_is_sent_again_until_the_end() {
    let (mut outbox, start) = (outbox(WIDE), Instant::now());
    outbox.push(None, Bytes::new(), tokens(1));
    let chunks = drain(&mut outbox, start);
    outbox.credit(1, 0, 0);
    assert_eq!(outbox.missing(start + RESEND_AFTER), chunks);
    assert_eq!(outbox.delivered_usage(), Usage::default());
}

#[test]
fn a_gateway_that_claims_to_have_more_than_was_sent_is_not_believed() {
    let (mut outbox, now) = (outbox(10), Instant::now());
    outbox.credit(1, u64::MAX, u64::MAX);
    outbox.push(None, bytes(25), tokens(1));
    drain(&mut outbox, now);
    assert_eq!(outbox.sent(), 10);
}

/// As much of a gateway as the outbox can notice.
#[derive(Default)]
struct Gateway {
    ahead: BTreeMap<u64, Bytes>,
    received: Vec<u8>,
    delivered: usize,
    credits: u64,
}

impl Gateway {
    fn take(&mut self, chunk: FromWorker) {
        let FromWorker::Chunk { offset, bytes, .. } = chunk else {
            panic!("{chunk:?} is no chunk")
        };
        self.ahead.insert(offset, bytes);
        while let Some(bytes) = self.ahead.remove(&(self.received.len() as u64)) {
            self.received.extend_from_slice(&bytes);
        }
    }
}

/// What becomes of the messages of one round: each is lost, doubled, late, or none of it.
#[derive(Debug, Clone)]
struct Weather {
    fates: Vec<u8>,
    credit_lost: bool,
    reads: usize,
}

fn weather() -> impl Strategy<Value = Weather> {
    let fates = prop::collection::vec(0..5_u8, 8);
    (fates, any::<bool>(), 0..200_000_usize).prop_map(|(fates, credit_lost, reads)| Weather {
        fates,
        credit_lost,
        reads,
    })
}

struct Wire {
    outbox: Outbox,
    gateway: Gateway,
    late: Vec<FromWorker>,
    now: Instant,
    window: u64,
}

impl Wire {
    fn round(&mut self, weather: &Weather) -> Result<(), TestCaseError> {
        self.now += RESEND_AFTER;
        let mut flying = drain(&mut self.outbox, self.now);
        flying.extend(self.outbox.missing(self.now));
        let held: u64 = self.outbox.kept.iter().map(|sent| sent.part.bytes.len() as u64).sum();
        prop_assert!(held <= KEPT_BYTES);
        prop_assert!(self.outbox.sent() <= self.gateway.delivered as u64 + self.window);
        let late = std::mem::take(&mut self.late);
        for (n, chunk) in flying.into_iter().enumerate() {
            match weather.fates[n % weather.fates.len()] {
                0 => {}
                1 => self.late.push(chunk),
                2 => [chunk.clone(), chunk].into_iter().for_each(|chunk| self.gateway.take(chunk)),
                _ => self.gateway.take(chunk),
            }
        }
        late.into_iter().rev().for_each(|chunk| self.gateway.take(chunk));
        let Gateway { received, delivered, credits, .. } = &mut self.gateway;
        *delivered = (*delivered + weather.reads).min(received.len());
        *credits += 1;
        if !weather.credit_lost {
            self.outbox.credit(*credits, received.len() as u64, *delivered as u64);
        }
        Ok(())
    }
}

/// Bytes that differ from place to place.
fn patterned(seed: usize, length: usize) -> Bytes {
    (0..length).map(|at| (at * 31 + seed * 7 + at / 251).to_le_bytes()[0]).collect()
}

proptest! {
    #[test]
    fn an_answer_arrives_whole_whatever_the_wire_does(
        lengths in prop::collection::vec(1..200_000_usize, 1..6),
        storm in prop::collection::vec(weather(), 0..40),
        window in 1_000..400_000_u64,
    ) {
        let gateway = Gateway::default();
        let answer: Vec<Bytes> = lengths.iter().enumerate().map(|(n, len)| patterned(n, *len)).collect();
        let (late, now) = (Vec::new(), Instant::now());
        let mut wire = Wire { outbox: outbox(window), gateway, late, now, window };
        for (n, part) in answer.iter().enumerate() {
            wire.outbox.push(None, part.clone(), tokens(n as u64 + 1));
        }
        for weather in &storm {
            wire.round(weather)?;
        }
        let calm = Weather { fates: vec![4], credit_lost: false, reads: usize::MAX >> 1 };
        let total: usize = lengths.iter().sum();
        // Each round moves a chunk at least.
        for _ in 0..total / 1_000 + 10 {
            wire.round(&calm)?;
            if wire.gateway.delivered == total {
                break;
            }
        }
        prop_assert_eq!(wire.gateway.received, answer.concat());
        prop_assert_eq!(wire.outbox.delivered_usage(), tokens(answer.len() as u64));
    }
}
