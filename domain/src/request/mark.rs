//! Why a person should look at what a request was charged.

use super::{Outcome, Settled, UsageBound};
use crate::{
    Nanos, PriceId, Rates, Usage,
    installation::Currency,
    price::{Pinned, Served},
    request::ServiceTier,
    word::words,
};

words! {
    /// The first three are said by the settlement itself, which then charges less than was reported. The others are
    /// found by whoever reads the log; the settlement bills all the same.
    Mark, MarkKind, "mark":
    /// More output than the client asked for.
    BEYOND_ASKED = "beyond_asked",
    /// More prompt than the body can hold.
    BEYOND_BODY = "beyond_body",
    /// More than any model takes or makes.
    BEYOND_MODEL = "beyond_model",
    /// The charge is not what its rates make of its usage; or it charges a failure.
    WRONG_CHARGE = "wrong_charge",
    /// The price or the rates are not those of its acceptance.
    WRONG_RATES = "wrong_rates",
    /// More usage than its acceptance has a bound for.
    WRONG_USAGE = "wrong_usage",
}

/// What a settlement has from its acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    pub price: Pinned,
    pub bound: UsageBound,
}

/// What a settlement says that it was billed by.
#[derive(Debug, Clone, Copy)]
pub struct BilledBy<'a> {
    pub price: Option<PriceId>,
    pub currency: Option<Currency>,
    pub rates: &'a Rates,
    pub service_tier: Option<&'a ServiceTier>,
    pub usage: &'a Usage,
}

impl Settled {
    /// What is to be said of it without its acceptance.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = self.doubt.as_ref().map_or_else(Vec::new, |doubt| doubt.marks.clone());
        if self.charge != self.right_charge() {
            marks.push(Mark::WRONG_CHARGE);
        }
        marks
    }

    fn right_charge(&self) -> Nanos {
        match self.outcome {
            Outcome::Completed | Outcome::Cancelled(_) => self.rates.charge(&self.usage),
            Outcome::Failed(_) => Nanos::ZERO,
        }
    }

    pub const fn billed_by(&self) -> BilledBy<'_> {
        BilledBy {
            price: self.price,
            currency: self.currency,
            rates: &self.rates,
            service_tier: self.service_tier.as_ref(),
            usage: &self.usage,
        }
    }
}

impl Pins {
    /// What is to be said of the settlement of a request that was accepted under these.
    pub fn marks(&self, billed: BilledBy<'_>) -> Vec<Mark> {
        let BilledBy { price, currency, rates, service_tier, usage } = billed;
        let served = Served { prompt_tokens: usage.prompt_tokens(), service_tier };
        let as_pinned = (price, currency) == (self.price.price, self.price.currency)
            && *rates == self.price.rates(served);
        let mut marks = Vec::new();
        if !as_pinned {
            marks.push(Mark::WRONG_RATES);
        }
        if !self.bound.holds(usage) {
            marks.push(Mark::WRONG_USAGE);
        }
        marks
    }
}
