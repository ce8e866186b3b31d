//! The strategies of core's feature `proptest`: they make what they say, and our own machines keep their promises under them.
#![expect(clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use proptest::prelude::*;
use quorate_core::election::{Election, Order};
use quorate_core::machine::Machine as _;
use quorate_core::membership::{Membership, document};
use quorate_core::testing::strategies::histories::{Player, Step};
use quorate_core::testing::strategies::{answers, election, histories, membership, objects, records};
use quorate_core::time::Instant;

proptest! {
    #[test]
    fn options_that_work_do(
        election in election::options(), listing in membership::listing_options(), membership in membership::options(),
        links in membership::link_options(),
    ) {
        prop_assert!(election.build().is_ok() && listing.build().is_ok());
        prop_assert!(membership.build().is_ok() && links.build().is_ok());
    }

    #[test]
    fn any_options_are_proven_or_refused_with_a_reason(
        election in election::any_options(), membership in membership::any_options(), links in membership::any_link_options(),
    ) {
        if let Err(error) = election.build() {
            prop_assert!(!error.to_string().is_empty() && !error.faults().is_empty());
        }
        if let Err(error) = membership.build() {
            prop_assert_eq!(error.to_string().lines().count(), error.faults().len());
        }
        if let Err(error) = links.build() {
            prop_assert_eq!(error.to_string().lines().count(), error.faults().len());
        }
    }

    #[test]
    fn objects_are_read_and_say_who_they_are(
        pod in objects::pods(), slice in objects::slices(), endpoints in objects::endpoints(),
    ) {
        for json in [pod, slice, endpoints] {
            let document = document::decode(json.to_string().as_bytes())?;
            prop_assert_eq!(document.objects.len(), 1);
            prop_assert_eq!(json["metadata"]["name"].as_str(), Some(&*document.objects[0].reference.name));
        }
    }

    // E2, and one work at a time.
    #[test]
    fn a_candidate_keeps_its_promises(options in election::options(), steps in histories::of_election()) {
        let deadline = options.renew_deadline;
        let mut player = Player::start(Election::new(options.build()?));
        for step in &steps {
            player.step(step);
            let until = player.machine().leading_until();
            let latest = player.last_write_at().map(|sent_at| sent_at.saturating_add(deadline));
            prop_assert!(until <= latest, "{:?}, not {:?}", until, latest);
            let running = player.orders().iter().try_fold(None, |running, order| match (running, order) {
                (None, Order::StartWork { term, .. }) => Ok(Some(term)),
                (Some(running), Order::StartWork { term, .. }) if running < term => Ok(Some(term)),
                (Some(running), Order::StopWork { term, .. } | Order::MoveHardDeadline { term, .. }) if running == term => {
                    Ok(Some(running))
                }
                (running, order) => Err(TestCaseError::fail(format!("{order} while {running:?}"))),
            })?;
            prop_assert!(player.machine().term().is_none_or(|term| Some(term) == running));
        }
    }

    // M5, and a deadline that was served lies ahead.
    #[test]
    fn a_membership_keeps_its_promises(
        options in membership::options(), links in membership::link_options(), steps in histories::of_membership(),
    ) {
        let naming = options.policy.naming.clone();
        let mut player = Player::start(Membership::linked(options.build()?, links.build()?));
        for step in &steps {
            player.step(step);
            for name in player.machine().members().keys() {
                prop_assert!(naming.parse(name.as_str()).is_ok(), "{}", name);
            }
        }
        for _ in 0..3 {
            player.step(&Step::Pass(std::time::Duration::ZERO));
        }
        let now = player.now().instant;
        prop_assert!(player.machine().deadline().is_some_and(|deadline| deadline.at > now));
    }
}

/// A strategy that reaches nothing proves nothing: how far histories come, over many of them.
#[test]
fn histories_come_as_far_as_terms_and_links() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut sample = |count: usize, run: &mut dyn FnMut(&mut proptest::test_runner::TestRunner) -> bool| {
        (0..count).filter(|_| run(&mut runner)).count()
    };
    let led = sample(60, &mut |runner| {
        let (options, steps) = draw(&(election::options(), histories::of_election()), runner);
        let mut player = Player::start(Election::new(options.build().expect("options that work")));
        steps.iter().for_each(|step| player.step(step));
        player.orders().iter().any(|order| matches!(order, Order::StartWork { .. }))
    });
    let linked = sample(60, &mut |runner| {
        let (options, steps) = draw(&(membership::options(), histories::of_membership()), runner);
        let links = draw(&membership::link_options(), runner).build().expect("options that work");
        let mut player = Player::start(Membership::linked(options.build().expect("options that work"), links));
        steps.iter().for_each(|step| player.step(step));
        player.now().instant > Instant::ORIGIN && !player.machine().members().is_empty()
    });
    assert!(led >= 15 && linked >= 10, "{led} of 60 led, {linked} of 60 saw members");
}

/// What is no Lease begins no term, and each kind of answer ends.
#[test]
fn what_is_no_lease_is_taken_for_none() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..100 {
        let answer = draw(&answers::successes(records::no_leases()), &mut runner);
        let options = draw(&election::options(), &mut runner);
        let mut player = Player::start(Election::new(options.build().expect("options that work")));
        player.step(&Step::Answer { which: draw(&any::<prop::sample::Index>(), &mut runner), answer });
        assert_eq!(player.last_write_at(), None);
        assert_eq!(player.machine().holder(), None);
    }
}

fn draw<S: Strategy>(strategy: &S, runner: &mut proptest::test_runner::TestRunner) -> S::Value {
    use proptest::strategy::ValueTree as _;
    strategy.new_tree(runner).expect("a value").current()
}
