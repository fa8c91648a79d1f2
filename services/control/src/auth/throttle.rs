//! How soon may somebody try to sign in again?
//!
//! At once for the first few times. From then on every failure doubles the wait up to a minute, for the account that is
//! tried and for the address that tries: one stops who guesses a password, the other who guesses accounts. It is not
//! longer, so that nobody can keep an account's owner out by guessing, nor all who share an institution's one address.
//!
//! Each process counts for itself: with several controls there are so many times the free tries, and no more. Memory
//! is a table of fixed size, in which those that failed most stay: a flood of addresses pushes out other addresses of
//! the flood.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// With an account, or with an address.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Failures without a wait.
    free: u32,
    /// After so long one failure is forgotten.
    forgets: Duration,
}

const WITH_ACCOUNTS: Patience = Patience { free: 5, forgets: Duration::from_mins(10) };
const WITH_ADDRESSES: Patience = Patience { free: 50, forgets: Duration::from_mins(1) };
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// With four to a set: 65,536 accounts, and as many addresses.
const SETS: usize = 16_384;
const WAYS: usize = 4;

pub struct Throttle {
    accounts: Table,
    addresses: Table,
}

/// A try that was let through: it counts as failed until it is said to have succeeded.
#[derive(Debug, Clone, Copy)]
pub struct Try {
    account: u64,
    address: Option<u64>,
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

struct Table {
    patience: Patience,
    /// Secret, so that nobody can choose names that fall together.
    hasher: RandomState,
    entries: Mutex<Box<[Option<Entry>]>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    who: u64,
    failures: u32,
    last: Instant,
}

impl Throttle {
    pub fn new() -> Self {
        Self { accounts: Table::new(WITH_ACCOUNTS), addresses: Table::new(WITH_ADDRESSES) }
    }

    /// Counts a try before it is known how it ends, so that many at once are not one.
    pub fn enter(&self, account: &str, address: Option<IpAddr>) -> Result<Try, Wait> {
        self.enter_at(account, address, Instant::now())
    }

    fn enter_at(&self, account: &str, address: Option<IpAddr>, now: Instant) -> Result<Try, Wait> {
        let account = self.accounts.hasher.hash_one(account);
        let address = address.map(|address| self.addresses.hasher.hash_one(network(address)));
        let waits = [
            self.accounts.wait(account, now),
            address.map_or(Duration::ZERO, |address| self.addresses.wait(address, now)),
        ];
        let wait = waits.into_iter().max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(Wait(wait));
        }
        self.accounts.count(account, now);
        if let Some(address) = address {
            self.addresses.count(address, now);
        }
        Ok(Try { account, address })
    }

    /// As if it had not been: it failed for reasons of ours.
    pub fn withdrawn(&self, this: Try) {
        self.accounts.forgive(this.account, 1);
        if let Some(address) = this.address {
            self.addresses.forgive(address, 1);
        }
    }

    /// The account starts anew. The address is given back this one try only: else who has an account of their own
    /// could guess at others' for ever.
    pub fn succeeded(&self, this: Try) {
        self.accounts.forgive(this.account, u32::MAX);
        if let Some(address) = this.address {
            self.addresses.forgive(address, 1);
        }
    }
}

/// What one customer of a provider holds: of IPv6 a /64.
fn network(address: IpAddr) -> impl Hash {
    match address.to_canonical() {
        IpAddr::V4(address) => (4, u64::from(address.to_bits())),
        IpAddr::V6(address) => (6, u64::try_from(address.to_bits() >> 64).unwrap_or_default()),
    }
}

impl Table {
    fn new(patience: Patience) -> Self {
        let entries = Mutex::new(vec![None; SETS * WAYS].into());
        Self { patience, hasher: RandomState::new(), entries }
    }

    fn wait(&self, who: u64, now: Instant) -> Duration {
        self.with_set(who, |set| {
            let known = set.iter().flatten().find(|entry| entry.who == who);
            known.map_or(Duration::ZERO, |entry| entry.wait(self.patience, now))
        })
    }

    fn count(&self, who: u64, now: Instant) {
        self.with_set(who, |set| {
            let known = set.iter_mut().flatten().find(|entry| entry.who == who);
            if let Some(entry) = known {
                let failures = entry.remembered(self.patience, now).saturating_add(1);
                *entry = Entry { who, failures, last: now };
            } else if let Some(place) = set.iter_mut().min_by_key(|place| {
                place.as_ref().map(|entry| (entry.remembered(self.patience, now), entry.last))
            }) {
                *place = Some(Entry { who, failures: 1, last: now });
            }
        });
    }

    fn forgive(&self, who: u64, failures: u32) {
        self.with_set(who, |set| {
            if let Some(entry) = set.iter_mut().flatten().find(|entry| entry.who == who) {
                entry.failures = entry.failures.saturating_sub(failures);
            }
        });
    }

