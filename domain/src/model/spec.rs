//! The rules of a model, told as events, commands and what comes of them.

use super::*;
use crate::spec::given;

const AT: Timestamp = Timestamp::from_micros(1);

#[test]
fn a_name_is_used_once_and_never_again() {
    given::<Model>([]).when(register([upstream()])).then([registered()]);
    given::<Model>([registered()])
        .when(register([upstream()]))
        .then_rejected(Rejection::AlreadyRegistered);
    given::<Model>([registered(), Event::Retired { at: AT }])
        .when(register([upstream()]))
        .then_rejected(Rejection::Retired);
}

#[test]
fn retiring_twice_is_retiring_once() {
    let retired = Event::Retired { at: AT };
    given::<Model>([registered()]).when(Command::Retire { at: AT }).then([retired.clone()]);
    given::<Model>([registered(), retired]).when(Command::Retire { at: AT }).then_nothing();
}

#[test]
fn changing_to_what_is_already_so_is_nothing() {
    let change = |upstreams| Command::ChangeUpstreams { upstreams, at: AT };
    given::<Model>([registered()]).when(change(vec![upstream()])).then_nothing();
    given::<Model>([registered()])
        .when(change(vec![]))
        .then([Event::UpstreamsChanged { upstreams: vec![], at: AT }]);
}

#[test]
fn of_an_upstream_changes_what_is_named() {
    let change =
        UpstreamChange { stream_options: Some(StreamOptions::Never), ..Default::default() };
    let changed = Upstream { stream_options: StreamOptions::Never, ..upstream() };
    let command = |change| Command::ChangeUpstream { upstream: upstream().id(), change, at: AT };
    given::<Model>([registered()])
        .when(command(change.clone()))
        .then([Event::UpstreamsChanged { upstreams: vec![changed.clone()], at: AT }]);
    given::<Model>([registered(), Event::UpstreamsChanged { upstreams: vec![changed], at: AT }])
        .when(command(change))
        .then_nothing();
}

#[test]
fn an_upstream_has_a_url_that_can_be_called() {
    for url in [
        "",
        "ftp://host/v1",
        "http://",
        "http:///v1",
        "https://me:pass@host/v1",
        "http://h/v1?k=1",
        "http://h /v1",
    ] {
        given::<Model>([])
            .when(register([Upstream { url: url.into(), ..upstream() }]))
            .then_rejected(Rejection::UnusableUrl(url.into()));
    }
}

#[test]
fn a_secret_is_not_taken_for_the_name_of_one() {
    for name in ["sk-abc", "", "Abc", "A-B", "1A"] {
        let credential = Some(Credential::Environment(name.into()));
        given::<Model>([])
            .when(register([Upstream { credential, ..upstream() }]))
            .then_rejected(Rejection::UnusableCredential);
    }
}

#[test]
fn an_upstream_without_capacity_is_none() {
    given::<Model>([])
        .when(register([Upstream { max_in_flight: 0, ..upstream() }]))
        .then_rejected(Rejection::NoCapacity);
}

#[test]
fn the_same_server_under_the_same_name_answers_once() {
    let twice = Upstream { weight: 9, ..upstream() };
    given::<Model>([]).when(register([upstream(), twice])).then_rejected(Rejection::SameUpstream);
    given::<Model>([registered()])
        .when(Command::AddUpstream { upstream: upstream(), at: AT })
        .then_rejected(Rejection::SameUpstream);
    given::<Model>([registered()])
        .when(Command::AddUpstream { upstream: other(), at: AT })
        .then([Event::UpstreamsChanged { upstreams: vec![upstream(), other()], at: AT }]);
}

#[test]
fn one_upstream_changes_and_the_others_stay() {
    let both = Event::UpstreamsChanged { upstreams: vec![upstream(), other()], at: AT };
    let change = |upstream, change| Command::ChangeUpstream { upstream, change, at: AT };
    let heavier = UpstreamChange { weight: Some(7), ..UpstreamChange::default() };
    let upstreams = vec![upstream(), Upstream { weight: 7, ..other() }];
    given::<Model>([registered(), both.clone()])
        .when(change(other().id(), heavier.clone()))
        .then([Event::UpstreamsChanged { upstreams, at: AT }]);
    let open = UpstreamChange { credential: Some(None), ..UpstreamChange::default() };
    let upstreams = vec![Upstream { credential: None, ..upstream() }, other()];
    given::<Model>([registered(), both])
        .when(change(upstream().id(), open))
        .then([Event::UpstreamsChanged { upstreams, at: AT }]);
    given::<Model>([registered()])
        .when(change(other().id(), heavier))
        .then_rejected(Rejection::NoSuchUpstream);
}

