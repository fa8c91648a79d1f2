//! Whatever is said on the wire is heard as it was said, and what is none of ours is refused.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use bytes::Bytes;
use proptest::{collection, prelude::*, sample::select};
use uplion_domain::{
    ClaimId, Envelope, GatewayId, KeyId, ModelName, Nanos, Operation, ProjectId, Rates, RequestId,
    Timestamp, Usage, WorkerId,
    id::{Id, Kind},
    price::{Pinned, Rule},
    request::{Accepted, Class, Labels, Size},
    usage::Source,
};
use uplion_log_transport::{
    claim::{
        AcceptedEvent, ConnectionWindow, End, FromGateway, FromWorker, Go, Head, MessageError,
        ReleaseReason,
    },
    task::Ticket,
};
use uuid::Uuid;

fn id<K: Kind>() -> impl Strategy<Value = Id<K>> {
    any::<u128>().prop_map(|id| Id::new(Uuid::from_u128(id)))
}

fn bytes() -> impl Strategy<Value = Bytes> {
    any::<Vec<u8>>().prop_map(Bytes::from)
}

fn model() -> impl Strategy<Value = ModelName> {
    "[!#-\\[\\]-~]{1,40}".prop_map(|name| name.parse().unwrap())
}

fn class() -> impl Strategy<Value = Class> {
    select(&[Class::Interactive, Class::Batch])
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn usage() -> impl Strategy<Value = Usage> {
    let source = select(&[Source::Reported, Source::Counted]);
    let units = collection::vec(("[a-z][a-z_]{0,8}", any::<u64>()), 0..6);
    (units, source).prop_map(|(units, source)| {
        let units = units.into_iter().map(|(unit, count)| (unit.parse().unwrap(), count));
        Usage { units: units.collect(), source }
    })
}

fn head() -> impl Strategy<Value = Head> {
    (any::<u16>(), any::<String>()).prop_map(|(status, content_type)| Head { status, content_type })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        select(&[End::Complete, End::Broken, End::TooLarge]),
        any::<u16>().prop_map(|status| End::Rejected { status }),
    ]
}

fn rates() -> impl Strategy<Value = Rates> {
    collection::vec(("[a-z][a-z_]{0,8}", any::<i64>()), 0..6).prop_map(|rates| {
        let rates = rates.into_iter();
        rates.map(|(unit, rate)| (unit.parse().unwrap(), Nanos::new(rate.into()))).collect()
    })
}

fn accepted() -> impl Strategy<Value = Accepted> {
    let ids = (id(), id(), id(), id());
    let rest = (model(), class(), any::<bool>(), rates(), timestamp(), timestamp());
    (ids, rest).prop_map(|(ids, rest)| {
        let (request, project, key, gateway): (RequestId, ProjectId, KeyId, GatewayId) = ids;
        let (model, class, streamed, rates, deadline, at) = rest;
        Accepted {
            request,
            project,
            key,
            model,
            operation: Operation::CHAT_COMPLETION,
            class,
            streamed,
            gateway,
            price: Pinned { price: None, currency: None, rules: vec![Rule::always(rates)] },
            reservation: None,
            size: Size::default(),
            labels: Labels::default(),
            end_user: None,
            hour: at,
            deadline,
            at,
        }
    })
}

fn reason() -> impl Strategy<Value = ReleaseReason> {
    select(&[
        ReleaseReason::Busy,
        ReleaseReason::UpstreamFailed,
        ReleaseReason::Unreachable,
        ReleaseReason::WorkerFailed,
        ReleaseReason::Draining,
    ])
}

fn connection_window() -> impl Strategy<Value = ConnectionWindow> {
    any::<[u64; 2]>().prop_map(|[heard, until]| ConnectionWindow { heard, until })
}

fn from_worker() -> impl Strategy<Value = FromWorker> {
    let number = any::<u64>;
    prop_oneof![
        (id(), id(), number(), number()).prop_map(
            |(claim, worker, delivery, all_sent): (_, WorkerId, _, _)| {
                FromWorker::Claim { claim, worker, delivery, all_sent }
            }
        ),
        (id(), number()).prop_map(|(claim, from)| FromWorker::BodyRequest { claim, from }),
        (id(), number(), number(), number()).prop_map(|(claim, sent, credit, all_sent)| {
            FromWorker::Alive { claim, sent, credit, all_sent }
        }),
        (
            id(),
            any::<[u64; 3]>(),
            proptest::option::of(head()),
            usage(),
            bytes(),
            proptest::option::of(end())
        )
            .prop_map(|(claim, [number, offset, all_sent], head, usage, bytes, end)| {
                FromWorker::Chunk { claim, number, offset, all_sent, head, usage, end, bytes }
            }),
        (id(), reason(), number()).prop_map(|(claim, reason, delay_ms)| {
            FromWorker::Release { claim, reason, delay_ms }
        }),
        (id(), number(), number(), usage(), end()).prop_map(|(claim, chunks, sent, usage, end)| {
            FromWorker::Finish { claim, chunks, sent, usage, end }
        }),
    ]
}

