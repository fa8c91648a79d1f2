//! One example or more of every event in its present version: what is written to `golden/` when a type is new.

use std::collections::{BTreeMap, BTreeSet};

use uplion_domain::{
    Budget, EndUserDigest, Envelope, Event, EventId, KeyDigest, Limits, ModelName, Nanos,
    Operation, Rates, Timestamp, Unit, Usage, admin_key,
    api_key::{self, Models, Quota, Terms},
    budget::Period,
    cloud_event, installation,
    model::{self, Credential, Kind, ServingTerms, StreamOptions, Upstream},
    price::{self, Pinned, Rule, TimeOfDay, When},
    project::{self, Role},
    request::{
        self, Accepted, Asked, Assigned, Attempt, AttemptOutcome, Cancelled, Class, Failure,
        Labels, Outcome, Probed, Rejected, RejectionReason, Reservation, ServiceTier, Settled,
        Settlement, Size, Timings, UsageBound, Writer,
    },
    session,
    usage::{Source, UsageDialect},
    user::{self, Access, SignIn},
    worker::{self, About, FailureReason},
};
use uuid::Uuid;

const AT: Timestamp = Timestamp::from_micros(1_795_430_000_123_456);
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

pub fn source() -> cloud_event::Source {
    cloud_event::Source::Installation(id("ins"))
}

pub fn all() -> Vec<Envelope> {
    let control = projects().into_iter().chain(api_keys()).chain(models()).chain(prices());
    let control = control.chain(users()).chain(sessions()).chain(admin_keys());
    let control = control.chain([founded()]);
    let events =
        control.chain(workers()).chain([rejected(), probed()]).zip(1..).map(|(event, number)| {
            Envelope {
                id: EventId::fresh(uuid(number)),
                at: AT,
                traceparent: None,
                actor: Some("usr_0190c0de000070008000000000000001".into()),
                request_id: None,
                event,
            }
        });
    events.chain(requests()).collect()
}

/// Of fields that joined a type after its first examples were recorded.
pub fn later() -> Vec<(&'static str, Envelope)> {
    let control = |event| Envelope {
        id: EventId::fresh(uuid(1)),
        at: AT,
        traceparent: None,
        actor: None,
        request_id: None,
        event,
    };
    let upstream = Upstream::new("https://api.example.org/v1", name("meta/llama-3.1-8b"), 32);
    let upstreams = vec![Upstream { stream_options: StreamOptions::Never, ..upstream }];
    let registered = model::Event::Registered {
        kind: Kind::Remote,
        upstreams: upstreams.clone(),
        aliases: BTreeSet::new(),
        max_processes: None,
        operations: None,
        at: AT,
    };
    let changed = model::Event::UpstreamsChanged { upstreams, at: AT };
    let end = settlement(Outcome::Completed, Writer::Gateway(id("gtw")));
    let dialect = Some(UsageDialect::X_GROQ);
    let delivered = Usage { dialect, ..end.delivered.clone() };
    let settled = accepted().settle(Settlement { delivered, ..end.clone() });
    let mut bounded = accepted();
    bounded.size.bound =
        UsageBound::of(Asked { text_bytes: Some(4_321), answer: Some(1_024), answers: 1 });
    let delivered = Usage::tokens(1_000_000_000_000_000, 1_000, 2_000, 45, Source::Reported);
    let doubted = bounded.settle(Settlement { delivered, ..end });
    vec![
        ("stream_options", control(Event::Model(name("llama-3.1"), registered))),
        ("stream_options", control(Event::Model(name("llama-3.1"), changed))),
        ("dialect", Envelope::settled(settled)),
        ("bound", Envelope::accepted(bounded)),
        ("doubt", Envelope::settled(doubted)),
    ]
}

fn founded() -> Event {
    let (currency, time_zone) = ("EUR".parse().unwrap(), "Europe/Berlin".parse().unwrap());
    let founded = installation::Event::Founded { currency, minor_digits: 2, time_zone, at: AT };
    Event::Installation(id("ins"), founded)
}

