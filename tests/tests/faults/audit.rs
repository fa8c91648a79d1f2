//! Holds what clients saw, what the upstream delivered, and what was charged against each other.

use std::collections::{BTreeMap, HashMap, HashSet};

use uplion_bench::upstream::{Delivery, Upstream};
use uplion_tests::installation::{Billed, Ledger, Settlement, price};

use crate::load::{Asked, End};

#[derive(Debug, Default)]
pub struct Audit {
    pub asked: usize,
    /// How requests ended for their clients.
    pub ends: BTreeMap<String, usize>,
    /// How they were settled: by whom, and why.
    pub settled: BTreeMap<String, usize>,
    /// Settlements of a request beyond its first: archived, and not counted.
    pub repeated: usize,
    /// Charged as completed although the client saw no end.
    pub unseen: usize,
    pub charged_nanos: i64,
    /// Of it, for whole answers.
    pub whole_nanos: i64,
    /// Of those, what the upstream delivered.
    pub delivered_nanos: i64,
    pub billed: Billed,
    /// What must not be.
    pub wrong: Vec<String>,
}

impl Audit {
    pub async fn of(
        asked: &[Asked],
        ledger: &Ledger,
        upstream: &Upstream,
        key: &str,
    ) -> anyhow::Result<Self> {
        let settlements = ledger.settlements().await?;
        let accepted = ledger.accepted().await?;
        let billed = ledger.billed(Some(key)).await?;
        let mut audit = Self { asked: asked.len(), billed, ..Self::default() };
        let effective = audit.settle_once(&settlements, &accepted);
        let mut delivered: HashMap<String, Vec<Delivery>> = HashMap::new();
        for delivery in upstream.deliveries() {
            delivered.entry(delivery.user.clone()).or_default().push(delivery);
        }
        let none = Vec::new();
        for one in asked {
            *audit.ends.entry(one.end.name()).or_default() += 1;
            let settlement = effective.get(one.request.as_str()).copied();
            audit.compare(one, settlement, delivered.get(&one.user).unwrap_or(&none));
        }
        audit.add_up(&effective);
        Ok(audit)
    }

    fn settle_once<'a>(
        &mut self,
        settlements: &'a [Settlement],
        accepted: &HashSet<String>,
    ) -> HashMap<&'a str, &'a Settlement> {
        let mut effective = HashMap::new();
        for settlement in settlements {
            if !settlement.effective {
                self.repeated += 1;
            } else if effective.insert(settlement.request.as_str(), settlement).is_some() {
                self.wrong.push(format!("{} settled twice", settlement.request));
            }
            let Settlement { outcome, why, writer, effective, reversed, .. } = settlement;
            let why = why.as_deref().unwrap_or_default();
            if *effective {
                let taken_back = if *reversed { ", taken back" } else { "" };
                let how = format!("{outcome} {why} by {writer}{taken_back}");
                *self.settled.entry(how).or_default() += 1;
            }
        }
        let never = accepted.iter().filter(|request| !effective.contains_key(request.as_str()));
        self.wrong.extend(never.map(|request| format!("{request} never settled")));
        effective
    }

    fn compare(&mut self, asked: &Asked, settled: Option<&Settlement>, delivered: &[Delivery]) {
        let (outcome, charge) =
            settled.map_or(("", 0), |settled| (settled.outcome.as_str(), settled.charge_nanos));
        let wrong = match &asked.end {
            End::Wrong(what) => Some(what.clone()),
            End::Whole => self.compare_whole(asked, settled, delivered),
            End::Refused { code, streamed } => {
                // What was delivered before a deadline is owed.
                let may = *streamed && code == "timeout";
                (charge != 0 && !may).then(|| format!("charged {charge} for an error"))
            }
            End::Broken | End::Left => {
                self.unseen += usize::from(outcome == "completed" && charge > 0);
                // Counted, not reported by the upstream: a token is a byte at least.
                let most =
                    if delivered.is_empty() { 0 } else { price(asked.bytes.0, asked.bytes.1) };
                (charge > most).then(|| format!("charged {charge} for at most {most}"))
            }
        };
        if let Some(wrong) = wrong {
            self.wrong.push(format!("{asked:?}: {wrong}: {settled:?}"));
        }
    }

    fn compare_whole(
        &mut self,
        asked: &Asked,
        settled: Option<&Settlement>,
        delivered: &[Delivery],
    ) -> Option<String> {
        let Some(settled) = settled else { return Some("answered and not settled".into()) };
        let tokens = |one: &Delivery| (one.prompt_tokens.into(), one.completion_tokens.into());
        let charged = (settled.prompt_tokens, settled.completion_tokens);
        let Some(delivery) = delivered.iter().find(|one| tokens(one) == charged) else {
            return Some(format!("charged for what was not delivered: {delivered:?}"));
        };
        let (prompt, completion) = tokens(delivery);
        self.delivered_nanos += price(prompt, completion);
        self.whole_nanos += settled.charge_nanos;
        let right = settled.outcome == "completed"
            && completion == asked.chunks
            && settled.charge_nanos == price(prompt, completion);
        (!right).then(|| "not charged for exactly what was answered".into())
    }

    fn add_up(&mut self, effective: &HashMap<&str, &Settlement>) {
        self.charged_nanos = effective.values().map(|settled| settled.charge_nanos).sum();
        let Billed { requests, cost_nanos, .. } = self.billed;
        if cost_nanos != self.charged_nanos {
            self.wrong.push(format!("billed {cost_nanos}, charged {}", self.charged_nanos));
        }
        if usize::try_from(requests).ok() != Some(effective.len()) {
            self.wrong.push(format!("billed {requests} requests, settled {}", effective.len()));
        }
        if self.whole_nanos != self.delivered_nanos {
            let (whole, delivered) = (self.whole_nanos, self.delivered_nanos);
            self.wrong.push(format!("whole answers: charged {whole}, delivered {delivered}"));
        }
    }

    pub fn assert_right(&self) {
        assert!(self.wrong.is_empty(), "{} things wrong: {:#?}", self.wrong.len(), self.wrong);
        let ended = |how| self.ends.get(how).copied().unwrap_or(0);
        // Who is turned away at once asks again at once: how many do so says how long the broker was away.
        let turned_away = ended("error unavailable") + ended("error model_unavailable");
        let admitted = self.asked - turned_away;
        assert!(ended("whole") * 2 > admitted, "most were served: {:?}", self.ends);
    }
}

impl End {
    pub fn name(&self) -> String {
        match self {
            Self::Whole => "whole".into(),
            Self::Wrong(_) => "wrong".into(),
            Self::Refused { code, streamed: false } => format!("error {code}"),
            Self::Refused { code, streamed: true } => format!("stream ended with {code}"),
            Self::Broken => "connection broke".into(),
            Self::Left => "client left".into(),
        }
    }
}
