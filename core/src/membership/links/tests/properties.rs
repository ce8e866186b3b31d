//! What holds for any changes, reports and times, in any order.

use proptest::prelude::*;
use proptest::sample::select;

use super::world::{How, Step, World};
use super::*;

fn steps_strategy() -> impl Strategy<Value = Vec<Step>> {
    let state = select(&[
        (MemberState::Ready, true),
        (MemberState::Ready, true),
        (MemberState::NotReady, false),
        (MemberState::Terminating, false),
        (MemberState::Terminating, true),
    ]);
    let departure = select(&[Departure::Gone, Departure::Renamed, Departure::Ended(MemberState::Failed)]);
    let how = prop_oneof![5 => Just(How::Well), 1 => Just(How::Refused), 1 => Just(How::Answers)];
    let step = prop_oneof![
        1 => Just(Step::Start),
        8 => (0..5_u8, select(&["a", "a", "b"]), state).prop_map(|(host, uid, (state, ok))| Step::See(host, uid, state, ok)),
        4 => (0..5_u8, departure).prop_map(|(host, why)| Step::Leave(host, why)),
        12 => (0..4_usize, how).prop_map(|(index, how)| Step::End(index, how)),
        1 => (0..40_u64, any::<bool>()).prop_map(|(id, well)| Step::Stale(id, well)),
        2 => (0..5_u8, any::<bool>()).prop_map(|(host, noticed)| Step::Drop(host, noticed)),
        1 => (0..6_u8).prop_map(Step::Inbound),
        4 => (0..3000_u64).prop_map(Step::Pass),
        2 => (0..15_000_u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..120)
}

fn options_strategy() -> impl Strategy<Value = LinkOptions> {
    let after = |seconds| select(alloc::vec![None, Some(Duration::ZERO), Some(Duration::from_secs(seconds))]);
    let keep = select(&[Keep::Present, Keep::Ready]);
    (1..4_usize, keep, prop_oneof![3 => Just(Some(Duration::from_secs(2))), 1 => after(2)], after(4), any::<u64>())
        .prop_map(|(parallel, keep, disconnect_after, terminating_after, seed)| LinkOptions {
            self_name: Some(ready(0).name.clone()),
            parallel,
            keep,
            disconnect_after,
            terminating_after,
            seed,
            ..LinkOptions::default()
        })
}

fn run(steps: &[Step], options: &LinkOptions, blind: bool, origin: u64) -> World {
    let mut world = World::new(options.clone(), blind, Duration::from_secs(origin));
    world.step(&Step::Start);
    steps.iter().for_each(|step| world.step(step));
    world
}

proptest! {
    #[test]
    fn links_become_what_is_wanted_and_never_do_what_they_must_not(
        steps in steps_strategy(), options in options_strategy(), blind in prop::bool::weighted(0.2),
    ) {
        run(&steps, &options, blind, 0).settle();
    }

    #[test]
    fn whoever_drains_at_any_time_orders_nothing_more(
        mut steps in steps_strategy(), options in options_strategy(), at in 0..120_usize, blind in any::<bool>(),
    ) {
        steps.insert(at.min(steps.len()), Step::Drain);
        run(&steps, &options, blind, 0).settle();
    }

    #[test]
    fn the_same_inputs_give_the_same_links_and_lines(steps in steps_strategy(), options in options_strategy()) {
        let (one, other) = (run(&steps, &options, false, 0), run(&steps, &options, false, 0));
        prop_assert_eq!(&one.host.links, &other.host.links);
        let later = run(&steps, &options, false, 1000);
        let untimed = |world: &World| world.history.iter().map(|line| match line.strip_prefix('+') {
            Some(rest) => rest.split_once(' ').unwrap().1.into(),
            None => line.clone(),
        }).collect::<Vec<String>>();
        prop_assert_eq!(untimed(&one), untimed(&later));
    }
}