#[test]
fn an_upstream_that_is_removed_answers_no_more() {
    let remove = |upstream| Command::RemoveUpstream { upstream, at: AT };
    given::<Model>([registered()])
        .when(remove(upstream().id()))
        .then([Event::UpstreamsChanged { upstreams: vec![], at: AT }]);
    given::<Model>([registered()])
        .when(remove(other().id()))
        .then_rejected(Rejection::NoSuchUpstream);
}

#[test]
fn a_share_is_a_share() {
    for weight in [0, MAX_WEIGHT + 1] {
        given::<Model>([])
            .when(register([Upstream { weight, ..upstream() }]))
            .then_rejected(Rejection::UnusableWeight);
    }
}

#[test]
fn a_secret_is_named_as_kubernetes_names_it() {
    let with = |name: &str, key: &str| {
        let credential = Some(Credential::Secret { name: name.into(), key: key.into() });
        given::<Model>([]).when(register([Upstream { credential, ..upstream() }]))
    };
    for (name, key) in [
        ("", "key"),
        ("Open_AI", "key"),
        ("../etc", "passwd"),
        ("a", ".."),
        ("a", "b/c"),
        ("a", ""),
    ] {
        with(name, key).then_rejected(Rejection::UnusableSecret);
    }
    let credential = Some(Credential::Secret { name: "open-ai".into(), key: "api_key".into() });
    let secret = Upstream { credential, ..upstream() };
    given::<Model>([registered()])
        .when(Command::ChangeUpstreams { upstreams: vec![secret.clone()], at: AT })
        .then([Event::UpstreamsChanged { upstreams: vec![secret], at: AT }]);
}

#[test]
fn a_model_runs_in_one_process_at_least() {
    let processes = |max_processes| Command::ChangeProcesses { max_processes, at: AT };
    let history = || given::<Model>([registered()]);
    history().when(processes(Some(0))).then_rejected(Rejection::NoProcess);
    history().when(processes(None)).then_nothing();
    let changed = Event::ProcessesChanged { max_processes: Some(2), at: AT };
    history().when(processes(Some(2))).then([changed]);
}

#[test]
fn what_is_said_of_its_terms_changes_and_the_rest_stays() {
    let change = |change| Command::ChangeTerms { change, at: AT };
    let deadline = TermsChange { deadline_s: Some(Some(1_200)), ..TermsChange::default() };
    let attempts = TermsChange { attempts: Some(Some(5)), ..TermsChange::default() };
    let longer = ServingTerms { deadline_s: Some(1_200), ..ServingTerms::default() };
    let changed = |terms| Event::TermsChanged { terms, at: AT };
    let history = || given::<Model>([registered(), changed(longer)]);
    given::<Model>([registered()]).when(change(deadline)).then([changed(longer)]);
    history().when(change(deadline)).then_nothing();
    let both = ServingTerms { attempts: Some(5), ..longer };
    history().when(change(attempts)).then([changed(both)]);
    let usual = TermsChange { deadline_s: Some(None), ..TermsChange::default() };
    history().when(change(usual)).then([changed(ServingTerms::default())]);
    given::<Model>([]).when(change(deadline)).then_rejected(Rejection::NotRegistered);
}

