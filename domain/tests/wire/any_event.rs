//! Every event that can be, at random.

use std::collections::BTreeMap;

use proptest::{collection, option, prelude::*, sample::select};
use uplion_domain::{
    AdminKeyId, Budget, ClaimId, EndUserDigest, Envelope, Event, EventId, GatewayId,
    InstallationId, KeyDigest, KeyId, Limits, ModelName, Nanos, PriceId, ProjectId, Rates,
    RequestId, SessionId, Timestamp, Unit, Usage, UserId, WorkerId, admin_key,
    api_key::{self, Models, Quota, Terms},
    budget::Period,
    installation::{self, Currency},
    model::{self, Credential, Kind, ServingTerms, StreamOptions, Upstream, UpstreamId},
    price::{self, Pinned, Rule, TimeOfDay, When},
    project::{self, Role},
    request::{
        self, Accepted, Assigned, Attempt, Cancelled, Class, Failure, Labels, Outcome, Probed,
        Rejected, Reservation, Settled, Settlement, Size, Timings, UsageBound, Writer,
    },
    session,
    usage::Source,
    user::{self, Access, SignIn},
    word::{Kind as WordKind, Word},
    worker::{self, About, FailureReason},
};
use uuid::Uuid;

pub const SECRET: &str = "sk-uplion-secret";

pub fn any_envelope() -> impl Strategy<Value = Envelope> {
    (
        any_time(),
        option::of("[0-9a-f-]{55}"),
        option::of("usr_[0-9a-f]{32}"),
        option::of("[0-9a-f]{32}"),
        any_uuid(),
    )
        .prop_flat_map(|(at, traceparent, actor, request_id, id)| {
            any_event(at).prop_map(move |event| Envelope {
                id: EventId::fresh(id),
                at,
                traceparent: traceparent.clone(),
                actor: actor.clone(),
                request_id: request_id.clone(),
                event,
            })
        })
}

fn any_event(at: Timestamp) -> BoxedStrategy<Event> {
    prop_oneof![
        (any_uuid(), any_founded(at))
            .prop_map(|(id, event)| Event::Installation(InstallationId::new(id), event)),
        (any_uuid(), any_project(at))
            .prop_map(|(id, event)| Event::Project(ProjectId::new(id), event)),
        (any_uuid(), any_api_key(at)).prop_map(|(id, event)| Event::ApiKey(KeyId::new(id), event)),
        (any_name(), any_model(at)).prop_map(|(name, event)| Event::Model(name, event)),
        (any_uuid(), any_price(at)).prop_map(|(id, event)| Event::Price(PriceId::new(id), event)),
        (any_uuid(), any_user(at)).prop_map(|(id, event)| Event::User(UserId::new(id), event)),
        (any_uuid(), any_session(at))
            .prop_map(|(id, event)| Event::Session(SessionId::new(id), event)),
        (any_uuid(), any_admin_key(at))
            .prop_map(|(id, event)| Event::AdminKey(AdminKeyId::new(id), event)),
        any_request(at).prop_map(Event::Request).boxed(),
        any_worker(at).prop_map(Event::Worker),
    ]
    .boxed()
}

fn any_request(at: Timestamp) -> BoxedStrategy<request::Event> {
    prop_oneof![
        any_accepted(at).prop_map(|accepted| request::Event::Accepted(Box::new(accepted))),
        any_assigned(at).prop_map(request::Event::Assigned),
        any_settled(at).prop_map(|settled| request::Event::Settled(Box::new(settled))),
        any_settled(at)
            .prop_map(move |settled| request::Event::Reversed(Box::new(settled.reverse(at)))),
        any_rejected(at).prop_map(request::Event::Rejected),
        any_uuid()
            .prop_map(GatewayId::new)
            .prop_map(move |gateway| { request::Event::Probed(Probed { gateway, at }) }),
    ]
    .boxed()
}

fn any_founded(at: Timestamp) -> impl Strategy<Value = installation::Event> {
    let zone = select(vec!["UTC", "Europe/Berlin", "Etc/GMT+5"]);
    (any_currency(), any::<u8>(), zone).prop_map(move |(currency, minor_digits, zone)| {
        let time_zone = zone.parse().unwrap();
        installation::Event::Founded { currency, minor_digits, time_zone, at }
    })
}

