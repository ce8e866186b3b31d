//! Servers that cannot be reached, by one or by all.

use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, Candidate, Pace, SLACK, Temper};

/// So much of what is tolerated is asked for: a busy machine needs the rest.
const SHARE: f64 = 0.7;

fn two(arena: &Arena, temper: Temper) -> Result<[Candidate; 2], Trouble> {
    Ok([arena.candidate("a", temper)?, arena.candidate("b", temper)?])
}

pub(crate) fn an_outage_within_what_is_tolerated_changes_nothing() -> Result<(), Trouble> {
    let arena = Arena::new("tolerated", Pace::Short)?;
    let both = two(&arena, Temper::Obedient)?;
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    let silence = arena.config().tolerated_silence().mul_f64(SHARE);
    let refusal = arena.config().tolerated_refusal().mul_f64(SHARE);
    for _ in 0..3 {
        sleep(Duration::from_millis(900));
        both.iter().for_each(|it| it.proxy.silence());
        sleep(silence);
        both.iter().for_each(|it| it.proxy.open());
        sleep(Duration::from_millis(1500));
        both.iter().for_each(|it| it.proxy.refuse());
        sleep(refusal);
        both.iter().for_each(|it| it.proxy.open());
    }
    sleep(Duration::from_secs(1));
    arena.check_unchanged(leader);
    arena.finish()
}

// E2, for work that heeds what it is told and for work that does not.
fn outlast(namespace: &str, temper: Temper, fail: fn(&Candidate)) -> Result<(), Trouble> {
    let arena = Arena::new(namespace, Pace::Short)?;
    let both = two(&arena, temper)?;
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    sleep(Duration::from_secs(1));
    let failed_at = Instant::now();
    both.iter().for_each(fail);
    let ended = arena.await_end(leader, arena.config().hard_deadline() + SLACK)?;
    // From the last renewal on, which was sent one pause ago at most.
    let earliest = arena.config().options().renew_deadline.saturating_sub(arena.config().longest_pause() + SLACK);
    let (told, reason) = ended.told.unwrap_or_else(|| (failed_at, "not told".to_owned()));
    let told = told.saturating_duration_since(failed_at);
    assert!((earliest..arena.config().options().renew_deadline + SLACK).contains(&told), "E2: told after {told:?}");
    assert_eq!(reason, "no renewal succeeded in time");
    sleep(Duration::from_secs(2));
    assert!(!both.iter().any(|it| it.guard.is_leading()));
    both.iter().for_each(|it| it.proxy.open());
    // The record is the old one: whoever held it wins it again at once, others when they have seen it for its duration.
    arena.leader(arena.config().worst_failover() + SLACK * 2, &both)?;
    arena.finish()
}

pub(crate) fn in_a_longer_silence_the_work_ends_by_its_deadlines_and_somebody_leads_afterwards() -> Result<(), Trouble>
{
    outlast("silence", Temper::Stubborn, |it| it.proxy.silence())
}

pub(crate) fn in_a_longer_refusal_the_work_ends_by_its_deadlines_and_somebody_leads_afterwards() -> Result<(), Trouble>
{
    outlast("refusal", Temper::Obedient, |it| it.proxy.refuse())
}

// E1 and E3: the old leader's work refuses to stop, and is gone before the other's begins.
pub(crate) fn a_leader_that_is_cut_off_is_gone_before_another_leads() -> Result<(), Trouble> {
    let arena = Arena::new("partition", Pace::Short)?;
    let both = two(&arena, Temper::Stubborn)?;
    for _ in 0..2 {
        let old = arena.leader(Duration::from_secs(5), &both)?;
        let other = both.iter().find(|it| it.name != old.name).ok_or_else(|| Trouble::new("nobody else"))?;
        sleep(Duration::from_millis(1500));
        old.proxy.silence();
        arena.await_leading(arena.config().worst_failover() + SLACK, other)?;
        let (gone, began) = (arena.log.last_of(old.name), arena.log.last_of(other.name));
        let margin = began.zip(gone.and_then(|gone| gone.ended)).map(|(next, ended)| next.began - ended);
        println!("partition: the old work was gone {margin:?} before the new one began");
        // What it had to say comes now, and changes nothing.
        old.proxy.open();
        sleep(Duration::from_millis(500));
        assert!(other.guard.is_leading());
    }
    arena.finish()
}
