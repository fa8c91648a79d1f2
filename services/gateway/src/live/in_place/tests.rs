//! What a worker may have settled, and what it tries in vain.

use uplion_domain::{
    ClaimId, KeyId, Nanos, Operation, ProjectId, Rates, Unit,
    price::{Pinned, Rule},
    request::{Class, Labels, Size},
    usage::Source,
};
use uplion_log_transport::{
    claim::{AcceptedEvent, Credited, Grant},
    log_key,
};
use uuid::Uuid;

use super::*;

const AT: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const CLAIM: ClaimId = ClaimId::new(Uuid::from_u128(5));

fn keys(secret: u8) -> LogKeys {
    log_key::spell([secret; 32]).parse().unwrap()
}

fn tokens(output: u64) -> Usage {
    Usage::tokens(10, 0, output, 0, Source::Counted)
}

fn accepted(request: u128) -> Accepted {
    let rates = Rates::default().with(Unit::OUTPUT, Nanos::new(1_000_000));
    Accepted {
        request: RequestId::new(Uuid::from_u128(request)),
        project: ProjectId::new(Uuid::from_u128(2)),
        key: KeyId::new(Uuid::from_u128(3)),
        model: "m".parse().unwrap(),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: GatewayId::new(Uuid::from_u128(4)),
        price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        hour: AT.hour(),
        deadline: AT.plus_millis(60_000),
        at: AT,
    }
}

/// As the lost gateway signed it.
fn asked(keys: &LogKeys, output: u64, refused: bool) -> SettleRequest {
    let accepted = AcceptedEvent::from(&Envelope::accepted(accepted(1)).encode());
    let grant = Grant { claim: CLAIM, accepted, code: None }.signed(Some(keys));
    let credit = Credited { number: 2, delivered: 9, usage: tokens(output), refused, code: None };
    SettleRequest {
        worker: WorkerId::new(Uuid::from_u128(6)),
        grant,
        credit: credit.signed(CLAIM, Some(keys)),
        whole: refused.then(|| tokens(7)),
        attempt: None,
    }
}

fn request() -> RequestId {
    accepted(1).request
}

#[test]
fn what_was_delivered_is_charged_under_the_rates_of_the_acceptance() {
    let keys = keys(1);
    let asked = asked(&keys, 3, false);
    let found = check(&asked, request(), AT, Some(&keys)).unwrap();
    assert_eq!(found, accepted(1));
    let me = GatewayId::new(Uuid::from_u128(9));
    let events = events(&found, asked, me, AT.plus_millis(12_000));
    let [settled] = &events[..] else { panic!("{events:?}") };
    let settled = settled.event.as_settled().unwrap();
    assert_eq!(settled.outcome, Outcome::Cancelled(Cancelled::GatewayLost));
    assert_eq!((settled.charge, settled.writer), (Nanos::new(3), Writer::Gateway(me)));
    assert_eq!((settled.gateway, settled.timings.total), (Some(accepted(1).gateway), 12_000_000));
}

#[test]
fn whoever_was_told_an_error_is_not_charged() {
    let keys = keys(1);
    let events = events(&accepted(1), asked(&keys, 3, true), accepted(1).gateway, AT);
    let [failed, reversed] = &events[..] else { panic!("{events:?}") };
    let failed = failed.event.as_settled().unwrap();
    assert_eq!(failed.outcome, Outcome::Failed(Failure::Unrecorded));
    assert_eq!(failed.charge, Nanos::ZERO);
    let completed = accepted(1).settle(Settlement {
        outcome: Outcome::Completed,
        delivered: tokens(7),
        service_tier: None,
        timings: Timings::default(),
        worker: None,
        attempts: vec![],
        writer: Writer::Gateway(accepted(1).gateway),
        at: AT,
    });
    assert_eq!(reversed.event.as_reversed(), Some(&completed.reverse(AT)));
}

#[test]
fn nothing_is_believed_that_no_gateway_signed() {
    let (keys, others) = (keys(1), keys(2));
    let good = asked(&keys, 3, false);
    let forged = |change: fn(&mut SettleRequest)| {
        let mut forged = good.clone();
        change(&mut forged);
        check(&forged, request(), AT, Some(&keys))
    };
    let refused = [
        forged(|asked| asked.credit.usage = tokens(1_000)),
        forged(|asked| asked.credit.refused = true),
        forged(|asked| asked.credit.code = None),
        forged(|asked| asked.grant.code = None),
        forged(|asked| asked.grant.claim = ClaimId::new(Uuid::from_u128(8))),
        forged(|asked| {
            let dear = Envelope::accepted(Accepted { deadline: AT, ..accepted(1) }).encode();
            asked.grant.accepted = AcceptedEvent::from(&dear);
        }),
        check(&asked(&others, 3, false), request(), AT, Some(&keys)),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(Refused::NotAuthentic(_))), "{refused:?}");
    }
    let other = check(&good, accepted(2).request, AT, Some(&keys));
    assert!(matches!(other, Err(Refused::Other)), "{other:?}");
}

#[test]
fn half_a_minute_after_its_deadline_it_is_the_sweepers() {
    let keys = keys(1);
    let at = |ms, refused| {
        check(
            &asked(&keys, 3, refused),
            request(),
            accepted(1).deadline.plus_millis(ms),
            Some(&keys),
        )
    };
    assert!(at(30_000, false).is_ok());
    assert!(matches!(at(30_001, false), Err(Refused::Late)));
    assert!(at(600_000, true).is_ok(), "that nothing is charged harms nobody");
}
