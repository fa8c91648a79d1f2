//! The rules of an API key, told as events, commands and what comes of them.

use uuid::Uuid;

use super::*;
use crate::{
    Nanos, ProjectId,
    budget::Period,
    name::{self, Most},
    spec::given,
};

const AT: Timestamp = Timestamp::from_micros(1_000_000);

#[test]
fn a_key_is_issued_once() {
    given::<ApiKey>([]).when(issue(terms())).then([issued()]);
    given::<ApiKey>([issued()]).when(issue(terms())).then_rejected(Rejection::AlreadyIssued);
}

#[test]
fn a_revoked_key_stays_revoked() {
    let history = [issued(), Event::Revoked { at: AT }];
    given::<ApiKey>(history.clone()).when(issue(terms())).then_rejected(Rejection::AlreadyIssued);
    for command in [
        change(allow(&["llama"])),
        Command::Enable { at: AT },
        Command::Disable { at: AT },
        rotate(0),
    ] {
        given::<ApiKey>(history.clone()).when(command).then_rejected(Rejection::Revoked);
    }
}

#[test]
fn revoking_twice_is_revoking_once() {
    let revoked = Event::Revoked { at: AT };
    given::<ApiKey>([issued()]).when(Command::Revoke { at: AT }).then([revoked.clone()]);
    given::<ApiKey>([issued(), revoked]).when(Command::Revoke { at: AT }).then_nothing();
}

#[test]
fn what_was_never_issued_cannot_change() {
    for command in [
        change(allow(&["llama"])),
        Command::Enable { at: AT },
        Command::Disable { at: AT },
        rotate(0),
        Command::Revoke { at: AT },
    ] {
        given::<ApiKey>([]).when(command).then_rejected(Rejection::NotIssued);
    }
}

#[test]
fn a_key_has_a_name_that_a_person_can_read() {
    for name in ["", " ", "a\nb", "a\u{200b}b", &"x".repeat(MAX_NAME + 1)] {
        let unusable = name::given(name, Most::Characters(MAX_NAME)).unwrap_err();
        let rejection = Rejection::UnusableName(unusable);
        let named = Terms { name: name.into(), ..terms() };
        given::<ApiKey>([]).when(issue(named)).then_rejected(rejection.clone());
        let rename = Change::Describe { name: Some(name.into()), description: None };
        given::<ApiKey>([issued()]).when(change(rename)).then_rejected(rejection);
    }
    let spaced = Terms { name: format!(" {} ", terms().name), ..terms() };
    given::<ApiKey>([]).when(issue(spaced)).then([issued()]);
    for description in ["a\0b", "\u{1b}[2J", &"x".repeat(MAX_DESCRIPTION + 1)] {
        let described = Change::Describe { name: None, description: Some(description.into()) };
        given::<ApiKey>([issued()])
            .when(change(described))
            .then_rejected(Rejection::UnusableDescription);
    }
}

#[test]
fn a_description_may_have_lines() {
    let description = "of the lab:\n\tnightly\r\n".to_owned();
    let described = Change::Describe { name: None, description: Some(description.clone()) };
    given::<ApiKey>([issued()]).when(change(described)).then([Event::Described {
        name: "ci".into(),
        description,
        at: AT,
    }]);
}

#[test]
fn a_description_changes_and_the_name_stays() {
    let describe = || Change::Describe { name: None, description: Some("of the lab".into()) };
    let described =
        Event::Described { name: "ci".into(), description: "of the lab".into(), at: AT };
    given::<ApiKey>([issued()]).when(change(describe())).then([described.clone()]);
    given::<ApiKey>([issued(), described]).when(change(describe())).then_nothing();
}

#[test]
fn a_key_without_models_is_revoked_not_restricted() {
    given::<ApiKey>([issued()]).when(change(allow(&[]))).then_rejected(Rejection::NoModelLeft);
    let none = Terms { models: only(&[]), ..terms() };
    given::<ApiKey>([]).when(issue(none)).then_rejected(Rejection::NoModelLeft);
}

#[test]
fn allowing_what_is_allowed_is_nothing() {
    let allowed = Event::Allowed { models: only(&["llama"]), at: AT };
    given::<ApiKey>([issued()]).when(change(allow(&["llama"]))).then([allowed.clone()]);
    given::<ApiKey>([issued(), allowed]).when(change(allow(&["llama"]))).then_nothing();
}

#[test]
fn a_key_does_not_expire_before_it_is_issued() {
    for past in [0, AT.micros()] {
        let past = Some(Timestamp::from_micros(past));
        let expired = Terms { expires_at: past, ..terms() };
        given::<ApiKey>([]).when(issue(expired)).then_rejected(Rejection::ExpiresInThePast);
        given::<ApiKey>([issued()])
            .when(change(Change::Expiry { expires_at: past }))
            .then_rejected(Rejection::ExpiresInThePast);
    }
}

#[test]
fn an_expired_key_may_be_given_more_time() {
    let soon = Event::ExpiryChanged { expires_at: Some(Timestamp::from_micros(2)), at: AT };
    given::<ApiKey>([issued(), soon])
        .when(change(Change::Expiry { expires_at: None }))
        .then([Event::ExpiryChanged { expires_at: None, at: AT }]);
}

