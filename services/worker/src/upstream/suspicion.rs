//! Whether what fails is one request's own trouble or the upstream's: told by whose requests fail alike.
//!
//! A suspicion is no verdict. It is a reason for the worker to ask the upstream itself.

use std::collections::VecDeque;

use uplion_domain::{KeyId, worker::FailureReason};

/// Failures that are remembered; more say nothing new.
const REMEMBERED: usize = 16;
/// Keys whose requests failed alike: one client's trouble is its own.
const KEYS: usize = 2;
/// Different requests, whoever sent them: a small installation has one key.
const BODIES: usize = 3;
/// Failures in a row, even of one request.
const IN_A_ROW: usize = 6;

/// Whose request it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// None if it cannot be read.
    pub key: Option<KeyId>,
    /// A hash of what was asked.
    pub body: u64,
}

/// What is alike between failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// No answer that could be passed on.
    Failing,
    Busy,
    /// Credential, quota or settings.
    NeedsPerson(FailureReason),
    /// It was refused with a status that can mean either.
    Refused(u16),
}

/// What failed since the last good answer.
#[derive(Debug, Default)]
pub struct Suspicion(VecDeque<(Symptom, Asker)>);

impl Suspicion {
    /// One more. Whether enough failed alike by now for the upstream to be asked.
    pub fn note(&mut self, symptom: Symptom, asker: Asker) -> bool {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((symptom, asker));
        let alike = || self.0.iter().filter(|(other, _)| *other == symptom).map(|(_, of)| of);
        distinct(alike().filter_map(|of| of.key)) >= KEYS
            || distinct(alike().map(|of| of.body)) >= BODIES
            || alike().count() >= IN_A_ROW
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> usize {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen.len()
}

#[cfg(test)]
mod spec {
    use uuid::Uuid;

    use super::*;

    fn asker(key: u128, body: u64) -> Asker {
        Asker { key: Some(KeyId::new(Uuid::from_u128(key))), body }
    }

    fn suspicious(failures: impl IntoIterator<Item = (Symptom, Asker)>) -> Vec<bool> {
        let mut suspicion = Suspicion::default();
        failures.into_iter().map(|(symptom, asker)| suspicion.note(symptom, asker)).collect()
    }

    #[test]
    fn one_request_tried_again_is_its_own_trouble() {
        let same = [(Symptom::Refused(403), asker(1, 1)); 5];
        assert_eq!(suspicious(same), [false; 5]);
    }

    #[test]
    fn two_clients_or_three_requests_that_fail_alike_are_worth_a_question() {
        let failing = |key, body| (Symptom::Failing, asker(key, body));
        assert_eq!(suspicious([failing(1, 1), failing(2, 1)]), [false, true]);
        assert_eq!(suspicious([failing(1, 1), failing(1, 2), failing(1, 3)]), [false, false, true]);
    }

    #[test]
    fn what_fails_differently_is_not_added_up() {
        let symptoms =
            [Symptom::Failing, Symptom::Busy, Symptom::Refused(403), Symptom::Refused(404)];
        let failures =
            symptoms.into_iter().zip(1..).map(|(symptom, n)| (symptom, asker(n.into(), n)));
        assert_eq!(suspicious(failures), [false; 4]);
    }

    #[test]
    fn an_answer_between_ends_it() {
        let mut suspicion = Suspicion::default();
        assert!(!suspicion.note(Symptom::Busy, asker(1, 1)));
        suspicion.clear();
        assert!(!suspicion.note(Symptom::Busy, asker(2, 2)));
    }

    #[test]
    fn whose_key_cannot_be_read_is_told_by_what_was_asked() {
        let unread = |body| (Symptom::Failing, Asker { key: None, body });
        assert_eq!(suspicious([unread(1), unread(2), unread(3)]), [false, false, true]);
    }
}