fn from_gateway() -> impl Strategy<Value = FromGateway> {
    let number = any::<u64>;
    let go = (id(), any::<[u64; 3]>(), connection_window(), bytes(), accepted()).prop_map(
        |(claim, [left_ms, window, body_len], connection_window, body, accepted)| {
            let accepted = AcceptedEvent::from(&Envelope::accepted(accepted).encode());
            FromGateway::Go(Box::new(Go {
                claim,
                left_ms,
                window,
                connection_window,
                body_len,
                body,
                accepted,
            }))
        },
    );
    prop_oneof![
        go,
        (id(), number(), bytes()).prop_map(|(claim, from, bytes)| FromGateway::Body {
            claim,
            from,
            bytes
        }),
        (id(), number()).prop_map(|(claim, delay_ms)| FromGateway::Wait { claim, delay_ms }),
        id().prop_map(|claim| FromGateway::Drop { claim }),
        (id(), any::<[u64; 4]>(), connection_window()).prop_map(
            |(claim, [number, received, delivered, window], connection_window)| {
                FromGateway::Credit {
                    claim,
                    number,
                    received,
                    delivered,
                    window,
                    connection_window,
                }
            }
        ),
        id().prop_map(|claim| FromGateway::Settled { claim }),
    ]
}

fn ticket() -> impl Strategy<Value = Ticket> {
    (id(), model(), class(), id(), timestamp()).prop_map(
        |(request, model, class, gateway, deadline)| Ticket {
            request,
            model,
            class,
            gateway,
            deadline,
        },
    )
}

proptest! {
    #[test]
    fn what_a_worker_says_reads_back_as_itself(said in from_worker()) {
        prop_assert_eq!(FromWorker::decode(said.encode()).unwrap(), said);
    }

    #[test]
    fn what_a_gateway_says_reads_back_as_itself(said in from_gateway()) {
        prop_assert_eq!(FromGateway::decode(said.encode()).unwrap(), said);
    }

    #[test]
    fn a_ticket_reads_back_as_itself_and_is_small(ticket in ticket()) {
        let encoded = ticket.encode();
        prop_assert!(encoded.len() < 256, "{} bytes", encoded.len());
        prop_assert_eq!(Ticket::decode(&encoded).unwrap(), ticket);
    }

    #[test]
    fn one_flipped_byte_is_read_or_refused(said in from_worker(), at: prop::sample::Index, by in 1..=u8::MAX) {
        let mut message = said.encode().to_vec();
        let at = at.index(message.len());
        message[at] ^= by;
        let _ = FromWorker::decode(message.into());
    }

    #[test]
    fn foreign_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Ticket::decode(&bytes);
        let _ = FromGateway::decode(bytes.clone().into());
        let _ = FromWorker::decode(bytes.into());
    }
}

#[test]
fn a_chunk_says_little_beside_its_bytes() {
    let chunk = FromWorker::Chunk {
        claim: ClaimId::new(Uuid::from_u128(7)),
        number: 20,
        offset: 4_000,
        all_sent: 70_000,
        head: None,
        usage: Usage::tokens(1_000, 0, 20, 0, Source::Counted),
        end: None,
        bytes: Bytes::from_static(b"data: {}\n\n"),
    };
    let head = r#"{"chunk":{"c":"00000000000000000000000000000007","n":20,"o":4000,"a":70000,"u":[{"input":1000,"output":20},false]}}"#;
    assert_eq!(chunk.encode()[5..], [head.as_bytes(), b"data: {}\n\n"].concat());
}

#[test]
fn an_event_that_is_not_accepted_cannot_pass_for_it() {
    let event = AcceptedEvent {
        kind: "uplion.worker.stopped.v1".to_owned(),
        at: Timestamp::from_micros(7),
        payload: Bytes::from_static(br#"{"worker":"wrk_00000000000000000000000000000007"}"#),
    };
    let refused = event.read().unwrap_err();
    assert!(matches!(refused, MessageError::Malformed(_)), "{refused}");
}

proptest! {
    #[test]
    fn the_accepted_event_reads_back_as_itself(accepted in accepted()) {
        let event = AcceptedEvent::from(&Envelope::accepted(accepted.clone()).encode());
        prop_assert_eq!(event.read().unwrap(), accepted);
    }
}

#[test]
fn go_that_ends_before_its_accepted_event_is_refused() {
    let head = r#"{"go":{"c":"00000000000000000000000000000007","left_ms":1,"window":1,"cw":[0,1],"body_len":0,"kind":"uplion.request.accepted.v1","at":0,"accepted":3}}"#;
    let length = u32::try_from(head.len()).unwrap().to_be_bytes();
    let message = [&[1], &length[..], head.as_bytes(), b"{}"].concat();
    let refused = FromGateway::decode(message.into()).unwrap_err();
    assert!(matches!(refused, MessageError::Frame(_)), "{refused}");
}
