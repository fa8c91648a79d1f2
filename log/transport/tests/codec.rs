//! Whatever is said on the wire is heard as it was said, and what is none of ours is refused.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use bytes::Bytes;
use proptest::{collection, prelude::*, sample::select};
use uplion_domain::{
    ClaimId, Envelope, GatewayId, KeyId, ModelName, Nanos, Operation, ProjectId, Rates, RequestId,
    Timestamp, Usage, WorkerId,
    id::{Id, Kind},
    model::{Upstream, UpstreamId},
    price::{Pinned, Rule},
    request::{Accepted, AttemptOutcome, Class, Labels, ServiceTier, Size},
    usage::{Source, UsageDialect},
};
use uplion_log_transport::{
    claim::{
        AcceptedEvent, AttemptReport, Conclusion, ConnectionWindow, Credited, End, FromGateway,
        FromWorker, Go, Grant, Head, MAX_UPSTREAM_REQUEST_ID, MAX_UPSTREAM_WORDS, MessageError,
        ReleaseReason, SettleRequest, UpstreamWords,
    },
    log_key::Code,
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
    (units, source, any::<bool>()).prop_map(|(units, source, in_dialect)| {
        let units = units.into_iter().map(|(unit, count)| (unit.parse().unwrap(), count));
        let dialect =
            Some(UsageDialect::X_GROQ).filter(|_| source == Source::Reported && in_dialect);
        Usage { units: units.collect(), source, dialect }
    })
}

fn head() -> impl Strategy<Value = Head> {
    let retry_after_s = proptest::option::of(any::<u32>());
    (any::<u16>(), any::<String>(), retry_after_s).prop_map(
        |(status, content_type, retry_after_s)| Head { status, content_type, retry_after_s },
    )
}

fn words() -> impl Strategy<Value = Box<UpstreamWords>> {
    (head(), bytes()).prop_map(|(head, body)| {
        let Head { status, content_type, retry_after_s } = head;
        Box::new(UpstreamWords { status, content_type, retry_after_s, body })
    })
}

fn upstream_id() -> impl Strategy<Value = UpstreamId> {
    "https://[a-z]{1,9}/v1".prop_map(|url| Upstream::new(url, "demo".parse().unwrap(), 1).id())
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        select(&[End::Complete, End::Broken, End::TooLarge, End::Silent]),
        any::<u16>().prop_map(|status| End::Rejected { status }),
    ]
}

fn attempt() -> impl Strategy<Value = AttemptReport> {
    let upstream = proptest::option::of("https://[a-z]{1,9}/v1");
    let words = (select(&["completed", "unknown", "of_a_later_version"]), any::<bool>());
    let (usage, id) = (proptest::option::of(usage()), proptest::option::of("[ -~]{1,40}"));
    (upstream, words, usage, id).prop_map(|(url, (outcome, flex), usage, upstream_request_id)| {
        let upstream = url.map(|url| Upstream::new(url, "demo".parse().unwrap(), 1).id());
        AttemptReport {
            upstream,
            outcome: outcome.parse().unwrap(),
            usage: usage.map(Usage::told),
            service_tier: flex.then_some(ServiceTier::FLEX),
            upstream_request_id,
        }
    })
}

fn conclusion() -> impl Strategy<Value = Box<Conclusion>> {
    let error = proptest::option::of(any::<String>());
    let conclusion = ((end(), proptest::option::of(attempt())), error);
    conclusion.prop_map(|((end, attempt), error)| {
        Box::new(Conclusion { end, attempt, error: error.map(Into::into) })
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    "[a-z][a-z_]{0,20}".prop_map(|text| text.parse().unwrap())
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
        ReleaseReason::TimedOut,
        ReleaseReason::WorkerFailed,
        ReleaseReason::NoneLeft,
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
        id().prop_map(|worker| FromWorker::AreYouThere { worker }),
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
            proptest::option::of(conclusion())
        )
            .prop_map(
                |(claim, [number, offset, all_sent], head, usage, bytes, conclusion)| {
                    FromWorker::Chunk {
                        claim,
                        number,
                        offset,
                        all_sent,
                        head,
                        usage,
                        conclusion,
                        bytes,
                    }
                }
            ),
        (
            id(),
            reason(),
            number(),
            proptest::option::of(attempt().prop_map(Box::new)),
            proptest::option::of(words())
        )
            .prop_map(|(claim, reason, delay_ms, attempt, words)| {
                FromWorker::Release { claim, reason, delay_ms, attempt, words }
            }),
        (id(), number(), number(), usage(), conclusion()).prop_map(
            |(claim, chunks, sent, usage, conclusion)| {
                FromWorker::Finish { claim, chunks, sent, usage, conclusion }
            }
        ),
        settle(),
    ]
}