fn any_currency() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_map(|code| code.parse().unwrap())
}

fn any_word<K: WordKind>() -> impl Strategy<Value = Word<K>> {
    let known = select(K::KNOWN.to_vec()).prop_map(str::to_owned);
    prop_oneof![known, "[a-z][a-z0-9_]{0,31}"].prop_map(|text| text.parse().unwrap())
}

fn any_project(at: Timestamp) -> impl Strategy<Value = project::Event> {
    let user = || any_uuid().prop_map(UserId::new);
    let role = || select(Role::ALL.to_vec());
    prop_oneof![
        ".{1,40}".prop_map(move |name| project::Event::Created { name, at }),
        ".{1,40}".prop_map(move |name| project::Event::Renamed { name, at }),
        (user(), role()).prop_map(move |(user, role)| project::Event::MemberAdded {
            user,
            role,
            at
        }),
        (user(), role()).prop_map(move |(user, role)| project::Event::MemberRoleChanged {
            user,
            role,
            at
        }),
        user().prop_map(move |user| project::Event::MemberRemoved { user, at }),
        option::of(any_budget())
            .prop_map(move |budget| project::Event::BudgetChanged { budget, at }),
        any_limits().prop_map(move |limits| project::Event::LimitsChanged { limits, at }),
        Just(project::Event::Suspended { at }),
        Just(project::Event::Resumed { at }),
        Just(project::Event::Closed { at }),
    ]
}

fn any_user(at: Timestamp) -> impl Strategy<Value = user::Event> {
    let access = || select(Access::ALL.to_vec());
    prop_oneof![
        (access(), select(SignIn::ALL.to_vec()))
            .prop_map(move |(access, sign_in)| user::Event::Registered { access, sign_in, at }),
        access().prop_map(move |access| user::Event::AccessChanged { access, at }),
        Just(user::Event::DetailsChanged { at }),
        Just(user::Event::PasswordChanged { at }),
        Just(user::Event::Disabled { at }),
        Just(user::Event::Enabled { at }),
        Just(user::Event::Erased { at }),
    ]
}

fn any_session(at: Timestamp) -> impl Strategy<Value = session::Event> {
    let digest = KeyDigest::of(SECRET);
    prop_oneof![
        (any_uuid(), any_time()).prop_map(move |(user, expires_at)| {
            session::Event::Opened { user: UserId::new(user), digest, expires_at, at }
        }),
        select(session::Why::ALL.to_vec()).prop_map(move |why| session::Event::Closed { why, at }),
    ]
}

fn any_admin_key(at: Timestamp) -> impl Strategy<Value = admin_key::Event> {
    let digest = KeyDigest::of(SECRET);
    prop_oneof![
        (".{1,40}", select(Access::ALL.to_vec()), option::of(any_time())).prop_map(
            move |(name, access, expires_at)| {
                admin_key::Event::Issued { name, digest, access, expires_at, at }
            }
        ),
        Just(admin_key::Event::Revoked { at }),
    ]
}

fn any_budget() -> impl Strategy<Value = Budget> {
    (any::<i64>(), select(Period::ALL.to_vec()))
        .prop_map(|(nanos, period)| Budget { amount: Nanos::new(nanos.into()), period })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (option::of(any::<u32>()), option::of(any::<u64>()), option::of(any::<u32>())).prop_map(
        |(requests_per_minute, tokens_per_minute, parallel_requests)| Limits {
            requests_per_minute,
            tokens_per_minute,
            parallel_requests,
        },
    )
}

fn any_api_key(at: Timestamp) -> BoxedStrategy<api_key::Event> {
    let digest = KeyDigest::of(SECRET);
    prop_oneof![
        any_terms().prop_map(move |terms| {
            api_key::Event::Issued { digest, terms: Box::new(terms), at }
        }),
        (".{1,40}", ".{0,40}").prop_map(move |(name, description)| {
            api_key::Event::Described { name, description, at }
        }),
        any_models().prop_map(move |models| api_key::Event::Allowed { models, at }),
        option::of(any_time())
            .prop_map(move |expires_at| api_key::Event::ExpiryChanged { expires_at, at }),
        any_quota().prop_map(move |quota| api_key::Event::QuotaChanged { quota, at }),
        option::of(any_budget())
            .prop_map(move |budget| api_key::Event::BudgetChanged { budget, at }),
        (any_limits(), any_model_limits()).prop_map(move |(limits, model_limits)| {
            api_key::Event::LimitsChanged { limits, model_limits, at }
        }),
        Just(api_key::Event::Enabled { at }),
        Just(api_key::Event::Disabled { at }),
        any_time().prop_map(move |previous_until| {
            api_key::Event::Rotated { digest, previous_until, at }
        }),
        Just(api_key::Event::Revoked { at }),
    ]
    .boxed()
}

