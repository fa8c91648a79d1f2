//! Who takes an upstream from others, and how it comes back.

use uplion_domain::KeyId;
use uuid::Uuid;

use super::*;

fn asker(key: u128) -> Asker {
    Asker { key: Some(KeyId::new(Uuid::from_u128(key))), body: 1 }
}

fn is_checked_now(health: &Health) -> bool {
    let (due, _) = health.state().next_check();
    due.is_some_and(|due| due <= Instant::now())
}

fn resting() -> Verdict {
    Verdict::Resting { reason: ReleaseReason::UpstreamFailed, retry_after: None }
}

#[test]
fn one_clients_failures_leave_it_up_and_unasked() {
    let health = Health::default();
    for symptom in [Symptom::Failing, Symptom::Refused(404), Symptom::Refused(403), Symptom::Busy] {
        health.suspect(symptom, asker(1), None);
    }
    assert!(health.is_up() && !is_checked_now(&health));
}

#[test]
fn failures_of_several_are_a_reason_to_ask_and_no_verdict() {
    let health = Health::default();
    health.suspect(Symptom::Failing, asker(1), None);
    health.suspect(Symptom::Failing, asker(2), None);
    assert!(health.is_up() && is_checked_now(&health));
    assert!(!health.checked(Verdict::Well, Instant::now()));
    assert!(health.is_up() && !is_checked_now(&health));
}

#[test]
fn an_answer_between_is_reason_enough_not_to_ask() {
    let health = Health::default();
    health.suspect(Symptom::Failing, asker(1), None);
    health.suspect(Symptom::Failing, asker(2), None);
    health.answered(Instant::now());
    assert!(!is_checked_now(&health));
}

#[test]
fn what_cannot_be_connected_to_rests_at_once_and_is_reached_for_again() {
    let health = Health::default();
    health.unreachable(Instant::now());
    assert!(matches!(health.now(), HealthState::Resting { .. }));
    assert_eq!(health.state().next_check().1, Check::Reach);
    health.checked(Verdict::Well, Instant::now());
    assert!(health.is_up());
}

#[test]
fn a_refused_credential_is_asked_after_at_once_and_down_only_if_the_answer_is_the_same() {
    let health = Health::default();
    let symptom = Symptom::NeedsPerson(FailureReason::AuthenticationError);
    health.suspect(symptom, asker(1), None);
    assert!(health.is_up() && is_checked_now(&health));
    let verdict = Verdict::NeedsPerson(FailureReason::AuthenticationError);
    assert!(health.checked(verdict, Instant::now()), "a person is told");
    assert_eq!(health.now(), HealthState::Down(FailureReason::AuthenticationError));
    assert!(!health.checked(verdict, Instant::now()), "and told once");
    health.checked(Verdict::Well, Instant::now());
    assert!(health.is_up());
}

#[test]
fn an_upstream_that_is_well_is_not_asked_again_at_once() {
    let health = Health::default();
    health.checked(Verdict::Well, Instant::now());
    for n in 0..9 {
        health.suspect(Symptom::Refused(403), asker(n), None);
    }
    assert!(!is_checked_now(&health));
    let (due, check) = health.state().next_check();
    assert!(due.unwrap() <= Instant::now() + CHECKS_APART);
    assert_eq!(check, Check::Answer);
}

#[test]
fn an_answer_to_what_was_asked_before_the_trouble_says_nothing_new() {
    let (health, before) = (Health::default(), Instant::now());
    health.checked(resting(), Instant::now());
    health.answered(before);
    assert!(!health.is_up());
    health.answered(Instant::now());
    assert!(health.is_up());
}

#[test]
fn who_would_have_called_it_hears_what_it_said_and_how_long_it_rests() {
    let health = Health::default();
    let words = UpstreamWords {
        status: 429,
        content_type: "application/json".to_owned(),
        retry_after_s: Some(30),
        body: b"busy".as_slice().into(),
    };
    health.suspect(Symptom::Busy, asker(1), Some(&words));
    let retry_after = Some(Duration::from_secs(30));
    let verdict = Verdict::Resting { reason: ReleaseReason::Busy, retry_after };
    health.checked(verdict, Instant::now());
    assert_eq!(health.words(), Some(UpstreamWords { retry_after_s: Some(30), ..words }));
    health.checked(Verdict::Well, Instant::now());
    assert_eq!(health.words(), None);
}