fn code() -> impl Strategy<Value = Option<Code>> {
    proptest::option::of(any::<[u8; 36]>().prop_map(|bytes| Code::from_bytes(&bytes)))
}

fn credited() -> impl Strategy<Value = Credited> {
    (any::<[u64; 2]>(), usage(), any::<bool>(), code()).prop_map(
        |([number, delivered], usage, refused, code)| Credited {
            number,
            delivered,
            usage,
            refused,
            code,
        },
    )
}

fn settle() -> impl Strategy<Value = FromWorker> {
    let attempt = proptest::option::of(attempt());
    (id(), id(), accepted(), (code(), credited()), proptest::option::of(usage()), attempt).prop_map(
        |(claim, worker, accepted, (code, credit), whole, attempt)| {
            let accepted = AcceptedEvent::from(&Envelope::accepted(accepted).encode());
            let grant = Grant { claim, accepted, code };
            FromWorker::Settle(Box::new(SettleRequest { worker, grant, credit, whole, attempt }))
        },
    )
}

fn from_gateway() -> impl Strategy<Value = FromGateway> {
    let number = any::<u64>;
    let numbers = any::<[u64; 3]>();
    let parts = (operation(), collection::vec(upstream_id(), 0..4), bytes(), bytes());
    let go = (id(), numbers, connection_window(), parts, accepted(), code()).prop_map(
        |(claim, [left_ms, window, body_len], connection_window, parts, accepted, code)| {
            let (operation, tried, read, body) = parts;
            let accepted = AcceptedEvent::from(&Envelope::accepted(accepted).encode());
            FromGateway::Go(Box::new(Go {
                claim,
                left_ms,
                first_byte_ms: Some(left_ms).filter(|ms| ms % 2 == 0),
                between_chunks_ms: Some(window).filter(|ms| ms % 2 == 0),
                window,
                connection_window,
                operation,
                tried,
                read,
                body_len,
                body,
                accepted,
                code,
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
        id().prop_map(|gateway| FromGateway::Here { gateway }),
        (id(), any::<[u64; 2]>(), connection_window(), credited()).prop_map(
            |(claim, [received, window], connection_window, credited)| FromGateway::Credit {
                claim,
                received,
                window,
                connection_window,
                credited,
            }
        ),
        id().prop_map(|claim| FromGateway::Settled { claim }),
    ]
}

fn ticket() -> impl Strategy<Value = Ticket> {
    (id(), model(), operation(), class(), id(), timestamp()).prop_map(
        |(request, model, operation, class, gateway, deadline)| Ticket {
            request,
            model,
            operation,
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
        conclusion: None,
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

/// The head of a message as it stands on the wire, without its raw bytes.
fn wire_head(message: &[u8]) -> &str {
    let length = u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize;
    std::str::from_utf8(&message[5..5 + length]).unwrap()
}

#[test]
fn an_attempt_is_told_with_the_end_of_its_claim() {
    let claim = ClaimId::new(Uuid::from_u128(7));
    let attempt = AttemptReport {
        usage: Some(Usage::tokens(5, 0, 2, 0, Source::Reported)),
        upstream_request_id: Some("req-9".to_owned()),
        ..AttemptReport::new(None, AttemptOutcome::COMPLETED)
    };
    let usage = Usage::tokens(5, 0, 1, 0, Source::Counted);
    let conclusion =
        Box::new(Conclusion { end: End::Complete, attempt: Some(attempt), error: None });
    let finish = FromWorker::Finish { claim, chunks: 1, sent: 9, usage, conclusion };
    assert_eq!(
        wire_head(&finish.encode()),
        r#"{"finish":{"c":"00000000000000000000000000000007","chunks":1,"sent":9,"u":[{"input":5,"output":1},false],"last":{"end":"complete","attempt":{"outcome":"completed","u":[{"input":5,"output":2},true],"id":"req-9"}}}}"#
    );
    let attempt = Some(Box::new(AttemptReport::new(None, AttemptOutcome::BUSY)));
    let reason = ReleaseReason::Busy;
    let release = FromWorker::Release { claim, reason, delay_ms: 3, attempt, words: None };
    assert_eq!(
        wire_head(&release.encode()),
        r#"{"release":{"c":"00000000000000000000000000000007","reason":"busy","delay_ms":3,"attempt":{"outcome":"busy"}}}"#
    );
}

#[test]
fn an_upstreams_words_come_behind_the_head_of_a_release() {
    let claim = ClaimId::new(Uuid::from_u128(7));
    let words = UpstreamWords {
        status: 503,
        content_type: "text/html".to_owned(),
        retry_after_s: Some(2),
        body: Bytes::from_static(b"<p>later</p>"),
    };
    let (attempt, words) = (None, Some(Box::new(words)));
    let release =
        FromWorker::Release { claim, reason: ReleaseReason::NoneLeft, delay_ms: 0, attempt, words };
    let encoded = release.encode();
    let head = r#"{"release":{"c":"00000000000000000000000000000007","reason":"none_left","delay_ms":0,"words":{"status":503,"content_type":"text/html","retry_after_s":2}}}"#;
    assert_eq!(wire_head(&encoded), head);
    assert_eq!(encoded[5 + head.len()..], *b"<p>later</p>");
}

#[test]
fn an_upstreams_words_are_cut_where_they_are_read() {
    let claim = ClaimId::new(Uuid::from_u128(7));
    let words = UpstreamWords {
        status: 500,
        content_type: "text/plain".to_owned(),
        retry_after_s: None,
        body: vec![b'x'; MAX_UPSTREAM_WORDS + 1].into(),
    };
    let (reason, words) = (ReleaseReason::UpstreamFailed, Some(Box::new(words)));
    let release = FromWorker::Release { claim, reason, delay_ms: 0, attempt: None, words };
    let FromWorker::Release { words: Some(read), .. } =
        FromWorker::decode(release.encode()).unwrap()
    else {
        panic!("a release reads back as one")
    };
    assert_eq!(read.body.len(), MAX_UPSTREAM_WORDS);
}

#[test]
fn what_an_upstream_calls_a_request_is_cut_where_it_is_read() {
    let claim = ClaimId::new(Uuid::from_u128(7));
    let attempt = AttemptReport {
        upstream_request_id: Some("x".repeat(10_000)),
        ..AttemptReport::new(None, AttemptOutcome::COMPLETED)
    };
    let reason = ReleaseReason::Busy;
    let attempt = Some(Box::new(attempt));
    let release = FromWorker::Release { claim, reason, delay_ms: 0, attempt, words: None };
    let FromWorker::Release { attempt: Some(read), .. } =
        FromWorker::decode(release.encode()).unwrap()
    else {
        panic!("a release reads back as one")
    };
    assert_eq!(read.upstream_request_id.unwrap().len(), MAX_UPSTREAM_REQUEST_ID);
}

#[test]
fn go_says_the_operation_and_carries_what_was_read_before_the_body() {
    let go = Go {
        claim: ClaimId::new(Uuid::from_u128(7)),
        left_ms: 1,
        first_byte_ms: None,
        between_chunks_ms: None,
        window: 2,
        connection_window: ConnectionWindow { heard: 3, until: 4 },
        operation: Operation::CHAT_COMPLETION,
        tried: vec![],
        read: Bytes::from_static(b"[2]"),
        body_len: 2,
        body: Bytes::from_static(b"{}"),
        accepted: AcceptedEvent {
            kind: "kind".to_owned(),
            at: Timestamp::from_micros(5),
            payload: Bytes::from_static(b"payload"),
        },
        code: None,
    };
    let encoded = FromGateway::Go(Box::new(go)).encode();
    let head = r#"{"go":{"c":"00000000000000000000000000000007","left_ms":1,"window":2,"cw":[3,4],"operation":"chat_completion","body_len":2,"kind":"kind","at":5,"accepted":7,"read":3}}"#;
    assert_eq!(wire_head(&encoded), head);
    assert_eq!(encoded[5 + head.len()..], *b"payload[2]{}");
}

#[test]
fn go_that_ends_before_its_accepted_event_is_refused() {
    let head = r#"{"go":{"c":"00000000000000000000000000000007","left_ms":1,"window":1,"cw":[0,1],"operation":"chat_completion","body_len":0,"kind":"uplion.request.accepted.v1","at":0,"accepted":3,"read":0}}"#;
    let length = u32::try_from(head.len()).unwrap().to_be_bytes();
    let message = [&[1], &length[..], head.as_bytes(), b"{}"].concat();
    let refused = FromGateway::decode(message.into()).unwrap_err();
    assert!(matches!(refused, MessageError::Frame(_)), "{refused}");
}