fn rejected() -> Event {
    Event::Request(request::Event::Rejected(Rejected {
        gateway: id("gtw"),
        minute: Timestamp::from_micros(1_795_430_000_000_000),
        key: Some(id("key")),
        model: Some(name("llama-3.1")),
        reason: RejectionReason::RATE_LIMIT,
        count: 42,
        estimated_tokens: 12_345,
        at: AT,
    }))
}

fn probed() -> Event {
    Event::Request(request::Event::Probed(Probed { gateway: id("gtw"), at: AT }))
}

fn projects() -> Vec<Event> {
    let (id, user) = (id("prj"), id("usr"));
    let budget = Budget { amount: Nanos::new(250_000_000_000), period: Period::Month };
    vec![
        Event::Project(id, project::Event::Created { name: "Institut für Physik".into(), at: AT }),
        Event::Project(id, project::Event::Renamed { name: "Physik".into(), at: AT }),
        Event::Project(id, project::Event::MemberAdded { user, role: Role::Owner, at: AT }),
        Event::Project(id, project::Event::MemberRoleChanged { user, role: Role::Member, at: AT }),
        Event::Project(id, project::Event::MemberRemoved { user, at: AT }),
        Event::Project(id, project::Event::BudgetChanged { budget: Some(budget), at: AT }),
        Event::Project(id, project::Event::BudgetChanged { budget: None, at: AT }),
        Event::Project(id, project::Event::LimitsChanged { limits: limits(), at: AT }),
        Event::Project(id, project::Event::LimitsChanged { limits: Limits::NONE, at: AT }),
        Event::Project(id, project::Event::Suspended { at: AT }),
        Event::Project(id, project::Event::Resumed { at: AT }),
        Event::Project(id, project::Event::Closed { at: AT }),
    ]
}

const fn limits() -> Limits {
    Limits {
        requests_per_minute: Some(600),
        tokens_per_minute: Some(1_000_000),
        parallel_requests: Some(16),
    }
}

fn users() -> Vec<Event> {
    let registered = |access, sign_in| user::Event::Registered { access, sign_in, at: AT };
    let mut events = vec![
        registered(Access::None, SignIn::Password),
        registered(Access::Auditor, SignIn::Oidc),
        registered(Access::Admin, SignIn::None),
    ];
    events.extend(Access::ALL.map(|access| user::Event::AccessChanged { access, at: AT }));
    events.extend([
        user::Event::DetailsChanged { at: AT },
        user::Event::PasswordChanged { at: AT },
        user::Event::Disabled { at: AT },
        user::Event::Enabled { at: AT },
        user::Event::Erased { at: AT },
    ]);
    events.into_iter().map(|event| Event::User(id("usr"), event)).collect()
}

fn sessions() -> Vec<Event> {
    let (user, digest, expires_at) =
        (id("usr"), KeyDigest::of("secret"), AT.plus_millis(3_600_000));
    let mut events = vec![session::Event::Opened { user, digest, expires_at, at: AT }];
    events.extend(session::Why::ALL.map(|why| session::Event::Closed { why, at: AT }));
    events.into_iter().map(|event| Event::Session(id("ses"), event)).collect()
}

fn admin_keys() -> Vec<Event> {
    let digest = KeyDigest::of("sk-admin-example");
    let issued = |access, expires_at| {
        let name = "terraform".into();
        admin_key::Event::Issued { name, digest, access, expires_at, at: AT }
    };
    let events = [
        issued(Access::Admin, None),
        issued(Access::Auditor, Some(AT.plus_millis(3_600_000))),
        admin_key::Event::Revoked { at: AT },
    ];
    events.into_iter().map(|event| Event::AdminKey(id("adk"), event)).collect()
}