fn any_terms() -> BoxedStrategy<Terms> {
    let who = (any_uuid(), option::of(any_uuid()), ".{1,40}", ".{0,40}");
    let what = (any_models(), option::of(any_time()), any_quota());
    let limits = (option::of(any_budget()), any_limits(), any_model_limits());
    (who, what, limits)
        .prop_map(|(who, what, limits)| {
            let (project, owner, name, description) = who;
            let (models, expires_at, quota) = what;
            let (budget, limits, model_limits) = limits;
            Terms {
                project: ProjectId::new(project),
                owner: owner.map(UserId::new),
                name,
                description,
                models,
                expires_at,
                quota,
                budget,
                limits,
                model_limits,
            }
        })
        .boxed()
}

fn any_quota() -> impl Strategy<Value = Quota> {
    prop_oneof![Just(Quota::Unlimited), any::<u64>().prop_map(Quota::Tokens)]
}

fn any_model_limits() -> impl Strategy<Value = BTreeMap<ModelName, Limits>> {
    collection::btree_map(any_name(), any_limits(), 0..3)
}

fn any_model(at: Timestamp) -> BoxedStrategy<model::Event> {
    let upstreams = || collection::vec(any_upstream(), 0..3);
    let aliases = || collection::btree_set(any_name(), 0..3);
    let kind = || select(vec![Kind::Local, Kind::Remote]);
    let processes = || option::of(any::<u32>());
    let operations = || option::of(collection::btree_set(any_word(), 1..4));
    prop_oneof![
        (kind(), upstreams(), aliases(), processes(), operations()).prop_map(
            move |(kind, upstreams, aliases, max_processes, operations)| {
                model::Event::Registered { kind, upstreams, aliases, max_processes, operations, at }
            }
        ),
        operations().prop_map(move |operations| model::Event::OperationsChanged { operations, at }),
        upstreams().prop_map(move |upstreams| model::Event::UpstreamsChanged { upstreams, at }),
        aliases().prop_map(move |aliases| model::Event::AliasesChanged { aliases, at }),
        kind().prop_map(move |kind| model::Event::KindChanged { kind, at }),
        processes()
            .prop_map(move |max_processes| model::Event::ProcessesChanged { max_processes, at }),
        any_serving_terms().prop_map(move |terms| model::Event::TermsChanged { terms, at }),
        Just(model::Event::Retired { at }),
    ]
    .boxed()
}

fn any_serving_terms() -> impl Strategy<Value = ServingTerms> {
    let one = option::of(any::<u32>());
    (one.clone(), one.clone(), one.clone(), one.clone(), one.clone(), one).prop_map(
        |(deadline_s, first_byte_s, between_chunks_s, attempts, retry_for_s, wait_for_worker_s)| {
            ServingTerms {
                deadline_s,
                first_byte_s,
                between_chunks_s,
                attempts,
                retry_for_s,
                wait_for_worker_s,
            }
        },
    )
}

fn any_price(at: Timestamp) -> impl Strategy<Value = price::Event> {
    let project = option::of(any_uuid().prop_map(ProjectId::new));
    let rules = collection::vec(any_rule(), 0..4);
    prop_oneof![
        (any_name(), project, option::of(any_currency()), rules, any_time()).prop_map(
            move |(model, project, currency, rules, effective_from)| {
                price::Event::Set { model, project, currency, rules, effective_from, at }
            }
        ),
        Just(price::Event::Withdrawn { at }),
    ]
}

fn any_rule() -> BoxedStrategy<Rule> {
    let time = (any::<u16>(), any::<u16>()).prop_map(|(from, until)| TimeOfDay { from, until });
    let when = (
        option::of(any_word()),
        option::of(time),
        option::of(any::<u64>()),
        option::of(any_word()),
    )
        .prop_map(|(operation, time_of_day, context_above, service_tier)| When {
            operation,
            time_of_day,
            context_above,
            service_tier,
        });
    (when, any_rates()).prop_map(|(when, rates)| Rule { when, rates }).boxed()
}

