//! What must hold of the resend buffer, whatever is lost, doubled or overtaken on the way.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uplion_domain::Unit;
use uuid::Uuid;

use super::*;

const WIDE_WINDOW: u64 = 1 << 30;

fn buffer(window: u64) -> SendBuffer {
    SendBuffer::new(ClaimId::new(Uuid::from_u128(7)), window)
}

fn tokens(completion_tokens: u64) -> Usage {
    Usage::default().with(Unit::OUTPUT, completion_tokens)
}

fn bytes(length: usize) -> Bytes {
    vec![b'x'; length].into()
}

fn drain(buffer: &mut SendBuffer, now: Instant) -> Vec<FromWorker> {
    let mut all_sent = 0;
    std::iter::from_fn(|| {
        all_sent += buffer.next_bytes()? as u64;
        buffer.send(now, all_sent)
    })
    .collect()
}

/// From a gateway that has heard everything.
fn credit(
    buffer: &mut SendBuffer,
    now: Instant,
    number: u64,
    received: u64,
    delivered: u64,
) -> bool {
    buffer.credit(now, number, (received, delivered), u64::MAX)
}

/// What is sent again, and nothing new.
fn resent_numbers(buffer: &mut SendBuffer, now: Instant) -> Vec<u64> {
    let sent = drain(buffer, now).into_iter().map(|chunk| match chunk {
        FromWorker::Chunk { number, .. } => number,
        other => panic!("{other:?} is no chunk"),
    });
    sent.collect()
}

#[test]
fn no_more_is_sent_than_the_window_allows() {
    let (mut buffer, now) = (buffer(10), Instant::now());
    buffer.push(None, bytes(25), tokens(1));
    assert_eq!(drain(&mut buffer, now).len(), 2);
    assert_eq!(buffer.sent(), 10);
    credit(&mut buffer, now, 1, 10, 0);
    assert_eq!(buffer.next_bytes(), None);
    credit(&mut buffer, now, 2, 10, 10);
    assert_eq!(drain(&mut buffer, now).len(), 2);
    assert!(!buffer.wants_more());
    buffer.widen(14);
    buffer.widen(1);
    assert_eq!(buffer.next_bytes(), None);
    buffer.widen(15);
    assert_eq!(drain(&mut buffer, now).len(), 1);
}

#[test]
fn no_more_is_kept_than_the_bound() {
    let (mut buffer, now) = (buffer(WIDE_WINDOW), Instant::now());
    buffer.push(None, bytes(1 << 20), tokens(1));
    drain(&mut buffer, now);
    assert_eq!(buffer.sent(), KEPT_BYTES);
    credit(&mut buffer, now, 1, CHUNK_BYTES as u64, 0);
    assert_eq!(drain(&mut buffer, now).len(), 1);
}

#[test]
fn a_chunk_that_stays_missing_for_a_second_is_sent_again_and_only_then() {
    let (mut buffer, start) = (buffer(WIDE_WINDOW), Instant::now());
    buffer.push(None, bytes(3), tokens(1));
    let first = drain(&mut buffer, start);
    credit(&mut buffer, start + RESEND_AFTER / 2, 1, 0, 0);
    assert_eq!(buffer.next_bytes(), None);
    credit(&mut buffer, start + RESEND_AFTER, 2, 0, 0);
    assert_eq!(drain(&mut buffer, start + RESEND_AFTER), first);
    assert_eq!(buffer.next_bytes(), None);
    credit(&mut buffer, start + RESEND_AFTER * 4, 3, 3, 0);
    assert_eq!((buffer.next_bytes(), buffer.resent()), (None, 1));
}

#[test]
fn what_the_gateway_has_not_heard_yet_is_under_way_and_not_sent_again() {
    let (mut buffer, start) = (buffer(WIDE_WINDOW), Instant::now());
    buffer.push(None, bytes(3), tokens(1));
    assert!(buffer.send(start, 1_003).is_some());
    buffer.credit(start + RESEND_AFTER * 60, 1, (0, 0), 1_002);
    assert_eq!(buffer.next_bytes(), None);
    buffer.credit(start + RESEND_AFTER * 61, 2, (0, 0), 1_003);
    assert_eq!(buffer.next_bytes(), Some(3));
}

#[test]
fn what_follows_a_missing_chunk_is_sent_again_with_it_until_a_credit_says_otherwise() {
    let (mut buffer, start) = (buffer(WIDE_WINDOW), Instant::now());
    (1..=4).for_each(|n| buffer.push(None, bytes(10), tokens(n)));
    drain(&mut buffer, start);
    let now = start + RESEND_AFTER;
    credit(&mut buffer, now, 1, 10, 0);
    assert!(matches!(buffer.send(now, 50), Some(FromWorker::Chunk { number: 1, .. })));
    credit(&mut buffer, now, 2, 30, 0);
    assert_eq!(resent_numbers(&mut buffer, now), [3]);
    credit(&mut buffer, now, 3, 40, 0);
    assert_eq!(buffer.next_bytes(), None);
}

