//! What is not let in, summed by minute and kind: demand that would otherwise leave no trace.
//!
//! At most one event a minute and kind, and not more kinds than [`MOST_KINDS`]: a client that hammers must not fill
//! the log. What is beyond is counted as of no key and no model.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use uplion_domain::{
    Envelope, Event, EventId, GatewayId, KeyId, ModelName, Timestamp,
    request::{self, Rejected, RejectionReason},
};
use uplion_protocol::error::ApiError;
use uuid::Uuid;

/// Of one minute.
const MOST_KINDS: usize = 512;
const MINUTE_MICROS: i64 = 60_000_000;

/// What is known of somebody who asks, before it is let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// None if no key was shown that is known.
    pub key: Option<KeyId>,
    /// None if it is not one that this key may use.
    pub model: Option<ModelName>,
    /// Tokens of the prompt, if the body was read.
    pub estimated_tokens: u64,
}

#[derive(Debug)]
pub struct Rejections {
    gateway: GatewayId,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    /// The start of the minute that is summed up. It never goes back, whatever the clock does.
    minute: Timestamp,
    by_kind: HashMap<Kind, Sum>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    key: Option<KeyId>,
    model: Option<ModelName>,
    reason: RejectionReason,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    estimated_tokens: u64,
}

impl Rejections {
    pub fn new(gateway: GatewayId, now: Timestamp) -> Self {
        let counts = Counts { minute: minute(now), by_kind: HashMap::new() };
        Self { gateway, counts: Mutex::new(counts) }
    }

    /// Counts one. What comes back is of a minute that is over, and to be written.
    #[must_use]
    pub fn count(&self, now: Timestamp, demand: Demand, error: &ApiError) -> Vec<Rejected> {
        let Some(reason) = reason(error) else { return vec![] };
        let over = self.over(now);
        let Demand { key, model, estimated_tokens } = demand;
        let mut counts = self.counts();
        let mut kind = Kind { key, model, reason };
        if counts.by_kind.len() >= MOST_KINDS && !counts.by_kind.contains_key(&kind) {
            kind = Kind { key: None, model: None, reason: kind.reason };
        }
        let sum = counts.by_kind.entry(kind).or_default();
        sum.count += 1;
        sum.estimated_tokens = sum.estimated_tokens.saturating_add(estimated_tokens);
        over
    }

    /// The sums of the minute that was counted last, once it is over.
    #[must_use]
    pub fn over(&self, now: Timestamp) -> Vec<Rejected> {
        let mut counts = self.counts();
        if minute(now) <= counts.minute {
            return vec![];
        }
        let over = self.take(&mut counts, now);
        counts.minute = minute(now);
        over
    }

    /// All that was counted and not written: the gateway leaves, and counts nothing more.
    #[must_use]
    pub fn rest(&self, now: Timestamp) -> Vec<Rejected> {
        self.take(&mut self.counts(), now)
    }

    fn take(&self, counts: &mut Counts, at: Timestamp) -> Vec<Rejected> {
        let (gateway, minute) = (self.gateway, counts.minute);
        let sums = counts.by_kind.drain();
        let rejected =
            sums.map(|(Kind { key, model, reason }, Sum { count, estimated_tokens })| Rejected {
                gateway,
                minute,
                key,
                model,
                reason,
                count,
                estimated_tokens,
                at,
            });
        rejected.collect()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As it is written.
pub fn event(rejected: Rejected) -> Envelope {
    Envelope {
        id: EventId::fresh(Uuid::now_v7()),
        at: rejected.at,
        traceparent: None,
        actor: None,
        request_id: None,
        event: Event::Request(request::Event::Rejected(rejected)),
    }
}

fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(MINUTE_MICROS) * MINUTE_MICROS)
}