fn any_pinned() -> BoxedStrategy<Pinned> {
    let price = option::of(any_uuid().prop_map(PriceId::new));
    (price, option::of(any_currency()), collection::vec(any_rule(), 0..3))
        .prop_map(|(price, currency, rules)| Pinned { price, currency, rules })
        .boxed()
}

fn any_size() -> impl Strategy<Value = Size> {
    let most = || option::of(any::<u64>());
    let bound = (most(), most()).prop_map(|(prompt, output)| UsageBound { prompt, output });
    (any::<u64>(), any::<u64>(), most(), any::<u32>(), bound).prop_map(
        |(body_bytes, prompt_estimate, answer_bound, answers, bound)| Size {
            body_bytes,
            prompt_estimate,
            answer_bound,
            answers,
            bound,
        },
    )
}

fn any_accepted(at: Timestamp) -> BoxedStrategy<Accepted> {
    let ids = (any_uuid(), any_uuid(), any_name(), any_word::<request::OperationKind>());
    let how = (any_class(), any::<bool>(), any_pinned(), any_size());
    let labels = collection::btree_map(".{1,16}", ".{0,40}", 0..4)
        .prop_map(|labels| Labels::try_new(labels).unwrap());
    let said = (labels, option::of(any::<[u8; 32]>()), option::of(any::<i64>()));
    (ids, how, said, any_time(), any_time())
        .prop_map(move |(ids, how, said, hour, deadline)| {
            let (request, other, model, operation) = ids;
            let (class, streamed, price, size) = how;
            let (labels, end_user, reservation) = said;
            let reservation =
                reservation.map(|nanos| Reservation { amount: Nanos::new(nanos.into()) });
            Accepted {
                request: RequestId::new(request),
                project: ProjectId::new(other),
                key: KeyId::new(request),
                model,
                operation,
                class,
                streamed,
                gateway: GatewayId::new(other),
                price,
                reservation,
                size,
                labels,
                end_user: end_user.map(EndUserDigest::new),
                hour,
                deadline,
                at,
            }
        })
        .boxed()
}

fn any_assigned(at: Timestamp) -> impl Strategy<Value = Assigned> {
    (any_uuid(), any_uuid(), any::<u32>()).prop_map(move |(request, other, attempt)| Assigned {
        request: RequestId::new(request),
        project: ProjectId::new(other),
        worker: WorkerId::new(request),
        claim: ClaimId::new(other),
        attempt,
        at,
    })
}

fn any_settled(at: Timestamp) -> BoxedStrategy<Settled> {
    let micros = || option::of(any::<u64>());
    let timings = (micros(), micros(), any::<u64>())
        .prop_map(|(assigned, first_chunk, total)| Timings { assigned, first_chunk, total });
    let worker = option::of(any_uuid().prop_map(WorkerId::new));
    let attempts = collection::vec(any_attempt(), 0..4);
    let end = (any_outcome(), any_usage(), option::of(any_word()), timings, worker, attempts);
    (any_accepted(at), end, any_writer())
        .prop_map(move |(accepted, end, writer)| {
            let (outcome, delivered, service_tier, timings, worker, attempts) = end;
            accepted.settle(Settlement {
                outcome,
                delivered,
                service_tier,
                timings,
                worker,
                attempts,
                writer,
                at,
            })
        })
        .boxed()
}

fn any_attempt() -> BoxedStrategy<Attempt> {
    let upstream = option::of(any_upstream_id());
    (any_uuid(), upstream, any_word(), option::of(any_usage()), option::of(".{0,40}"))
        .prop_map(|(worker, upstream, outcome, usage, upstream_request_id)| Attempt {
            worker: WorkerId::new(worker),
            upstream,
            outcome,
            usage,
            upstream_request_id,
        })
        .boxed()
}

fn any_upstream_id() -> impl Strategy<Value = UpstreamId> {
    "ups_[0-9a-f]{16}".prop_map(|id| id.parse().unwrap())
}