#[test]
fn a_key_that_may_use_no_tokens_is_disabled_instead() {
    let quota = |tokens| change(Change::Quota { quota: Quota::Tokens(tokens) });
    given::<ApiKey>([issued()]).when(quota(0)).then_rejected(Rejection::EmptyQuota);
    given::<ApiKey>([issued()]).when(quota(MAX_QUOTA + 1)).then_rejected(Rejection::EndlessQuota);
    let changed = Event::QuotaChanged { quota: Quota::Tokens(5), at: AT };
    given::<ApiKey>([issued()]).when(quota(5)).then([changed.clone()]);
    given::<ApiKey>([issued(), changed]).when(quota(5)).then_nothing();
}

#[test]
fn what_is_left_of_a_quota_is_never_less_than_nothing() {
    assert_eq!(Quota::Unlimited.remaining(7), None);
    assert_eq!(Quota::Tokens(10).remaining(7), Some(3));
    assert_eq!(Quota::Tokens(10).remaining(11), Some(0));
}

#[test]
fn a_budget_is_set_and_taken_away() {
    let budget = Some(Budget { amount: Nanos::new(5), period: Period::Month });
    let set = |budget| change(Change::Budget { budget });
    let changed = Event::BudgetChanged { budget, at: AT };
    given::<ApiKey>([issued()]).when(set(budget)).then([changed.clone()]);
    given::<ApiKey>([issued()]).when(set(None)).then_nothing();
    let gone = Event::BudgetChanged { budget: None, at: AT };
    given::<ApiKey>([issued(), changed]).when(set(None)).then([gone]);
}

#[test]
fn limits_of_a_model_change_and_the_keys_own_stay() {
    let own = Limits { requests_per_minute: Some(10), ..Limits::default() };
    let of_model = Limits { parallel_requests: Some(2), ..Limits::default() };
    let model_limits: BTreeMap<_, _> = [("llama".parse().unwrap(), of_model)].into();
    let limits_changed = |model_limits| Event::LimitsChanged { limits: own, model_limits, at: AT };
    let limit = Change::Limits { limits: Some(own), model_limits: None };
    let first = limits_changed(BTreeMap::new());
    given::<ApiKey>([issued()]).when(change(limit.clone())).then([first.clone()]);
    let second = limits_changed(model_limits.clone());
    let per_model = Change::Limits { limits: None, model_limits: Some(model_limits) };
    given::<ApiKey>([issued(), first]).when(change(per_model)).then([second.clone()]);
    given::<ApiKey>([issued(), second]).when(change(limit)).then_nothing();
}

#[test]
fn a_limit_of_nothing_is_none() {
    let nothing = Limits { requests_per_minute: Some(0), ..Limits::default() };
    let rejection = nothing.check().unwrap_err();
    let limit = Change::Limits { limits: Some(nothing), model_limits: None };
    given::<ApiKey>([issued()]).when(change(limit)).then_rejected(rejection.into());
}

#[test]
fn a_disabled_key_can_be_enabled_again() {
    let (disabled, enabled) = (Event::Disabled { at: AT }, Event::Enabled { at: AT });
    let (disable, enable) = (Command::Disable { at: AT }, Command::Enable { at: AT });
    given::<ApiKey>([issued()]).when(enable.clone()).then_nothing();
    given::<ApiKey>([issued()]).when(disable.clone()).then([disabled.clone()]);
    given::<ApiKey>([issued(), disabled.clone()]).when(disable.clone()).then_nothing();
    given::<ApiKey>([issued(), disabled.clone()]).when(enable).then([enabled.clone()]);
    given::<ApiKey>([issued(), disabled.clone(), enabled]).when(disable).then([disabled]);
}

#[test]
fn a_change_leaves_a_disabled_key_disabled() {
    let described = Event::Described { name: "a".into(), description: String::new(), at: AT };
    given::<ApiKey>([issued(), Event::Disabled { at: AT }, described])
        .when(Command::Disable { at: AT })
        .then_nothing();
}

#[test]
fn the_secret_before_is_served_until_its_grace_is_over() {
    let rotated = |previous_until| Event::Rotated { digest: new(), previous_until, at: AT };
    given::<ApiKey>([issued()]).when(rotate(60)).then([rotated(AT.plus_millis(60_000))]);
    given::<ApiKey>([issued()]).when(rotate(0)).then([rotated(AT)]);
    given::<ApiKey>([issued()])
        .when(rotate(MAX_GRACE_S + 1))
        .then_rejected(Rejection::GraceTooLong);
}

fn new() -> KeyDigest {
    KeyDigest::of("new secret")
}

fn rotate(grace_s: u32) -> Command {
    Command::Rotate { digest: new(), grace_s, at: AT }
}

fn change(change: Change) -> Command {
    Command::Change { change, at: AT }
}

fn only(models: &[&str]) -> Models {
    Models::Only(models.iter().map(|name| name.parse().unwrap()).collect())
}

fn allow(models: &[&str]) -> Change {
    Change::Allow { models: only(models) }
}

fn terms() -> Terms {
    Terms::new(ProjectId::new(Uuid::from_u128(7)), "ci")
}

fn issue(terms: Terms) -> Command {
    Command::Issue { digest: KeyDigest::of("secret"), terms: Box::new(terms), at: AT }
}

fn issued() -> Event {
    Event::Issued { digest: KeyDigest::of("secret"), terms: Box::new(terms()), at: AT }
}
