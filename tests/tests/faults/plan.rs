//! What is to be done to whom, and when: a function of the seed.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Worker,
    Gateway,
    NatsServer,
    Projector,
    Control,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// SIGKILL, and for so long nothing in its place.
    Kill(Duration),
    /// SIGSTOP, and SIGCONT after so long.
    Stop(Duration),
}

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// After the one before has been mended.
    pub pause: Duration,
    pub target: Target,
    /// Which of those that there are several of.
    pub which: usize,
    pub act: Act,
}

/// Two hands work at once: one at what requests go through, one at what the bill is made by.
#[derive(Debug)]
pub struct Plan {
    pub hands: [Vec<Fault>; 2],
}

const HANDS: [[Target; 3]; 2] = [
    [Target::Worker, Target::Gateway, Target::NatsServer],
    [Target::Projector, Target::Control, Target::Postgres],
];
const SHORT: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(15);

impl Plan {
    pub fn of(seed: u64, faults: usize) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let counts = [faults.div_ceil(2), faults / 2];
        let hands = [0, 1].map(|hand| faults_of(HANDS[hand], counts[hand], &mut dice));
        Self { hands }
    }
}

/// Every act at every target before one comes a second time.
fn faults_of(targets: [Target; 3], count: usize, dice: &mut StdRng) -> Vec<Fault> {
    let mut faults = Vec::with_capacity(count);
    while faults.len() < count {
        let mut deck: Vec<Fault> =
            targets.iter().flat_map(|target| each_act(*target, dice)).collect();
        deck.shuffle(dice);
        deck.truncate(count - faults.len());
        faults.extend(deck);
    }
    faults
}

fn each_act(target: Target, dice: &mut StdRng) -> [Fault; 3] {
    let down = Duration::from_millis(dice.random_range(0..2_000));
    [Act::Kill(down), Act::Stop(SHORT), Act::Stop(LONG)].map(|act| Fault {
        pause: Duration::from_millis(dice.random_range(200..2_000)),
        target,
        which: dice.random_range(0..100),
        act,
    })
}

#[test]
fn the_same_seed_plans_the_same() {
    assert_eq!(format!("{:?}", Plan::of(7, 20)), format!("{:?}", Plan::of(7, 20)));
    assert_ne!(format!("{:?}", Plan::of(7, 20)), format!("{:?}", Plan::of(8, 20)));
}

#[test]
fn eighteen_faults_are_each_act_at_each_target() {
    let all = Plan::of(7, 18).hands.concat();
    let mut kinds: Vec<_> = all
        .iter()
        .map(|fault| match fault.act {
            Act::Kill(_) => (fault.target, Act::Kill(Duration::ZERO)),
            stop @ Act::Stop(_) => (fault.target, stop),
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 18);
}