fn api_keys() -> Vec<Event> {
    let (digest, terms) = (KeyDigest::of("sk-example"), Terms::new(id("prj"), "ci"));
    let some = || Models::Only([name("llama-3.1"), name("org/model:7b")].into());
    let strict = Terms {
        owner: Some(id("usr")),
        description: "of the continuous integration".into(),
        models: some(),
        expires_at: Some(AT.plus_millis(86_400_000)),
        quota: Quota::Tokens(1_000_000),
        budget: Some(budget()),
        limits: limits(),
        model_limits: model_limits(),
        ..terms.clone()
    };
    let until = AT.plus_millis(3_600_000);
    let events = vec![
        api_key::Event::Issued { digest, terms: Box::new(terms), at: AT },
        api_key::Event::Issued { digest, terms: Box::new(strict), at: AT },
        api_key::Event::Described { name: "ci".into(), description: "nightly".into(), at: AT },
        api_key::Event::Allowed { models: some(), at: AT },
        api_key::Event::Allowed { models: Models::All, at: AT },
        api_key::Event::ExpiryChanged { expires_at: Some(until), at: AT },
        api_key::Event::ExpiryChanged { expires_at: None, at: AT },
        api_key::Event::QuotaChanged { quota: Quota::Tokens(5_000), at: AT },
        api_key::Event::QuotaChanged { quota: Quota::Unlimited, at: AT },
        api_key::Event::BudgetChanged { budget: Some(budget()), at: AT },
        api_key::Event::BudgetChanged { budget: None, at: AT },
        api_key::Event::LimitsChanged { limits: limits(), model_limits: model_limits(), at: AT },
        api_key::Event::Enabled { at: AT },
        api_key::Event::Disabled { at: AT },
        api_key::Event::Rotated { digest, previous_until: until, at: AT },
        api_key::Event::Revoked { at: AT },
    ];
    events.into_iter().map(|event| Event::ApiKey(id("key"), event)).collect()
}

fn budget() -> Budget {
    Budget { amount: Nanos::new(25_500_000_000), period: Period::Month }
}

fn model_limits() -> BTreeMap<ModelName, Limits> {
    [(name("llama-3.1"), Limits { parallel_requests: Some(2), ..Limits::default() })].into()
}

fn models() -> Vec<Event> {
    let model = || name("llama-3.1");
    let aliases = || [name("llama"), name("default")].into();
    let upstreams = || {
        let url = "https://api.example.org/v1";
        let credential = Some(Credential::Environment("EXAMPLE_KEY".into()));
        let remote = Upstream::new(url, name("meta/llama-3.1-8b"), 32);
        let remote = Upstream { credential, weight: 3, ..remote };
        let credential = Credential::Secret { name: "other-ai".into(), key: "api-key".into() };
        let other = Upstream::new("https://api.example.com/v1", name("llama"), 16);
        let other = Upstream { credential: Some(credential), ..other };
        vec![remote, other, Upstream::new("http://127.0.0.1:8000/v1", model(), 4)]
    };
    let operations = || Some([Operation::CHAT_COMPLETION, Operation::EMBEDDING].into());
    let registered = |kind, upstreams, max_processes, operations| {
        let aliases = aliases();
        model::Event::Registered { kind, upstreams, aliases, max_processes, operations, at: AT }
    };
    let events = vec![
        registered(Kind::Remote, upstreams(), None, None),
        registered(Kind::Local, vec![], Some(2), operations()),
        model::Event::UpstreamsChanged { upstreams: upstreams(), at: AT },
        model::Event::AliasesChanged { aliases: aliases(), at: AT },
        model::Event::KindChanged { kind: Kind::Local, at: AT },
        model::Event::ProcessesChanged { max_processes: Some(4), at: AT },
        model::Event::ProcessesChanged { max_processes: None, at: AT },
        model::Event::OperationsChanged { operations: operations(), at: AT },
        model::Event::OperationsChanged { operations: None, at: AT },
        model::Event::TermsChanged { terms: terms(), at: AT },
        model::Event::TermsChanged { terms: ServingTerms::default(), at: AT },
        model::Event::Retired { at: AT },
    ];
    events.into_iter().map(|event| Event::Model(model(), event)).collect()
}

