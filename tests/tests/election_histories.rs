//! E1 to E7 (design §4) over arbitrary histories: two or three real candidates, the fake server, networks that delay, lose,
//! repeat and spoil, clocks that differ and jump, pauses, crashes, and people who edit and delete the Lease; in virtual time.
//!
//! A history that fails is printed, at its smallest, as the call that replays it: paste it into a test. `PROPTEST_CASES` says
//! how many are tried. `tests/mutants/election` breaks the machine in ways that these histories must find.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "election_histories/candidate.rs"]
mod candidate;
#[path = "election_histories/ending.rs"]
mod ending;
#[path = "election_histories/history.rs"]
mod history;
#[path = "election_histories/letter.rs"]
mod letter;
#[path = "election_histories/server.rs"]
mod server;
#[path = "election_histories/world.rs"]
mod world;

use std::env;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use history::{Edited, History, Setup, Step, histories};
use world::World;

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/election_histories.txt");

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: env::var("PROPTEST_CASES").map_or(cases, |cases| cases.parse().unwrap()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    }
}

/// E1, E2, E3, E4, E6 and that nothing panics (E7) at every step; in the end E5.
fn check(setup: &Setup, steps: &[Step]) -> World {
    let mut world = World::new(setup);
    world.run(steps);
    world.end();
    world
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn what_must_always_hold_holds_in_every_history(History { setup, steps } in histories()) {
        check(&setup, &steps);
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_same_history_gives_the_same_actions(History { setup, steps } in histories()) {
        let [one, other] = [(); 2].map(|()| check(&setup, &steps));
        prop_assert_eq!(one.lines, other.lines);
    }
}

/// Two with good clocks and an empty Lease.
const TWO: Setup =
    Setup { candidates: 2, rates: [1000; 3], is_short: false, is_exact: false, has_lease: true, seed: 0 };

/// What happens once one of two leads: its number comes first, then the other's.
fn once_led(setup: &Setup, steps: impl Fn(usize, usize) -> Vec<Step>) -> World {
    let mut world = World::new(setup);
    world.pass(5_000_000);
    let leader = world.leader().unwrap();
    world.run(&steps(leader, 1 - leader));
    world
}

// E1, E2, E3
#[test]
fn work_that_does_not_stop_is_gone_before_another_leads() {
    for rates in [[1000, 1009, 1000], [1009, 1000, 1000]] {
        let cut_off = |leader, _| vec![Step::SlowWork(leader, 60_000), Step::CutOff(leader, true), Step::Pass(30_000)];
        let world = once_led(&Setup { rates, ..TWO }, cut_off);
        assert_eq!(world.tokens.len(), 2);
    }
}

// E1, E2
#[test]
fn a_guard_ends_though_its_candidate_stands_still() {
    for rates in [[1000, 1490, 1000], [1490, 1000, 1000]] {
        let setup = Setup { rates, ..TWO };
        let mut world = once_led(&setup, |leader, _| vec![Step::Pause(leader, 40_000), Step::Pass(39_000)]);
        assert_eq!(world.tokens.len(), 2);
        world.end();
    }
}

// E2: a write counts from its sending.
#[test]
fn a_slow_answer_makes_no_term_longer() {
    once_led(&TWO, |leader, _| vec![Step::SlowAnswers(leader, 2_500), Step::Pass(20_000)]).end();
}

// E3: stop, then release.
#[test]
fn a_record_is_kept_until_the_work_is_gone() {
    let world = once_led(&TWO, |leader, _| {
        vec![Step::SlowWork(leader, 20_000), Step::Resign(leader), Step::Pass(19_000), Step::Pass(2_000)]
    });
    assert_eq!(world.tokens.len(), 2);
}

// E3: only what was seen counts, and no wall clock.
#[test]
fn no_wall_clock_takes_over_or_loses_a_term() {
    for by in [i32::MAX, i32::MIN] {
        let set = |leader, other| vec![Step::SetWall(other, by), Step::SetWall(leader, !by), Step::Pass(30_000)];
        let mut world = once_led(&TWO, set);
        assert_eq!(world.tokens.len(), 1);
        world.end();
    }
    let stop = |leader, _| vec![Step::StopWall(leader, true), Step::Pass(30_000), Step::Pass(30_000)];
    let mut world = once_led(&TWO, stop);
    assert_eq!(world.tokens.len(), 1);
    world.end();
}

// E1: design §4, Creation and History break.
#[test]
fn a_deleted_lease_lets_nobody_in_while_its_leader_works() {
    let made_again = [vec![], vec![Step::Intrude(None), Step::Retreat]];
    for others in made_again {
        let mut world = once_led(&TWO, |leader, _| {
            let cut_off = [Step::SlowWork(leader, 60_000), Step::CutOff(leader, true), Step::Delete];
            cut_off.into_iter().chain(others.clone()).chain([Step::Pass(30_000)]).collect()
        });
        world.end();
    }
}

// E5: a label is no sign of life.
#[test]
fn edited_labels_do_not_prolong_a_dead_leaders_lease() {
    let edits = (0..17).flat_map(|second| [Step::Edit(Edited::Label(second)), Step::Pass(1_000)]);
    let world = once_led(&TWO, |leader, _| [Step::Crash(leader, 60_000)].into_iter().chain(edits.clone()).collect());
    assert_eq!(world.tokens.len(), 2);
}

// E6
#[test]
fn what_others_write_stays() {
    let edits = [Edited::Label(1), Edited::Annotation(1), Edited::Owner, Edited::PreferredHolder];
    let steps = edits.into_iter().flat_map(|edited| [Step::Edit(edited), Step::Pass(5_000)]);
    let mut world = once_led(&TWO, |_, _| steps.clone().collect());
    assert_eq!(world.tokens.len(), 1);
    world.end();
}

// E5: a read shows that the watch has died unheard.
#[test]
fn a_release_is_heard_after_a_watch_has_died_unheard() {
    once_led(&TWO, |_, other| vec![Step::EndWatch(other, false), Step::Pass(1_000)]).end();
}

// E7: 68 years are believed for an hour.
#[test]
fn an_absurd_duration_blocks_nobody_for_ever() {
    let free = |leader, other| vec![Step::Resign(other), Step::Resign(leader), Step::Pass(1_000)];
    let mut world = once_led(&TWO, free);
    world.run(&[Step::Intrude(Some(2_147_483_647)), Step::Stand(0), Step::Stand(1), Step::Pass(60_000)]);
    assert_eq!(world.tokens.len(), 1);
    world.pass_until(3_700_000_000, |world| world.leader().is_some());
    assert!((3_600_000_000..3_680_000_000).contains(&world.real), "{}", world.real);
}

// E1: design §4, Another with our name.
#[test]
fn a_namesakes_record_is_not_ours() {
    let mut world = once_led(&Setup { is_exact: true, ..TWO }, |_, _| vec![Step::Pass(30_000)]);
    assert_eq!(world.tokens.len(), 1);
    world.end();
}