    fn with_set<T>(&self, who: u64, look: impl FnOnce(&mut [Option<Entry>]) -> T) -> T {
        let sets = u64::try_from(SETS).unwrap_or(u64::MAX);
        let first = usize::try_from(who % sets).unwrap_or_default() * WAYS;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut entries[first..first + WAYS])
    }
}

impl Entry {
    fn remembered(&self, patience: Patience, now: Instant) -> u32 {
        let forgotten = now.duration_since(self.last).as_secs() / patience.forgets.as_secs();
        self.failures.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// Until the next try is let through.
    fn wait(&self, patience: Patience, now: Instant) -> Duration {
        match self.failures.checked_sub(patience.free) {
            None => Duration::ZERO,
            Some(beyond) => {
                let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(beyond));
                (self.last + wait.min(LONGEST_WAIT)).duration_since(now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &Throttle, account: &str, from: &str, now: Instant) -> Result<(), Wait> {
        throttle.enter_at(account, Some(address(from)), now).map(drop)
    }

    /// From an address of its own each time.
    fn fail_from_anywhere(
        throttle: &Throttle,
        account: &str,
        n: u32,
        now: Instant,
    ) -> Result<(), Wait> {
        fail(throttle, account, &std::net::Ipv4Addr::from_bits(n).to_string(), now)
    }

    #[test]
    fn the_first_tries_are_free_and_then_the_wait_doubles_up_to_its_bound() {
        let (throttle, mut now) = (Throttle::new(), Instant::now());
        for n in 0..5 {
            fail_from_anywhere(&throttle, "ada", n, now).unwrap();
        }
        for (n, seconds) in (5..).zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            let wait = Duration::from_secs(seconds);
            assert_eq!(fail_from_anywhere(&throttle, "ada", n, now), Err(Wait(wait)));
            let nearly = now + wait - Duration::from_millis(1);
            assert!(fail_from_anywhere(&throttle, "ada", n, nearly).is_err());
            now += wait;
            fail_from_anywhere(&throttle, "ada", n, now).unwrap();
        }
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_at_each() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..50 {
            fail(&throttle, &format!("account {n}"), "192.0.2.1", now).unwrap();
        }
        assert!(fail(&throttle, "another", "192.0.2.1", now).is_err());
        assert!(fail(&throttle, "another", "::ffff:192.0.2.1", now).is_err());
        fail(&throttle, "another", "192.0.2.2", now).unwrap();
    }

    #[test]
    fn all_addresses_of_one_ipv6_network_are_one() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..50 {
            fail(&throttle, &format!("account {n}"), &format!("2001:db8::{n:x}"), now).unwrap();
        }
        assert!(fail(&throttle, "another", "2001:db8::ffff", now).is_err());
        fail(&throttle, "another", "2001:db8:0:1::1", now).unwrap();
    }

    #[test]
    fn tries_that_are_turned_away_do_not_prolong_the_wait() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..5 {
            fail_from_anywhere(&throttle, "ada", n, now).unwrap();
        }
        for n in 0..100 {
            assert!(fail_from_anywhere(&throttle, "ada", 100 + n, now).is_err());
        }
        fail_from_anywhere(&throttle, "ada", 6, now + Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn many_at_once_are_not_one() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let let_through =
            (0..1_000).filter(|n| fail_from_anywhere(&throttle, "ada", *n, now).is_ok());
        assert_eq!(let_through.count(), 5);
    }

    #[test]
    fn who_signs_in_starts_anew_and_their_address_does_not() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let from = Some(address("192.0.2.1"));
        for n in 0..49 {
            throttle.enter_at(&format!("account {n}"), from, now).unwrap();
        }
        for _ in 0..10 {
            let this = throttle.enter_at("ada", from, now).unwrap();
            throttle.succeeded(this);
        }
        throttle.enter_at("one more", from, now).unwrap();
        assert!(throttle.enter_at("ada", from, now).is_err());
        throttle.enter_at("ada", Some(address("192.0.2.2")), now).unwrap();
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..5 {
            fail_from_anywhere(&throttle, "ada", n, now).unwrap();
        }
        let later = now + 2 * WITH_ACCOUNTS.forgets;
        for n in 0..2 {
            fail_from_anywhere(&throttle, "ada", 10 + n, later).unwrap();
        }
        assert!(fail_from_anywhere(&throttle, "ada", 20, later).is_err());
    }

    #[test]
    fn a_flood_of_others_does_not_wash_away_who_waits() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..5 {
            fail_from_anywhere(&throttle, "ada", n, now).unwrap();
        }
        for n in 0..200_000_u32 {
            fail_from_anywhere(&throttle, &format!("account {n}"), 1_000 + n, now).unwrap();
        }
        assert!(fail_from_anywhere(&throttle, "ada", 6, now).is_err());
    }
}
