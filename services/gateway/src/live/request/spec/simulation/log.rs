//! TRAFFIC as far as one request is concerned, and what the archive makes of it.

use uplion_domain::{
    GatewayId, Nanos,
    request::{Failure, Outcome, Reversed, Settled, Writer},
};
use uuid::Uuid;

use super::super::Correction;

/// One that lives: it settles what a worker shows of the lost one.
pub fn another_gateway() -> GatewayId {
    GatewayId::new(Uuid::from_u128(77))
}

/// Behind its deadline nothing that charges counts.
const LATENESS: u64 = 60_000;

#[derive(Debug, Clone)]
pub enum Entry {
    Settled(Box<Settled>),
    Reversed(Box<Reversed>),
}

#[derive(Debug)]
pub struct Log {
    deadline: u64,
    /// When each landed.
    entries: Vec<(u64, Entry)>,
}

impl From<Correction> for Entry {
    fn from(correction: Correction) -> Self {
        match correction {
            Correction::Settled(settled) => Self::Settled(settled),
            Correction::Reversed(reversed) => Self::Reversed(reversed),
        }
    }
}

impl Log {
    pub const fn new(deadline: u64) -> Self {
        Self { deadline, entries: vec![] }
    }

    pub fn land(&mut self, at: u64, entry: Entry) {
        self.entries.push((at, entry));
    }

    pub fn is_settled(&self) -> bool {
        self.effective().is_some()
    }

    /// The first settlement that counts, and its place.
    fn effective(&self) -> Option<(usize, &Settled)> {
        self.entries.iter().enumerate().find_map(|(place, (at, entry))| match entry {
            Entry::Settled(settled)
                if settled.charge == Nanos::ZERO || *at <= self.deadline + LATENESS =>
            {
                Some((place, &**settled))
            }
            Entry::Settled(_) | Entry::Reversed(_) => None,
        })
    }

    pub fn is_reversed(&self) -> bool {
        let Some((place, settled)) = self.effective() else { return false };
        self.entries[place..].iter().any(|(_, entry)| match entry {
            Entry::Reversed(reversed) => **reversed == settled.reverse(reversed.at),
            Entry::Settled(_) => false,
        })
    }

    pub fn is_charged_whole(&self) -> bool {
        let effective = self.effective();
        effective.is_some_and(|(_, settled)| settled.outcome == Outcome::Completed)
            && !self.is_reversed()
    }

    pub fn charge(&self) -> Nanos {
        let effective = self.effective().filter(|_| !self.is_reversed());
        effective.map_or(Nanos::ZERO, |(_, settled)| settled.charge)
    }

    pub fn has_ineffective_completed(&self) -> bool {
        let Some((place, _)) = self.effective() else { return false };
        self.entries[place + 1..].iter().any(|(_, entry)| match entry {
            Entry::Settled(settled) => settled.outcome == Outcome::Completed,
            Entry::Reversed(_) => false,
        }) && !self.is_charged_whole()
    }

    pub fn is_by_worker(&self) -> bool {
        self.effective()
            .is_some_and(|(_, settled)| settled.writer == Writer::Gateway(another_gateway()))
    }

    pub fn is_swept(&self) -> bool {
        let unsettled = Outcome::Failed(Failure::Unsettled);
        self.effective().is_some_and(|(_, settled)| settled.outcome == unsettled)
    }
}
