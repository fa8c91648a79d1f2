//! One request, its workers, the log and time, in whatever order a seed wills: messages are lost, late and doubled,
//! appends land late, never, or without an acknowledgement, and everybody stands still now and then.
//!
//! Whoever got a whole answer is charged for it, and nobody else is: the log's effective settlement is `completed` and
//! not taken back exactly then.

mod log;
mod world;

use self::world::World;

const SEEDS: u64 = 2000;

#[test]
fn a_client_got_its_whole_answer_exactly_if_it_is_charged_for_it() {
    for seed in 0..SEEDS {
        World::run(seed).check();
    }
}

/// What is not tried is not shown.
#[test]
fn the_seeds_try_what_can_go_wrong() {
    let worlds: Vec<World> = (0..SEEDS).map(World::run).collect();
    let count = |what: fn(&World) -> bool| worlds.iter().filter(|world| what(world)).count();
    let counts = [
        ("whole", count(|world| world.client.whole)),
        ("refused", count(|world| world.client.refused)),
        ("taken back", count(|world| world.log.is_reversed())),
        ("failed before a late completed", count(|world| world.log.has_ineffective_completed())),
        ("settled by a worker", count(|world| world.log.is_by_worker())),
        ("swept", count(|world| world.log.is_swept())),
        ("killed after a refusal", count(|world| world.killed && world.refusal_heard())),
    ];
    for (what, times) in counts {
        assert!(times >= 10, "{what}: {times} of {SEEDS}; {counts:?}");
    }
}
