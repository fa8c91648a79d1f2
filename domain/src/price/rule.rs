//! The rules that a price is made of: which rates a request has, by facts of that one request.
//!
//! Never by what else was used in a period: then a correction of one request would re-price others.

use std::collections::BTreeSet;

use crate::{
    Rates, Unit,
    request::{Operation, ServiceTier},
};

pub const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// Of a price's rules the first that applies counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    pub when: When,
    pub rates: Rates,
}

/// What must all be so. What is none is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    pub operation: Option<Operation>,
    /// Of admission, in the installation's time zone.
    pub time_of_day: Option<TimeOfDay>,
    /// More tokens of prompt than this.
    pub context_above: Option<u64>,
    /// In which the upstream served the request.
    pub service_tier: Option<ServiceTier>,
}

/// Minutes since midnight; `until` is the first that does not belong to it. Over midnight if it is not after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    pub from: u16,
    pub until: u16,
}

/// What is known of a request when it is admitted.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    pub operation: &'a Operation,
    /// In the installation's time zone.
    pub minute_of_day: u16,
}

/// What is known only when it ends.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    pub prompt_tokens: u64,
    pub service_tier: Option<&'a ServiceTier>,
}

impl Rule {
    /// Applies to whatever no rule before it does.
    pub fn always(rates: Rates) -> Self {
        Self { when: When::default(), rates }
    }

    /// The units that a request which this rule applies to is counted in, and that it says no rate for. `operations`:
    /// what the model is for, if that was said; if not, it is for text, unless rates are for other units alone. A rate for
    /// requests is a price of its own: the rest may be left out.
    pub fn unsaid(&self, operations: Option<&BTreeSet<Operation>>) -> Vec<Unit> {
        let said = |unit: &Unit| self.rates.iter().any(|(known, _)| known == unit);
        if said(&Unit::REQUESTS) {
            return vec![];
        }
        let needed: BTreeSet<Unit> = match (&self.when.operation, operations) {
            (Some(operation), _) => counted_in(operation).into_iter().collect(),
            (None, Some(operations)) => operations.iter().flat_map(counted_in).collect(),
            (None, None) if self.is_for_no_tokens() => BTreeSet::new(),
            (None, None) => counted_in(&Operation::CHAT_COMPLETION).into_iter().collect(),
        };
        let needed_of_others = needed.is_empty() && self.rates.iter().next().is_none();
        let others = needed_of_others.then_some(Unit::REQUESTS);
        needed.into_iter().filter(|unit| !said(unit)).chain(others).collect()
    }

    /// But for something else.
    fn is_for_no_tokens(&self) -> bool {
        let tokens = [Some(Unit::INPUT), Some(Unit::OUTPUT)];
        let mut units = self.rates.iter().map(|(unit, _)| unit).peekable();
        units.peek().is_some()
            && units.all(|unit| {
                !tokens.contains(&Some(unit.clone())) && !tokens.contains(&unit.falls_back_to())
            })
    }
}

/// What usage of an operation is counted in, whatever else comes with it. Of one that is unknown here: of nothing.
fn counted_in(operation: &Operation) -> Vec<Unit> {
    match operation.as_str() {
        "chat_completion" | "completion" | "response" | "message" => {
            vec![Unit::INPUT, Unit::OUTPUT]
        }
        "embedding" | "rerank" | "score" | "moderation" => vec![Unit::INPUT],
        "transcription" | "translation" => vec![Unit::SECONDS],
        "speech" => vec![Unit::CHARACTERS],
        "image_generation" | "image_edit" => vec![Unit::IMAGES],
        _ => vec![],
    }
}

impl When {
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// What is left to ask once the request is admitted; none if it cannot apply any more.
    pub(super) fn after(&self, admission: Admission<'_>) -> Option<Self> {
        let Self { operation, time_of_day, context_above, service_tier } = self;
        let holds = operation.as_ref().is_none_or(|operation| operation == admission.operation)
            && time_of_day.is_none_or(|time| time.holds(admission.minute_of_day));
        holds.then(|| Self {
            operation: None,
            time_of_day: None,
            context_above: *context_above,
            service_tier: service_tier.clone(),
        })
    }

    /// Whether what was left to ask is so.
    pub(super) fn holds(&self, served: Served<'_>) -> bool {
        let Self { operation: _, time_of_day: _, context_above, service_tier } = self;
        context_above.is_none_or(|tokens| served.prompt_tokens > tokens)
            && service_tier.as_ref().is_none_or(|tier| served.service_tier == Some(tier))
    }
}

impl TimeOfDay {
    pub const fn holds(self, minute: u16) -> bool {
        let Self { from, until } = self;
        if from < until {
            from <= minute && minute < until
        } else {
            from <= minute || minute < until
        }
    }

    pub const fn is_usable(self) -> bool {
        self.from < MINUTES_OF_A_DAY && self.until < MINUTES_OF_A_DAY && self.from != self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nanos;

    #[test]
    fn nothing_is_free_because_nothing_was_said_of_it() {
        let rule = |rates: &[(Unit, i128)], operation: Option<Operation>| Rule {
            when: When { operation, ..When::default() },
            rates: rates.iter().map(|(unit, rate)| (unit.clone(), Nanos::new(*rate))).collect(),
        };
        let unsaid = |rates: &[(Unit, i128)]| rule(rates, None).unsaid(None);
        assert_eq!(unsaid(&[(Unit::INPUT, 5)]), [Unit::OUTPUT]);
        assert_eq!(unsaid(&[(Unit::OUTPUT, 5)]), [Unit::INPUT]);
        assert_eq!(unsaid(&[]), [Unit::INPUT, Unit::OUTPUT]);
        assert_eq!(unsaid(&[(Unit::INPUT, 5), (Unit::OUTPUT, 0)]), []);
        assert_eq!(unsaid(&[(Unit::REQUESTS, 5)]), []);
        assert_eq!(unsaid(&[(Unit::IMAGES, 5)]), []);
        assert_eq!(
            unsaid(&[(Unit::IMAGES, 5), (Unit::CACHED_INPUT, 5)]),
            [Unit::INPUT, Unit::OUTPUT]
        );
        let embedding = rule(&[(Unit::INPUT, 5)], None);
        assert_eq!(embedding.unsaid(Some(&BTreeSet::from([Operation::EMBEDDING]))), []);
        let both = BTreeSet::from([Operation::EMBEDDING, Operation::CHAT_COMPLETION]);
        assert_eq!(embedding.unsaid(Some(&both)), [Unit::OUTPUT]);
        let images = rule(&[(Unit::INPUT, 5)], Some(Operation::IMAGE_GENERATION));
        assert_eq!(images.unsaid(None), [Unit::IMAGES]);
        let unknown = |rates| rule(rates, Some("dreaming".parse().unwrap())).unsaid(None);
        assert_eq!((unknown(&[]), unknown(&[(Unit::INPUT, 1)])), (vec![Unit::REQUESTS], vec![]));
    }

    #[test]
    fn a_time_of_day_may_go_over_midnight() {
        let day = TimeOfDay { from: 8 * 60, until: 20 * 60 };
        assert!(day.holds(8 * 60) && !day.holds(20 * 60) && !day.holds(0));
        let night = TimeOfDay { from: 20 * 60, until: 8 * 60 };
        assert!((0..MINUTES_OF_A_DAY).all(|minute| day.holds(minute) != night.holds(minute)));
    }
}
