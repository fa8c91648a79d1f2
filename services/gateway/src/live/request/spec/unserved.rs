//! A request for which nobody will come.

use uplion_protocol::error::ApiError;

use super::*;
use crate::{options::Serving, outlook::Unserved};

fn waiting_for_a_worker(seconds: u64) -> Case {
    let wait_for_worker = Duration::from_secs(seconds);
    let serving = Serving { wait_for_worker, ..Serving::default() };
    let timeouts = Timeouts { serving, ..Timeouts::default() };
    given_with(false, Bytes::from_static(b"{}"), &(timeouts, Bounds::default()))
}

impl Case {
    fn is_unserved(&mut self) -> bool {
        let ends = self.request.on_unserved(self.now, Unserved::NoWorker);
        self.gather();
        ends
    }
}

fn unavailable() -> Action {
    let (model, reason) = ("demo".to_owned(), Unserved::NoWorker.reason());
    Action::Reject(ApiError::ModelUnavailable { model, reason, retry_after_s: 2 })
}

#[test]
fn who_waits_is_told_as_soon_as_nobody_will_come() {
    let mut case = waiting(false);
    case.new_actions();
    assert!(case.is_unserved());
    assert_eq!(case.new_actions()[0], unavailable());
    assert_eq!(case.outcome(), &Outcome::Failed(Failure::ModelUnavailable));
    assert!(!case.is_unserved(), "once");
}

#[test]
fn who_is_to_wait_for_a_worker_waits_so_long_and_no_longer() {
    let mut case = waiting_for_a_worker(60);
    assert!(!case.is_unserved());
    case.until(59_000, &[]);
    assert!(!case.is_unserved());
    case.until(60_000, &[]);
    assert!(case.is_unserved());
}

#[test]
fn the_wait_begins_anew_when_somebody_might_have_come_between() {
    let mut case = waiting_for_a_worker(60);
    assert!(!case.is_unserved());
    case.until(50_000, &[]);
    case.request.on_served();
    case.until(70_000, &[]);
    assert!(!case.is_unserved());
    case.until(129_000, &[]);
    assert!(!case.is_unserved());
    case.until(130_000, &[]);
    assert!(case.is_unserved());
}

#[test]
fn whoever_is_at_it_may_finish() {
    let mut case = claimed(false);
    assert!(!case.is_unserved());
    case.until(5000, &[]);
    assert!(case.is_unserved(), "its worker fell silent, and no other is there");
}