const fn terms() -> ServingTerms {
    ServingTerms {
        deadline_s: Some(1_200),
        first_byte_s: Some(60),
        between_chunks_s: Some(120),
        attempts: Some(5),
        retry_for_s: Some(30),
        wait_for_worker_s: Some(300),
    }
}

fn prices() -> Vec<Event> {
    let id = id("prc");
    let effective_from = AT.plus_millis(3_600_000);
    let set = |project, rules| {
        let (model, currency) = (name("llama-3.1"), Some("EUR".parse().unwrap()));
        price::Event::Set { model, project, currency, rules, effective_from, at: AT }
    };
    vec![
        Event::Price(id, set(None, vec![Rule::always(rates())])),
        Event::Price(id, set(Some(self::id("prj")), rules())),
        Event::Price(id, price::Event::Withdrawn { at: AT }),
    ]
}

/// One for each thing that a rule may ask for.
fn rules() -> Vec<Rule> {
    let night = Some(TimeOfDay { from: 22 * 60, until: 6 * 60 });
    let when = [
        When { operation: Some(Operation::EMBEDDING), ..When::default() },
        When { time_of_day: night, ..When::default() },
        When { context_above: Some(200_000), ..When::default() },
        When { service_tier: Some(ServiceTier::FLEX), ..When::default() },
        When::default(),
    ];
    when.into_iter().map(|when| Rule { when, rates: rates() }).collect()
}

fn workers() -> Vec<Event> {
    let worker = id("wrk");
    let failed =
        |reason| worker::Event::Failed { worker, model: name("llama-3.1"), reason, at: AT };
    let models = vec![name("llama-3.1"), name("org/model:7b")];
    let started =
        |models, about| Event::Worker(worker::Event::Started { worker, models, about, at: AT });
    let about = About {
        places: 16,
        upstreams: vec![Upstream::new("http://127.0.0.1:8000/v1", name("llama-3.1"), 4).id()],
        zone: Some("eu-central-1a".into()),
        version: "0.1.0".into(),
    };
    let mut events = vec![
        started(models.clone(), None),
        started(models.clone(), Some(Box::new(about))),
        Event::Worker(worker::Event::Ready { worker, models, at: AT }),
        Event::Worker(worker::Event::Stopped { worker, at: AT }),
    ];
    events.extend(FailureReason::ALL.map(failed).map(Event::Worker));
    events
}

fn requests() -> Vec<Envelope> {
    let accepted = accepted();
    let assigned = Assigned {
        request: accepted.request,
        project: accepted.project,
        worker: id("wrk"),
        claim: id("clm"),
        attempt: 1,
        at: AT,
    };
    let plain = Accepted {
        streamed: false,
        class: Class::Batch,
        operation: Operation::EMBEDDING,
        price: Pinned::default(),
        reservation: None,
        size: Size::default(),
        labels: Labels::default(),
        end_user: None,
        ..accepted.clone()
    };
    let mut envelopes = vec![
        Envelope { traceparent: Some(TRACE.into()), ..Envelope::accepted(accepted.clone()) },
        Envelope::accepted(plain.clone()),
        Envelope::assigned(assigned),
    ];
    let mut settled = settled(&accepted);
    settled.push(plain.settle(settlement(Outcome::Completed, Writer::Gateway(plain.gateway))));
    envelopes.push(Envelope::reversed(settled[0].reverse(AT)));
    envelopes.extend(settled.into_iter().map(Envelope::settled));
    envelopes
}

