//! Answers that are slow.

use std::thread::sleep;
use std::time::Duration;

use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, Pace, Temper};

pub(crate) fn answers_slower_than_the_attempt_timeout_now_and_then_cost_nothing() -> Result<(), Trouble> {
    let arena = Arena::new("slow", Pace::Short)?;
    let both = [arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?];
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    let slow = arena.config().attempt_timeout() + Duration::from_millis(200);
    for _ in 0..4 {
        // Long enough for one renewal to be sent, and short enough for no second one.
        both.iter().for_each(|it| it.proxy.delay_answers(slow));
        sleep(arena.config().options().retry_period);
        both.iter().for_each(|it| it.proxy.open());
        sleep(Duration::from_secs(2));
    }
    arena.check_unchanged(leader);
    arena.finish()
}

pub(crate) fn two_seconds_of_latency_on_every_answer_change_no_leader() -> Result<(), Trouble> {
    let arena = Arena::new("latency", Pace::Default)?;
    let both = [arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?];
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    // Its connection for writes is there.
    sleep(Duration::from_millis(200));
    both.iter().for_each(|it| it.proxy.delay_answers(Duration::from_secs(2)));
    let before = transitions(&arena)?;
    sleep(Duration::from_secs(50));
    arena.check_unchanged(leader);
    assert_eq!(transitions(&arena)?, before);
    arena.finish()
}

fn transitions(arena: &Arena) -> Result<Option<u64>, Trouble> {
    Ok(arena.lease()?["spec"]["leaseTransitions"].as_u64())
}