#[test]
fn terms_are_such_that_a_request_can_be_served_and_the_log_remembers_it() {
    let change =
        |change| given::<Model>([registered()]).when(Command::ChangeTerms { change, at: AT });
    let none = TermsChange::default();
    let unusable = |name, value, least, most| Rejection::UnusableTerm { name, value, least, most };
    change(TermsChange { deadline_s: Some(Some(0)), ..none }).then_rejected(unusable(
        "deadline_s",
        0,
        1,
        MAX_DEADLINE_S,
    ));
    change(TermsChange { deadline_s: Some(Some(3_601)), ..none }).then_rejected(unusable(
        "deadline_s",
        3_601,
        1,
        MAX_DEADLINE_S,
    ));
    change(TermsChange { first_byte_s: Some(Some(0)), ..none }).then_rejected(unusable(
        "first_byte_s",
        0,
        1,
        MAX_DEADLINE_S,
    ));
    change(TermsChange { between_chunks_s: Some(Some(0)), ..none }).then_rejected(unusable(
        "between_chunks_s",
        0,
        1,
        MAX_DEADLINE_S,
    ));
    change(TermsChange { attempts: Some(Some(0)), ..none }).then_rejected(unusable(
        "attempts",
        0,
        1,
        MAX_ATTEMPTS,
    ));
    change(TermsChange { retry_for_s: Some(Some(3_601)), ..none }).then_rejected(unusable(
        "retry_for_s",
        3_601,
        0,
        MAX_DEADLINE_S,
    ));
    change(TermsChange { wait_for_worker_s: Some(Some(3_601)), ..none }).then_rejected(unusable(
        "wait_for_worker_s",
        3_601,
        0,
        MAX_DEADLINE_S,
    ));
}

#[test]
fn who_runs_it_may_change() {
    let kind = |kind| Command::ChangeKind { kind, at: AT };
    given::<Model>([registered()]).when(kind(Kind::Local)).then_nothing();
    let changed = Event::KindChanged { kind: Kind::Remote, at: AT };
    given::<Model>([registered()]).when(kind(Kind::Remote)).then([changed.clone()]);
    given::<Model>([registered(), changed]).when(kind(Kind::Remote)).then_nothing();
}

#[test]
fn a_model_has_no_more_upstreams_and_names_than_anybody_needs() {
    let upstreams = |most: usize| -> Vec<_> {
        (0..most).map(|n| Upstream { url: format!("http://host{n}/v1"), ..upstream() }).collect()
    };
    let aliases = |most: usize| -> BTreeSet<ModelName> {
        (0..most).map(|n| format!("alias-{n}").parse().unwrap()).collect()
    };
    let (most, more) = (upstreams(MAX_UPSTREAMS), upstreams(MAX_UPSTREAMS + 1));
    given::<Model>([registered()])
        .when(Command::ChangeUpstreams { upstreams: most.clone(), at: AT })
        .then([Event::UpstreamsChanged { upstreams: most, at: AT }]);
    given::<Model>([]).when(register(more)).then_rejected(Rejection::TooManyUpstreams);
    let rename = |aliases| Command::ChangeAliases { aliases, at: AT };
    given::<Model>([registered()])
        .when(rename(aliases(MAX_ALIASES)))
        .then([Event::AliasesChanged { aliases: aliases(MAX_ALIASES), at: AT }]);
    given::<Model>([registered()])
        .when(rename(aliases(MAX_ALIASES + 1)))
        .then_rejected(Rejection::TooManyAliases);
}

#[test]
fn an_upstreams_id_reads_back_as_itself() {
    let id = upstream().id();
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    assert_eq!(Upstream { weight: 1, credential: None, ..upstream() }.id(), id);
    assert_ne!(other().id(), id);
    for wrong in ["", "ups_", "ups_xyz", "5f0"] {
        assert!(wrong.parse::<UpstreamId>().is_err(), "{wrong}");
    }
}

fn other() -> Upstream {
    Upstream::new("https://api.example.org/v1", "smollm2".parse().unwrap(), 32)
}

fn upstream() -> Upstream {
    Upstream {
        url: "http://127.0.0.1:9200/v1".into(),
        model: "smollm2".parse().unwrap(),
        credential: Some(Credential::Environment("SMOL_KEY".into())),
        weight: 3,
        max_in_flight: 4,
        stream_options: StreamOptions::Auto,
    }
}

fn register(upstreams: impl Into<Vec<Upstream>>) -> Command {
    Command::Register {
        kind: Kind::Local,
        upstreams: upstreams.into(),
        aliases: BTreeSet::new(),
        max_processes: None,
        operations: None,
        at: AT,
    }
}

fn registered() -> Event {
    Event::Registered {
        kind: Kind::Local,
        upstreams: vec![upstream()],
        aliases: BTreeSet::new(),
        max_processes: None,
        operations: None,
        at: AT,
    }
}