/// Every way to end.
fn settled(accepted: &Accepted) -> Vec<Settled> {
    let gateway = Writer::Gateway(accepted.gateway);
    let end = |outcome, writer| {
        let attempts = attempts();
        accepted.settle(Settlement { attempts, ..settlement(outcome, writer) })
    };
    let failures = [
        Failure::Unavailable,
        Failure::QueueFull,
        Failure::UpstreamRejected { status: 422 },
        Failure::UpstreamFailed,
        Failure::UpstreamUnreachable,
        Failure::WorkerSilent,
        Failure::AnswerTooLarge,
    ];
    let mut settled = vec![
        end(Outcome::Completed, gateway),
        end(Outcome::Cancelled(Cancelled::ClientGone), gateway),
        end(Outcome::Cancelled(Cancelled::Deadline), gateway),
        end(Outcome::Cancelled(Cancelled::GatewayLost), Writer::Worker(id("wrk"))),
    ];
    settled.extend(failures.map(|why| end(Outcome::Failed(why), gateway)));
    let unsettled = Settlement {
        timings: Timings { total: 360_000_000, ..Timings::default() },
        worker: None,
        service_tier: None,
        ..settlement(Outcome::Failed(Failure::Unsettled), Writer::Sweeper)
    };
    settled.push(accepted.settle(unsettled));
    settled
}

fn settlement(outcome: Outcome, writer: Writer) -> Settlement {
    Settlement {
        outcome,
        delivered: Usage::tokens(1_200, 1_000, 345, 45, Source::Reported),
        service_tier: Some(ServiceTier::DEFAULT),
        timings: Timings { assigned: Some(900), first_chunk: Some(45_000), total: 1_250_000 },
        worker: Some(id("wrk")),
        attempts: vec![],
        writer,
        at: AT.plus_millis(1_250),
    }
}

fn attempts() -> Vec<Attempt> {
    let busy = Attempt {
        worker: id("wrk"),
        upstream: None,
        outcome: AttemptOutcome::BUSY,
        usage: None,
        upstream_request_id: None,
    };
    let upstream = Upstream::new("https://api.example.org/v1", name("meta/llama-3.1-8b"), 32);
    let completed = Attempt {
        upstream: Some(upstream.id()),
        outcome: AttemptOutcome::COMPLETED,
        usage: Some(Usage::tokens(1_200, 1_000, 345, 45, Source::Reported)),
        upstream_request_id: Some("chatcmpl-9f8e".into()),
        ..busy.clone()
    };
    vec![busy, completed]
}

fn accepted() -> Accepted {
    let price = Pinned {
        price: Some(id("prc")),
        currency: Some("EUR".parse().unwrap()),
        rules: rules()[2..].to_vec(),
    };
    let labels = [("team", "physics"), ("run", "nightly")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Accepted {
        request: id("req"),
        project: id("prj"),
        key: id("key"),
        model: name("llama-3.1"),
        operation: Operation::CHAT_COMPLETION,
        class: Class::Interactive,
        streamed: true,
        gateway: id("gtw"),
        price,
        reservation: Some(Reservation { amount: Nanos::new(2_000_000) }),
        size: Size {
            body_bytes: 4_321,
            prompt_estimate: 1_100,
            answer_bound: Some(1_024),
            answers: 1,
            bound: UsageBound::default(),
        },
        labels: Labels::try_new(labels.into()).unwrap(),
        end_user: Some(EndUserDigest::new([7; 32])),
        hour: AT.hour(),
        deadline: AT.plus_millis(300_000),
        at: AT,
    }
}

fn rates() -> Rates {
    Rates::from_iter([
        (Unit::INPUT, Nanos::new(150_000_000)),
        (Unit::CACHED_INPUT, Nanos::new(75_000_000)),
        (Unit::OUTPUT, Nanos::new(600_000_000)),
        (Unit::IMAGES, Nanos::new(40_000_000)),
        (Unit::REQUESTS, Nanos::new(1_000)),
    ])
}

fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{}", uuid(7).simple()).parse().unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_c0de_0000_7000_8000_0000_0000_0000 + number)
}
