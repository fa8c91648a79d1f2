//! A price as a request is admitted under: no price that is set later changes what the request costs.

use super::rule::{Admission, Rule, Served};
use crate::{PriceId, Rates, installation::Currency};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pinned {
    /// None if no price was in force: then the request costs nothing.
    pub price: Option<PriceId>,
    /// That of the installation; none from before it had one.
    pub currency: Option<Currency>,
    /// Those that may still apply, in order. What is known at admission is decided, and no rule asks for it any more.
    pub rules: Vec<Rule>,
}

impl Pinned {
    pub fn new(
        price: PriceId,
        currency: Option<Currency>,
        rules: &[Rule],
        admission: Admission<'_>,
    ) -> Self {
        let mut left = Vec::with_capacity(1);
        for rule in rules {
            let Some(when) = rule.when.after(admission) else { continue };
            let last = when.is_always();
            left.push(Rule { when, rates: rule.rates.clone() });
            if last {
                break;
            }
        }
        Self { price: Some(price), currency, rules: left }
    }

    /// The rates that apply to the request; none that cost anything if no rule does.
    pub fn rates(&self, served: Served<'_>) -> Rates {
        let first = self.rules.iter().find(|rule| rule.when.holds(served));
        first.map(|rule| rule.rates.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        Nanos,
        price::{TimeOfDay, When},
        request::{Operation, ServiceTier},
        usage::Unit,
    };

    fn rule(when: When, input: i128) -> Rule {
        Rule { when, rates: Rates::default().with(Unit::INPUT, Nanos::new(input)) }
    }

    fn rules() -> Vec<Rule> {
        let night = Some(TimeOfDay { from: 1_200, until: 480 });
        vec![
            rule(When { operation: Some(Operation::EMBEDDING), ..When::default() }, 1),
            rule(When { service_tier: Some(ServiceTier::FLEX), ..When::default() }, 2),
            rule(When { context_above: Some(200_000), ..When::default() }, 3),
            rule(When { time_of_day: night, ..When::default() }, 4),
            rule(When::default(), 5),
        ]
    }

    fn pinned(operation: &Operation, minute_of_day: u16) -> Pinned {
        let price = PriceId::new(Uuid::from_u128(7));
        Pinned::new(price, None, &rules(), Admission { operation, minute_of_day })
    }

    fn input(pinned: &Pinned, prompt_tokens: u64, service_tier: Option<&ServiceTier>) -> i128 {
        pinned.rates(Served { prompt_tokens, service_tier }).of(&Unit::INPUT).get()
    }

    #[test]
    fn what_is_known_at_admission_is_decided_then() {
        assert_eq!(pinned(&Operation::EMBEDDING, 0).rules, [rule(When::default(), 1)]);
        let kept = pinned(&Operation::CHAT_COMPLETION, 600).rules;
        assert_eq!(kept, [rules()[1].clone(), rules()[2].clone(), rules()[4].clone()]);
    }

    #[test]
    fn the_first_rule_that_applies_counts() {
        let chat = pinned(&Operation::CHAT_COMPLETION, 600);
        assert_eq!(input(&chat, 300_000, Some(&ServiceTier::FLEX)), 2);
        assert_eq!(input(&chat, 300_000, Some(&ServiceTier::PRIORITY)), 3);
        assert_eq!(input(&chat, 200_000, None), 5);
        assert_eq!(input(&pinned(&Operation::CHAT_COMPLETION, 0), 10, None), 4);
    }

    #[test]
    fn without_a_price_nothing_costs_anything() {
        assert_eq!(input(&Pinned::default(), 10, None), 0);
    }
}