#[test]
fn what_stays_missing_is_sent_less_and_less_often_and_at_once_after_something_came() {
    let (mut buffer, start) = (buffer(WIDE_WINDOW), Instant::now());
    (1..=2).for_each(|n| buffer.push(None, bytes(3), tokens(n)));
    drain(&mut buffer, start);
    let resent_at = (1..=40).filter(|second| {
        let now = start + RESEND_AFTER * *second;
        credit(&mut buffer, now, u64::from(*second), 0, 0);
        !drain(&mut buffer, now).is_empty()
    });
    assert_eq!(resent_at.collect::<Vec<_>>(), [1, 3, 7, 15, 23, 31, 39]);
    credit(&mut buffer, start + RESEND_AFTER * 41, 41, 3, 0);
    assert_eq!(resent_numbers(&mut buffer, start + RESEND_AFTER * 41), [1]);
}

#[test]
fn an_old_credit_says_nothing() {
    let (mut buffer, now) = (buffer(WIDE_WINDOW), Instant::now());
    buffer.push(None, bytes(3), tokens(1));
    drain(&mut buffer, now);
    assert!(credit(&mut buffer, now, 2, 3, 3));
    assert!(!credit(&mut buffer, now, 1, 0, 0));
    assert!(!credit(&mut buffer, now, 2, 3, 3));
}

#[test]
fn an_answer_without_bytes_is_sent_again_until_the_end() {
    let (mut buffer, start) = (buffer(WIDE_WINDOW), Instant::now());
    buffer.push(None, Bytes::new(), tokens(1));
    let chunks = drain(&mut buffer, start);
    credit(&mut buffer, start + RESEND_AFTER, 1, 0, 0);
    assert_eq!(drain(&mut buffer, start + RESEND_AFTER), chunks);
}

#[test]
fn a_gateway_that_claims_to_have_more_than_was_sent_is_not_believed() {
    let (mut buffer, now) = (buffer(10), Instant::now());
    credit(&mut buffer, now, 1, u64::MAX, u64::MAX);
    buffer.push(None, bytes(25), tokens(1));
    drain(&mut buffer, now);
    assert_eq!(buffer.sent(), 10);
}

/// As much of a gateway as the buffer can notice.
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
struct Faults {
    fates: Vec<u8>,
    credit_lost: bool,
    reads: usize,
}

fn faults() -> impl Strategy<Value = Faults> {
    let fates = prop::collection::vec(0..5_u8, 8);
    (fates, any::<bool>(), 0..200_000_usize).prop_map(|(fates, credit_lost, reads)| Faults {
        fates,
        credit_lost,
        reads,
    })
}

struct LossyWire {
    buffer: SendBuffer,
    gateway: Gateway,
    late: Vec<FromWorker>,
    now: Instant,
    window: u64,
    all_sent: u64,
}

impl LossyWire {
    fn round(&mut self, faults: &Faults) -> Result<(), TestCaseError> {
        self.now += RESEND_AFTER;
        let mut flying = Vec::new();
        while let Some(bytes) = self.buffer.next_bytes() {
            self.all_sent += bytes as u64;
            flying.extend(self.buffer.send(self.now, self.all_sent));
        }
        let held: u64 = self.buffer.kept.iter().map(|sent| sent.part.bytes.len() as u64).sum();
        prop_assert!(held <= KEPT_BYTES);
        prop_assert!(self.buffer.sent() <= self.gateway.delivered as u64 + self.window);
        let late = std::mem::take(&mut self.late);
        for (n, chunk) in flying.into_iter().enumerate() {
            match faults.fates[n % faults.fates.len()] {
                0 => {}
                1 => self.late.push(chunk),
                2 => [chunk.clone(), chunk].into_iter().for_each(|chunk| self.gateway.take(chunk)),
                _ => self.gateway.take(chunk),
            }
        }
        late.into_iter().rev().for_each(|chunk| self.gateway.take(chunk));
        let Gateway { received, delivered, credits, .. } = &mut self.gateway;
        *delivered = (*delivered + faults.reads).min(received.len());
        *credits += 1;
        if !faults.credit_lost {
            let done = (received.len() as u64, *delivered as u64);
            self.buffer.credit(self.now, *credits, done, self.all_sent);
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
        faulty_rounds in prop::collection::vec(faults(), 0..40),
        window in 1_000..400_000_u64,
    ) {
        let gateway = Gateway::default();
        let answer: Vec<Bytes> = lengths.iter().enumerate().map(|(n, len)| patterned(n, *len)).collect();
        let (late, now) = (Vec::new(), Instant::now());
        let mut wire = LossyWire { buffer: buffer(window), gateway, late, now, window, all_sent: 0 };
        for (n, part) in answer.iter().enumerate() {
            wire.buffer.push(None, part.clone(), tokens(n as u64 + 1));
        }
        for faults in &faulty_rounds {
            wire.round(faults)?;
        }
        let faultless = Faults { fates: vec![4], credit_lost: false, reads: usize::MAX >> 1 };
        let total: usize = lengths.iter().sum();
        // Each round moves a chunk at least, once what is missing was sent again.
        for _ in 0..total / 1_000 + 30 {
            wire.round(&faultless)?;
            if wire.gateway.delivered == total {
                break;
            }
        }
        prop_assert_eq!(wire.gateway.received, answer.concat());
    }
}