/// None for what is no demand: what is not in the API, and a client that went away while it sent its body.
const fn reason(error: &ApiError) -> Option<RejectionReason> {
    match error {
        ApiError::MissingApiKey | ApiError::InvalidApiKey { .. } => {
            Some(RejectionReason::INVALID_KEY)
        }
        ApiError::ModelNotFound { .. } => Some(RejectionReason::MODEL_NOT_FOUND),
        ApiError::BadRequest(_)
        | ApiError::UnsupportedMediaType
        | ApiError::EncodedBody { .. }
        | ApiError::PayloadTooLarge { .. }
        | ApiError::Timeout => Some(RejectionReason::INVALID_REQUEST),
        ApiError::RateLimited { .. } => Some(RejectionReason::RATE_LIMIT),
        ApiError::QueueFull { .. } => Some(RejectionReason::QUEUE_FULL),
        ApiError::Overloaded { .. } => Some(RejectionReason::OVERLOADED),
        ApiError::Unavailable { .. }
        | ApiError::ModelUnavailable { .. }
        | ApiError::DeadlineExceeded { .. }
        | ApiError::UpstreamSilent { .. }
        | ApiError::UpstreamFailed { .. } => Some(RejectionReason::UNAVAILABLE),
        ApiError::RouteNotFound { .. } | ApiError::MethodNotAllowed { .. } | ApiError::Internal => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLOADED: ApiError = ApiError::Overloaded { retry_after_s: 1 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn rejections() -> Rejections {
        Rejections::new(GatewayId::new(Uuid::from_u128(1)), at(0))
    }

    fn demand(key: u128, estimated_tokens: u64) -> Demand {
        let (key, model) = (Some(KeyId::new(Uuid::from_u128(key))), "demo".parse().ok());
        Demand { key, model, estimated_tokens }
    }

    /// How many of which minute, and their tokens.
    fn sums(rejected: &[Rejected]) -> Vec<(i64, u64, u64)> {
        let sum = |r: &Rejected| (r.minute.micros() / 1_000_000, r.count, r.estimated_tokens);
        rejected.iter().map(sum).collect()
    }

    #[test]
    fn those_of_a_minute_and_kind_are_one_event_once_the_minute_is_over() {
        let rejections = rejections();
        for second in 0..60 {
            assert_eq!(rejections.count(at(second), demand(1, 5), &OVERLOADED), []);
        }
        assert_eq!(rejections.over(at(59)), []);
        let over = rejections.over(at(60));
        assert_eq!(sums(&over), [(0, 60, 300)]);
        assert_eq!(over[0].reason, RejectionReason::OVERLOADED);
        assert_eq!((over[0].key, over[0].at), (demand(1, 0).key, at(60)));
        assert_eq!(rejections.over(at(600)), [], "none is no event");
    }

    #[test]
    fn a_rejection_in_the_next_minute_does_not_wait_for_anybody_to_look() {
        let rejections = rejections();
        assert_eq!(rejections.count(at(59), demand(1, 5), &OVERLOADED), []);
        let over = rejections.count(at(61), demand(1, 7), &OVERLOADED);
        assert_eq!(sums(&over), [(0, 1, 5)]);
        assert_eq!(sums(&rejections.over(at(120))), [(60, 1, 7)]);
    }

    #[test]
    fn kinds_are_told_apart_by_key_model_and_reason() {
        let rejections = rejections();
        let (one, other) = (demand(1, 0), Demand { model: None, ..demand(1, 0) });
        let not_found = ApiError::ModelNotFound { model: "other".to_owned() };
        for (demand, error) in [
            (demand(1, 0), &OVERLOADED),
            (demand(2, 0), &OVERLOADED),
            (one, &not_found),
            (other, &not_found),
            (Demand::default(), &ApiError::MissingApiKey),
        ] {
            assert_eq!(rejections.count(at(0), demand, error), []);
        }
        assert_eq!(rejections.over(at(60)).len(), 5);
    }

    #[test]
    fn more_kinds_than_may_be_are_counted_together() {
        let rejections = rejections();
        let many = MOST_KINDS as u128 + 100;
        for key in 0..many {
            assert_eq!(rejections.count(at(0), demand(key, 1), &OVERLOADED), []);
        }
        let over = rejections.over(at(60));
        assert_eq!(over.len(), MOST_KINDS + 1);
        let together = over.iter().find(|rejected| rejected.key.is_none()).unwrap();
        assert_eq!((together.count, together.estimated_tokens), (100, 100));
        assert_eq!(over.iter().map(|rejected| rejected.count).sum::<u64>(), 612);
    }

    #[test]
    fn a_clock_that_goes_back_opens_no_minute_again() {
        let rejections = rejections();
        assert_eq!(rejections.count(at(59), demand(1, 1), &OVERLOADED), []);
        assert_eq!(sums(&rejections.over(at(60))), [(0, 1, 1)]);
        assert_eq!(rejections.count(at(30), demand(1, 1), &OVERLOADED), []);
        assert_eq!(rejections.over(at(59)), []);
        assert_eq!(sums(&rejections.over(at(120))), [(60, 1, 1)]);
    }

    #[test]
    fn whoever_leaves_writes_what_it_has() {
        let rejections = rejections();
        assert_eq!(rejections.count(at(5), demand(1, 1), &OVERLOADED), []);
        assert_eq!(sums(&rejections.rest(at(6))), [(0, 1, 1)]);
        assert_eq!(rejections.rest(at(6)), []);
    }

    #[test]
    fn what_is_not_in_the_api_is_no_demand() {
        let unknown = ApiError::RouteNotFound { method: "GET".to_owned(), path: "/".to_owned() };
        let rejections = rejections();
        assert_eq!(rejections.count(at(0), demand(1, 1), &unknown), []);
        assert_eq!(rejections.rest(at(1)), []);
    }
}