fn any_rejected(at: Timestamp) -> BoxedStrategy<Rejected> {
    let who = (any_uuid(), option::of(any_uuid()), option::of(any_name()));
    (who, any_time(), any_word(), any::<u64>(), any::<u64>())
        .prop_map(move |((gateway, key, model), minute, reason, count, estimated_tokens)| {
            Rejected {
                gateway: GatewayId::new(gateway),
                minute,
                key: key.map(KeyId::new),
                model,
                reason,
                count,
                estimated_tokens,
                at,
            }
        })
        .boxed()
}

fn any_worker(at: Timestamp) -> impl Strategy<Value = worker::Event> {
    let id = || any_uuid().prop_map(WorkerId::new);
    let reason = select(FailureReason::ALL.to_vec());
    let models = || collection::vec(any_name(), 0..3);
    let upstreams = collection::vec(any_upstream_id(), 0..3);
    let about = (any::<u32>(), upstreams, option::of(".{0,20}"), ".{0,20}")
        .prop_map(|(places, upstreams, zone, version)| About { places, upstreams, zone, version });
    prop_oneof![
        (id(), models(), option::of(about)).prop_map(move |(worker, models, about)| {
            let about = about.map(Box::new);
            worker::Event::Started { worker, models, about, at }
        }),
        (id(), models()).prop_map(move |(worker, models)| worker::Event::Ready {
            worker,
            models,
            at
        }),
        id().prop_map(move |worker| worker::Event::Stopped { worker, at }),
        (id(), any_name(), reason).prop_map(move |(worker, model, reason)| {
            worker::Event::Failed { worker, model, reason, at }
        }),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let failures = vec![
        Failure::Unavailable,
        Failure::QueueFull,
        Failure::UpstreamFailed,
        Failure::UpstreamUnreachable,
        Failure::WorkerSilent,
        Failure::AnswerTooLarge,
        Failure::ModelUnavailable,
        Failure::UpstreamSilent,
        Failure::Unsettled,
        Failure::Unrecorded,
    ];
    prop_oneof![
        Just(Outcome::Completed),
        select(Cancelled::ALL.to_vec()).prop_map(Outcome::Cancelled),
        select(failures).prop_map(Outcome::Failed),
        (400..500_u16).prop_map(|status| Outcome::Failed(Failure::UpstreamRejected { status })),
    ]
}

fn any_writer() -> impl Strategy<Value = Writer> {
    prop_oneof![
        any_uuid().prop_map(|id| Writer::Gateway(GatewayId::new(id))),
        any_uuid().prop_map(|id| Writer::Worker(WorkerId::new(id))),
        Just(Writer::Sweeper),
    ]
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let source = select(vec![Source::Reported, Source::Counted]);
    let dialect = option::of(any_word::<uplion_domain::usage::UsageDialectKind>());
    (collection::vec((any_word(), any::<u64>()), 0..6), source, dialect).prop_map(
        |(units, source, dialect)| Usage { units: units.into_iter().collect(), source, dialect },
    )
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let rate = (0..=price::MAX_RATE.get()).prop_map(Nanos::new);
    collection::vec((any_word::<uplion_domain::usage::UnitKind>(), rate), 0..6)
        .prop_map(|rates: Vec<(Unit, Nanos)>| rates.into_iter().collect())
}

fn any_upstream() -> impl Strategy<Value = Upstream> {
    let credential = prop_oneof![
        "[A-Z_]{1,20}".prop_map(Credential::Environment),
        ("[a-z]{1,20}", "[a-z.]{1,20}").prop_map(|(name, key)| Credential::Secret { name, key }),
    ];
    let url = "https?://[a-z.]{1,20}/v1";
    let options = select(StreamOptions::ALL.to_vec());
    (url, any_name(), option::of(credential), any::<u32>(), any::<u32>(), options).prop_map(
        |(url, model, credential, weight, max_in_flight, stream_options)| Upstream {
            url,
            model,
            credential,
            weight,
            max_in_flight,
            stream_options,
        },
    )
}

fn any_models() -> impl Strategy<Value = Models> {
    prop_oneof![Just(Models::All), collection::btree_set(any_name(), 1..4).prop_map(Models::Only),]
}

fn any_class() -> impl Strategy<Value = Class> {
    select(vec![Class::Interactive, Class::Batch])
}

fn any_name() -> impl Strategy<Value = ModelName> {
    "[!#-\\[\\]-~]{1,40}".prop_map(|name| name.parse().unwrap())
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}
